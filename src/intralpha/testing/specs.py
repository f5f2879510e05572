"""check_spec, check_plugins: every check that a spec of a family must pass."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, ValidationError

from intralpha.base import IntralphaError, Kinded
from intralpha.base.plugins import loaded
from intralpha.features import FeatureSpec
from intralpha.labels import LabelSpec
from intralpha.market import Lake
from intralpha.models import ModelSpec
from intralpha.testing.axes import assert_permutation, assert_reads, assert_shapes
from intralpha.testing.causal import assert_causal, assert_label_forward_only
from intralpha.testing.failure import CheckFailedError
from intralpha.testing.network import assert_network, assert_objective
from intralpha.training import ObjectiveSpec

FAMILIES = (FeatureSpec, LabelSpec, ModelSpec, ObjectiveSpec)


@dataclass(frozen=True)
class Checked:
    """What became of one spec.

    Attributes
    ----------
    kind : of the spec
    passed : names of the checks that it passed
    fault : why it failed, or could not be checked; empty if it passed
    """

    kind: str
    passed: tuple[str, ...] = ()
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.fault or 'passed ' + ', '.join(self.passed)}"


def check_spec(spec: Kinded, lake: Lake, on: date, folder: Path) -> tuple[str, ...]:
    """Every check that a feature, a label, a model or an objective must pass.

    Parameters
    ----------
    spec : of any family; there are no checks of the others
    lake : a small one: it is copied
    on : a session in the later part of it; bars' features must have values on it
    folder : keeps the copies, for the next spec

    Returns
    -------
    tuple of str
        Names of the checks.

    Raises
    ------
    CheckFailedError
        The first check that it fails.
    """
    if isinstance(spec, FeatureSpec):
        assert_shapes(spec, lake, on)
        assert_permutation(spec, lake, on)
        assert_reads(spec, lake, on)
        assert_causal(spec, lake, on, folder=folder)
        return "assert_shapes", "assert_permutation", "assert_reads", "assert_causal"
    if isinstance(spec, LabelSpec):
        assert_shapes(spec, lake, on)
        assert_permutation(spec, lake, on)
        assert_reads(spec, lake, on)
        assert_label_forward_only(spec, lake, on, folder=folder)
        return "assert_shapes", "assert_permutation", "assert_reads", "assert_label_forward_only"
    if isinstance(spec, ModelSpec):
        assert_network(spec)
        return ("assert_network",)
    if isinstance(spec, ObjectiveSpec):
        assert_objective(spec)
        return ("assert_objective",)
    return ()


def check_plugins(lake: Lake, on: date | None = None) -> tuple[Checked, ...]:
    """Check every feature, label, model and objective of the plug-ins that are loaded.

    Each is taken with its default settings; one that has none is reported and must be given to
    :func:`check_spec`.

    Parameters
    ----------
    lake : a small one, say 40 stocks and 60 sessions, with the tables they read
    on : session of the checks; default: after two thirds of the lake's

    Returns
    -------
    tuple of Checked, one a kind

    Raises
    ------
    CheckFailedError
        A kind fails, or there was nothing to check.
    """
    kinds = {
        kind: cls
        for family in FAMILIES
        for kind, cls in family.kinds().items()
        if kind.partition(".")[0] in {plugin.name for plugin in loaded()}
    }
    specs = [_with_defaults(kind, cls) for kind, cls in kinds.items()]
    done = check_specs(tuple(s for s in specs if isinstance(s, Kinded)), lake, on)
    return (*done, *(s for s in specs if isinstance(s, Checked)))


def check_specs(
    specs: tuple[Kinded, ...], lake: Lake, on: date | None = None
) -> tuple[Checked, ...]:
    """Check several specs, each with every check of its family.

    Parameters
    ----------
    specs : features, labels, models and objectives, set as they are meant to be used
    lake, on : as for :func:`check_plugins`

    Returns
    -------
    tuple of Checked, one a spec

    Raises
    ------
    CheckFailedError
        A spec fails, or there was nothing to check; it tells of all of them.
    """
    days = lake.dates("daily")
    day = on or days[len(days) * 2 // 3].item()
    with TemporaryDirectory(prefix="intralpha-") as folder:
        done = tuple(_checked(spec, lake, day, Path(folder)) for spec in specs)
    told = "\n  ".join(map(str, done)) or "nothing"
    expected = "every one to pass, and at least one"
    if not done or any(one.fault for one in done):
        raise CheckFailedError("check_specs", f"lake {lake.root} on {day}", told, expected)
    return done


def specs_inside(part: Any) -> tuple[Kinded, ...]:
    """Every spec of a family that can be checked, inside a recipe or another spec."""
    if isinstance(part, FAMILIES):
        return (part,)
    if isinstance(part, BaseModel):
        part = [getattr(part, name) for name in type(part).model_fields]
    if isinstance(part, dict):
        part = list(part.values())
    found: list[Kinded] = []
    for one in part if isinstance(part, tuple | list) else ():
        found += [spec for spec in specs_inside(one) if spec not in found]
    return tuple(found)


def _with_defaults(kind: str, cls: type[Kinded]) -> Kinded | Checked:
    try:
        return cls.model_validate({"kind": kind})
    except ValidationError as error:
        needed = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        return Checked(kind, (), f"not checked: needs {needed}; give it to check_spec")


def _checked(spec: Kinded, lake: Lake, on: date, folder: Path) -> Checked:
    kind = str(spec.kind)  # type: ignore[attr-defined]
    try:
        return Checked(kind, check_spec(spec, lake, on, folder))
    except IntralphaError as error:
        return Checked(kind, (), str(error))
