"""Constraint: one band for every style of a kind, such as all factors of high frequency."""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import ClassVar, Literal

from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.style_band import ExposureError, StyleBand


@dataclass(frozen=True)
class StyleBands(Constraint):
    r""":math:`s_l \le x_k^\top (w - w_b) \le s_u` for every style k that a pattern names.

    Parameters
    ----------
    styles : patterns of names, ``*`` for any letters
    at_most : s_u, in standard deviations of the exposure
    at_least : s_l; default: ``-at_most``
    but : patterns of names that have a band of their own. Spec 18.1, system 004.

    Raises
    ------
    ExposureError
        A pattern names no style of the snapshot, or an exposure is NaN for a name.
    """

    styles: tuple[str, ...]
    at_most: float
    at_least: float | None = None
    but: tuple[str, ...] = ()
    kind: ClassVar[str] = "style"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add one row a style."""
        known = snapshot.exposure_names
        for pattern in self.styles:
            if not any(fnmatchcase(name, pattern) for name in known):
                raise ExposureError(snapshot.date, pattern, list(known), [])
        for name in known:
            if _any(name, self.styles) and not _any(name, self.but):
                StyleBand(name, self.at_most, self.at_least).contribute(program, snapshot)

    def scaled(self, factor: float) -> "StyleBands":
        """Wider bands on both sides."""
        wide = StyleBand("", self.at_most, self.at_least).scaled(factor)
        return replace(self, at_most=wide.at_most, at_least=wide.at_least)


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


class StyleBandsSpec(ConstraintSpec):
    """Band of every style of a kind; see :class:`StyleBands`."""

    kind: Literal["style_bands"] = "style_bands"
    styles: tuple[str, ...] = Field(
        min_length=1, description="patterns of names among the exposures, `*` for any letters"
    )
    at_most: float = Field(description="highest active exposure, standard deviations")
    at_least: float | None = Field(
        default=None, description="lowest active exposure; null for minus at_most"
    )
    but: tuple[str, ...] = Field(
        default=(), description="patterns of names that these bands leave out"
    )

    def make(self) -> StyleBands:
        """The constraint as a problem takes it."""
        return StyleBands(self.styles, self.at_most, self.at_least, self.but)
