"""One fused pass over a day of sub-bars that makes all price-volume bar features (Spec 5.3).

Everything compiled stands in this one file, because Numba's cache does not notice a change in a
function of another file.

How the bytes move: rows of a day lie in the lake by (symbol, time), so that a day reads as
``[S, T, 6, K]`` (stock, bar, field, sub-bar) in straight runs, and one bar of one stock is one
piece of memory. Each is masked and reduced in the first-level cache. Sums are float64; sub-bars
that do not count carry weight 0, so that the sums need no branch and use the vector units.
"""

import math
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.bar_table import BAR_FEATURES

# Fields of the input.
OPEN, HIGH, LOW, CLOSE, VOLUME, AMOUNT = range(6)
BAR_INPUTS = ("open", "high", "low", "close", "volume", "amount")

_HALF_TICK = 0.005

# Rows of the scratch bar: masks as weights 0/1, series that are 0 where the mask is 0.
_OK, _OKT, _RHO, _C, _V, _A, _TYPICAL, _VWAP, _IMPACT, _H, _L = range(11)
_SCRATCH_ROWS = 11

# Sums of one bar.
_N, _NT, _S_RHO, _S_ABS, _S_SQ, _S_DOWN, _S_C, _S_V, _S_A, _S_TYP, _S_VWAP, _S_IMP = range(12)
_TOP, _BOTTOM, _MAX_ABS = range(12, 15)
_RHO2, _RHO3, _RHO4, _V2, _V3, _A2, _A3, _C2, _RHO_A, _C_V = range(15, 25)
_PAIRS, _LEAD_R, _LEAD_V, _LEAD_A, _LAG_R, _LAG_V, _LAG_A = range(25, 32)
_RR, _RR1, _R1R1, _VV, _VV1, _V1V1, _AA, _AA1, _A1A1 = range(32, 41)
_N_SUMS = 41

