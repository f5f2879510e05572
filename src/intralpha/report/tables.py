"""Tables of the report: figures written as people write them, every cell escaped."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from markupsafe import Markup, escape

from intralpha.report.language import Text, name, text

PERCENT = ("share", "excess", "turnover", "ret", "drawdown", "volatility", "tracking", "win")
PERCENT += ("annualised", "per_date")
RATIOS = ("icir", "ir", "sharpe", "calmar", "t", "ratio", "statistic", "overlap")
COEFFICIENTS = ("rank_ic", "ic", "autocorrelation", "correlation")
WORDS = {
    "icir": "ICIR",
    "ic": "IC",
    "ir": "IR",
    "ret": "return",
    "sharpe": "Sharpe",
    "calmar": "Calmar",
    "rows": "days",
    "se": "standard error",
    "per": "a",
}
WHOLE = {
    "rank_ic_of_oracle": "share of the oracle's RankIC",
    "rank_ic_std": "standard deviation of RankIC",
    "valid_rank_ic": "validation RankIC",
    "t": "t (Newey-West)",
    "t_overlap": "t (overlapping returns)",
    "per_date": "mean a date",
    "per_date_se": "standard error",
    "excess_annualised_se": "standard error of the excess",
    "cost_of_capital_share": "costs, share of the value",
    "q01": "1 % quantile",
    "q25": "25 % quantile",
    "q75": "75 % quantile",
    "q99": "99 % quantile",
    "top_excess": "top excess a year, before cost",
    "turnover_two_sided": "turnover of the top, two-sided",
    "autocorrelation": "autocorrelation of the score",
    "above": "RankIC above 5 %",
}
COUNTS = ("dates", "stocks", "rows", "sessions", "holdings", "tried", "window")
PLAIN = {"year", "seed", "epoch", "month", "group"}
ROWS_SHOWN = 200


def figure_text(column: str, value: object) -> str:
    """A figure as people write it: shares in percent, correlations and ratios with few decimals.

    Parameters
    ----------
    column : what it is called, which says how it is written
    value : text and None are left as they are

    Examples
    --------
    >>> figure_text("top_excess", 0.1246), figure_text("rank_ic", 0.09253)
    ('12.5 %', '0.093')
    >>> figure_text("icir", 0.7346), figure_text("turnover_one_sided", 0.0123)
    ('0.73', '1.23 %')
    >>> figure_text("excess_sharpe", -1.4552), figure_text("icir_annualised", 0.6027)
    ('-1.46', '0.60')
    >>> figure_text("cost_excess", -0.00001), figure_text("rank_ic", -0.0001)
    ('0.00 %', '0.000')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "–"
    if isinstance(value, int):
        return str(value) if column in PLAIN else f"{value:,}"
    if _is_share(column):
        return f"{_signed(100 * value, f'.{1 if abs(value) >= 0.0995 else 2}f')} %"
    return _signed(value, _form(column, abs(value)))


def _signed(value: float, form: str) -> str:
    """A number as it is written; what is written as 0 has no sign."""
    written = f"{value:{form}}"
    return written.lstrip("-") if not written.strip("-0.,") else written


def _form(column: str, size: float) -> str:
    """Decimals of a figure that is no share."""
    parts = column.split("_")
    if size >= 1000 or column.startswith(COUNTS):
        return ",.0f"
    if any(part in RATIOS for part in parts):
        return ".2f"
    if column.startswith(COEFFICIENTS) or parts[-1] in COEFFICIENTS:
        return ".3f"
    return ".3g" if size < 1 else ".2f"


def _is_share(column: str) -> bool:
    named = any(word in column for word in PERCENT) and not column.startswith("rank")
    ratio = any(part in RATIOS for part in column.split("_"))
    share = column in {"rank_ic_of_oracle", "rank_ic_positive_share"}
    return share or (named and not ratio)


def words(column: str) -> str:
    """A column's name as the field writes it.

    Examples
    --------
    >>> words("rank_ic_1_11"), words("top_ir")
    ('RankIC t+1 to t+11', 'top IR')
    """
    if column in WHOLE:
        return WHOLE[column]
    known = column.startswith("rank_ic_") and re.fullmatch(r"rank_ic_(\d+)_(\d+)", column)
    if known:
        return f"RankIC t+{known[1]} to t+{known[2]}"
    parts = column.replace("rank_ic", "RankIC").split("_")
    return " ".join(WORDS.get(word, word) for word in parts)


