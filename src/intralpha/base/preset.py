"""Presets: named settings that ship with a part of a recipe, one YAML file each."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from intralpha.base.yaml_text import parse_yaml


@dataclass(frozen=True)
class Presets:
    """The files of a folder ``presets`` beside a package's code.

    Attributes
    ----------
    package : whose they are, such as ``intralpha.backtest``
    """

    package: str

    def names(self) -> tuple[str, ...]:
        """Names of the presets, sorted."""
        names = (one.name for one in (files(self.package) / "presets").iterdir())
        return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))

    def under(self, given: dict[str, Any]) -> dict[str, Any]:
        """Given keys over those of the preset that they name.

        A mapping changes the preset's mapping key by key, unless one of them names a ``kind``: then
        it takes its place, as anything else does.

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
        if name not in self.names():
            raise ValueError(f"no preset {name!r}; there are {', '.join(self.names())}")
        file = files(self.package) / "presets" / f"{name}.yaml"
        base = parse_yaml(file.read_text(encoding="utf-8"))
        return laid_over(base, {key: value for key, value in given.items() if key != "preset"})


def laid_over(
    base: dict[str, Any], given: dict[str, Any], kinds_stay: bool = False
) -> dict[str, Any]:
    """Keys over those of another mapping, and so on inside of both.

    Parameters
    ----------
    base : what is changed; it stays as it is
    given : its values take the place of those of base, but mappings change mappings key by key. One
        that names a ``kind`` takes the other's place as a whole
    kinds_stay : whether a mapping without a ``kind`` changes one that has one, too; else it takes
        its place
    """
    out = dict(base)
    for key, value in given.items():
        before = out.get(key)
        out[key] = value
        if not isinstance(before, dict) or not isinstance(value, dict) or "kind" in value:
            continue
        if kinds_stay or "kind" not in before:
            out[key] = laid_over(before, value, kinds_stay)
    return out
