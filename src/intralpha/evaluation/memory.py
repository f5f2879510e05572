"""Memory of returns: autocorrelation, whole and partial, of one stock or the median of many."""

from statistics import NormalDist

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.evaluation.stylised_returns import LaggedSums, pacf_of_each

LEVEL = 0.95


def memory_table(
    series: str,
    sums: LaggedSums,
    reference_K: Float[ndarray, "K"] | None = None,
    of_G: Int[ndarray, "G"] | None = None,
) -> pl.DataFrame:
    """Autocorrelation of every stock at lags 0, 1, ..., told by its median and quartiles.

    Parameters
    ----------
    series : what it is of
    sums : of the returns of all stocks
    reference_K : what unpredictable returns would give, if not 0
    of_G : positions of the stocks that are told of; default: all

    Returns
    -------
    DataFrame, a row a lag, up to half of the length of the longest series
        ``series``, ``lag``, ``acf``, ``acf_low``, ``acf_high``, ``acf_band`` and the same of
        ``pacf``, ``reference``, ``rows`` (values of the median stock), ``stocks``. Median, lower
        and upper quartile are over the stocks that have at least half as many values as the longest
        series; with one stock all three are its own. NaN where no stock has a value.

    Notes
    -----
    A band is where 95 % of the coefficients of *one* stock lie if there is nothing to find: plus
    and minus, of ``rows`` values. Stocks move together, so their median lies inside more often.
    """
    told = np.arange(len(sums.counts())) if of_G is None else of_G
    counts, acf_KA = sums.counts()[told], sums.acf()[:, told]
    longest = counts.max(initial=0.0)
    kept = (counts > 0) & (counts * 2 >= longest)
    rows = float(np.median(counts[kept])) if kept.any() else np.nan
    lags = int(min(sums.max_lag, longest // 2)) + 1
    acf_KA = acf_KA[:lags, kept]
    acf, pacf = quartiles(acf_KA), quartiles(pacf_of_each(acf_KA))
    return pl.DataFrame(
        {
            "series": [series] * lags,
            "lag": np.arange(lags),
            **dict(zip(("acf_low", "acf", "acf_high"), acf, strict=True)),
            "acf_band": bartlett_band(acf[1], rows),
            **dict(zip(("pacf_low", "pacf", "pacf_high"), pacf, strict=True)),
            "pacf_band": np.where(np.arange(lags) > 0, _z() / np.sqrt(rows), 0.0),
            "reference": np.full(lags, np.nan) if reference_K is None else reference_K[:lags],
            "rows": [rows] * lags,
            "stocks": [int(kept.sum())] * lags,
        }
    )


def bartlett_band(acf_K: Float[ndarray, "K"], rows: float) -> Float[ndarray, "K"]:
    r"""Half width of the band inside which an autocorrelation is not significant.

    .. math:: z_{0.975} \sqrt{\Big(1 + 2 \sum_{0<j<k} \rho_j^2\Big) \Big/ n}

    Parameters
    ----------
    acf_K : at lags 0, 1, ...
    rows : n, values of the series

    Returns
    -------
    ndarray of float64
        For the hypothesis that nothing is left from lag k on; 0 at lag 0, NaN after a NaN.

    References
    ----------
    Bartlett (1946), "On the theoretical specification and sampling properties of autocorrelated
    time-series", Supplement to the JRSS 8.
    """
    before = np.concatenate([[0.0, 0.0], np.cumsum(acf_K[1:-1] ** 2)])[: len(acf_K)]
    band = _z() * np.sqrt((1.0 + 2.0 * before) / rows)
    return np.where(np.arange(len(acf_K)) > 0, band, 0.0)


def quartiles(values_KA: Float[ndarray, "K A"]) -> Float[ndarray, "3 K"]:
    """Lower quartile, median and upper quartile of every row's finite values; NaN without any."""
    out = np.full((3, len(values_KA)), np.nan)
    for k, row in enumerate(values_KA):
        known = row[np.isfinite(row)]
        if len(known):
            out[:, k] = np.quantile(known, (0.25, 0.5, 0.75))
    return out


def _z() -> float:
    return NormalDist().inv_cdf(0.5 + LEVEL / 2)
