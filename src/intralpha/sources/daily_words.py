"""Daily words: what a vendor says of a day in other words: change, percent change, capitalisation.

They supply the previous close and the shares where these lack, and are checked where they do not.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.base.columns import floats
from intralpha.market.daily_chain import quotient
from intralpha.sources.tick import tick_column

WORDS = ("change", "pct_change", "float_cap", "total_cap")
FROM_CHANGE = "precloses from close - change"
FROM_PERCENT = "precloses from close and percent change, rounded to the tick"
UNSETTLED = "precloses from a percent change whose two digits several ticks fit"
CHANGE = "change is not close - preclose"
PERCENT = "percent change is not that of close and preclose"
MIDDLE = "preclose is not the middle of the day's limits"
MIDDLE_CAUSE = "Days ex dividend of which preclose does not know, or first days of a stock?"
LIMITS = ("up_limit", "down_limit")
DIGITS = 0.0051  # of a percent with two digits, and a little for its own rounding
SHOWN = 3
FRACTION = 0.31  # no day of many moves a stock by less than this percent only


@dataclass(frozen=True)
class Told:
    """Rows with what their words supply.

    Attributes
    ----------
    rows : with ``preclose``, ``float_shares`` and ``total_shares`` where a word gives them
    repairs : what was supplied -> rows
    notes : what does not agree -> rows
    first : note -> the worst of them, and a guess at the cause
    """

    rows: pl.DataFrame
    repairs: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)


def tell(rows: pl.DataFrame, tick_yuan: float | None) -> Told:
    r"""Supply what lacks and check what is there, each row for itself.

    .. math:: p = c - \Delta, \qquad p = c / (1 + g / 100)

    with close c, change :math:`\Delta` and percent change g, rounded to the tick; the change comes
    first, because two digits of a percent do not settle a preclose above a hundred CNY.
    ``float_shares`` is ``float_cap`` / close, ``total_shares`` likewise.

    Parameters
    ----------
    rows : ``symbol``, ``date``, ``close`` and any of ``preclose``, ``change`` (CNY),
        ``pct_change`` (percent), ``float_cap``, ``total_cap`` (CNY), shares
    tick_yuan : price step; None: of each symbol's range of codes
    """
    told = Told(_with_shares(rows))
    if {"change", "pct_change"} & set(rows.columns):
        told = _checked(_with_preclose(told.rows, tick_yuan))
    if {"preclose", *LIMITS} <= set(told.rows.columns):
        told = _between_limits(told)
    return told


def _with_shares(rows: pl.DataFrame) -> pl.DataFrame:
    for cap, shares in (("float_cap", "float_shares"), ("total_cap", "total_shares")):
        if cap in rows.columns:
            found = quotient(rows[cap], rows["close"])
            found = pl.select(pl.when(found > 0).then(found.round())).to_series()
            known = [pl.col(shares)] if shares in rows.columns else []
            rows = rows.with_columns(pl.coalesce(*known, found).alias(shares))
    return rows


def _with_preclose(rows: pl.DataFrame, tick_yuan: float | None) -> Told:
    """Precloses that lack, from the change, else from the percent change."""
    null = pl.lit(None, pl.Float64)
    rows = rows.with_columns(
        null.alias(c) for c in ("preclose", "change", "pct_change") if c not in rows.columns
    ).with_columns(tick_column(rows["symbol"].unique(), tick_yuan).alias("(tick)"))
    close, change, percent, tick = (
        floats(rows[c]) for c in ("close", "change", "pct_change", "(tick)")
    )
    known = floats(rows["preclose"])
    lacks, traded = ~(known > 0), close > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        by_change = _on_tick(close - change, tick)
        by_percent = _on_tick(close / (1 + percent / 100), tick)
    from_change = lacks & traded & (by_change > 0)
    from_percent = lacks & traded & ~from_change & (by_percent > 0) & np.isfinite(by_percent)
    unsettled = from_percent & (DIGITS / 100 * by_percent > tick / 2) & _two_digits(percent)
    found = np.where(from_change, by_change, np.where(from_percent, by_percent, known))
    counts = {FROM_CHANGE: from_change, FROM_PERCENT: from_percent}
    rows = rows.drop("(tick)").with_columns(pl.Series("preclose", found).fill_nan(None))
    repairs = {what: int(hit.sum()) for what, hit in counts.items() if hit.any()}
    notes = {UNSETTLED: int(unsettled.sum())} if unsettled.any() else {}
    return Told(rows, repairs, notes)


def _checked(told: Told) -> Told:
    """Count rows whose change or percent change disagrees with close and preclose."""
    rows = told.rows
    close, preclose = floats(rows["close"]), floats(rows["preclose"])
    known = (close > 0) & (preclose > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        move = np.where(known, close - preclose, np.nan)
        off_change = np.abs(floats(rows["change"]) - move)
        ratio = 100 * move / preclose
        off_percent = np.abs(floats(rows["pct_change"]) - ratio)
    notes, first = dict(told.notes), {}
    cases = (
        (CHANGE, "change", off_change, move),
        (PERCENT, "pct_change", off_percent, ratio),
    )
    for name, column, off, expected in cases:
        wrong = off > DIGITS  # half of the last digit, of CNY or of a percent
        if wrong.any():
            notes[name] = int(wrong.sum())
            first[name] = _worst(rows, column, np.where(wrong, off, -1.0), expected, wrong)
    return Told(rows, told.repairs, notes, first)


def _between_limits(told: Told) -> Told:
    """Count rows whose preclose is not the middle of their limits, as of all but new stocks."""
    up, down, preclose = (floats(told.rows[c]) for c in (*LIMITS, "preclose"))
    off = np.where((down > 0) & (preclose > 0), np.abs((up + down) / 2 - preclose), np.nan)
    wrong = off > 2 * DIGITS  # each limit is rounded to the tick
    if not wrong.any():
        return told
    worst = told.rows[[int(i) for i in np.argsort(-np.where(wrong, off, -1.0))[:SHOWN] if wrong[i]]]
    shown = [
        f"{r['symbol']} {r['date']}: preclose {r['preclose']:g}, limits {r['down_limit']:g} .. "
        f"{r['up_limit']:g}"
        for r in worst.iter_rows(named=True)
    ]
    first = told.first | {MIDDLE: f"worst {'; '.join(shown)}. {MIDDLE_CAUSE}"}
    return Told(told.rows, told.repairs, told.notes | {MIDDLE: int(wrong.sum())}, first)


def _worst(rows: pl.DataFrame, column: str, off: ndarray, expected: ndarray, wrong: ndarray) -> str:
    """The rows that are off by most, and a guess at why.

    Parameters
    ----------
    rows : all
    column : that disagrees
    off : by how much, shape [N]; -1 where it agrees
    expected : what it should be, shape [N]
    wrong : which rows disagree, shape [N]
    """
    order = np.argsort(-off, kind="stable")[:SHOWN]
    shown = [
        f"{row['symbol']} {row['date']}: {column} {row[column]:g}, close {row['close']:g}, "
        f"preclose {row['preclose']:g}"
        for row in rows[[int(i) for i in order if wrong[i]]].iter_rows(named=True)
    ]
    return f"worst {'; '.join(shown)}. {_cause(floats(rows[column]), expected, wrong, column)}"


def _cause(given: ndarray, expected: ndarray, wrong: ndarray, column: str) -> str:
    """A guess from all rows that disagree, and how many do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = given[wrong] / expected[wrong]
    ratio = ratio[np.isfinite(ratio)]
    middle = float(np.median(ratio)) if len(ratio) else np.nan
    largest = np.nanmax(np.abs(given), initial=0.0, where=np.isfinite(given))
    if column == "pct_change" and 0 < largest <= FRACTION:
        return "Fractions in place of percents: `scale: {pct_change: 100}`?"
    for factor in (100, 0.01):
        if abs(middle * factor - 1) < 0.1:
            return f"In another unit: `scale: {{{column}: {factor:g}}}`?"
    moved = np.isfinite(given) & (np.abs(expected) > 0)
    if wrong.sum() > 0.5 * max(moved.sum(), 1):
        return "Adjusted prices beside raw changes, or the columns of another day?"
    return "Days ex dividend: one counts from the raw close, the other from the adjusted one?"


def _on_tick(price: ndarray, tick: ndarray) -> ndarray:
    per_yuan = np.rint(1 / tick)
    return np.rint(price * per_yuan) / per_yuan


def _two_digits(percent: ndarray) -> bool:
    """Whether all percents are multiples of 0.01."""
    known = percent[np.isfinite(percent)] * 100
    return bool((np.abs(known - np.rint(known)) < 1e-6).all())
