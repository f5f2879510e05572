"""Trials of a study: one recipe with other settings, of a grid or as a search asks for them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from intralpha.base import ConfigError
from intralpha.base.yaml_text import YamlError, parse_yaml
from intralpha.pipeline.listing import open_recipe
from intralpha.pipeline.plan import Plan, plan
from intralpha.pipeline.recipe import StudySpec
from intralpha.search import RangeSpec, SearchSpec, Space, Told

LEFT_OUT = ("portfolio=null", "portfolios={}")


class StudyError(ConfigError):
    """A study cannot be made of what it is to vary."""

    def __init__(self, what: str, found: str, expected: str) -> None:
        self.what, self.found, self.expected = what, found, expected
        super().__init__(
            f"study, {what}: found {found}; expected {expected}.\n"
            "Hint: --over 'factors.NAME.training.learning_rate=[0.001, 0.0001]', once a key."
        )


@dataclass(frozen=True, eq=False)
class Trial:
    """One combination of settings.

    Attributes
    ----------
    settings : key -> value
    plan : its work
    """

    settings: Mapping[str, Any]
    plan: Plan


@dataclass(frozen=True, eq=False)
class Study:
    """What is tried.

    Attributes
    ----------
    recipe, overrides, runs : what all trials have in common
    space : what is varied
    search : how settings are chosen; None: every combination
    trials : those known before anything is made: all of a grid, the first batch of a search
    """

    recipe: Path
    overrides: tuple[str, ...]
    runs: Path
    space: Space
    search: SearchSpec | None = None
    trials: Sequence[Trial] = ()

    @property
    def size(self) -> int:
        """Trials in all."""
        return len(self.trials) if self.search is None else self.search.trials

    def asked(self, told: Sequence[Told]) -> list[Trial]:
        """The next batch of a search; none: it is over.

        Parameters
        ----------
        told : trials that are over, in their order
        """
        if self.search is None or len(told) >= self.search.trials:
            return []
        count = min(self.search.batch, self.search.trials - len(told))
        return [self.trial(settings) for settings in self.search.ask(self.space, told, count)]

    def trial(self, settings: Mapping[str, Any]) -> Trial:
        """One trial.

        Parameters
        ----------
        settings : key -> value

        Raises
        ------
        RecipeError
            A key that the recipe does not have, or a value that it refuses.
        """
        changes = [_override(key, value) for key, value in settings.items()]
        one = open_recipe(self.recipe, (*self.overrides, *LEFT_OUT, *changes))
        return Trial(settings, plan(one, self.runs))


def plan_study(
    recipe: Path,
    overrides: Sequence[str],
    over: Sequence[str],
    runs: Path,
    search: str | None = None,
) -> Study:
    """A study, none of its trials begun; portfolios are left out.

    Parameters
    ----------
    recipe : YAML file, or the name of a shipped recipe
    overrides : for all trials, as of ``--set``
    over : what is varied, ``a.b.c=[value, ...]`` each, or for a search ``a.b.c={low: 1, high: 9}``;
        nothing: what the recipe's ``study`` says, its search included
    runs : folder of the runs
    search : a :class:`SearchSpec` as YAML; None: that of the recipe's ``study`` where it says what
        is varied, else every combination

    Raises
    ------
    StudyError, RecipeError
    """
    said = None if over else open_recipe(recipe, tuple(overrides)).study
    space = space_of(over, said)
    own = said.search if said is not None else None
    chosen = _search_of(search) if search is not None else own
    study = Study(recipe, tuple(overrides), runs, space, chosen)
    trials = study.asked(()) if chosen else [study.trial(one) for one in combinations(space)]
    return replace(study, trials=trials)


def space_of(over: Sequence[str], said: StudySpec | None = None) -> Space:
    """What is varied.

    Parameters
    ----------
    over : as of :func:`plan_study`
    said : a recipe's ``study``, where nothing is over

    Raises
    ------
    StudyError

    Examples
    --------
    >>> space_of(["a.b=[1, 2]", "c=[x]"])
    {'a.b': (1, 2), 'c': ('x',)}
    """
    space = {} if said is None else dict(said.over)
    for key, among in map(_among, over):
        if key in space:
            raise StudyError("--over", f"{key} twice", "each key once, with all of its values")
        space[key] = among
    if not space:
        raise StudyError("keys", "none", "at least one with --over, or in `study` of the recipe")
    return space


def combinations(space: Space) -> Iterable[dict[str, Any]]:
    """Settings of every trial of a grid, the last key the quickest.

    Parameters
    ----------
    space : of values

    Raises
    ------
    StudyError
        A range has no end of values.

    Examples
    --------
    >>> list(combinations({"a": (1, 2), "b": ("x",)}))
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    values = {}
    for key, among in space.items():
        if isinstance(among, RangeSpec):
            raise StudyError(
                key, "a range", "a list of values, or a search, such as --search '{kind: tpe}'"
            )
        values[key] = among
    return [dict(zip(values, one, strict=True)) for one in product(*values.values())]


def _among(over: str) -> tuple[str, tuple[Any, ...] | RangeSpec]:
    key, separator, text = over.partition("=")
    if not separator or not key:
        raise StudyError("--over", over, "key=[value, ...]")
    values = _read(key, text, "a list of values as YAML")
    if isinstance(values, dict):
        try:
            return key, RangeSpec.model_validate(values)
        except ValidationError as error:
            raise StudyError(key, _faults(error), "{low: NUMBER, high: NUMBER}") from error
    if not isinstance(values, list) or not values:
        raise StudyError(key, text, "a list of values, such as [1, 2]")
    return key, tuple(values)


def _search_of(text: str) -> SearchSpec:
    try:
        return SearchSpec.model_validate(_read("--search", text, "a search as YAML"))
    except ValidationError as error:
        raise StudyError("--search", _faults(error), "such as {kind: tpe, trials: 30}") from error


def _read(what: str, text: str, expected: str) -> Any:
    try:
        return parse_yaml(text)
    except YamlError as error:
        raise StudyError(what, str(error), expected) from error


def _faults(error: ValidationError) -> str:
    return "; ".join(
        ": ".join([".".join(map(str, one["loc"])), one["msg"]]) for one in error.errors()
    )


def _override(key: str, value: Any) -> str:
    """A setting as ``--set`` takes it, its value on one line."""
    text = yaml.safe_dump([value], default_flow_style=True, width=math.inf).strip()[1:-1]
    return f"{key}={text}"
