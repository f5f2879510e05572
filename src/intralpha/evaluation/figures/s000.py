"""Figures of report 000: sums of the excess by year, with and without cost."""

from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.evaluation.figures.course import Course
from intralpha.evaluation.figures.excess import Form
from intralpha.evaluation.figures.report import ReportFiguresSpec


class S000FiguresSpec(ReportFiguresSpec):
    """Columns of 000's table: returns are added, turnover is a session's [Spec 17.6 item 5].

    Its AlphaRtn, AlphaSharpe and AlphaDrawdown are ``excess_ret``, ``excess_sharpe`` and
    ``excess_max_drawdown``, its NC is ``before_cost``, its TOV ``turnover``. The last line, its
    ``sum``, is a year's return over all sessions. 243 sessions a year fit its cost; whether TOV
    counts one side or both is not said: one is taken.
    """

    kind: Literal["s000"] = "s000"
    sessions_a_year: float | Literal["calendar"] = Field(default=243.0, description="rows a year")
    excess: Form = Field(default="sum", description="how the daily differences are added up")
    turnover_sides: Literal[1, 2] = Field(
        default=1, description="2 counts purchases and sales together, 1 their mean"
    )

    def tables(self, course: Course) -> dict[str, pl.DataFrame]:
        """A line a year, last of all a year's; see :meth:`FiguresSpec.tables`."""
        if not course.compared:
            return {}
        lines = [self._line(str(y), course.in_year(y), whole=False) for y in course.years]
        lines.append(self._line("sum", course, whole=True))
        return {"Figures of report 000": pl.DataFrame(lines)}

    def _line(self, name: str, course: Course, whole: bool) -> dict[str, str | float]:
        """One line; only that of the whole has a year's return."""
        a_year, columns = self.rows_a_year(course), []
        for one in (course, course.before_cost()):
            found = self.hedged(one, a_year)
            ret = found["excess_annualised"] if whole else self.excess_of(one)
            columns.append((ret, found["information_ratio"], found["excess_max_drawdown"]))
        out: dict[str, str | float] = {"period": name}
        keys = ("excess_ret", "excess_sharpe", "excess_max_drawdown")
        for key, own, free in zip(keys, *columns, strict=True):
            out |= {key: own, f"{key}_before_cost": free}
        turnover = course.turnover_a_session(self.turnover_sides)
        return out | {"turnover": turnover if np.isfinite(turnover) else 0.0}
