"""Derived: what of a row did not come from its source but follows from the rows before it.

Column ``derived`` of ``daily`` and ``bars`` names it in words, so that it can be derived again when
an earlier row comes late or is replaced, and is no obstacle to a source that knows it. Null or
empty: the row is as its source gave it.
"""

import polars as pl

from intralpha.market.limits import TICK_YUAN

PRICES = ("open", "high", "low", "close")
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "daily": {
        "prices": PRICES,
        "preclose": ("preclose",),
        "adj_factor": ("adj_factor",),
        "limits": ("up_limit", "down_limit"),
        "float_shares": ("float_shares",),
    },
    "bars": {"row": PRICES, "prices": PRICES, "open": ("open",)},
}
"""Table -> word -> columns that were derived. ``row``: no source gave this bar at all."""
TICK = "tick="
"""Word of a daily row, before its price step in CNY, where that is not the usual one."""
LISTING = "listing"
"""Word of a daily row that is the first session of its stock if the lake has no earlier row."""


def says(word: str, column: str = "derived") -> pl.Expr:
    """Whether a row's ``derived`` holds a word; false where it is null."""
    return pl.col(column).str.contains(word, literal=True).fill_null(value=False)


def words(given: dict[str, pl.Expr]) -> pl.Expr:
    """Column ``derived``: the words whose expression is true, null where none is."""
    found = [pl.when(rule).then(pl.lit(word)) for word, rule in given.items()]
    text = pl.concat_str(found, separator=" ", ignore_nulls=True)
    return pl.when(text != "").then(text).alias("derived")


def ticks(rows: pl.DataFrame) -> pl.Series:
    """Price step of each row, CNY, to which it derives prices."""
    usual = pl.lit(TICK_YUAN)
    if not rows.select(says(TICK).any()).item():
        return rows.select(pl.repeat(TICK_YUAN, pl.len()).alias("tick")).to_series()
    own = pl.col("derived").str.extract(rf"{TICK}(\S+)").cast(pl.Float64)
    return rows.select(pl.coalesce(own, usual).alias("tick")).to_series()


def derived_in(table: str, column: str) -> pl.Expr | None:
    """Whether a row derives a column; None if rows of the table never do."""
    rules = [says(word) for word, columns in WORDS.get(table, {}).items() if column in columns]
    return pl.any_horizontal(rules) if rules else None
