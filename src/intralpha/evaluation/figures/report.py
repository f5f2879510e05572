"""ReportFiguresSpec: what the conventions of the reports have in common."""

from typing import Literal

import numpy as np
from pydantic import Field

from intralpha.evaluation.figures.course import Course
from intralpha.evaluation.figures.excess import Form, excess_form
from intralpha.evaluation.figures.spec import FiguresSpec
from intralpha.evaluation.figures.wins import Period, won
from intralpha.evaluation.nav import annualised_return, max_drawdown, nav, volatility
from intralpha.evaluation.spacing import DAYS_PER_YEAR

PORTFOLIO, BEFORE_COST, BENCHMARK = "portfolio", "before cost", "benchmark"


class ReportFiguresSpec(FiguresSpec):
    """Length of a year, form of the excess, counting of wins [Spec 17.2, 17.6].

    What a report leaves open is said in the description of its key.
    """

    sessions_a_year: float | Literal["calendar"] = Field(
        default=244.0, description="rows a year; calendar: as many as the dates themselves say"
    )
    excess: Form = Field(
        default="difference",
        description="compounded daily differences, ratio or difference (less) of compounded "
        "series, or the sum of daily differences",
    )
    wins: Period = Field(default="month", description="periods of which the won ones are counted")
    resampled: bool = Field(
        default=False,
        description="count periods by their last values: the first period drops out, and one "
        "without a session is not won",
    )

    def rows_a_year(self, course: Course) -> float:
        """Rows in a year; by the calendar they are those of the time that the dates span."""
        if self.sessions_a_year != "calendar":
            return self.sessions_a_year
        span = float((course.dates[-1] - course.dates[0]).astype(int)) if len(course.dates) else 0
        return DAYS_PER_YEAR * (len(course.dates) - 1) / span if span > 0 else np.nan

    def absolute(self, course: Course, rows_a_year: float) -> dict[str, float]:
        """Return a year, volatility, Sharpe and drawdown of the portfolio itself.

        Parameters
        ----------
        course : whose ``ret`` counts
        rows_a_year : A
        """
        yearly, risk = (
            annualised_return(course.ret, rows_a_year),
            volatility(course.ret, rows_a_year),
        )
        return {
            "ret_annualised": yearly,
            "volatility": risk,
            "sharpe": _over(yearly, risk),
            "max_drawdown": max_drawdown(nav(course.ret)),
        }

    def hedged(self, course: Course, rows_a_year: float) -> dict[str, float]:
        """Excess a year, tracking error, drawdown of the excess and their ratios.

        Parameters
        ----------
        course : rows without a benchmark are left out
        rows_a_year : A
        """
        course = course.part(np.isfinite(course.ret) & np.isfinite(course.benchmark_ret))
        form, pair = excess_form(self.excess), (course.ret, course.benchmark_ret)
        yearly, risk = (
            form.annualised(*pair, rows_a_year),
            volatility(pair[0] - pair[1], rows_a_year),
        )
        lost = form.max_drawdown(*pair)
        return {
            "excess_annualised": yearly,
            "tracking_error": risk,
            "excess_max_drawdown": lost,
            "information_ratio": _over(yearly, risk),
            "calmar": _over(yearly, lost),
        }

    def excess_of(self, course: Course) -> float:
        """Excess over all of a course, not annualised."""
        course = course.part(np.isfinite(course.ret) & np.isfinite(course.benchmark_ret))
        return excess_form(self.excess).total(course.ret, course.benchmark_ret)

    def won(self, course: Course, hedged: bool) -> float:
        """Share of periods that were won: above the benchmark, or above zero.

        Parameters
        ----------
        course : of the portfolio
        hedged : against the benchmark
        """
        gain = self.excess_of if hedged else total
        share, _ = won(
            lambda kept: gain(course.part(kept)), course.dates, self.wins, self.resampled
        )
        return share


def total(course: Course) -> float:
    """Compounded return of a course; NaN without a row."""
    return float(nav(course.ret)[-1] - 1.0) if len(course.ret) else np.nan


def benchmark_of(course: Course) -> Course:
    """The benchmark as a course of its own, without trades."""
    nothing = np.zeros(len(course.ret))
    return Course(course.dates, course.benchmark_ret, course.benchmark_ret, nothing, nothing)


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom > 1e-15 else np.nan
