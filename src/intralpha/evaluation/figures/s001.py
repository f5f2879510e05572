"""Figures of report 001: the portfolio and its hedged twin, whole and by year."""

from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.evaluation.figures.course import Course
from intralpha.evaluation.figures.report import BEFORE_COST, PORTFOLIO, ReportFiguresSpec, total
from intralpha.evaluation.figures.wins import Period

ABSOLUTE, HEDGED = "absolute", "hedged"


class S001FiguresSpec(ReportFiguresSpec):
    """Columns of 001 T18 to T29: years of the calendar, weekly wins among all weeks [Spec 17.6].

    That the hedged series compounds daily differences is ours: its printed years leave neither
    the ratio nor the difference of the two series a constant index.
    """

    kind: Literal["s001"] = "s001"
    sessions_a_year: float | Literal["calendar"] = Field(
        default="calendar", description="rows a year"
    )
    wins: Period = Field(default="week", description="periods of which the won ones are counted")
    resampled: bool = Field(default=True, description="count weeks by their last values")

    def tables(self, course: Course) -> dict[str, pl.DataFrame]:
        """Absolute and hedged, after and before cost; see :meth:`FiguresSpec.tables`."""
        pairs = [(PORTFOLIO, course), (BEFORE_COST, course.before_cost())]
        lines = [self._line(name, one, hedged=False) for name, one in pairs]
        if course.compared:
            lines += [self._line(name, one, hedged=True) for name, one in pairs]
        years = [self._year(course, year) for year in course.years]
        return {
            "Figures of report 001": pl.DataFrame(lines),
            "Years of report 001": pl.DataFrame(years),
        }

    def _line(self, name: str, course: Course, hedged: bool) -> dict[str, str | float]:
        """Return a year, Sharpe, drawdown and wins; the drawdown is printed as a loss there."""
        a_year = self.rows_a_year(course)
        found = (self.hedged if hedged else self.absolute)(course, a_year)
        keys = ("excess_annualised", "information_ratio", "excess_max_drawdown")
        keys = keys if hedged else ("ret_annualised", "sharpe", "max_drawdown")
        values = [found[key] for key in keys]
        return {
            "series": f"{name}, {HEDGED if hedged else ABSOLUTE}",
            "ret_annualised": values[0],
            "sharpe": values[1],
            "max_drawdown": -values[2],
            "weekly_win_rate": self.won(course, hedged),
        }

    def _year(self, course: Course, year: int) -> dict[str, float | int]:
        part = course.in_year(year)
        free = part.before_cost()
        out = {"year": year, "ret": total(part), "ret_before_cost": total(free)}
        if not course.compared:
            return out
        hedged = {
            "hedged_ret": self.excess_of(part),
            "hedged_ret_before_cost": self.excess_of(free),
        }
        return out | hedged
