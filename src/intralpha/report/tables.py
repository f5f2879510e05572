"""Tables of the report: figures written as people write them, every cell escaped."""

import math
import re
from collections.abc import Iterable, Sequence

import polars as pl
from markupsafe import Markup, escape

PERCENT = ("share", "excess", "turnover", "ret", "drawdown", "volatility", "tracking", "win_rate")
PERCENT += ("annualised",)
RATIOS = ("calmar", "sharpe", "icir")  # of returns over something: no shares
WORDS = {
    "icir": "ICIR",
    "ic": "IC",
    "ir": "IR",
    "ret": "return",
    "sharpe": "Sharpe",
    "calmar": "Calmar",
    "rows": "days",
}
WHOLE = {"rank_ic_of_oracle": "share of the oracle's RankIC"}
COUNTS = ("dates", "stocks", "rows")
ROWS_SHOWN = 200


def figure_text(name: str, value: object) -> str:
    """A figure as people write it: shares in percent, large numbers with separators.

    Examples
    --------
    >>> figure_text("top_excess", 0.1246), figure_text("rank_ic", 0.09253)
    ('12.46 %', '0.0925')
    >>> figure_text("excess_sharpe", -1.4552), figure_text("icir_annualised", 0.6027)
    ('-1.4552', '0.6027')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "–"
    if isinstance(value, int):
        return str(value) if name in {"year", "seed", "epoch"} else f"{value:,}"
    of_shares = any(word in name for word in PERCENT) and not name.startswith("rank")
    if name in WHOLE or (of_shares and not any(word in name for word in RATIOS)):
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if abs(value) >= 1000 or name.startswith(COUNTS) else f"{value:.4f}"


def words(name: str) -> str:
    """A column's name as the field writes it.

    Examples
    --------
    >>> words("rank_ic_1_11"), words("top_ir")
    ('RankIC t+1 to t+11', 'top IR')
    """
    if name in WHOLE:
        return WHOLE[name]
    known = name.startswith("rank_ic_") and re.fullmatch(r"rank_ic_(\d+)_(\d+)", name)
    if known:
        return f"RankIC t+{known[1]} to t+{known[2]}"
    return str(
        escape(" ".join(WORDS.get(w, w) for w in name.replace("rank_ic", "RankIC").split("_")))
    )


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table of cells; whole numbers get separators."""
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


def frame_table(frame: pl.DataFrame) -> Markup:
    """A frame as a table, cut off after 200 rows with a note of how many are left."""
    rows = [
        [figure_text(name, value) for name, value in zip(frame.columns, row, strict=True)]
        for row in frame.head(ROWS_SHOWN).iter_rows()
    ]
    out = table([words(c) for c in frame.columns], rows)
    left = frame.height - ROWS_SHOWN
    if left <= 0:
        return out
    return out + Markup('<p class="note">{:,} more rows in the run folder</p>').format(left)
