"""Market: a lake opened for research, from which factors, tests and networks are a line each."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from torch import nn

from intralpha.base import ConfigError, DataError, Panel
from intralpha.base.panel import Day, as_days
from intralpha.datasets import (
    CrossSectionSpec,
    EverySpec,
    GridSpec,
    Loader,
    RollingSpec,
    ScheduleSpec,
    TransformSpec,
    View,
    with_window,
)
from intralpha.evaluation import FactorReport, FactorTestSpec, run_factor_test
from intralpha.executors import LocalSpec
from intralpha.factors.eve import before_bars
from intralpha.factors.file import FactorFileSpec, read_scores
from intralpha.factors.fits import Parts, faults_of
from intralpha.factors.learning import slice_name
from intralpha.features import DAY_CLOSE, ExpressionSpec, FeatureSpec
from intralpha.labels import HorizonReturnSpec, LabelSpec, fwd_buyable, fwd_return
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.models import ModelSpec
from intralpha.pipeline.axes import Axes, check_members, read_axes
from intralpha.pipeline.recipe import DataSpec
from intralpha.research.given import SettingsError, given
from intralpha.research.kept import Kept, kept_of
from intralpha.research.looks import (
    Look,
    LookSpec,
    check_known,
    known_at,
    looks_of,
    shapes_of,
)
from intralpha.training import (
    FoldJob,
    NegICSpec,
    Network,
    ObjectiveSpec,
    TrainSpec,
    train_fold,
)

HORIZONS = ((1, 6), (1, 11))
ROLLING = RollingSpec(train_days=120, valid_days=20, step_days=20)
Given = Mapping[str, Any]  # settings of a spec, with the keys that a recipe has


class NoNetworkError(ConfigError):
    """What was given to train is no network and makes none."""

    def __init__(self, found: object) -> None:
        self.found = found
        super().__init__(
            f"found {found!r}; expected a ModelSpec or a mapping with its kind, a torch.nn.Module, "
            "or a function or class that takes the number of features and gives one.\n"
            "Hint: m.fit(lambda n_features: MyNet(n_features, width=32), ...)"
        )


class UntestableError(DataError):
    """No date of a market's grid has both a score and a finished return."""

    def __init__(
        self, n_scored: int, n_days: int, horizon: tuple[int, int], last: np.datetime64
    ) -> None:
        self.n_scored, self.n_days, self.horizon = n_scored, n_days, horizon
        super().__init__(
            f"{n_scored} sessions have a score, {n_days} of them are on the grid, and on none is "
            f"the return of horizon {horizon} finished by {last}, the lake's last session.\n"
            "Hint: look at the score (all NaN? other dates?), take a shorter horizon, or a finer "
            "grid (every=1)."
        )


class NoFactorError(ConfigError):
    """What was given is no factor and names none."""

    def __init__(self, found: object) -> None:
        self.found = found
        super().__init__(
            f"found {found!r}; expected an expression, a FeatureSpec or a mapping with its kind, a "
            "Panel, or the Path of a csv or Parquet file.\n"
            'Hint: several expressions are m.factor({"kind": "expression", "factors": '
            '{"one": "sum(volume)", "two": "std(ret)"}})'
        )