def said(column: str) -> Text:
    """A column's name in both languages."""
    known = re.fullmatch(r"rank_ic_(\d+)_(\d+)", column)
    if known:
        return text("RankIC t+{} to t+{}", known[1], known[2])
    if column.startswith("rank_ic_bar"):
        return text("RankIC, {}", horizon_text(column.removeprefix("rank_ic_")))
    written = words(column)
    return text(written) if "{" not in written and "}" not in written else name(written)


def horizon_text(horizon: str) -> Text:
    """A return's name as it is written.

    Examples
    --------
    >>> str(horizon_text("1_6")), horizon_text("1_6").told("zh")
    ('t+1 to t+6', 't+1 至 t+6')
    >>> str(horizon_text("bar03_4_of_8"))
    '4 bars from bar 3 of t, 8 bars a session'
    """
    if known := re.fullmatch(r"(\d+)_(\d+)", horizon):
        return text("t+{} to t+{}", known[1], known[2])
    bars = re.fullmatch(r"bar(\d+)_(\d+)_of_(\d+)", horizon)
    if bars is None:
        return name(horizon)
    first, count, a_day = (str(int(part)) for part in bars.groups())
    return text("{} bars from bar {} of t, {} bars a session", count, first, a_day)


def table(header: Sequence[str | Text], rows: Iterable[Sequence[object]]) -> Markup:
    """A table of cells in a box that scrolls; whole numbers get separators.

    Parameters
    ----------
    header : of the columns
    rows : cells: text, :class:`Cell` or numbers
    """
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(h) for h in header)
    bare = not any(str(h) for h in header)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell(cell) for cell in row)) for row in rows
    )
    top = Markup("") if bare else Markup("<thead><tr>{}</tr></thead>").format(head)
    box = Markup('<div class="scroll" tabindex="0"><table>{}<tbody>{}</tbody></table></div>')
    return box.format(top, body)


def figure_table(named: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Figures side by side, a line a figure and a column a name; empty where one lacks it.

    Parameters
    ----------
    named : name -> figures by the names of their columns
    """
    figures = dict.fromkeys(figure for one in named.values() for figure in one)
    rows = [[said(n), *(Cell(n, one.get(n)) for one in named.values())] for n in figures]
    return table(["", *map(name, named)], rows)


class Cell:
    """A figure of a table: as it is written, and in full for what is downloaded."""

    def __init__(self, column: str, value: object) -> None:
        self.shown, self.value = figure_text(column, value), value

    def __html__(self) -> Markup:
        return escape(self.shown)


def _cell(cell: object) -> Markup:
    if isinstance(cell, Cell) and isinstance(cell.value, float) and math.isfinite(cell.value):
        return Markup('<td data-v="{}">{}</td>').format(f"{cell.value:.8g}", cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Markup("<td>{}</td>").format(figure_text("rows", cell))
    return Markup("<td>{}</td>").format(cell)


def frame_table(frame: pl.DataFrame, told: Mapping[str, str] | None = None) -> Markup:
    """A frame as a table, cut off after 200 rows with a note of how many are left.

    Parameters
    ----------
    frame : columns are written by their names, see :func:`figure_text`
    told : columns whose values are words that have a Chinese, or names of returns -> ``words`` or
        ``horizon``
    """
    kinds = dict(told or {})
    rows = [
        [_told(kinds.get(c, ""), c, value) for c, value in zip(frame.columns, row, strict=True)]
        for row in frame.head(ROWS_SHOWN).iter_rows()
    ]
    out = table([said(c) for c in frame.columns], rows)
    left = frame.height - ROWS_SHOWN
    if left <= 0:
        return out
    more = text("{} more rows: `intralpha export` writes all of them", f"{left:,}")
    return out + Markup('<p class="note">{}</p>').format(more)


def _told(kind: str, column: str, value: object) -> object:
    if isinstance(value, bool):
        return text("yes" if value else "no")
    if kind == "words":
        return said(str(value))
    return horizon_text(str(value)) if kind == "horizon" else Cell(column, value)
