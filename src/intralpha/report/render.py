"""Render: a TearSheet as one HTML file that opens offline."""

import math
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
import plotly.offline
import polars as pl
from jinja2 import Environment
from markupsafe import Markup, escape

from intralpha.backtest import PortfolioRecord
from intralpha.evaluation import FactorReport
from intralpha.report import charts
from intralpha.report.tear_sheet import TearSheet

PERCENT = ("share", "excess", "turnover", "ret", "drawdown", "volatility", "tracking", "win_rate")
PERCENT += ("annualised",)
WORDS = {
    "icir": "ICIR",
    "ic": "IC",
    "ir": "IR",
    "ret": "return",
    "sharpe": "Sharpe",
    "calmar": "Calmar",
}
WORDS |= {"rows": "days"}
RATIOS = ("rank_ic", "calmar")
COUNTS = ("dates", "stocks", "rows")
ROWS_SHOWN = 200


def render(sheet: TearSheet, path: Path) -> Path:
    """Write the report.

    Parameters
    ----------
    sheet : what to show
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network: scripts and data are inside (about 5 MB, nearly
        all of it the chart library, which is written once).
    """
    page = Environment(autoescape=True).from_string(
        files("intralpha.report").joinpath("page.html").read_text(encoding="utf-8")
    )
    text = page.render(
        sheet=sheet,
        plotly_js=plotly.offline.get_plotlyjs(),
        tiles=_tiles(sheet),
        portfolio_charts=_portfolio_charts(sheet.portfolio),
        portfolio_table=_portfolio_table(sheet.portfolio) if sheet.portfolio else "",
        factor_table=_factor_table(sheet.factors),
        factor_charts=_factor_charts(sheet.factors),
        yearly_tables=[(f.name, _frame(f.yearly)) for f in sheet.factors],
        training_chart=_training(sheet.training),
        notes=[
            (t, _frame(f)) for t, f in (sheet.portfolio.notes if sheet.portfolio else {}).items()
        ],
        quality_table=_table(("found", "rows"), sheet.quality.items()),
        facts_table=_table(("", ""), sheet.facts.items()),
    )
    partial = path.with_name(path.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)


def figure_text(name: str, value: object) -> str:
    """A figure as people write it: shares in percent, large numbers with separators.

    Examples
    --------
    >>> figure_text("top_excess", 0.1246), figure_text("rank_ic", 0.09253)
    ('12.46 %', '0.0925')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "–"
    if isinstance(value, int):
        return str(value) if name in {"year", "seed", "epoch"} else f"{value:,}"
    if (
        any(word in name for word in PERCENT)
        and not name.startswith("rank")
        and "calmar" not in name
    ):
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if abs(value) >= 1000 or name in COUNTS else f"{value:.4f}"


def _tiles(sheet: TearSheet) -> list[tuple[str, str]]:
    tiles = []
    if sheet.factors:
        lead = _lead(sheet.factors)
        shown = ("rank_ic", "icir", "top_excess", "turnover_two_sided")
        tiles += [(f"{_words(n)}, {lead.name}", figure_text(n, lead.summary[n])) for n in shown]
    if sheet.portfolio:
        wanted = ("excess_annualised", "tracking_error", "information_ratio", "excess_max_drawdown")
        figures = sheet.portfolio.figures
        tiles += [
            (f"portfolio {_words(n)}", figure_text(n, figures[n])) for n in wanted if n in figures
        ]
    return tiles


def _portfolio_charts(record: PortfolioRecord | None) -> list[str]:
    if record is None:
        return []
    made = [charts.nav_chart(record.daily), charts.drawdown_chart(record.daily)]
    made.append(charts.monthly_chart(record.daily))
    if "turnover_one_sided" in record.daily.columns:
        made.append(charts.turnover_chart(record.daily))
    return [_html(c) for c in made]


def _factor_charts(factors: tuple[FactorReport, ...]) -> list[str]:
    if not factors:
        return []
    made = [charts.cumulative_ic_chart(factors), charts.decay_chart(factors)]
    lead = _lead(factors)
    made += [charts.group_nav_chart(lead), charts.group_bar_chart(lead)]
    return [_html(c) for c in made]


def _training(history: pl.DataFrame | None) -> str:
    return "" if history is None or history.is_empty() else _html(charts.training_chart(history))


def _html(figure: go.Figure) -> str:
    return figure.to_html(
        include_plotlyjs=False,
        full_html=False,
        config={"displayModeBar": False, "responsive": True},
    )


def _lead(factors: tuple[FactorReport, ...]) -> FactorReport:
    """The combined signal, which is what is traded, or the only factor."""
    return next((f for f in factors if f.name == "signal"), factors[0])


def _factor_table(factors: tuple[FactorReport, ...]) -> Markup:
    """One row a measure, one column a factor."""
    names = list(dict.fromkeys(name for f in factors for name in f.summary))
    rows = [[_words(n), *(figure_text(n, f.summary.get(n)) for f in factors)] for n in names]
    return _table(["", *(f.name for f in factors)], rows)


def _portfolio_table(record: PortfolioRecord) -> Markup:
    """One row a figure; the whole period, then each year."""
    years = record.yearly.to_dicts()
    rows = [
        [_words(n), figure_text(n, value), *(figure_text(n, y.get(n)) for y in years)]
        for n, value in record.figures.items()
    ]
    return _table(["", "whole period", *(str(y["year"]) for y in years)], rows)


def _frame(frame: pl.DataFrame) -> Markup:
    rows = [
        [figure_text(name, value) for name, value in zip(frame.columns, row, strict=True)]
        for row in frame.head(ROWS_SHOWN).iter_rows()
    ]
    table = _table([_words(c) for c in frame.columns], rows)
    left = frame.height - ROWS_SHOWN
    more = (
        Markup('<p class="note">{:,} more rows in the run folder</p>').format(left)
        if left > 0
        else ""
    )
    return table + more


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(h) for h in header)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup("<td>{}</td>").format(figure_text("rows", c) if isinstance(c, int) else c)
                for c in row
            )
        )
        for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _words(name: str) -> str:
    """A column's name as the field writes it: ``rank_ic_1_11`` -> ``RankIC t+1 to t+11``."""
    known = name.startswith("rank_ic_") and re.fullmatch(r"rank_ic_(\d+)_(\d+)", name)
    if known:
        return f"RankIC t+{known[1]} to t+{known[2]}"
    return str(
        escape(" ".join(WORDS.get(w, w) for w in name.replace("rank_ic", "RankIC").split("_")))
    )
