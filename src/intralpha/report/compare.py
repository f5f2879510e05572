"""Sections that show runs side by side: settings that differ, tests, portfolios."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from intralpha.backtest import PortfolioRecord
from intralpha.evaluation import FactorReport
from intralpha.report.chart import Chart, one_of_many
from intralpha.report.factors import leading, tests_beside
from intralpha.report.language import name, text
from intralpha.report.section import Section
from intralpha.report.tables import figure_table, table


@dataclass(frozen=True, eq=False)
class Compared:
    """A finished run among others.

    Attributes
    ----------
    name : as it is shown, no two alike
    factors : its tests; the leading one is compared
    record : its replay; None without one
    """

    name: str
    factors: tuple[FactorReport, ...]
    record: PortfolioRecord | None


def comparison_sections(runs: Sequence[Compared], settings: pl.DataFrame) -> list[Section]:
    """Runs side by side.

    Parameters
    ----------
    runs : in the order of the page
    settings : ``key`` and a column a run: the keys of the recipes that differ
    """
    heads = (text("key"), *map(name, settings.columns[1:]))
    out = [Section("Settings that differ", (("", table(heads, settings.rows())),))]
    tested = [run for run in runs if run.factors]
    traded = [run for run in runs if run.record is not None]
    if tested:
        out.append(_tests(tested))
    if traded:
        out.append(_portfolios(traded))
    return out


def _tests(runs: Sequence[Compared]) -> Section:
    """The leading factor of every run."""
    return tests_beside([_named(run) for run in runs], text("Leading factors"), text("run"))


def _named(run: Compared) -> FactorReport:
    """The leading factor under the name of its run."""
    lead = leading(run.factors)
    return replace(lead, name=f"{run.name}: {lead.name}")


def _portfolios(runs: Sequence[Compared]) -> Section:
    """Figures and courses of every portfolio."""
    records = [(run.name, run.record) for run in runs if run.record is not None]
    shown = figure_table({name: record.figures for name, record in records})
    made = tuple(_courses(records, *one) for one in _DRAWN)
    return Section("Portfolios", ((text("Figures after cost"), shown),), made)


_DRAWN = (
    ("excess", "Excess over the benchmark", "compounded difference of returns, from 1", "number"),
    ("excess_drawdown", "Drawdown of the excess", "below the high", "percent"),
    ("portfolio", "Net asset value", "value of 1 CNY, after cost", "number"),
)


def _courses(
    records: Sequence[tuple[str, PortfolioRecord]], column: str, title: str, unit: str, form: str
) -> Chart:
    lines = tuple(
        one_of_many(i, courses["date"], courses[column], of)
        for i, (of, record) in enumerate(records)
        if (courses := record.tables.get("courses")) is not None
    )
    return Chart(title, unit, lines, form="percent" if form == "percent" else "number")