class Market:
    """A lake with sessions, stocks, a universe and a grid of test dates.

    Parameters
    ----------
    lake : the data
    rules : of the universe
    grid : dates of samples and tests
    axes : sessions and stocks

    Notes
    -----
    Panels are over all sessions and stocks; what is tested and trained is the universe, on the
    grid. Nothing is kept on disk besides the features' own cache in the lake, and what ``fit`` is
    told to keep.
    """

    def __init__(self, lake: Lake, rules: UniverseSpec, grid: GridSpec, axes: Axes) -> None:
        self.lake, self.rules, self.grid, self.axes = lake, rules, grid, axes

    def __repr__(self) -> str:
        """Lake, sessions, stocks and grid in a line."""
        days = self.dates
        return (
            f"Market({self.lake.root}: {len(days):,} sessions {days[0]} to {days[-1]}, "
            f"{len(self.assets):,} stocks, {len(self.samples):,} dates on the grid)"
        )

    @property
    def dates(self) -> Shaped[ndarray, " D"]:
        """All sessions, datetime64[D]."""
        return self.axes.dates

    @property
    def assets(self) -> Shaped[ndarray, " A"]:
        """All stocks, sorted."""
        return self.axes.assets

    @cached_property
    def samples(self) -> Shaped[ndarray, " G"]:
        """Dates of the grid."""
        return self.grid.dates(self.dates)

    @cached_property
    def inside(self) -> Panel:
        """Panel ``universe``, 1 or 0, of every session; known at its close."""
        mask = universe(self.lake, self.rules, self.dates, self.assets)
        return Panel(mask[:, :, None].astype(np.float32), self.dates, self.assets, ("universe",))

    def factor(
        self,
        what: str | FeatureSpec | Given | Panel | Path,
        name: str = "",
        frame: str | None = None,
    ) -> Panel:
        """One or several numbers a stock and session.

        Parameters
        ----------
        what : an expression of the factor language, a feature set's spec or a mapping as in a
            recipe, a Panel of one's own, or the path of a csv or Parquet file with ``date``,
            ``symbol`` and ``score``
        name : of the factor, where ``what`` is an expression; default: ``factor``
        frame : rows of an expression, such as ``minute``, ``bar30`` or ``day``; default: the finest
            of the lake's bars, or ``day`` where there are none

        Returns
        -------
        Panel, [D, A, F] or [D, T, A, F]
            Known when its feature set says; NaN where a value is not defined.

        Raises
        ------
        ExpressionError, LibraryError, FactorFileError, SettingsError, NoFactorError
            It cannot be understood.
        """
        if isinstance(what, Panel):
            return what.reindex(self.dates, self.assets)
        if isinstance(what, Path):
            return read_scores(FactorFileSpec(path=str(what))).reindex(self.dates, self.assets)
        if isinstance(what, str):
            rows = frame or self._finest()
            freq = None if rows == "day" else min(self.lake.freqs(), default=None)
            what = ExpressionSpec(factors={name or "factor": what}, frame=rows, freq=freq)
        if not isinstance(what, FeatureSpec | Mapping):
            raise NoFactorError(what)
        spec = given("factor", FeatureSpec, what)
        return spec.make().compute(self.lake, self.dates, self.assets)

    def test(
        self,
        score: Panel,
        horizons: Sequence[tuple[int, int]] = HORIZONS,
        *,
        name: str = "",
        exclude_blocked: bool = True,
        **settings: Any,
    ) -> FactorReport:
        """The standard test of a factor on the grid, over the universe.

        Parameters
        ----------
        score : Panel with one name; higher is better
        horizons : forward returns close(t+a) -> close(t+b), sessions; the first leads
        name : shown in tables; default: the Panel's
        exclude_blocked : leave out stocks that cannot be bought at the next close
        **settings : of :class:`.FactorTestSpec`, such as ``n_groups=5``

        Returns
        -------
        FactorReport
            Shows itself in a notebook; ``to_text()`` elsewhere.

        Raises
        ------
        HorizonError
            A horizon looks back, or has no end after its beginning.
        UntestableError
            No date on the grid has both a score and a finished return.
        FactorPanelError, TooFewStocksError
            Not one score a stock and day, or too few of them for the groups.
        SettingsError
            A setting is misspelt or has no such value.
        """
        scored = score.dates[np.isfinite(score.values).any(axis=tuple(range(1, score.values.ndim)))]
        days = self.samples[np.isin(self.samples, scored)]
        parts = [fwd_return(self.lake, days, self.assets, a, b) for a, b in horizons]
        names = tuple(n for p in parts for n in p.names)
        values = np.concatenate([p.values for p in parts], axis=-1)
        mask = self.inside.at(days)["universe"] > 0
        if exclude_blocked:
            mask &= fwd_buyable(self.lake, days, self.assets)
        over = np.isfinite(values[:, :, 0]).any(axis=1)
        if not over.any():
            raise UntestableError(len(scored), len(days), horizons[0], self.dates[-1])
        fwd = Panel(values[over], days[over], self.assets, names)
        inside = Panel(mask[over][:, :, None].astype(np.float32), fwd.dates, fwd.assets, ("in",))
        spec = given("test", FactorTestSpec, settings)
        return run_factor_test(score, fwd, inside, spec, name or score.names[0])

    def label(self, spec: LabelSpec | Given | None = None) -> Panel:
        """What a network learns, on the grid; it **looks forward**.

        Parameters
        ----------
        spec : which, or a mapping as in a recipe; default: the z-score of the next five sessions'
            return from the next vwap

        Raises
        ------
        SettingsError
        """
        of = given("label", LabelSpec, spec or HorizonReturnSpec())
        return of.over(self.lake, self.inside.at(self.samples))

    def fit(
        self,
        network: Any,
        features: Panel | Given,
        *,
        window_days: int = 20,
        label: LabelSpec | Given | None = None,
        schedule: ScheduleSpec | Given | None = None,
        transform: TransformSpec | Given | None = None,
        objective: ObjectiveSpec | Given | None = None,
        training: TrainSpec | Given | None = None,
        seeds: Sequence[int] = (0,),
        keep: str | Path | None = None,
        workers: int = 1,
    ) -> Panel:
        """Train a network fold after fold and return its scores out of sample.

        Wherever a spec is taken, a mapping with the keys of a recipe is, too:
        ``training={"max_epochs": 5}``.

        Parameters
        ----------
        network : a spec, or a function (a class, say) from the number of features F to a module;
            the module maps windows ``[B, L, F]`` to scores ``[B]``. Of several inputs the function
            gets sizes by name (:class:`.WindowShape`), and the module windows by name
        features : what it sees, [D, A, F] or [D, T, A, F], known at the close of each date. Of
            several inputs, each by its name: a Panel, or a mapping with the keys of a recipe's
            input, such as ``{"features": week, "window_days": 20, "every": 5}``, where ``features``
            is a Panel or whatever :meth:`factor` takes. With ``until`` the values of each bar must
            be known when it is over: a recipe looks at that, a Panel does not tell
        window_days : sessions in a window, where an input does not say
        label : what it learns; default as for :meth:`label`
        schedule : default: rolling, 120 sessions of training and 20 of validation, every 20
        transform : where an input does not say; default: winsorised z-scores across stocks, day by
            day
        objective : default: minus the correlation within a date
        training : settings of the loop
        seeds : the score is the mean of their z-scores
        keep : folder for the weights of every fold and seed, which :meth:`predict` reads; a fit
            that was cut off goes on from there. None: nothing is kept
        workers : trainings at a time, each on one core; results do not depend on it. With several,
            ``network`` must be a spec, or stand in a module that can be imported

        Returns
        -------
        Panel ``score``, [predicted dates of the grid, A, 1]
            Purged: no training saw a return that was not over. NaN outside the samples.

        Raises
        ------
        NoNetworkError, SettingsError
            Also: the network wants other inputs, or does not fit label, objective or training.
        InputNamesError
            A module's ``forward`` takes other inputs.
        NoFoldError
            Too few sessions for the schedule.
        OtherTrainingError
            The folder holds another fit, or one on other data.
        """
        of = given("label", LabelSpec, label or HorizonReturnSpec())
        how = given("transform", TransformSpec, transform or CrossSectionSpec())
        chosen = (
            _network_of(network),
            given("objective", ObjectiveSpec, objective or NegICSpec()),
            given("training", TrainSpec, training or TrainSpec()),
        )
        plan = given("schedule", ScheduleSpec, schedule or ROLLING)
        same = given("features", LookSpec, {"window_days": window_days, "transform": how})
        looks = looks_of(features, {"": same}, self.factor)
        check_known(looks, of)
        _check_fits(looks, of, *chosen)
        span = max(look.spec.span for look in looks.values())
        samples = with_window(self.samples, self.dates, span)
        folds = plan.folds(self.dates, samples, of.offset)
        with TemporaryDirectory() as place:
            load = self._laid(Path(place), looks, of)
            kept = kept_of(load, looks, of, folds, tuple(seeds))
            folder = Path(keep or Path(place) / "kept")
            kept.claim(folder)
            jobs = [
                FoldJob(fold, seed, *chosen, load, folder / slice_name(fold.name, seed))
                for fold in folds
                for seed in seeds
            ]
            with LocalSpec().open(workers) as executor:
                executor.run(train_fold, jobs)
            days = np.concatenate([fold.predict for fold in folds])
            return kept.scores(folder, load, chosen[0], days)

    def predict(
        self,
        folder: str | Path,
        features: Panel | Given,
        dates: Sequence[Day] | ndarray,
        *,
        network: Any = None,
    ) -> Panel:
        """Scores of any dates from the weights that :meth:`fit` kept; nothing is trained.

        Parameters
        ----------
        folder : ``keep`` of the fit
        features : the same as for the fit, by now of more sessions perhaps; how they are cut and
            transformed is kept, and need not be said again
        dates : sessions from the first predicted one of the fit on, on the grid or not
        network : what was given to the fit; a spec may be left out, for it is kept

        Returns
        -------
        Panel ``score``, [dates, A, 1]
            Of each date by the newest fold trained before it: the mean of the seeds' z-scores.
            Known at the close of each date; NaN outside the universe, which should have the rules
            it had for the fit.

        Raises
        ------
        NothingKeptError, OtherFeaturesError, BeforeFirstFoldError, NetworkNotNamedError
        NoWeightsError
            The fit was cut off; the same one goes on.
        UnknownSampleDateError, ShortHistoryError
            A date is no session of the market, or too early for a window.
        """
        place = Path(folder)
        kept = Kept.read(place)
        same: dict[str, LookSpec] = {"": next(iter(kept.views.values())), **kept.views}
        defaults = {
            name: LookSpec(**dict(view.cut), transform=view.transform)
            for name, view in same.items()
        }
        looks = looks_of(features, defaults, self.factor)
        kept.check(place, looks)
        with TemporaryDirectory() as laid:
            load = self._laid(Path(laid), looks, None)
            trained = None if network is None else _network_of(network)
            return kept.scores(place, load, trained, as_days(dates))

    def _laid(self, place: Path, looks: Mapping[str, Look], label: LabelSpec | None) -> Loader:
        """What trainings and predictions look at, over all sessions, saved in a folder."""
        first, last = self.dates[0].item(), self.dates[-1].item()
        traded = read_daily(self.lake, ("traded",), first, last, self.assets).at(self.dates)
        both = np.stack([self.inside["universe"], traded["traded"] == 1], axis=-1)
        masks = Panel(both.astype(np.float32), self.dates, self.assets, ("universe", "traded"))
        masks = before_bars(masks) if known_at(looks) < DAY_CLOSE else masks
        masks.save(place / "universe")
        views = {}
        for name, look in looks.items():
            transform, seen = look.spec.transform, look.panel
            if transform.alone:
                reads = transform.reads()
                known = transform.looks_up(self.lake, self.dates, self.assets) if reads else {}
                seen = transform.apply(seen, masks["universe"] > 0, known)
            seen.save(place / f"seen.{name}")
            later = None if transform.alone else transform
            views[name] = View(place / f"seen.{name}", look.spec.cut, later)
        if label is not None:
            label.over(self.lake, masks.at(self.samples)).save(place / "label")
        return Loader(views, place / "universe", None if label is None else place / "label")

    def _finest(self) -> str:
        """Frame of the shortest bars of the lake."""
        freqs = self.lake.freqs()
        if not freqs:
            return "day"
        return "minute" if min(freqs) == 1 else f"bar{min(freqs)}"


