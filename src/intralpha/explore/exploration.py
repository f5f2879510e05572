"""Exploration: the stylised facts of the bars of a lake."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

UNITS = {"share": (100.0, ".2f", " %"), "bps": (1e4, ".2f", " bps"), "count": (1.0, ",.0f", "")}
RETURNS, SQUARES, VOLUME = "returns", "squared returns", "volume and volatility"


@dataclass(frozen=True, eq=False)
class Exploration:
    """Stylised facts of the bars of one lake; what could not be computed is NaN.

    Attributes
    ----------
    title : heading
    facts : label -> text: period, stocks, bars, version of the lake
    figures : ``topic``, ``figure``, ``value`` (fractions), ``unit`` (share, bps, count or empty)
    curves : ``time`` (bar end), ``volume_share``, ``abs_ret``, ``spread`` (fractions)
    correlations : ``kind`` (returns, squared returns, volume and volatility), ``series``, ``lag``,
        ``acf``, ``pacf``, ``reference`` (what unpredictable returns would give; NaN for zero)
    memory : autocorrelations of daily, half-hourly and rolling one-day returns at long lags, with
        bands, see :func:`intralpha.evaluation.memory.memory_table`
    histogram : ``series``, ``z`` (returns over their standard deviation), ``density``
    lead_lag : ``series``, ``lag``, ``correlation`` of the liquid stocks with the illiquid ones
        that many bars later
    rank_ic : ``factor``, ``horizon`` (sessions), ``rank_ic``, ``icir``, ``positive_share``,
        ``dates``
    oracle : the same columns for true expected returns, each with its own horizon, or None
    """

    title: str
    facts: dict[str, str]
    figures: pl.DataFrame
    curves: pl.DataFrame
    correlations: pl.DataFrame
    memory: pl.DataFrame
    histogram: pl.DataFrame
    lead_lag: pl.DataFrame
    rank_ic: pl.DataFrame
    oracle: pl.DataFrame | None = field(default=None)

    def to_text(self) -> str:
        """The figures, the RankIC among them, as lines of text."""
        rows = self.figures.select("figure", "value", "unit").rows()
        for frame in (self.rank_ic, self.oracle):
            if frame is not None:
                tests = frame.select("factor", "horizon", "rank_ic").rows()
                rows += [(f"RankIC of {f}, {h} sessions", value, "") for f, h, value in tests]
        width = max((len(name) for name, *_ in rows), default=0)
        return "\n".join(f"{name:<{width}}  {value_text(v, unit)}" for name, v, unit in rows)


def value_text(value: float, unit: str) -> str:
    """A figure in its unit.

    Examples
    --------
    >>> value_text(0.1234, "share"), value_text(0.00051, "bps"), value_text(-0.0456, "")
    ('12.34 %', '5.10 bps', '-0.0456')
    """
    if not np.isfinite(value):
        return "–"
    factor, form, word = UNITS.get(unit, (1.0, ".4f", ""))
    return f"{factor * value:{form}}{word}"
