"""Recipe: one YAML file that names everything between raw files and the report."""

from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from intralpha.backtest import EnhancementSpec
from intralpha.base import ConfigError, IntralphaError, Spec
from intralpha.base.place import PlacePath, expand, placed
from intralpha.base.yaml_text import EncodingError, YamlError, parse_yaml, read_utf8
from intralpha.combination import CombinerSpec, EqualSpec
from intralpha.datasets import EverySpec, GridSpec, RowFilterSpec, TransformSpec
from intralpha.evaluation import BreakdownSpec, FactorTestSpec
from intralpha.evaluation.preset import TESTS
from intralpha.executors import ExecutorSpec, LocalSpec
from intralpha.explore import ExploreSpec
from intralpha.factors import FactorSpec
from intralpha.features import EnrichSpec, FeatureSpec
from intralpha.labels import HorizonError, check_horizon
from intralpha.market import LakeStep, UniverseSpec
from intralpha.pipeline.beside import BesideSpec, faults_beside, faults_of_plans
from intralpha.pipeline.extends import ExtendsError, extended
from intralpha.pipeline.mlflow_spec import MlflowSpec
from intralpha.pipeline.tracking import TrackingSpec
from intralpha.risk import ExposureSpec
from intralpha.search import RangeSpec, SearchSpec
from intralpha.sources import QualitySpec, RankedIndicesSpec, RebuildSpec, SourceSpec

NAMED = ("factors", "sets", "portfolios")  # mappings of parts by name


class RecipeError(ConfigError):
    """A recipe cannot be used; every fault is listed with its place."""

    def __init__(self, where: str, faults: list[str]) -> None:
        self.where, self.faults = where, faults
        super().__init__(f"{where} has {len(faults)} fault(s):\n  " + "\n  ".join(faults))


class DataSpec(Spec):
    """Where the data come from and which part of them is used."""

    lake: PlacePath = Field(
        description="folder of the lake, relative to the recipe; ${VARIABLES} expand"
    )
    sources: tuple[SourceSpec, ...] = Field(default=(), description="vendor files to ingest first")
    part: Literal["sources", "lake"] = Field(
        default="sources",
        description="sources: only the stocks and sessions that the recipe's own sources brought, "
        "whatever else is in the lake; lake (and without sources): all that the lake holds",
    )
    snapshots: RebuildSpec | None = Field(
        default=None,
        description="then rebuild snapshots from orders and trades, as `intralpha level2 "
        "snapshots` does; null: those that were ingested",
    )
    enrich: EnrichSpec | None = Field(
        default=None,
        description="then make minutes of trades and snapshots, as `intralpha level2 enrich` "
        "does, session by session where they are not made; `{}` with its defaults",
    )
    indices: RankedIndicesSpec | None = Field(
        default=None,
        description="then make indices of the lake's own stocks by size; null: those that were "
        "ingested",
    )
    start: date | None = Field(
        default=None, description="first session used; default: the first there is"
    )
    end: date | None = Field(
        default=None, description="last session used; default: the last there is"
    )
    assets: Literal["daily", "bars"] = Field(
        default="daily",
        description="stocks that have daily rows, or only those that also have bars",
    )
    bar_freq: int | None = Field(
        default=None, gt=0, description="minutes of the bars that `assets: bars` needs"
    )

    @model_validator(mode="after")
    def _bars_need_a_frequency(self) -> "DataSpec":
        if self.assets == "bars" and self.bar_freq is None:
            raise ValueError("assets: bars needs bar_freq, the minutes of one bar")
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}")
        return self

    def steps(self) -> tuple[LakeStep, ...]:
        """What is made of the lake's tables after the ingest, in this order."""
        made = (self.snapshots, self.enrich, self.indices)
        return tuple(step for step in made if step is not None)

    def as_it_is(self) -> "DataSpec":
        """The same part of the lake, of which nothing is ingested or made again."""
        none = dict.fromkeys(("snapshots", "enrich", "indices"))
        return self.model_copy(update={"sources": (), **none})