def _network_of(found: Any) -> Network:
    """What is trained; a mapping is a spec.

    Raises
    ------
    NoNetworkError, SettingsError
    """
    if isinstance(found, Mapping):
        return given("network", ModelSpec, found)
    if not isinstance(found, ModelSpec | nn.Module) and not callable(found):
        raise NoNetworkError(found)
    return cast(Network, found)


def _check_fits(
    looks: Mapping[str, Look],
    label: LabelSpec,
    model: Network,
    objective: ObjectiveSpec,
    training: TrainSpec,
) -> None:
    """Refuse what a recipe would be refused for; of a network of one's own nothing is known.

    Raises
    ------
    SettingsError
    """
    if isinstance(model, ModelSpec):
        cuts = {name: look.spec for name, look in looks.items()}
        about = (label, model, objective, training, known_at(looks))
        faults = faults_of(Parts(cuts, shapes_of(looks), *about))
        if faults:
            raise SettingsError(list(faults))


def open_market(
    lake: str | Path,
    *,
    universe: UniverseSpec | Given | None = None,
    every: int | GridSpec | Given = 5,
    start: Any = None,
    end: Any = None,
) -> Market:
    """Open a lake for research.

    Parameters
    ----------
    lake : folder
    universe : rules of membership, or a mapping of their settings; default: those of
        :class:`.UniverseSpec`
    every : sessions between two dates of the grid, or a grid, or a mapping as in a recipe
    start, end : first and last session used; default: all there are

    Returns
    -------
    Market

    Raises
    ------
    NoLakeError, NoAssetsError
        There is no lake, nothing in it between the dates, or no member of an index.
    SettingsError

    Examples
    --------
    >>> m = open_market("lake", every=5)                                        # doctest: +SKIP
    >>> f = m.factor("sum(amount[clock('14:30','15:00')]) / day_amount")        # doctest: +SKIP
    >>> m.test(f)                                                               # doctest: +SKIP
    """
    source = Lake(lake)
    rules = given("universe", UniverseSpec, universe or {})
    grid = EverySpec(every=every) if isinstance(every, int) else given("every", GridSpec, every)
    data = given("data", DataSpec, {"lake": str(lake), "start": start, "end": end})
    check_members(source, rules.indices)
    return Market(source, rules, grid, read_axes(source, data))
