"""Figures of report 004: the excess of every year, and a year's of all of them."""

from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.evaluation.figures.course import Course
from intralpha.evaluation.figures.report import ReportFiguresSpec


class S004FiguresSpec(ReportFiguresSpec):
    """Column of 004 T7, years of the calendar [Spec 17.6 item 6]."""

    kind: Literal["s004"] = "s004"
    sessions_a_year: float | Literal["calendar"] = Field(
        default="calendar", description="rows a year"
    )

    def tables(self, course: Course) -> dict[str, pl.DataFrame]:
        """Excess by year, last of all a year's; see :meth:`FiguresSpec.tables`."""
        if not course.compared:
            return {}
        lines = [self._line(str(y), course.in_year(y), whole=False) for y in course.years]
        lines.append(self._line("all", course, whole=True))
        return {"Figures of report 004": pl.DataFrame(lines)}

    def _line(self, name: str, course: Course, whole: bool) -> dict[str, str | float]:
        """Excess of a part, of the whole a year's."""
        out: dict[str, str | float] = {"period": name}
        free = course.before_cost()
        for key, one in (("excess_ret", course), ("excess_ret_before_cost", free)):
            a_year = self.hedged(one, self.rows_a_year(one))["excess_annualised"] if whole else None
            out[key] = self.excess_of(one) if a_year is None else a_year
        return out
