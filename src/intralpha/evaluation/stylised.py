"""Stylised facts of a market: how stocks move together, and what simple scores order."""

import numpy as np
import polars as pl
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.linalg import eigvalsh

from intralpha.base.arrays import check_arrays, check_count
from intralpha.evaluation.ic import MIN_STOCKS, rank_ic, summarise
from intralpha.evaluation.stylised_returns import MIN_PAIRS


def standardised(ret_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    """Each asset's values less their mean, over their standard deviation (ddof 0), over time.

    NaN stays NaN; an asset that has fewer than half of the days, or does not vary, is NaN.
    """
    known = np.isfinite(ret_DA)
    count = known.sum(axis=0)
    kept = np.where((count * 2 >= len(ret_DA)) & (count > 1), count, np.nan)
    centred = np.where(known, ret_DA - np.where(known, ret_DA, 0.0).sum(axis=0) / kept, 0.0)
    scale = np.sqrt((centred**2).sum(axis=0) / kept)
    return np.where(known, centred / np.where(scale > 1e-12, scale, np.nan), np.nan)


def mean_pair_correlation(ret_DA: Float[ndarray, "D A"]) -> float:
    r"""Mean correlation over all pairs of different assets.

    .. math:: \frac{\sum_t \left[(\sum_a z_{ta})^2 - \sum_a z_{ta}^2\right]}
                   {\sum_t n_t (n_t - 1)}

    z as in :func:`standardised`, n_t the assets known at t. Without NaN it equals the mean off the
    diagonal of the correlation matrix, which is never made.

    Returns
    -------
    float
        NaN with fewer than two assets.
    """
    z = standardised(ret_DA)
    known = np.isfinite(z)
    value, n = np.where(known, z, 0.0), known.sum(axis=1)
    pairs = float((n * (n - 1)).sum())
    total = float((value.sum(axis=1) ** 2 - (value**2).sum(axis=1)).sum())
    return total / pairs if pairs > 0 else np.nan


def first_component_share(ret_DA: Float[ndarray, "D A"]) -> tuple[float, float]:
    r"""Share of the variance of standardised returns that their first component explains.

    Parameters
    ----------
    ret_DA : returns; a NaN counts as 0, the asset's mean (see :func:`standardised`)

    Returns
    -------
    (share, share of noise)
        The second is what independent returns of the same size would give, the upper edge of
        Marchenko and Pastur (1967): :math:`(1 + \sqrt{A / D})^2 / A`. Both NaN without assets.

    Notes
    -----
    Memory: one [D, A] and one square matrix of the smaller of D and A.
    """
    z = standardised(ret_DA)
    z = np.where(np.isfinite(z), z, 0.0)[:, np.isfinite(z).any(axis=0)]
    days, assets = z.shape
    if not assets:
        return np.nan, np.nan
    gram = z @ z.T if days < assets else z.T @ z
    largest = eigvalsh(gram, subset_by_index=[len(gram) - 1, len(gram) - 1])[0]
    noise = (1.0 + np.sqrt(assets / days)) ** 2 / assets
    return float(largest / np.trace(gram)), float(min(noise, 1.0))


def lead_lag(
    leader_DT: Float[ndarray, "D T"], follower_DT: Float[ndarray, "D T"], max_lag: int
) -> Float[ndarray, "K"]:
    r"""Correlation of one series with another that comes k bars later.

    .. math:: c_k = \operatorname{Corr}(x_{t-k}, y_t), \qquad k = -L, \dots, L

    Parameters
    ----------
    leader_DT, follower_DT : x and y, one row a session; daily series are one row
    max_lag : L, in bars

    Returns
    -------
    ndarray of float64, length 2 L + 1
        Pairs lie inside one row and have both values. A series that leads has larger values on
        the right (k > 0) than on the left. NaN below 10 pairs or where one does not vary.

    Raises
    ------
    ArrayFormError
        The two differ in shape.
    CountError
        ``max_lag`` is negative, or larger than 1,000 and than a row.
    """
    check_arrays(leader=leader_DT, follower=follower_DT)
    x, y = leader_DT, follower_DT
    width = x.shape[1]
    check_count("max_lag", max_lag, 0, max(width, 1_000))
    out = np.full(2 * max_lag + 1, np.nan)
    for i, k in enumerate(range(-max_lag, max_lag + 1)):
        if abs(k) < width:
            early = x[:, max(-k, 0) : width - max(k, 0)].ravel()
            late = y[:, max(k, 0) : width - max(-k, 0)].ravel()
            out[i] = _correlation(early, late)
    return out


def horizon_rank_ic(
    scores_DA: dict[str, Float[ndarray, "D A"]],
    fwd_ret_DA: dict[int, Float[ndarray, "D A"]],
    mask_DA: Bool[ndarray, "D A"],
    min_stocks: int = MIN_STOCKS,
) -> pl.DataFrame:
    """RankIC of several scores with the returns of several horizons.

    Parameters
    ----------
    scores_DA : by name; what is not finite is absent
    fwd_ret_DA : by horizon in sessions
    mask_DA : universe of the score date
    min_stocks : days with fewer pairs do not count

    Returns
    -------
    DataFrame, one row per (factor, horizon)
        ``rank_ic`` (mean over dates), ``icir`` (mean over sample standard deviation, not
        annualised; dates of long horizons overlap and are not independent), ``positive_share``,
        ``dates``. NaN without any date.
    """
    rows = []
    for name, score in scores_DA.items():
        for horizon, fwd in fwd_ret_DA.items():
            s = summarise(rank_ic(score, fwd, mask_DA, min_stocks))
            rows.append((name, horizon, s.mean, s.icir, s.positive_share, s.n))
    columns = ("factor", "horizon", "rank_ic", "icir", "positive_share", "dates")
    types = (pl.String, pl.Int64, pl.Float64, pl.Float64, pl.Float64, pl.Int64)
    return pl.DataFrame(rows, schema=dict(zip(columns, types, strict=True)), orient="row")


def _correlation(x: Float[ndarray, "n"], y: Float[ndarray, "n"]) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < MIN_PAIRS:
        return np.nan
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size > 1e-20 else np.nan
