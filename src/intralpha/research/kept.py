"""Kept: what a fit from Python leaves in a folder, and scores of any date from it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import ConfigError, DataError, Panel, Spec
from intralpha.base.cross_section import mean_zscore
from intralpha.base.file_digest import file_digest
from intralpha.base.panel import as_days
from intralpha.datasets import Fold, Loader
from intralpha.factors.inputs import ALONE
from intralpha.factors.learning import slice_name
from intralpha.labels import LabelSpec
from intralpha.market.manifest import replacing
from intralpha.models import ModelSpec
from intralpha.research.given import given
from intralpha.research.looks import Look, LookSpec
from intralpha.training import Network, OtherTrainingError, predict_fold
from intralpha.training.weights import network_facts

NAME = "fit.json"


class NothingKeptError(DataError):
    """A folder holds no fit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"found no {NAME} in {folder}; expected the folder of a fit.\n"
            f'Hint: m.fit(network, features, ..., keep="{folder}") makes it.'
        )


class OtherFeaturesError(ConfigError):
    """A kept network is asked to look at other features than it was trained on."""

    def __init__(self, folder: Path, found: str, expected: str) -> None:
        self.folder, self.found, self.expected = folder, found, expected
        super().__init__(f"features have {found}; the networks in {folder} know {expected}.")


class BeforeFirstFoldError(ConfigError):
    """No network was trained before a date."""

    def __init__(self, folder: Path, found: np.datetime64, first: str) -> None:
        self.folder, self.found, self.first = folder, found, first
        super().__init__(
            f"no network in {folder} was trained before {found}; the first predicts from {first}.\n"
            f"Hint: ask for dates from {first} on."
        )


