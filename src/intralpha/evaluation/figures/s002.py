"""Figures of report 002."""

from typing import ClassVar, Literal

from pydantic import Field

from intralpha.evaluation.figures.side_by_side import SideBySideSpec


class S002FiguresSpec(SideBySideSpec):
    """Columns of 002 F64, F65, F67, F68: 250 sessions a year, two-sided turnover a rebalance.

    It prints shares of 82 of its 83 months [Spec 17.6].
    """

    number: ClassVar[str] = "002"
    kind: Literal["s002"] = "s002"
    sessions_a_year: float | Literal["calendar"] = Field(default=250.0, description="rows a year")
    resampled: bool = Field(default=True, description="count months by their last values")
