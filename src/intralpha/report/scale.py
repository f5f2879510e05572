"""Scales: from values to places on a chart, and the ticks beside them."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.report.chart import Values

Number = int | float
EPOCH = date(1970, 1, 1)
STEPS = (1, 2, 5, 10)
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Scale:
    """A straight line from values to places.

    Attributes
    ----------
    low, high : values
    start, end : their places
    ticks : values and how they are written
    """

    low: Number
    high: Number
    start: Number
    end: Number
    ticks: tuple[tuple[Number, str], ...]

    def at(self, value: Any) -> Any:
        """Place of a value or of an array of them."""
        span = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


def kind_of(values: Values) -> str:
    """``date``, ``number`` or ``name``, by the first value that is there."""
    first = next((v for v in values if v is not None), None)
    if isinstance(first, date | np.datetime64):
        return "date"
    return "number" if isinstance(first, int | float | np.number) else "name"


def numbers(values: Values) -> Float[ndarray, "N"]:
    """Numbers as they are, dates as days since 1970; NaN where there is none."""
    if kind_of(values) == "date":
        series = values if isinstance(values, pl.Series) else pl.Series(values)
        days = series.cast(pl.Date).to_physical().cast(pl.Float64)
        return days.fill_null(math.nan).to_numpy()
    return np.array([math.nan if v is None else float(v) for v in values])


def value_text(value: Number, form: str) -> str:
    """A value as an axis writes it.

    Examples
    --------
    >>> value_text(0.125, "percent"), value_text(1200, "number"), value_text(0.05, "number")
    ('12.5 %', '1,200', '0.05')
    """
    shown = 100 * value if form == "percent" else value
    written = f"{shown:,.10g}" if abs(shown) < 1e7 else f"{shown:.3g}"
    written = "0" if abs(shown) < 1e-12 else written
    return f"{written} %" if form == "percent" else written


def number_scale(
    low: Number, high: Number, start: Number, end: Number, form: str = "number", ticks: int = 5
) -> Scale:
    """A scale whose ticks are round numbers.

    Parameters
    ----------
    low, high : values that must be on it
    start, end : places
    form : number or percent
    ticks : about how many
    """
    if not high > low:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    raw = (high - low) / ticks
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * s for s in STEPS if size * s >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    at = [round(i * step, 12) for i in range(first, last + 1)]
    return Scale(at[0], at[-1], start, end, tuple((v, value_text(v, form)) for v in at))


def plain_scale(low: Number, high: Number, start: Number, end: Number) -> Scale:
    """A scale of numbers that ends where the values do, with round ticks inside.

    Parameters
    ----------
    low, high : values that must be on it
    start, end : places
    """
    wide = number_scale(low, high, start, end)
    inside = tuple((v, t) for v, t in wide.ticks if low - 1e-9 <= v <= high + 1e-9)
    return Scale(low, high, start, end, inside)


def log_scale(low: Number, high: Number, start: Number, end: Number) -> Scale:
    """Powers of ten; the values given to it are logarithms.

    Parameters
    ----------
    low, high : values that must be on it, as logarithms
    start, end : places
    """
    first, last = math.floor(low), math.ceil(high)
    last = max(last, first + 1)
    ticks = tuple(
        (float(i), f"1e{i}" if abs(i) > 2 else f"{10.0**i:g}") for i in range(first, last + 1)
    )
    return Scale(first, last, start, end, ticks)


def date_scale(low: Number, high: Number, start: Number, end: Number) -> Scale:
    """Days since 1970; ticks are first days of months, or a few days where there are no months.

    Parameters
    ----------
    low, high : values that must be on it, as days
    start, end : places
    """
    first, last = (EPOCH + timedelta(days=int(v)) for v in (low, high))
    months = (last.year - first.year) * 12 + last.month - first.month
    if months < 3:
        step = max((high - low) / 3, 1.0)
        days = [low + i * step for i in range(int((high - low) / step + 1e-9) + 1)]
        written = tuple((d, str(EPOCH + timedelta(days=round(d)))) for d in days)
        return Scale(low, high, start, end, written)
    every = next((m for m in MONTHS if months / m <= 5), MONTHS[-1])
    ticks = []
    for i in range(first.year * 12, (last.year + 1) * 12, every):
        day = date(i // 12, i % 12 + 1, 1)
        place = (day - EPOCH).days
        if low <= place <= high:
            ticks.append((float(place), f"{day:%Y}" if every >= 12 else f"{day:%Y-%m}"))
    return Scale(low, high, start, end, tuple(ticks))


def day_text(days: Number) -> str:
    """A day since 1970 as it is written.

    Examples
    --------
    >>> day_text(19724.0)
    '2024-01-02'
    """
    return str(EPOCH + timedelta(days=math.floor(days)))
