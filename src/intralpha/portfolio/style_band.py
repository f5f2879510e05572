"""Constraint: the portfolio's exposure to a risk style stays near the benchmark's."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.base import DataError
from intralpha.portfolio.constraint import Constraint, ConstraintSpec, wider
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot


class ExposureError(DataError):
    """A style exposure that a constraint needs is absent."""

    def __init__(
        self, date: np.datetime64, style: str, known: list[str], symbols: list[str]
    ) -> None:
        self.date, self.style, self.known, self.symbols = date, style, known, symbols
        if symbols:
            shown = ", ".join(symbols[:10]) + (" ..." if len(symbols) > 10 else "")
            found = f"exposure {style} is NaN for {len(symbols)} names on {date}: {shown}"
            hint = "leave these names out of the snapshot, or fill them with the mean, 0."
        else:
            found = f"no exposure {style} on {date}; known are {', '.join(known) or 'none'}"
            hint = "name the exposures as the risk model does."
        super().__init__(f"{found}.\nHint: {hint}")


@dataclass(frozen=True)
class StyleBand(Constraint):
    r""":math:`-s_l \le x^\top (w - w_b) \le s_u` for one style.

    Parameters
    ----------
    style : name among the exposures of the snapshot
    at_most : s_u, in standard deviations of the exposure
    at_least : lowest active exposure; default: ``-at_most``. Spec 18.2 item 2.

    Raises
    ------
    ExposureError
        The snapshot does not have the style, or it is NaN for a name.
    """

    style: str
    at_most: float
    at_least: float | None = None
    kind: ClassVar[str] = "style"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add one row."""
        known = list(snapshot.exposure_names)
        if self.style not in known:
            raise ExposureError(snapshot.date, self.style, known, [])
        exposure = snapshot.exposures[:, known.index(self.style)].astype(np.float64)
        if not (finite := np.isfinite(exposure)).all():
            absent = [str(s) for s in snapshot.assets[~finite]]
            raise ExposureError(snapshot.date, self.style, known, absent)
        middle = float(exposure @ snapshot.benchmark)
        lowest = -self.at_most if self.at_least is None else self.at_least
        name = f"style {self.style}"
        program.add(Row(name, exposure, middle + lowest, middle + self.at_most))

    def scaled(self, factor: float) -> "StyleBand":
        """A wider band on both sides."""
        lowest = -self.at_most if self.at_least is None else self.at_least
        return replace(self, at_most=wider(self.at_most, factor), at_least=-wider(-lowest, factor))


class StyleBandSpec(ConstraintSpec):
    """Band of one style exposure; see :class:`StyleBand`."""

    kind: Literal["style_band"] = "style_band"
    style: str = Field(description="name among the exposures")
    at_most: float = Field(description="highest active exposure, standard deviations")
    at_least: float | None = Field(
        default=None, description="lowest active exposure; null for minus at_most"
    )

    def make(self) -> StyleBand:
        """The constraint as a problem takes it."""
        return StyleBand(self.style, self.at_most, self.at_least)