class NetworkNotNamedError(ConfigError):
    """The kept weights are those of a network that only its author can make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"the weights in {folder} are those of a network of your own, and no code is kept.\n"
            "Hint: m.predict(folder, features, dates, network=MyNet), with what was given to fit."
        )


class KeptLook(LookSpec):
    """How an input was seen, and what stood in it."""

    names: tuple[str, ...]
    bars: int

    def __str__(self) -> str:
        """What networks know of it."""
        return (
            f"{', '.join(self.names)} in {self.bars} step(s) a session, windows of "
            f"{self.window_days} sessions, every {self.every}, step {self.step}, "
            f"transform {self.transform!r}"
        )


class Kept(Spec):
    """What all trainings of a fit have in common, kept beside their weights in ``fit.json``.

    Every fold and seed has a folder of its own, ``2024-03-01-seed0`` for one that predicts from
    that date on; see :func:`intralpha.training.train_fold`.
    """

    views: dict[str, KeptLook]
    label: LabelSpec
    folds: tuple[str, ...]
    seeds: tuple[int, ...]
    data: str

    @classmethod
    def read(cls, folder: Path) -> "Kept":
        """What a folder was made from.

        Raises
        ------
        NothingKeptError
        SettingsError
            It names the kind of a plug-in that is not loaded.
        """
        path = folder / NAME
        if not path.is_file():
            raise NothingKeptError(folder)
        return given(str(path), cls, json.loads(path.read_text()))

    def claim(self, folder: Path) -> None:
        """Take a folder for this fit, or find that it has been begun in it.

        Raises
        ------
        OtherTrainingError
            The folder holds another fit.
        """
        path = folder / NAME
        if path.is_file():
            old = Kept.read(folder)
            before, now = old._facts(), self._facts()
            differ = [n for n in {**before, **now} if before.get(n) != now.get(n)]
            if differ:
                raise OtherTrainingError(folder, tuple(differ))
            return
        with replacing(path) as partial:
            partial.write_text(self.model_dump_json(indent=1))

    def check(self, folder: Path, looks: Mapping[str, Look]) -> None:
        """Refuse features that the networks do not know.

        Raises
        ------
        OtherFeaturesError
        """
        found = {name: _kept_look(look) for name, look in looks.items()}
        if found != self.views:
            raise OtherFeaturesError(folder, _told(found), _told(self.views))

    def _facts(self) -> dict[str, Any]:
        """Everything that must be the same, by its name: ``window_days``, ``week.every``."""
        inputs = {
            key if name == ALONE else f"{name}.{key}": value
            for name, view in self.views.items()
            for key, value in dict(view).items()
        }
        return inputs | {key: value for key, value in dict(self).items() if key != "views"}

    def scores(
        self,
        folder: Path,
        load: Loader,
        network: Network | None,
        dates: Shaped[ndarray, " n_dates"],
    ) -> Panel:
        """Scores of dates by the newest networks trained before each.

        Parameters
        ----------
        folder : of the fit
        load : opens the features and masks
        network : what was trained; None: the spec that is kept with the weights
        dates : datetime64[D], any sessions of the features

        Returns
        -------
        Panel ``score``, float32, [D, A, 1], dates ascending
            Mean of the seeds' z-scores, known at the close of each date. NaN outside the samples.

        Raises
        ------
        BeforeFirstFoldError, NetworkNotNamedError
        NoWeightsError, OtherNetworkError, UnknownSampleDateError, ShortHistoryError
            As in :func:`intralpha.training.predict_fold`.
        """
        out = Panel.full(np.unique(as_days(dates)), Panel.load(load.universe).assets, ("score",))
        for fold, rows in self._by_fold(folder, out.dates):
            places = [folder / slice_name(fold, seed) for seed in self.seeds]
            model = _spec_of(folder, places[0]) if network is None else network
            seeds = [predict_fold(p, load, model, out.dates[rows])["score"] for p in places]
            out.values[rows, :, 0] = mean_zscore(seeds)
        return out

    def _by_fold(
        self, folder: Path, dates: Shaped[ndarray, " n_dates"]
    ) -> Iterator[tuple[str, slice]]:
        """Folds and the dates for which they are the newest; dates ascend."""
        starts = as_days(self.folds)
        if len(dates) and dates[0] < starts[0]:
            raise BeforeFirstFoldError(folder, dates[0], self.folds[0])
        cuts = [*np.searchsorted(dates, starts).tolist(), len(dates)]
        for fold, first, stop in zip(self.folds, cuts, cuts[1:], strict=False):
            if first < stop:
                yield fold, slice(first, stop)


def kept_of(
    load: Loader,
    looks: Mapping[str, Look],
    label: LabelSpec,
    folds: tuple[Fold, ...],
    seeds: tuple[int, ...],
) -> Kept:
    """What a fit is made from.

    Parameters
    ----------
    load : opens features, masks and labels, whose bytes are digested
    looks : the features as they are before anything is done to them
    label : what is learned
    folds : in time order
    seeds : one network each in every fold
    """
    paths = [load.views[name].path for name in sorted(load.views)]
    return Kept(
        views={name: _kept_look(look) for name, look in looks.items()},
        label=label,
        folds=tuple(fold.name for fold in folds),
        seeds=seeds,
        data=_digest(path for path in (*paths, load.universe, load.label) if path),
    )


def _digest(saved: Iterator[Path]) -> str:
    """Digest of the files of saved Panels."""
    whole = hashlib.sha256()
    for path in saved:
        for name in ("values.npy", "axes.npz"):
            whole.update(file_digest(path / name))
    return whole.hexdigest()[:16]


def _spec_of(folder: Path, place: Path) -> ModelSpec:
    stored = network_facts(place)["model"]
    if stored is None:
        raise NetworkNotNamedError(folder)
    return given("model", ModelSpec, stored)


def _kept_look(look: Look) -> KeptLook:
    return KeptLook(**dict(look.spec), names=look.panel.names, bars=look.bars or 1)


def _told(views: Mapping[str, KeptLook]) -> str:
    one = len(views) == 1
    return "; ".join(str(view) if one else f"{name}: {view}" for name, view in views.items())
