"""Sections of the portfolio: the replay, its costs, and what it holds."""

from collections.abc import Mapping

from intralpha.backtest import PortfolioRecord
from intralpha.report import portfolio_charts as drawn
from intralpha.report.hedge import hedge_sections
from intralpha.report.language import name, text
from intralpha.report.section import Section, Tile
from intralpha.report.style_attribution import style_attribution_sections
from intralpha.report.tables import Cell, figure_text, frame_table, said, table

NOTES = {
    "excess_annualised": "compounded difference of returns, after cost, 244 sessions a year; "
    "± standard error; {} sessions",
    "tracking_error": "standard deviation of the daily excess, a year; {} sessions",
    "information_ratio": "excess a year over tracking error; {} sessions",
    "excess_max_drawdown": "largest fall of the compounded excess; {} sessions",
    "turnover_one_sided": "one-sided, mean of the rebalances without the first; {} sessions",
    "cost_of_capital_share": "all charges over the mean value, whole period; {} sessions",
}
WORDS = {"kind": "words", "side": "words", "reason": "words", "year": "words"}  # said in Chinese


def portfolio_sections(record: PortfolioRecord | None) -> list[Section]:
    """The replay of a portfolio, and what it held."""
    if record is None:
        return []
    tables = record.tables
    made = drawn.course_charts(tables["courses"]) if "courses" in tables else []
    if "monthly" in tables:
        made.append(drawn.monthly_chart(tables["monthly"]))
    if "turnover_one_sided" in record.daily.columns:
        made.append(drawn.turnover_chart(record.daily))
    years = record.yearly.to_dicts()
    rows = [
        [said(n), Cell(n, value), *(Cell(n, y.get(n)) for y in years)]
        for n, value in record.figures.items()
    ]
    heads = ("", text("whole period"), *(name(str(y["year"])) for y in years))
    shown = [(text("Figures after cost"), table(heads, rows))]
    for title, key in (("Before and after cost", "costs"), ("Largest drawdowns", "drawdowns")):
        if key in tables:
            told = {"cost": "words", "of": "words"}
            shown.append((text(title), frame_table(tables[key], told)))
    whole = Section("Portfolio", tuple(shown), tuple(made), _tiles(record), tables_first=False)
    return [whole, *_held(record), *hedge_sections(tables), *style_attribution_sections(tables)]


def _held(record: PortfolioRecord) -> list[Section]:
    """Active share, sizes and holdings."""
    tables = record.tables
    made = ()
    if "active" in tables:
        made = (drawn.active_chart(tables["active"]), drawn.holdings_chart(tables["active"]))
    titles = {
        "sizes": "Weight by size of the stocks",
        "holdings": "Holdings after the last rebalance",
    }
    shown = tuple(
        (text(title), frame_table(tables[key], {"size": "words"}))
        for key, title in titles.items()
        if key in tables
    )
    return [Section("Holdings", shown, made, tables_first=False)] if shown or made else []


def _tiles(record: PortfolioRecord) -> tuple[Tile, ...]:
    sessions, figures = f"{record.daily.height:,}", record.figures
    return tuple(
        Tile(_sure(n, figures), text("portfolio: {}", said(n)), text(note, sessions))
        for n, note in NOTES.items()
        if n in figures
    )


def _sure(column: str, figures: Mapping[str, float]) -> str:
    """A figure, with its standard error where there is one."""
    error = f"{column}_se"
    written = figure_text(column, figures[column])
    return f"{written} ± {figure_text(error, figures[error])}" if error in figures else written


def note_sections(record: PortfolioRecord | None) -> list[Section]:
    """One section a table of notes of the replay."""
    notes = {} if record is None else record.notes
    return [Section(title, (("", frame_table(frame, WORDS)),)) for title, frame in notes.items()]
