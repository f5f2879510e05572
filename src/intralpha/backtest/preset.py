"""Presets of portfolios: the settings of the five reports, one file each [Spec 18.1]."""

from importlib.resources import files
from typing import Any

from intralpha.base.yaml_text import parse_yaml

PRESETS = files("intralpha.backtest") / "presets"


def preset_names() -> tuple[str, ...]:
    """Names of the presets, sorted."""
    names = (one.name for one in PRESETS.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def with_preset(given: dict[str, Any]) -> dict[str, Any]:
    """Keys of a portfolio over those of the preset that they name.

    A mapping changes the preset's mapping key by key, unless one of them names a ``kind``: then it
    takes its place, as anything else does.

    Parameters
    ----------
    given : keys, ``preset`` perhaps among them

    Raises
    ------
    ValueError
        There is no such preset; a recipe's reader turns this into a ConfigError.
    """
    name = given.get("preset")
    if name is None:
        return given
    if name not in preset_names():
        raise ValueError(f"no preset {name!r}; there are {', '.join(preset_names())}")
    base = parse_yaml((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"))
    return _over(base, {key: value for key, value in given.items() if key != "preset"})


def _over(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in given.items():
        before = out.get(key)
        out[key] = value
        if isinstance(before, dict) and isinstance(value, dict) and "kind" not in (*before, *value):
            out[key] = _over(before, value)
    return out
