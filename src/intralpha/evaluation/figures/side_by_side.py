"""SideBySideSpec: one line a portfolio, and its years beside the index's, as 002 and 003 print."""

from typing import ClassVar

import polars as pl

from intralpha.evaluation.figures.course import Course
from intralpha.evaluation.figures.report import (
    BEFORE_COST,
    BENCHMARK,
    PORTFOLIO,
    ReportFiguresSpec,
    benchmark_of,
    total,
)


class SideBySideSpec(ReportFiguresSpec):
    """Columns of 002 F64 and F65, which are those of 003 F16 and F17."""

    number: ClassVar[str]

    def tables(self, course: Course) -> dict[str, pl.DataFrame]:
        """Portfolio, cost-free twin and benchmark; see :meth:`FiguresSpec.tables`."""
        return {
            f"Figures of report {self.number}": pl.DataFrame(self._lines(course)),
            f"Years of report {self.number}": pl.DataFrame(
                [_year(course, y) for y in course.years]
            ),
        }

    def _lines(self, course: Course) -> list[dict[str, str | float | None]]:
        """A line a portfolio; the benchmark has no excess."""
        a_year, out = self.rows_a_year(course), []
        for name, one in ((PORTFOLIO, course), (BEFORE_COST, course.before_cost())):
            line: dict[str, str | float | None] = {"series": name, **self.absolute(one, a_year)}
            if course.compared:
                line |= self.hedged(one, a_year)
                line["monthly_win_rate"] = self.won(one, hedged=True)
            out.append(line | {"turnover_two_sided": course.turnover(sides=2)})
        if course.compared:
            index = {"series": BENCHMARK, **self.absolute(benchmark_of(course), a_year)}
            out.append(dict.fromkeys(out[0]) | index)
        return out


def _year(course: Course, year: int) -> dict[str, float | int]:
    """Absolute returns of a calendar year."""
    part = course.in_year(year)
    out = {"year": year, "ret": total(part), "ret_before_cost": total(part.before_cost())}
    return out | ({"benchmark_ret": total(benchmark_of(part))} if course.compared else {})