class PoolSpec(Spec):
    """A part of the universe that factors are also tested in."""

    rows: tuple[RowFilterSpec, ...] = Field(
        min_length=1, description="its stocks: members of indices, industries, quantiles of size"
    )
    n_groups: int | None = Field(
        default=None,
        gt=1,
        description="groups, and one over it the share of the top; null: as in `factor`",
    )

    @model_validator(mode="after")
    def _known_at_the_close(self) -> "PoolSpec":
        ahead = [one.kind for one in self.rows if one.by_label]  # type: ignore[attr-defined]
        if ahead:
            raise ValueError(f"{', '.join(ahead)} looks at labels; a pool is known at the close")
        return self

    def settings(self, factor: FactorTestSpec) -> FactorTestSpec:
        """The test's settings with the pool's own groups."""
        if self.n_groups is None:
            return factor
        own = {"n_groups": self.n_groups, "top_share": 1 / self.n_groups}
        return factor.model_copy(update=own)


class TestSpec(Spec):
    """How factors are tested: horizons, period and the test's own settings."""

    __test__ = False

    preset: str | None = Field(
        default=None,
        description="settings of a report, such as s001, which the other keys change; once they "
        "are taken over it is null again",
    )
    horizons: tuple[tuple[int, int], ...] = Field(
        default=((1, 6), (1, 11)),
        min_length=1,
        description="forward returns p(t+a) -> p(t+b), 0 <= a < b; the first leads",
    )
    price: Literal["close", "vwap", "open"] = Field(
        default="close", description="p, at which the test trades"
    )
    by_day: int = Field(
        default=0, ge=0, description="days from t+1 whose RankIC is given one by one and cumulated"
    )
    start: date | None = Field(
        default=None, description="first session tested; default: first score"
    )
    end: date | None = Field(
        default=None, description="last session tested; default: last full label"
    )
    grid: GridSpec | None = Field(
        default=None, description="dates of tests; null: the recipe's grid"
    )
    every: int = Field(default=1, gt=0, description="dates of the grid between tests")
    fwd_exclude_blocked: bool = Field(
        default=True, description="leave out names suspended or at limit-up on the next session"
    )
    neutral_to: tuple[str, ...] = Field(
        default=(), description="also report neutralised to these: ln_amount20, vol20"
    )
    within: tuple[str, ...] = Field(
        default=(), description="also report inside these indices together"
    )
    pools: dict[str, PoolSpec] = Field(
        default_factory=dict,
        description="parts of the universe that are also tested, by name; null for one that a "
        "preset or another file has: not that one",
    )
    breakdown: BreakdownSpec | None = Field(
        default=None, description="RankIC by industry and by size; {}: both; null: neither"
    )
    against: tuple[str, ...] = Field(
        default=(), description="factors; also report what each other one adds to them"
    )
    tried: int = Field(
        default=0, ge=0, description="tests made elsewhere, counted with those of this recipe"
    )
    factor: FactorTestSpec = FactorTestSpec()

    @model_validator(mode="before")
    @classmethod
    def _of_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        keys = TESTS.under(given)
        pools = keys.get("pools", {})
        if pools is None or isinstance(pools, dict):  # None leaves out one of a preset, or all
            kept = {name: one for name, one in (pools or {}).items() if one is not None}
            keys = {**keys, "pools": kept}
        return keys

    def measured(self) -> tuple[tuple[int, int], ...]:
        """All returns that are measured: the horizons, what groups hold, and day by day."""
        days = range(1, self.by_day + 1)
        more = [*((k, k + 1) for k in days), *((1, k + 1) for k in days)]
        held = () if self.factor.held is None else (self.factor.held,)
        return tuple(dict.fromkeys((*self.horizons, *held, *more)))

    @model_validator(mode="after")
    def _in_order(self) -> "TestSpec":
        for horizon in self.measured():
            try:
                check_horizon(*horizon)
            except HorizonError as error:
                raise ValueError(str(error)) from error
        twice = sorted({h for h in self.horizons if self.horizons.count(h) > 1})
        if twice:
            raise ValueError(f"horizons has {list(twice[0])} twice")
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}")
        return self


