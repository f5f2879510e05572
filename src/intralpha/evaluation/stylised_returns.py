"""Stylised facts of single return series: autocorrelation and tails, summed block by block.

Both classes take a long sample in blocks (a session, or everything at once) and hold sums only,
so that a market's minutes never have to be in memory together.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.base.arrays import check_arrays

MIN_PAIRS = 10
MIN_TAIL = 10
EDGES = np.linspace(-10.0, 10.0, 201)


def bar_log_returns(
    open_TA: Float[ndarray, "T A"],
    close_TA: Float[ndarray, "T A"],
    volume_TA: Float[ndarray, "T A"],
) -> Float[ndarray, "T A"]:
    r"""Log returns of the bars of one session.

    .. math:: r_1 = \ln(C_1 / O_1), \qquad r_t = \ln(C_t / C_{t-1})

    Parameters
    ----------
    open_TA, close_TA : CNY, NaN = absent
    volume_TA : shares

    Returns
    -------
    ndarray of float64
        NaN for a bar without trades: its return is 0 because nobody dealt, which is no price
        move. The return of the next bar that trades spans the gap. The move over night is in no
        bar, the move over lunch is in the first bar after it.

    Raises
    ------
    ArrayFormError
        Prices and shares that do not have one shape.
    """
    check_arrays(open_TA=open_TA, close_TA=close_TA, volume_TA=volume_TA)
    before = np.concatenate([open_TA[:1], close_TA[:-1]])
    return np.where(volume_TA > 0, np.log(close_TA / before), np.nan)


class LaggedSums:
    r"""Sums from which the autocorrelation of many series follows.

    .. math:: \gamma_k = \frac{1}{n_k} \sum_t (x_t - \bar x)(x_{t-k} - \bar x), \qquad
              \rho_k = \gamma_k / \gamma_0

    The sum runs over the n_k pairs in which both values are there, the mean over all values.
    Without NaN in a single block this is ``statsmodels.tsa.stattools.acf(x, adjusted=True)``.

    Parameters
    ----------
    n_assets : int
    max_lag : int
        Rows.
    carry : bool
        False: a pair lies inside one block (returns of one session). True: blocks follow each
        other and pairs cross their border.

    Notes
    -----
    Memory: 32 bytes a lag and asset, with ``carry`` 8 more.
    """

    def __init__(self, n_assets: int, max_lag: int, carry: bool = False) -> None:
        self.max_lag, self.carry = max_lag, carry
        self._tail = np.empty((0, n_assets))
        self._product, self._earlier, self._later, self._pairs = (
            np.zeros((max_lag + 1, n_assets)) for _ in range(4)
        )

    def add(self, x_TA: Float[ndarray, "T A"]) -> None:
        """Count one block; NaN values take part in no pair."""
        rows = np.concatenate([self._tail, x_TA])
        known = np.isfinite(rows)
        value, known = np.where(known, rows, 0.0), known.astype(np.float64)
        for lag in range(self.max_lag + 1):
            first = max(len(self._tail), lag)
            if first >= len(rows):
                break
            later, earlier = slice(first, None), slice(first - lag, len(rows) - lag)
            self._product[lag] += _dot(value[later], value[earlier])
            self._earlier[lag] += _dot(known[later], value[earlier])
            self._later[lag] += _dot(value[later], known[earlier])
            self._pairs[lag] += _dot(known[later], known[earlier])
        if self.carry and self.max_lag:
            self._tail = rows[-self.max_lag :].copy()

    def counts(self) -> Float[ndarray, "A"]:
        """Values of every asset."""
        return self._pairs[0]

    def autocovariance(self) -> Float[ndarray, "K A"]:
        """Autocovariance of every asset at lags 0, 1, ...; NaN below 10 pairs."""
        pairs = np.where(self._pairs >= MIN_PAIRS, self._pairs, np.nan)
        mean = self._later[0] / pairs[0]
        return (self._product - mean * (self._earlier + self._later)) / pairs + mean**2

    def acf(self) -> Float[ndarray, "K A"]:
        """Autocorrelation of every asset; also NaN where the series does not vary."""
        covariance = self.autocovariance()
        flat = covariance[0] <= 1e-20
        return covariance / np.where(flat, np.nan, covariance[0])

    def mean_acf(self) -> Float[ndarray, "K"]:
        """Mean over the assets that have at least half as many values as the longest series."""
        kept = self._pairs[0] * 2 >= self._pairs[0].max(initial=0.0)
        return mean_of_known(self.acf()[:, kept])


def pacf(acf_K: Float[ndarray, "K"]) -> Float[ndarray, "K"]:
    r"""Partial autocorrelation that belongs to an autocorrelation, by Durbin and Levinson.

    .. math:: \phi_{kk} = \frac{\rho_k - \sum_{j<k} \phi_{k-1,j}\, \rho_{k-j}}
                               {1 - \sum_{j<k} \phi_{k-1,j}\, \rho_j}, \qquad
              \phi_{kj} = \phi_{k-1,j} - \phi_{kk}\, \phi_{k-1,k-j}

    Parameters
    ----------
    acf_K : ndarray of float
        Lags 0, 1, ...; the first is 1.

    Returns
    -------
    ndarray of float64
        Lag 0 is 1. NaN from the first NaN on, and from the lag on at which the correlations stop
        being those of any series (no innovation variance is left).

    References
    ----------
    Durbin (1960), "The fitting of time-series models", Review of the ISI 28.

    Examples
    --------
    >>> pacf(np.array([1.0, 0.5, 0.25, 0.125])).tolist()
    [1.0, 0.5, 0.0, 0.0]
    """
    return pacf_of_each(acf_K[:, None])[:, 0]


def pacf_of_each(acf_KA: Float[ndarray, "K A"]) -> Float[ndarray, "K A"]:
    """:func:`pacf` of every column."""
    out = np.full(acf_KA.shape, np.nan)
    out[:1] = acf_KA[:1]
    phi, innovation = np.empty((0, acf_KA.shape[1])), np.ones(acf_KA.shape[1])
    for lag in range(1, len(acf_KA)):
        last = (acf_KA[lag] - (phi * acf_KA[lag - 1 : 0 : -1]).sum(axis=0)) / innovation
        left = innovation * (1.0 - last**2)
        innovation = np.where(left > 0.0, left, np.nan)
        out[lag] = last
        phi = np.concatenate([phi - last * phi[::-1], last[None]])
    return out


def hill_index(sizes: Float[ndarray, "n"], k: int) -> float:
    r"""Hill's estimate of the tail index from the k largest sizes.

    .. math:: \hat\alpha = k \Big/ \sum_{i=1}^{k} \ln (x_{(i)} / x_{(k+1)}), \qquad
              P(X > x) \propto x^{-\alpha}

    Parameters
    ----------
    sizes : ndarray of float
        Positive, finite, any order.
    k : int

    Returns
    -------
    float
        NaN for k < 10, for fewer than k + 1 sizes, and if the largest are all equal.

    Notes
    -----
    Stock returns give about 3 (Gopikrishnan et al. 1998). Price limits cut the tail of daily
    returns and raise the estimate.

    References
    ----------
    Hill (1975), "A simple general approach to inference about the tail of a distribution",
    Annals of Statistics 3.
    """
    if k < MIN_TAIL or len(sizes) <= k:
        return np.nan
    top = np.partition(sizes, len(sizes) - k - 1)[-k - 1 :]
    total = float(np.log(top / top.min()).sum())
    return k / total if total > 0 else np.nan


class TailSums:
    """Moments, histogram and largest sizes of standardised returns.

    Parameters
    ----------
    n_assets : int
    n_values : int
        Upper bound of the number of values that will come.
    tail_share : float
        Share of the sizes that Hill's estimate uses.

    Notes
    -----
    Memory: 8 bytes a value of the tail, 1 % of the sample by default.
    """

    def __init__(self, n_assets: int, n_values: int, tail_share: float = 0.01) -> None:
        self.tail_share = tail_share
        self._room = int(np.ceil(tail_share * n_values)) + 1
        self._powers = np.zeros((5, n_assets))
        self._counts = np.zeros(len(EDGES) - 1, np.int64)
        self._largest = np.empty(0)

    def add(self, z_TA: Float[ndarray, "T A"]) -> None:
        """Count one block of returns, each divided by a scale of its asset; NaN is left out."""
        known = np.isfinite(z_TA)
        value = np.where(known, z_TA, 0.0)
        self._powers[0] += known.sum(axis=0)
        power = value
        for i in range(1, 5):
            self._powers[i] += power.sum(axis=0)
            power = power * value
        kept = z_TA[known]
        self._counts += np.histogram(kept.clip(EDGES[0], EDGES[-1]), EDGES)[0]
        sizes = np.abs(kept)
        if len(self._largest) == self._room:
            sizes = sizes[sizes > self._largest.min()]
        both = np.concatenate([self._largest, sizes])
        over = len(both) - self._room
        self._largest = np.partition(both, over)[over:] if over > 0 else both

    def kurtosis(self) -> Float[ndarray, "A"]:
        """Excess kurtosis of every asset, 0 for the normal; NaN below 10 values or without size."""
        n = np.where(self._powers[0] >= MIN_PAIRS, self._powers[0], np.nan)
        m1, m2, m3, m4 = self._powers[1:] / n
        variance = m2 - m1**2
        fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
        return fourth / np.where(variance > 1e-20, variance, np.nan) ** 2 - 3.0

    def hill(self) -> float:
        """Tail index of the pooled sizes; see :func:`hill_index`."""
        return hill_index(self._largest, int(self.tail_share * self._powers[0].sum()))

    def histogram(self) -> tuple[Float[ndarray, "B"], Float[ndarray, "B"]]:
        """Centres and density of the pooled returns in units of their standard deviation.

        The two outermost bins hold everything beyond 10 scales. Empty without values.
        """
        n, m1, m2 = self._powers[:3].sum(axis=1)
        scale = np.sqrt(max(m2 / n - (m1 / n) ** 2, 0.0)) if n else 0.0
        if scale == 0.0:
            return np.empty(0), np.empty(0)
        centres = (EDGES[1:] + EDGES[:-1]) / 2
        return centres / scale, density(self._counts, EDGES) * scale


def density(counts: Int[ndarray, "B"], edges: Float[ndarray, "E"]) -> Float[ndarray, "B"]:
    """Counts as a density that integrates to 1."""
    return counts / (counts.sum() * np.diff(edges))


def mean_of_known(values_KA: Float[ndarray, "K A"]) -> Float[ndarray, "K"]:
    """Mean of every row over its finite values; NaN for a row without any."""
    known = np.isfinite(values_KA)
    count = known.sum(axis=1)
    total = np.where(known, values_KA, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _dot(a_TA: Float[ndarray, "T A"], b_TA: Float[ndarray, "T A"]) -> Float[ndarray, "A"]:
    return np.einsum("ta,ta->a", a_TA, b_TA)