# Places in the local row of features.
N_FEATURES = len(BAR_FEATURES)
(
    _TVAL_MEAN, _TVAL_STD, _TVOL_MEAN, _TVAL_REL,
    _BAR_RET, _BAR_RANGE, _BAR_CLV, _BAR_VWAP_DEV, _BAR_APB, _BAR_ARPP,
    _RET_STD, _RET_SKEW, _RET_KURT, _RET_DOWN, _RET_MAXABS, _PATH_EFF, _ILLIQ,
    _ACORR_RET, _T_RET,
    _T_V, _STD_V, _ACORR_V, _SKEW_V,
    _T_A, _STD_A, _ACORR_A, _SKEW_A,
    _CORR_RET_A, _CORR_C_V, _VAL_SHARE,
) = range(N_FEATURES)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _log_ratio(now, before):
    """ln(now / before), by the series of 2 atanh(s) where |s| <= 0.1: exact to 1e-15."""
    s = (now - before) / (now + before)
    z = s * s
    if z > 0.01:
        return math.log(now / before)
    series = z / 15.0 + 1.0 / 13.0
    series = series * z + 1.0 / 11.0
    series = series * z + 1.0 / 9.0
    series = series * z + 1.0 / 7.0
    series = series * z + 1.0 / 5.0
    series = series * z + 1.0 / 3.0
    return 2.0 * s * (series * z + 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _prepare(raw, before, n_session, up, down, bar):
    """Fill the scratch of one bar: the masks of Spec 2.2 and the masked series."""
    for k in range(raw.shape[1]):
        o, h, low, c = raw[OPEN, k], raw[HIGH, k], raw[LOW, k], raw[CLOSE, k]
        v, a = raw[VOLUME, k], raw[AMOUNT, k]
        # `&` and `|` on purpose: no branch for every comparison.
        priced = (o > 0) & (low > 0) & (h >= low) & (c > 0) & (before > 0)
        counted = (v >= 0) & (a >= 0)
        at_limit = (abs(h - up) < _HALF_TICK) | (abs(h - down) < _HALF_TICK)
        locked = (h == low) & at_limit
        if priced & counted & (not locked) & (k < n_session):
            rho = _log_ratio(c, before)
            traded = (v > 0) & (a > 0)
            bar[_OK, k] = 1.0
            bar[_OKT, k] = 1.0 if traded else 0.0
            bar[_RHO, k] = rho
            bar[_C, k] = c
            bar[_V, k] = v
            bar[_A, k] = a
            bar[_TYPICAL, k] = 0.25 * (o + h + low + c)
            bar[_VWAP, k] = a / v if traded else 0.0
            bar[_IMPACT, k] = abs(rho) / a if traded else 0.0
            bar[_H, k] = h
            bar[_L, k] = low
        else:
            for row in range(_H):
                bar[row, k] = 0.0
            bar[_H, k] = -np.inf
            bar[_L, k] = np.inf
        before = c


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
@no_type_check
def _plain_sums(bar, s):
    n = n_traded = rho = size = square = falling = 0.0
    close = volume = amount = typical = vwap = impact = 0.0
    for k in range(bar.shape[1]):
        r = bar[_RHO, k]
        n += bar[_OK, k]
        n_traded += bar[_OKT, k]
        rho += r
        size += abs(r)
        square += r * r
        falling += r * min(r, 0.0)
        close += bar[_C, k]
        volume += bar[_V, k]
        amount += bar[_A, k]
        typical += bar[_TYPICAL, k]
        vwap += bar[_VWAP, k]
        impact += bar[_IMPACT, k]
    s[_N], s[_NT], s[_S_RHO], s[_S_ABS] = n, n_traded, rho, size
    s[_S_SQ], s[_S_DOWN], s[_S_C], s[_S_V] = square, falling, close, volume
    s[_S_A], s[_S_TYP], s[_S_VWAP], s[_S_IMP] = amount, typical, vwap, impact


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _extremes(bar, s):
    top, bottom, jump = -np.inf, np.inf, 0.0
    for k in range(bar.shape[1]):
        top = max(top, bar[_H, k])
        bottom = min(bottom, bar[_L, k])
        jump = max(jump, abs(bar[_RHO, k]))
    s[_TOP], s[_BOTTOM], s[_MAX_ABS] = top, bottom, jump


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
@no_type_check
def _centred_sums(bar, s):
    n = s[_N]
    mean_rho, mean_c, mean_v, mean_a = s[_S_RHO] / n, s[_S_C] / n, s[_S_V] / n, s[_S_A] / n
    rho2 = rho3 = rho4 = v2 = v3 = a2 = a3 = c2 = rho_a = c_v = 0.0
    for k in range(bar.shape[1]):
        ok = bar[_OK, k]
        r = (bar[_RHO, k] - mean_rho) * ok
        v = (bar[_V, k] - mean_v) * ok
        a = (bar[_A, k] - mean_a) * ok
        c = (bar[_C, k] - mean_c) * ok
        r_sq, v_sq, a_sq = r * r, v * v, a * a
        rho2 += r_sq
        rho3 += r_sq * r
        rho4 += r_sq * r_sq
        v2 += v_sq
        v3 += v_sq * v
        a2 += a_sq
        a3 += a_sq * a
        c2 += c * c
        rho_a += r * a
        c_v += c * v
    s[_RHO2], s[_RHO3], s[_RHO4] = rho2, rho3, rho4
    s[_V2], s[_V3], s[_A2], s[_A3] = v2, v3, a2, a3
    s[_C2], s[_RHO_A], s[_C_V] = c2, rho_a, c_v


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _varies(std, mean):
    """The zero-variance rule of Spec 1, turned round."""
    return std > 1e-10 * max(abs(mean), 1e-10)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
@no_type_check
def _pair_means(bar, s):
    """Means over neighbours that both count: of the later and of the earlier of each pair."""
    pairs = lead_r = lag_r = lead_v = lag_v = lead_a = lag_a = 0.0
    for k in range(1, bar.shape[1]):
        now, before = bar[_OK, k], bar[_OK, k - 1]
        pairs += now * before
        lead_r += bar[_RHO, k] * before
        lag_r += bar[_RHO, k - 1] * now
        lead_v += bar[_V, k] * before
        lag_v += bar[_V, k - 1] * now
        lead_a += bar[_A, k] * before
        lag_a += bar[_A, k - 1] * now
    one = 1.0 / max(pairs, 1.0)
    s[_PAIRS] = pairs
    s[_LEAD_R], s[_LEAD_V], s[_LEAD_A] = lead_r * one, lead_v * one, lead_a * one
    s[_LAG_R], s[_LAG_V], s[_LAG_A] = lag_r * one, lag_v * one, lag_a * one


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
@no_type_check
def _pair_products(bar, s):
    """Squares and products of the pairs about their own means."""
    mean_r, mean_v, mean_a = s[_LEAD_R], s[_LEAD_V], s[_LEAD_A]
    past_r, past_v, past_a = s[_LAG_R], s[_LAG_V], s[_LAG_A]
    rr = rr1 = r1r1 = vv = vv1 = v1v1 = aa = aa1 = a1a1 = 0.0
    for k in range(1, bar.shape[1]):
        both = bar[_OK, k] * bar[_OK, k - 1]
        r, r1 = (bar[_RHO, k] - mean_r) * both, (bar[_RHO, k - 1] - past_r) * both
        v, v1 = (bar[_V, k] - mean_v) * both, (bar[_V, k - 1] - past_v) * both
        a, a1 = (bar[_A, k] - mean_a) * both, (bar[_A, k - 1] - past_a) * both
        rr, rr1, r1r1 = rr + r * r, rr1 + r * r1, r1r1 + r1 * r1
        vv, vv1, v1v1 = vv + v * v, vv1 + v * v1, v1v1 + v1 * v1
        aa, aa1, a1a1 = aa + a * a, aa1 + a * a1, a1a1 + a1 * a1
    s[_RR], s[_RR1], s[_R1R1] = rr, rr1, r1r1
    s[_VV], s[_VV1], s[_V1V1] = vv, vv1, v1v1
    s[_AA], s[_AA1], s[_A1A1] = aa, aa1, a1a1


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _pearson(xx, xy, yy, n, mean_x, mean_y):
    std_x, std_y = math.sqrt(xx / n), math.sqrt(yy / n)
    if _varies(std_x, mean_x) and _varies(std_y, mean_y):
        return xy / n / (std_x * std_y)
    return np.nan


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _lag_features(bar, min_obs, s, f):
    """acorr1: Pearson of x_k and x_{k-1}; needs one pair less than observations, and three."""
    _pair_means(bar, s)
    n = s[_PAIRS]
    if n < max(min_obs - 1, 3):
        return
    _pair_products(bar, s)
    f[_ACORR_RET] = _pearson(s[_RR], s[_RR1], s[_R1R1], n, s[_LEAD_R], s[_LAG_R])
    f[_ACORR_V] = _pearson(s[_VV], s[_VV1], s[_V1V1], n, s[_LEAD_V], s[_LAG_V])
    f[_ACORR_A] = _pearson(s[_AA], s[_AA1], s[_A1A1], n, s[_LEAD_A], s[_LAG_A])


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _bar_features(bar, start, s, f):
    """Features of the bar as a whole: one traded sub-bar is enough."""
    last = bar.shape[1] - 1
    while bar[_OK, last] == 0.0:
        last -= 1
    end, top, bottom = bar[_C, last], s[_TOP], s[_BOTTOM]
    spread = top - bottom
    vwap = s[_S_A] / s[_S_V]
    if start > 0:
        f[_BAR_RET] = _log_ratio(end, start)
        f[_BAR_RANGE] = spread / start
    f[_BAR_CLV] = (2.0 * end - top - bottom) / spread if spread > 0 else 0.0
    f[_BAR_VWAP_DEV] = _log_ratio(end, vwap)
    f[_BAR_APB] = _log_ratio(s[_S_VWAP] / s[_NT], vwap)
    f[_BAR_ARPP] = (s[_S_TYP] / s[_N] - bottom) / spread if spread > 0 else 0.5


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _return_features(s, f):
    n = s[_N]
    mean = s[_S_RHO] / n
    std = math.sqrt(s[_RHO2] / n)
    f[_RET_STD] = std
    f[_RET_MAXABS] = s[_MAX_ABS]
    f[_ILLIQ] = math.log(s[_S_IMP] / s[_NT] * 1e8 + 1e-6)
    if _varies(std, mean):
        f[_RET_SKEW] = s[_RHO3] / n / (std * std * std)
        f[_RET_KURT] = s[_RHO4] / n / (std * std * std * std) - 3.0
        f[_T_RET] = mean / std
    if s[_S_SQ] > 0:
        f[_RET_DOWN] = s[_S_DOWN] / s[_S_SQ]
    if s[_S_ABS] > 0:
        f[_PATH_EFF] = abs(s[_S_RHO]) / s[_S_ABS]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _size_features(s, f):
    """Levels and within-bar proportions of volume and amount, and the two correlations."""
    n = s[_N]
    mean_v, mean_a, mean_c, mean_rho = s[_S_V] / n, s[_S_A] / n, s[_S_C] / n, s[_S_RHO] / n
    std_v, std_a = math.sqrt(s[_V2] / n), math.sqrt(s[_A2] / n)
    f[_TVAL_MEAN] = math.log1p(mean_a)
    f[_TVAL_STD] = math.log1p(std_a)
    f[_TVOL_MEAN] = math.log1p(mean_v)
    f[_STD_V] = std_v / mean_v
    f[_STD_A] = std_a / mean_a
    if _varies(std_v, mean_v):
        f[_T_V] = mean_v / std_v
        f[_SKEW_V] = s[_V3] / n / (std_v * std_v * std_v)
    if _varies(std_a, mean_a):
        f[_T_A] = mean_a / std_a
        f[_SKEW_A] = s[_A3] / n / (std_a * std_a * std_a)
    f[_CORR_RET_A] = _pearson(s[_RHO2], s[_RHO_A], s[_A2], n, mean_rho, mean_a)
    f[_CORR_C_V] = _pearson(s[_C2], s[_C_V], s[_V2], n, mean_c, mean_v)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _one_bar(bar, start, min_obs, s, f):
    """All features of one bar but those that need other bars; False if nothing traded in it."""
    f[:] = np.nan
    _plain_sums(bar, s)
    if s[_NT] == 0:
        return False
    _extremes(bar, s)
    _bar_features(bar, start, s, f)
    if s[_N] >= min_obs:
        _centred_sums(bar, s)
        _return_features(s, f)
        _size_features(s, f)
        _lag_features(bar, min_obs, s, f)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _bar_amount(amounts):
    total = 0.0
    for k in range(len(amounts)):
        if amounts[k] > 0:
            total += amounts[k]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def bar_amounts(bars, rows, opening_amount, amount):
    """Only the amounts of the bars, for days that others look back to.

    Parameters
    ----------
    bars : float64 [S, T, C, K]
        The last column is the amount (CNY).
    rows, opening_amount, amount
        As in :func:`bar_features`.
    """
    for asset in range(len(rows)):
        for j in range(bars.shape[1]):
            row = rows[asset]
            amount[j, asset] = _bar_amount(bars[row, j, -1]) if row >= 0 else 0.0
        if rows[asset] >= 0:
            amount[0, asset] += opening_amount[asset]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def bar_features(
    bars, rows, session_end, up, down, opening_amount, min_obs, needs, columns, out, amount, empty
):
    """All bar features of one day, except the one that looks back over days (``tval_rel``).

    Parameters
    ----------
    bars : float64 [S, T, 6, K]
        open, high, low, close (CNY), volume (shares), amount (CNY) of every sub-bar of the stocks
        that have bars on that day.
    rows : int64 [A]
        Where each asset stands in ``bars``, -1 if it has none.
    session_end : int64 [A]
        Number of sub-bars before the closing auction; later ones count in ``amount`` only.
    up, down : float64 [A]
        Limit prices of the day, NaN where there is none.
    opening_amount : float64 [A]
        Amount of an opening auction that is not inside the first sub-bar, else 0.
    min_obs : int
        Fewest valid sub-bars of a statistic.
    needs : int64 [N_FEATURES]
        Valid sub-bars without which each feature of ``BAR_FEATURES`` is NaN.
    columns : int64 [N_FEATURES]
        Column of ``out`` that takes each feature of ``BAR_FEATURES``, -1 to leave it out.
    out : float32 [T, A, F]
        Filled here for the assets that have bars; others are left as they are.
    amount : float64 [T, A]
        Filled here: CNY of the bar, auctions included; 0 without bars.
    empty : bool [T, A]
        Filled here: True where no valid sub-bar traded.
    """
    n_bars, sub_bars = bars.shape[1], bars.shape[3]
    bar_amounts(bars, rows, opening_amount, amount)
    bar = np.empty((_SCRATCH_ROWS, sub_bars))
    s = np.empty(_N_SUMS)
    f = np.empty(N_FEATURES)
    for asset in range(len(rows)):
        if rows[asset] < 0:
            empty[:, asset] = True
            continue
        day = bars[rows[asset]]
        whole_day = amount[:, asset].sum()
        start = day[0, OPEN, 0]
        for j in range(n_bars):
            raw = day[j]
            n_session = session_end[asset] - j * sub_bars
            _prepare(raw, start, n_session, up[asset], down[asset], bar)
            filled = _one_bar(bar, start, min_obs, s, f)
            empty[j, asset] = not filled
            if filled:
                f[_VAL_SHARE] = amount[j, asset] / whole_day
            for i in range(N_FEATURES):
                if columns[i] >= 0:
                    counted = s[_NT] if i in (_BAR_APB, _ILLIQ) else s[_N]
                    out[j, asset, columns[i]] = f[i] if counted >= needs[i] else np.nan
            start = raw[CLOSE, sub_bars - 1]