class FactorSetSpec(Spec):
    """A set of factors that are tested side by side, with the dates and returns of `test`."""

    features: FeatureSpec | None = Field(
        default=None, description="the set: all factors of a library; of bars the last of the day"
    )
    factor: str | None = Field(
        default=None, description="or the units of this factor's networks (head: {kind: units})"
    )
    transform: TransformSpec | None = Field(
        default=None,
        description="what is done to `features` of a date first, such as {kind: neutral}, which "
        "cuts them and takes out industry and size; null: nothing",
    )
    beside: FeatureSpec | None = Field(
        default=None, description="features to correlate the set with, such as common factors"
    )
    styles: ExposureSpec | None = Field(
        default=None,
        description="styles of a risk model to correlate it with: size, beta, ..., as `style size`",
    )
    scores: tuple[str, ...] = Field(
        default=(),
        description="factors of the recipe whose scores the set is correlated with; alone, two or "
        "more, they are the set",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> "FactorSetSpec":
        given = (self.features is not None) + (self.factor is not None)
        if given > 1 or (self.of_scores and len(self.scores) < 2):
            raise ValueError(
                "a set is `features`, or the units of a `factor`, or two `scores` and more"
            )
        if self.transform is not None and (self.features is None or not self.transform.alone):
            raise ValueError("`transform` is one that learns nothing, and of `features`")
        return self

    @property
    def of_scores(self) -> bool:
        """Whether the scores are the set, and do not only stand beside it."""
        return self.features is None and self.factor is None


class StudySpec(Spec):
    """What `intralpha study` varies of the recipe; no run is made of it, and no address moves."""

    over: dict[str, tuple[Any, ...] | RangeSpec] = Field(
        min_length=1,
        description="key of the recipe, as of --set, -> values, or a range for a search",
    )
    search: SearchSpec | None = Field(
        default=None, description="how settings are chosen; null: every combination"
    )
    factor: str | None = Field(
        default=None, description="which is compared; null: the signal, or the only factor"
    )

    @model_validator(mode="after")
    def _has_values(self) -> "StudySpec":
        empty = [key for key, values in self.over.items() if values == ()]
        if empty:
            raise ValueError(f"no value of {', '.join(empty)}; expected a list, such as [1, 2]")
        return self


class Recipe(Spec):
    """One whole run. Every default is here or in a component's spec, nowhere else."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$", description="folder name of the run"
    )
    about: str = Field(default="", description="one sentence for the report's head")
    extends: str | None = Field(
        default=None,
        description="name or file of a recipe whose keys those here change; once it is read it is "
        "null again",
    )
    data: DataSpec
    quality: QualitySpec = QualitySpec()
    universe: UniverseSpec = UniverseSpec()
    grid: GridSpec = Field(
        default=EverySpec(),
        description="dates of the samples that networks learn from, and of tests and decisions "
        "that have no grid of their own",
    )
    factors: dict[str, FactorSpec] = Field(min_length=1)
    combination: CombinerSpec = EqualSpec()
    test: TestSpec = TestSpec()
    sets: dict[str, FactorSetSpec] = Field(
        default_factory=dict, description="sets of factors that are tested side by side, by name"
    )
    tracking: TrackingSpec | None = Field(
        default=None, description="follow the factors: control bands, highs, events, crowding"
    )
    explore: ExploreSpec | None = Field(
        default=None,
        description="also look at the data: autocorrelations of returns; {} with its defaults",
    )
    portfolio: EnhancementSpec | None = None
    portfolios: dict[str, BesideSpec] = Field(
        default_factory=dict,
        description="further portfolios beside it, and mixtures of them, by name",
    )
    fwd_known_until: date | None = Field(
        default=None,
        description="date up to which whoever made the factors may have known the market, such as "
        "the end of what a language model was trained on; drawn in charts over time",
    )
    study: StudySpec | None = Field(
        default=None, description="what `intralpha study` varies where it is told nothing else"
    )
    workers: int = Field(
        default=1, ge=1, description="pieces of work at a time; results do not depend on it"
    )
    executor: ExecutorSpec = Field(
        default_factory=LocalSpec,
        description="where they run: processes of this machine, or a cluster",
    )
    mlflow: MlflowSpec | None = Field(
        default=None,
        description="tell finished runs to MLflow, `{}` with its defaults; no result depends on it",
    )

    @field_validator("extends")
    @classmethod
    def _is_read(cls, value: str | None) -> str | None:
        if value is not None:
            raise ValueError("is read from a file: load_recipe takes over what it names")
        return value

    def faults(self) -> list[str]:
        """What is wrong between the parts, as far as the recipe alone shows it."""
        out = []
        for name, factor in self.factors.items():
            found = tuple(_unmade(factor)) or factor.faults()
            out += [f"factors.{name}.{fault}" for fault in found]
        try:
            self.combined()
        except IntralphaError as error:
            out.append(f"combination: {error}")
        out += [f"test.{fault}" for fault in _outside(self.test, self.data)]
        out += [
            f"test.pools.{name}.{fault}"
            for name, pool in self.test.pools.items()
            for one in pool.rows
            for fault in one.faults()
        ]
        out += [f"factors.{fault}" for fault in self._out_of_order()]
        odd = sorted(set(self.test.against) - set(self.factors))
        out += [f"test.against: no factor {', '.join(odd)}"] if odd else []
        for name, one in self.sets.items():
            named = {*one.scores, *([one.factor] if one.factor else [])}
            odd = sorted(named - set(self.factors))
            out += [f"sets.{name}: no factor {', '.join(odd)}"] if odd else []
        if self.tracking is not None:
            odd = sorted(set(self.tracking.factors) - set(self.factors))
            out += [f"tracking: no factor {', '.join(odd)}"] if odd else []
        if self.portfolio is not None:
            out += [f"portfolio.{fault}" for fault in self.portfolio.faults()]
        out += faults_beside(self.portfolios, self.portfolio, self.factors)
        out += faults_of_plans(self.portfolios, self.portfolio, self.factors, self.combination)
        return out

    def _out_of_order(self) -> Iterator[str]:
        """Factors made of others that do not stand before them."""
        before: list[str] = []
        for name, factor in self.factors.items():
            odd = sorted(set(factor.made_of()) - set(before))
            if odd:
                yield f"{name}: no factor {', '.join(odd)} stands before it"
            before.append(name)

    def demand_extras(self) -> None:
        """Refuse to begin what would miss a package in the end.

        Raises
        ------
        NoMlflowError
        """
        if self.mlflow is not None:
            self.mlflow.demand()

    def combined(self) -> tuple[str, ...]:
        """Names of the factors that the signal is made of."""
        return self.combination.names(tuple(self.factors))


def _unmade(factor: FactorSpec) -> Iterator[str]:
    """Features of a factor that no set can be made of: no such library, name or series."""
    for key in type(factor).model_fields:
        features = getattr(factor, key)
        if isinstance(features, FeatureSpec):
            try:
                features.make()
            except IntralphaError as error:
                yield f"{key}: {error}"


def _outside(test: TestSpec, data: DataSpec) -> Iterator[str]:
    """Test dates that the data cannot have."""
    if data.end and test.start and test.start > data.end:
        yield f"start {test.start} lies after data.end {data.end}"
    if data.start and test.end and test.end < data.start:
        yield f"end {test.end} lies before data.start {data.start}"


def load_recipe(path: Path, overrides: tuple[str, ...] = (), place: Path | None = None) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : YAML file; ``extends: NAME`` in it takes over another recipe's keys
    overrides : ``a.b.c=value`` each, as given to ``--set``; the value is read as YAML.
        ``factors.NAME=null`` leaves that factor out, ``sets.NAME=null`` that set. Paths in them
        count from the current folder
    place : folder that relative paths in the file start from; default: the file's own

    Raises
    ------
    RecipeError
        File absent, not YAML, a key misspelt, a value out of range, or parts that contradict each
        other; all faults at once.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise RecipeError(str(path), [f"expected a mapping of keys, found {type(raw).__name__}"])
    try:
        raw = extended(raw, path)
    except ExtendsError as error:
        raise RecipeError(str(path), [str(error)]) from error
    for override in overrides:
        apply_override(raw, override)
    return checked_recipe(raw, str(path), path.resolve().parent if place is None else place)


def checked_recipe(raw: dict[str, Any], where: str, place: Path) -> Recipe:
    """A recipe of its keys, checked.

    Parameters
    ----------
    raw : the keys; a factor, a set or a portfolio that is None is left out, and so are all sets
        or all further portfolios
    where : the keys come from, for errors
    place : folder that relative paths start from

    Raises
    ------
    RecipeError
        As in :func:`load_recipe`.
    """
    for key in NAMED:
        if key != "factors" and key in raw and raw[key] is None:
            del raw[key]
        if isinstance(raw.get(key), dict):
            raw[key] = {name: spec for name, spec in raw[key].items() if spec is not None}
    try:
        recipe = Recipe.model_validate(raw, context=placed(place))
    except ValidationError as error:
        raise RecipeError(where, [fault_of(e) for e in error.errors()]) from error
    faults = recipe.faults()
    if faults:
        raise RecipeError(where, faults)
    return recipe


def lake_of(recipe: Recipe) -> Path:
    """Folder of the recipe's lake.

    Raises
    ------
    RecipeError
        A variable of the environment is not set.
    """
    try:
        return Path(expand(recipe.data.lake))
    except ValueError as error:
        raise RecipeError("data.lake", [str(error)]) from error


def read_yaml(path: Path) -> Any:
    """A YAML file; a key given twice is refused.

    Raises
    ------
    RecipeError
        No such file, not in UTF-8 or not YAML.
    """
    if not path.is_file():
        raise RecipeError(str(path), ["no such file; `intralpha ls --recipes` names shipped ones"])
    try:
        return parse_yaml(read_utf8(path))
    except (EncodingError, YamlError) as error:
        raise RecipeError(str(path), [str(error)]) from error


def dump_recipe(recipe: Recipe) -> str:
    """The resolved recipe, defaults included, as YAML."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def apply_override(raw: dict[str, Any], override: str) -> None:
    """Set one dotted key of the raw recipe."""
    place, separator, text = override.partition("=")
    if not separator or not place:
        raise RecipeError(f"--set {override}", ["expected key.sub_key=value"])
    *parents, last = place.split(".")
    node: Any = raw
    for parent in parents:
        node = node.setdefault(parent, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise RecipeError(f"--set {override}", [f"{'.'.join(parents)} is not a mapping"])
    try:
        value = parse_yaml(text)
    except YamlError as error:
        raise RecipeError(f"--set {override}", [str(error)]) from error
    if place == "data.lake" and isinstance(value, str):
        value = str(Path(value).expanduser().absolute()) if "$" not in value else value
    node[last] = value


def fault_of(error: Any) -> str:
    """One validation error in words: place, what was found, what was expected."""
    place = ".".join(str(p) for p in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key{_meant(str(error['loc'][-1])) or ' here'}"
    found = error.get("input")
    shown = "" if isinstance(found, dict | BaseModel) else f" (found {found!r})"
    if error["type"].startswith("date_"):
        return f"{place}: found {found!r}, expected a date such as 2024-06-01"
    return f"{place}: {error['msg']}{shown}"


def _meant(key: str) -> str:
    """The question which known key an unknown one was to be; "" if none is like it.

    A known key that does not belong where it stands may lack no more than the end of one that does:
    `factor` beside `test`, where `factors` stand.
    """
    known = sorted(known_keys() - {key})
    near = get_close_matches(key, known, n=1, cutoff=0.6 if key not in known_keys() else 0.9)
    return f"; did you mean {near[0]}?" if near else ""


def known_keys() -> set[str]:
    """Every field name of a spec of this package that has been defined, for suggestions."""
    waiting, keys = [Spec], set[str]()
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        keys |= set(one.model_fields)
    return keys
