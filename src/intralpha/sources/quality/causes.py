"""Causes: what a factor by which numbers are off usually means."""

import numpy as np
import polars as pl
from numpy import ndarray

NEAR = 0.2  # of a power of ten, in decimal logarithms
SWINGS = 0.4  # likewise, of a volume over its own past
CLOSE = 0.02  # likewise: 5 %
VWAP = {
    -4: "amount is about 1/10,000 of close x volume: ten thousand CNY?",
    -3: "amount is about 1/1000 of close x volume: thousand CNY?",
    -2: "amount is about 1/100 of close x volume: volume multiplied by 100 twice, or shares "
    "declared as lots?",
    -1: "amount is about 1/10 of close x volume: lots of 100 shares and thousand CNY "
    "(amount x 1000, volume x 100)?",
    1: "amount is about 10 times close x volume: units of 10 (bonds)?",
    2: "amount is about 100 times close x volume: lots of 100 shares?",
    3: "amount is about 1000 times close x volume: volume in thousand shares, or an amount in "
    "CNY declared as thousand?",
    4: "amount is about 10,000 times close x volume: volume in ten thousand shares, or an amount "
    "in CNY declared as ten thousand?",
}
SUMS = {
    -4: "about 1/10,000: another unit (ten thousand)?",
    -3: "about 1/1000: another unit (thousand)?",
    -2: "about 1/100: lots beside shares?",
    -1: "about 1/10: another unit?",
    1: "about 10 times: another unit?",
    2: "about 100 times: shares declared as lots?",
    3: "about 1000 times: another unit (thousand)?",
    4: "about 10,000 times: another unit (ten thousand)?",
}
PARTS = (2, 3, 4, 5, 6, 10, 12, 15, 30)  # bars of a finer frequency in one of a coarser


def of_vwap(ratio: pl.Series) -> str:
    """A guess from ``amount / (close x volume)`` of the rows that are off.

    Parameters
    ----------
    ratio : one a row; 0 for an amount of 0

    Returns
    -------
    str
        One guess for each power of ten that many of the rows are near, with their number.
    """
    if ratio.is_empty():
        return ""
    if float((ratio == 0).mean()) > 0.5:  # type: ignore[arg-type]
        return "amounts of 0 beside volumes: no amount at the vendor? Leave it out of `columns`"
    if float(ratio.log10().abs().median()) < CLOSE:  # type: ignore[arg-type]
        return "off by little: prices and amounts of different moments (bars made of snapshots)?"
    rest = "no power of ten: adjusted prices beside raw amounts, or values of another row?"
    return _guess(ratio, VWAP, rest)


def of_sums(ratio: pl.Series, what: str) -> str:
    """A guess from the sum of a day's bars over the number of the daily row.

    Parameters
    ----------
    ratio : one a stock-day
    what : ``volume`` or ``amount``
    """
    if ratio.is_empty():
        return ""
    middle = float(ratio.median())  # type: ignore[arg-type]
    if middle > 0:
        for n in PARTS:
            if abs(middle * n - 1) < 0.35 / n + 0.05 and n != 10:
                return f"bars add up to about 1/{n} of the day's {what}: bars of a finer frequency?"
    told = _guess(ratio, SUMS, "auctions or bars missing, or another day?")
    return f"{what} of bars over that of the day is {told}"


def of_jumps(ratio: pl.Series) -> str:
    """A guess from values over their own recent median."""
    told = _guess(ratio, SUMS, "a unit that flips on some days?", SWINGS)
    return f"{told} (Or days out of the ordinary.)" if told else ""


def of_flips(ratio: pl.Series, what: str) -> str:
    """A guess from the numbers of single sessions over their own recent median.

    Parameters
    ----------
    ratio : one a session
    what : ``volume`` or ``amount``
    """
    told = _guess(ratio, SUMS, "no power of ten: the row of another stock or day?", SWINGS)
    return f"{what} over the usual is {told}" if told else ""


def of_returns(factor_step: ndarray, raw_ret: ndarray, factor: ndarray) -> str:
    """A guess about adjusted returns that no price limit allows.

    Parameters
    ----------
    factor_step : ``adj_factor`` over the one of the row before, shape [N]
    raw_ret : close over the close of the row before minus 1, shape [N]
    factor : ``adj_factor``, shape [N]
    """
    if not len(factor_step):
        return ""
    steps = np.abs(np.log(factor_step)) > 0.02
    fallen = steps & (np.abs(factor - 1) < 1e-9)
    alone = steps & ~fallen & (np.abs(raw_ret) < 0.25)
    missing = ~steps & (np.abs(raw_ret) > 0.09)
    cases = (
        (fallen, "adj_factor falls back to 1"),
        (alone, "adj_factor steps and the price does not: a false split"),
        (missing, "the price steps and adj_factor does not: a split or dividend it lacks"),
    )
    told = [f"{text} on {int(hit.sum()):,} rows" for hit, text in cases if hit.any()]
    return "; ".join(told) + ("?" if told else "")


def _guess(ratio: pl.Series, table: dict[int, str], rest: str, within: float = NEAR) -> str:
    """The meanings of the powers of ten that at least a tenth of the ratios are near."""
    known = ratio.drop_nulls().filter(ratio.drop_nulls() > 0).log10()
    power = known.round().cast(pl.Int64)
    near = power.filter(((known - power).abs() < within) & (power != 0))
    counts = near.value_counts().sort("count", descending=True).rows()
    told = [
        (f"{table[p]} ({n:,} rows)" if n < len(ratio) else table[p])
        for p, n in counts
        if p in table and n >= 0.1 * len(ratio)
    ]
    if not told:
        return rest if len(ratio) else ""
    return " Or ".join(told[:3])
