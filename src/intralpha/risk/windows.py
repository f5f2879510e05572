"""Weighted sums over trailing windows of whole cross-sections."""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray


def lag_weights(length: int, half_life_days: float | None = None, skip: int = 0) -> ndarray:
    """Weight of each lag, the date itself being lag 0.

    Parameters
    ----------
    length : lags that count, after those left out
    half_life_days : of the decay; default: all the same
    skip : latest lags, which have weight 0

    Returns
    -------
    ndarray of float64, shape [skip + length]

    Examples
    --------
    >>> lag_weights(3, half_life_days=1.0, skip=1).tolist()
    [0.0, 1.0, 0.5, 0.25]
    """
    lags = np.arange(length)
    decay = np.ones(length) if half_life_days is None else 0.5 ** (lags / half_life_days)
    return np.concatenate([np.zeros(skip), decay])


def window_matrix(
    rows: Int[ndarray, "D"], history: int, weights: Float[ndarray, "lags"]
) -> Float[ndarray, "D H"]:
    """Matrix whose product with a history [H, A] is the weighted sum before each row.

    Parameters
    ----------
    rows : positions of the dates in the history
    history : number of sessions of the history
    weights : of :func:`lag_weights`; lags that reach before the history fall away

    Returns
    -------
    ndarray of float64, shape [D, H]
    """
    out = np.zeros((len(rows), history))
    for d, row in enumerate(rows.tolist()):
        reach = min(len(weights), row + 1)
        out[d, row - reach + 1 : row + 1] = weights[:reach][::-1]
    return out


def window_sums(
    window_DH: Float[ndarray, "D H"], values_HA: Float[ndarray, "H A"]
) -> Float[ndarray, "D A"]:
    """The product of the two, each sum taken session by session, oldest first.

    A product of matrices adds up in an order that depends on their shapes: a date's sum would
    depend, in its last bits, on the dates and stocks that are asked for beside it.

    Parameters
    ----------
    window_DH : of :func:`window_matrix`
    values_HA : history without NaN

    Returns
    -------
    ndarray of float64, shape [D, A]
    """
    out = np.zeros((len(window_DH), values_HA.shape[1]))
    weighted = np.empty(values_HA.shape[1])
    for row, weights in enumerate(window_DH):
        for session in np.flatnonzero(weights).tolist():
            np.multiply(values_HA[session], weights[session], out=weighted)
            out[row] += weighted
    return out


def weighted_mean(
    window_DH: Float[ndarray, "D H"], values_HA: Float[ndarray, "H A"], min_days: int
) -> Float[ndarray, "D A"]:
    """Weighted mean of what is finite in each window; NaN with fewer than ``min_days`` values.

    Parameters
    ----------
    window_DH : of :func:`window_matrix`
    values_HA : history, NaN where absent
    min_days : finite values that a window needs

    Returns
    -------
    ndarray of float64, shape [D, A]
    """
    return _means(window_DH, np.isfinite(values_HA), min_days, values_HA)[0]


def weighted_fit(
    window_DH: Float[ndarray, "D H"],
    y_HA: Float[ndarray, "H A"],
    x_H: Float[ndarray, "H"],
    min_days: int,
) -> tuple[Float[ndarray, "D A"], Float[ndarray, "D A"]]:
    """Slope of the weighted regression of y on x with an intercept, and its residual's std.

    Pairs with a missing side are left out; NaN with fewer than ``min_days`` pairs or without
    variation in x.

    Parameters
    ----------
    window_DH : of :func:`window_matrix`
    y_HA : returns of the stocks
    x_H : return of the market
    min_days : pairs that a window needs

    Returns
    -------
    (slope, std of the residual) : ndarrays of float64, shape [D, A]
    """
    seen, x = np.isfinite(y_HA) & np.isfinite(x_H)[:, None], x_H[:, None]
    market, square = (np.broadcast_to(one, y_HA.shape) for one in (x, x**2))
    products = market, y_HA, square, y_HA**2, x * y_HA
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = _means(window_DH, seen, min_days, *products)
    var_x, var_y = mean_xx - mean_x**2, mean_yy - mean_y**2
    cov = mean_xy - mean_x * mean_y
    moving = var_x > 1e-20
    slope = np.divide(cov, var_x, out=np.full(cov.shape, np.nan), where=moving)
    left = np.maximum(var_y - slope * cov, 0.0)
    return slope, np.sqrt(left)


def weighted_std(
    window_DH: Float[ndarray, "D H"], values_HA: Float[ndarray, "H A"], min_days: int
) -> Float[ndarray, "D A"]:
    """Weighted standard deviation around the weighted mean, population form.

    Parameters
    ----------
    window_DH : of :func:`window_matrix`
    values_HA : history, NaN where absent
    min_days : finite values that a window needs

    Returns
    -------
    ndarray of float64, shape [D, A]
    """
    seen = np.isfinite(values_HA)
    mean, square = _means(window_DH, seen, min_days, values_HA, values_HA**2)
    return np.sqrt(np.maximum(square - mean**2, 0.0))


def _means(
    window_DH: Float[ndarray, "D H"],
    seen_HA: Bool[ndarray, "H A"],
    min_days: int,
    *values_HA: Float[ndarray, "H A"],
) -> list[Float[ndarray, "D A"]]:
    """Weighted means of several values over the same cells, whose weights are added up once."""
    seen = seen_HA.astype(np.float64)
    weight = window_sums(window_DH, seen)
    enough = ((window_DH > 0).astype(np.float64) @ seen >= min_days - 0.5) & (weight > 0)
    totals = (window_sums(window_DH, np.where(seen_HA, one, 0.0)) for one in values_HA)
    return [np.divide(t, weight, out=np.full(t.shape, np.nan), where=enough) for t in totals]
