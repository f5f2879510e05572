"""Looks: what a network sees, as Python gives it: one Panel, or several inputs by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from pydantic import TypeAdapter, ValidationError

from intralpha.base import Panel
from intralpha.datasets import CutSpec, TransformSpec
from intralpha.factors.fits import begins_before
from intralpha.factors.inputs import ALONE, InputName
from intralpha.factors.until import window_end
from intralpha.features import DAY_CLOSE
from intralpha.labels import LabelSpec
from intralpha.models import Shapes, WindowShape
from intralpha.research.given import SettingsError, faults_in

FEATURES = "features"


class LookSpec(CutSpec):
    """How windows of an input are cut, and what is done to it first."""

    transform: TransformSpec


@dataclass(frozen=True, eq=False)
class Look:
    """One thing that a network sees.

    Parameters
    ----------
    spec : how
    panel : what, [D, A, F] or [D, T, A, F], on all sessions and stocks
    """

    spec: LookSpec
    panel: Panel

    @property
    def bars(self) -> int | None:
        """Bars of a session; None for daily features."""
        return None if self.panel.times is None else len(self.panel.times)


_SPECS = TypeAdapter(dict[InputName, LookSpec])


def looks_of(
    features: Panel | Mapping[str, Any],
    defaults: Mapping[str, LookSpec],
    panel_of: Callable[[Any], Panel],
) -> dict[str, Look]:
    """Inputs by name; a single Panel has the name ``x``, or the only one that has defaults.

    Parameters
    ----------
    features : a Panel; or by name a Panel, or a mapping with the keys of a recipe's input:
        ``features`` (a Panel, or what ``panel_of`` takes), ``window_days``, ``transform``,
        ``every``, ``step``
    defaults : of an input's other keys, by its name; ``""`` for names that are not there
    panel_of : a Panel on the axes of the market

    Raises
    ------
    SettingsError
        A key misspelt, a value out of range, an input without features, or none at all.
    """
    known = [name for name in defaults if name]
    if isinstance(features, Panel):
        features = {known[0] if len(known) == 1 else ALONE: features}
    given = {name: _keys(name, value) for name, value in features.items()}
    if not given:
        raise SettingsError([f"{FEATURES}: found none; expected a Panel, or one by name at least"])
    settings = {
        name: {
            **dict(defaults.get(name, defaults[""])),
            **{key: value for key, value in keys.items() if key != FEATURES},
        }
        for name, keys in given.items()
    }
    try:
        specs = _SPECS.validate_python(settings)
    except ValidationError as error:
        raise SettingsError(faults_in(FEATURES, error)) from error
    return {name: Look(spec, panel_of(given[name][FEATURES])) for name, spec in specs.items()}


def shapes_of(looks: Mapping[str, Look]) -> Shapes:
    """Sizes of windows, by name.

    Parameters
    ----------
    looks : the inputs
    """
    sizes = {n: look.spec.sizes(look.bars, len(look.panel.names)) for n, look in looks.items()}
    return {name: WindowShape.of(one) for name, one in sizes.items()}


def known_at(looks: Mapping[str, Look]) -> time:
    """When on its date the last window is over.

    Parameters
    ----------
    looks : the inputs

    Raises
    ------
    UntilError
        A day has no such bar.
    """
    return max(window_end(look.spec, look.panel.times) for look in looks.values())


def check_known(looks: Mapping[str, Look], label: LabelSpec) -> None:
    """Refuse a label that begins while the network still looks, and what is known only later.

    Parameters
    ----------
    looks : the inputs
    label : what is learnt

    Raises
    ------
    SettingsError, UntilError
    """
    at = known_at(looks)
    faults = [*begins_before(label, at)]
    for name, look in looks.items() if at < DAY_CLOSE else ():
        if look.spec.transform.reads():
            faults.append(
                f"{FEATURES}.{name}.transform: reads rows of each date that are known at its "
                "close; the windows end before"
            )
    if faults:
        raise SettingsError(faults)


def _keys(name: str, value: Any) -> Mapping[str, Any]:
    if isinstance(value, Panel):
        return {FEATURES: value}
    if not isinstance(value, Mapping) or FEATURES not in value:
        keys = ", ".join((FEATURES, *LookSpec.model_fields))
        told = f"keys {', '.join(value)}" if isinstance(value, Mapping) else repr(value)
        raise SettingsError(
            [f"{FEATURES}.{name}: found {told}; expected a Panel, or a mapping with {keys}"]
        )
    return value
