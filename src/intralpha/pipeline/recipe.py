"""Recipe: one YAML file that names everything between raw files and the report."""

import os
import re
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from intralpha.backtest import BacktestSpec
from intralpha.base import ConfigError, Spec
from intralpha.combination import EqualSpec, SingleSpec, WeightsSpec
from intralpha.datasets import EverySpec, GridSpec, ScheduleSpec, TransformSpec
from intralpha.evaluation import FactorTestSpec
from intralpha.features import FeatureSpec
from intralpha.labels import LabelSpec
from intralpha.market import UniverseSpec
from intralpha.models import ModelSpec
from intralpha.portfolio import PortfolioSpec
from intralpha.risk import ExposureSpec
from intralpha.sources import SourceSpec
from intralpha.training import ObjectiveSpec, TrainSpec


class RecipeError(ConfigError):
    """A recipe cannot be used; every fault is listed with its place."""

    def __init__(self, where: str, faults: list[str]) -> None:
        self.where, self.faults = where, faults
        super().__init__(f"{where} has {len(faults)} fault(s):\n  " + "\n  ".join(faults))


class DataSpec(Spec):
    """Where the data come from and which part of them is used."""

    lake: str = Field(description="folder of the lake; ${VARIABLES} of the environment expand")
    sources: tuple[SourceSpec, ...] = Field(default=(), description="vendor files to ingest first")
    start: date | None = Field(
        default=None, description="first session used; default: the lake's first"
    )
    end: date | None = Field(
        default=None, description="last session used; default: the lake's last"
    )
    assets: Literal["daily", "bars"] = Field(
        default="daily",
        description="stocks that have daily rows, or only those that also have bars",
    )
    bar_freq: int | None = Field(
        default=None, description="minutes of the bars that `assets: bars` needs"
    )

    @model_validator(mode="after")
    def _bars_need_a_frequency(self) -> "DataSpec":
        if self.assets == "bars" and self.bar_freq is None:
            raise ValueError("assets: bars needs bar_freq, the minutes of one bar")
        return self


class ZScoreMean(Spec):
    """A factor without training: the mean of signed, clipped z-scores over the universe."""

    kind: Literal["zscore_mean"] = "zscore_mean"
    features: FeatureSpec
    signs: dict[str, Literal[1, -1]] = Field(description="feature name -> direction")
    clip: float | None = Field(default=3.0, gt=0, description="bound of a z-score; null for none")
    fwd_over_tested: bool = Field(
        default=False,
        description="z-scores over the names tested, which knows the next session's tradability: "
        "only to repeat a published test protocol, never to trade",
    )


class Network(Spec):
    """A factor from a network: features -> windows -> rolling training -> seed ensemble."""

    kind: Literal["network"] = "network"
    features: FeatureSpec
    transform: TransformSpec
    window_days: int = Field(gt=0, description="sessions of history in one sample")
    step: Literal["bar", "day"] = Field(
        default="bar",
        description="what the network reads at a time: a bar, or a day's bars at once",
    )
    label: LabelSpec
    schedule: ScheduleSpec
    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2), min_length=1, description="one network a seed"
    )


# `icir_weight` needs a history of finished RankICs, which a recipe does not keep yet.
CombinationSpec = Annotated[EqualSpec | WeightsSpec | SingleSpec, Field(discriminator="kind")]
FactorSpec = Annotated[ZScoreMean | Network, Field(discriminator="kind")]


class BenchmarkSpec(Spec):
    """What the portfolio is measured against."""

    kind: Literal["float_cap", "index"] = Field(
        default="float_cap", description="float-cap-weighted universe, or an index of the lake"
    )
    index: str | None = Field(default=None, description="symbol of the index, for kind index")


class EnhancementSpec(Spec):
    """An index-enhancement portfolio made from the combined signal, and its replay."""

    benchmark: BenchmarkSpec = BenchmarkSpec()
    every: int = Field(default=1, gt=0, description="dates of the grid between decisions")
    exposures: ExposureSpec = ExposureSpec()
    problem: PortfolioSpec = PortfolioSpec()
    backtest: BacktestSpec = BacktestSpec()


class TestSpec(Spec):
    """How factors are tested: horizons, period and the test's own settings."""

    __test__ = False

    horizons: tuple[tuple[int, int], ...] = Field(
        default=((1, 6), (1, 11)),
        description="forward returns close(t+a) -> close(t+b); the first leads",
    )
    start: date | None = Field(
        default=None, description="first session tested; default: first score"
    )
    end: date | None = Field(
        default=None, description="last session tested; default: last full label"
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
    factor: FactorTestSpec = FactorTestSpec()


class Recipe(Spec):
    """One whole run. Every default is here or in a component's spec, nowhere else."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="folder name of the run")
    about: str = Field(default="", description="one sentence for the report's head")
    data: DataSpec
    universe: UniverseSpec = UniverseSpec()
    grid: GridSpec = EverySpec()
    factors: dict[str, FactorSpec] = Field(min_length=1)
    combination: CombinationSpec = EqualSpec()
    test: TestSpec = TestSpec()
    portfolio: EnhancementSpec | None = None
    workers: int = Field(
        default=1, ge=1, description="training processes; results do not depend on it"
    )


def load_recipe(path: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : YAML file
    overrides : ``a.b.c=value`` each, as given to ``--set``; the value is read as YAML.
        ``factors.NAME=null`` leaves that factor out

    Raises
    ------
    RecipeError
        File absent, not YAML, a key misspelt or a value out of range; all faults at once.
    """
    if not path.is_file():
        raise RecipeError(str(path), ["no such file; `intralpha ls --recipes` names shipped ones"])
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(str(path), [f"not readable as YAML: {error}"]) from error
    if not isinstance(raw, dict):
        raise RecipeError(str(path), [f"expected a mapping of keys, found {type(raw).__name__}"])
    for override in overrides:
        _apply(raw, override)
    if isinstance(raw.get("factors"), dict):
        raw["factors"] = {name: spec for name, spec in raw["factors"].items() if spec is not None}
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(str(path), [_fault(e) for e in error.errors()]) from error


def dump_recipe(recipe: Recipe) -> str:
    """The resolved recipe, defaults included, as YAML."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def expand_path(text: str) -> Path:
    """A path with ``${VARIABLES}`` and ``~`` expanded.

    Raises
    ------
    RecipeError
        If a variable is not set.
    """
    missing = [v for v in re.findall(r"\$\{(\w+)\}", text) if v not in os.environ]
    if missing:
        raise RecipeError(text, [f"environment variable {v} is not set" for v in missing])
    return Path(os.path.expandvars(text)).expanduser()


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _apply(raw: dict[str, Any], override: str) -> None:
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
    node[last] = yaml.safe_load(text)


def _fault(error: Any) -> str:
    """One validation error in words: place, what was found, what was expected."""
    place = ".".join(str(p) for p in error["loc"])
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _known_keys(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{place}: unknown key{hint}"
    found = error.get("input")
    shown = "" if isinstance(found, dict) else f" (found {found!r})"
    return f"{place}: {error['msg']}{shown}"


def _known_keys() -> list[str]:
    """Every field name a recipe may hold anywhere, for suggestions."""
    schema = Recipe.model_json_schema()
    keys = set(schema["properties"])
    for part in schema.get("$defs", {}).values():
        keys |= set(part.get("properties", {}))
    return sorted(keys)
