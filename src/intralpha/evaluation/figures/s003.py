"""Figures of report 003."""

from typing import ClassVar, Literal

from pydantic import Field

from intralpha.evaluation.figures.side_by_side import SideBySideSpec


class S003FiguresSpec(SideBySideSpec):
    """Columns of 003 F16, F17, F31, F32, F43, F44: as of 002, with 252 sessions a year.

    It prints shares of all its 98 months [Spec 17.6].
    """

    number: ClassVar[str] = "003"
    kind: Literal["s003"] = "s003"
    sessions_a_year: float | Literal["calendar"] = Field(default=252.0, description="rows a year")
    resampled: bool = Field(default=False, description="count months by their last values")
