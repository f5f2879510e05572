"""The fused kernel against the formulas of Spec 5.3, written out bar by bar."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.features.bar_kernel import N_FEATURES, _log_ratio, bar_features
from intralpha.features.bar_table import BAR_FEATURE_NAMES, BAR_FEATURES

NAN = float("nan")


def pearson(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    if flat(x) or flat(y):
        return NAN
    return float(np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std()))


def flat(x):
    return x.std() <= 1e-10 * max(abs(x.mean()), 1e-10)


def moment(x, k):
    return NAN if flat(x) else float(np.mean((x - x.mean()) ** k) / x.std() ** k)


def acorr(x, ok, min_obs):
    pairs = [k for k in range(1, len(x)) if ok[k] and ok[k - 1]]
    if len(pairs) < max(min_obs - 1, 3):
        return NAN
    return pearson([x[k] for k in pairs], [x[k - 1] for k in pairs])


def masks(day, n_session, up, down):
    """ok and okT of Spec 2.2 for the sub-bars of one stock-day ``[T_sub, 6]``."""
    o, h, low, c, v, a = day.T
    before = np.concatenate([o[:1], c[:-1]])
    sound = (o > 0) & (low > 0) & (h >= low) & (c > 0) & (before > 0) & (v >= 0) & (a >= 0)
    limit = (np.abs(h - up) < 0.005) | (np.abs(h - down) < 0.005)
    ok = sound & ~((h == low) & limit) & (np.arange(len(day)) < n_session)
    return ok, ok & (v > 0) & (a > 0)


def reference_bar(day, first, K, ok_day, okt_day, min_obs, opening):
    """All features of one bar as a dict; the ones that do not apply are absent."""
    rows = slice(first, first + K)
    ok, okt = ok_day[rows], okt_day[rows]
    if not okt.any():
        return {}
    o, h, low, c, v, a = day[rows].T
    start = day[first - 1, 3] if first else day[0, 0]
    before = np.concatenate([[start], c[:-1]])
    with np.errstate(all="ignore"):
        rho = np.log1p((c - before) / before)  # ln(c / before) to full precision
        impact = np.abs(rho) / a
        vwap_k = a / v
    end = c[ok][-1]
    H, L = h[ok].max(), low[ok].min()
    vwap = a[ok].sum() / v[ok].sum()
    amounts = np.nan_to_num(day[:, 5])
    share = amounts[rows].sum() + (opening if first == 0 else 0.0)
    f = {
        "bar_ret": math.log(end / start),
        "bar_range": (H - L) / start,
        "bar_clv": 0.0 if H == L else (2 * end - H - L) / (H - L),
        "bar_vwap_dev": math.log(end / vwap),
        "bar_val_share": share / (amounts.sum() + opening),
    }
    n, nt = ok.sum(), okt.sum()
    r, C, V, A = rho[ok], c[ok], v[ok], a[ok]
    if nt >= max(min_obs, 2):
        f["bar_apb"] = math.log(vwap_k[okt].mean() / vwap)
    if nt >= min_obs:
        f["illiq"] = math.log(impact[okt].mean() * 1e8 + 1e-6)
    if n >= min_obs:
        twap = ((o + h + low + c) / 4)[ok].mean()
        f |= {
            "tval_mean": math.log(A.mean() + 1),
            "tvol_mean": math.log(V.mean() + 1),
            "bar_arpp": 0.5 if H == L else (twap - L) / (H - L),
            "ret_down_share": (r[r < 0] ** 2).sum() / (r**2).sum() if (r != 0).any() else NAN,
            "ret_maxabs": np.abs(r).max(),
        }
    if n >= max(min_obs, 2):
        f |= {
            "tval_std": math.log(A.std() + 1),
            "ret_std": r.std(),
            "path_eff": abs(r.sum()) / np.abs(r).sum() if (r != 0).any() else NAN,
        }
        for name, x in (("TradeVolume", V), ("TradeValue", A)):
            p = x / x.sum()
            f[f"prop_std_{name}"] = p.std() * n
            if n >= 3:
                f[f"prop_t_{name}"] = NAN if flat(x) else p.mean() / p.std()
    if n >= max(min_obs, 3):
        f["prop_t_ret"] = NAN if flat(r) else r.mean() / r.std()
        f["ret_skew"] = moment(r, 3)
        f["prop_skew_TradeVolume"] = moment(V / V.sum(), 3)
        f["prop_skew_TradeValue"] = moment(A / A.sum(), 3)
        f["corr_ret_TradeValue"] = pearson(r, A)
        f["corr_close_TradeVolume"] = pearson(C, V)
    if n >= max(min_obs, 4):
        f["ret_kurt"] = moment(r, 4) - 3
        f["prop_acorr_ret"] = acorr(rho, ok, min_obs)
        f["prop_acorr_TradeVolume"] = acorr(v, ok, min_obs)
        f["prop_acorr_TradeValue"] = acorr(a, ok, min_obs)
    return f


def reference(bars, ends, up, down, opening, K, min_obs):
    """``[T, A, N_FEATURES]`` in float64; NaN where a feature does not apply."""
    out = np.full((bars.shape[0] // K, bars.shape[1], N_FEATURES), np.nan)
    for asset in range(bars.shape[1]):
        day = bars[:, asset]
        ok, okt = masks(day, ends[asset], up[asset], down[asset])
        for j in range(len(out)):
            row = reference_bar(day, j * K, K, ok, okt, min_obs, opening[asset])
            for name, value in row.items():
                out[j, asset, BAR_FEATURE_NAMES.index(name)] = value
    return out


def run_kernel(bars, ends, up, down, opening, K, min_obs):
    n_bars, n_assets = bars.shape[0] // K, bars.shape[1]
    out = np.full((n_bars, n_assets, N_FEATURES), np.nan, dtype=np.float32)
    amount, empty = np.empty((n_bars, n_assets)), np.empty((n_bars, n_assets), dtype=bool)
    columns = np.arange(N_FEATURES)
    columns[BAR_FEATURE_NAMES.index("tval_rel")] = -1
    needs = np.array([feature.needs(min_obs) for feature in BAR_FEATURES])
    # The kernel's own order of rows: stocks reversed, bar by bar.
    block = bars.transpose(1, 0, 2).reshape(n_assets, n_bars, K, 6).transpose(0, 1, 3, 2)[::-1]
    rows = np.arange(n_assets)[::-1].copy()
    block = np.ascontiguousarray(block)
    bar_features(block, rows, ends, up, down, opening, min_obs, needs, columns, out, amount, empty)
    return out, amount, empty


def random_bars(rng, n_sub, n_assets):
    """Ticks of 0.01, a fifth of the sub-bars without trades."""
    close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.002, (n_sub, n_assets)), 0)), 2)
    traded = rng.random((n_sub, n_assets)) > 0.2
    close = np.where(traded, close, np.nan)
    close[0] = np.where(np.isnan(close[0]), 20.0, close[0])
    for t in range(1, n_sub):
        close[t] = np.where(np.isnan(close[t]), close[t - 1], close[t])
    first = np.vstack([close[:1], close[:-1]])
    high = np.maximum(first, close) + np.where(traded, 0.01 * rng.integers(0, 3, close.shape), 0)
    low = np.minimum(first, close) - np.where(traded, 0.01 * rng.integers(0, 3, close.shape), 0)
    volume = np.where(traded, 100.0 * rng.integers(1, 500, close.shape), 0.0)
    amount = volume * (low + (high - low) * rng.random(close.shape))
    return np.stack([first, high, low, close, volume, amount], axis=-1)


def degenerate_bars(rng, n_sub):
    """One column for each way in which a day can be odd."""
    bars = random_bars(rng, n_sub, 14)
    bars[:, 0, 4:] = 0  # no trade at all
    bars[:, 1, :4] = 10.0  # constant price
    bars[:, 2, :4], bars[:, 2, 4:] = 10.0, 0  # one trade in the day
    bars[n_sub // 2 + 1, 2, 4:] = (100, 1000)
    bars[:, 3, :4] = 22.0  # locked at the limit all day
    bars[n_sub // 3 :, 4, :4] = 18.0  # falls to the limit and stays
    bars[:, 5] = np.nan  # suspended or missing
    bars[:, 6] = 0.0  # suspended, as some vendors write it
    bars[n_sub // 4 : n_sub // 2, 7] = np.nan  # a hole
    bars[:, 8, 4], bars[:, 8, 5] = 100, 1000  # constant volume and amount
    bars[:, 9, :4] = 1000 + 2e-7 * rng.random((n_sub, 4))  # price constant but for rounding
    bars[:, 9, 1] = bars[:, 9, 1:4].max(axis=1)
    bars[:, 9, 2] = bars[:, 9, 1:4].min(axis=1)
    bars[:, 10, :4] *= np.repeat([1.0, 1.6], [n_sub // 2, n_sub - n_sub // 2])[:, None]  # a jump
    bars[1::2, 11, 4:] = 0  # every other sub-bar empty
    bars[1:, 12, 4:] = 0  # a first print and nothing after
    bars[0, 12, 4:] = (1e6, 2e7)
    bars[::3, 13, :4] = 22.0  # every third sub-bar locked: few neighbours
    return bars


def assert_same(found, expected):
    mismatch = np.argwhere(np.isnan(found) != np.isnan(expected))
    where = [(j, a, BAR_FEATURE_NAMES[f]) for j, a, f in mismatch[:5]]
    assert not where, f"NaN in one only: {where}"
    for f, name in enumerate(BAR_FEATURE_NAMES):
        np.testing.assert_allclose(
            found[..., f], expected[..., f], rtol=5e-6, atol=1e-9, err_msg=name
        )


@pytest.mark.parametrize(
    ("n_sub", "K", "min_obs"),
    [(240, 30, 5), (240, 10, 5), (240, 5, 1), (48, 6, 5), (48, 6, 1), (16, 2, 1), (16, 1, 1),
     (48, 3, 2)],
)  # fmt: skip
@pytest.mark.parametrize("make", ["random", "degenerate"])
def test_kernel_equals_the_formulas(n_sub, K, min_obs, make):
    rng = np.random.default_rng(n_sub + K)
    bars = random_bars(rng, n_sub, 19) if make == "random" else degenerate_bars(rng, n_sub)
    n_assets = bars.shape[1]
    ends = np.where(np.arange(n_assets) % 2, n_sub - 3 if n_sub == 240 else n_sub, n_sub)
    up, down = np.full(n_assets, 22.0), np.full(n_assets, 18.0)
    up[1] = down[1] = np.nan
    opening = rng.choice([0.0, 5e4], n_assets)
    case = (bars, ends, up, down, opening, K, min_obs)
    found, amount, empty = run_kernel(*case)
    expected = reference(*case)
    expected[..., BAR_FEATURE_NAMES.index("tval_rel")] = np.nan
    assert_same(found.astype(float), expected)
    blocks = np.nan_to_num(bars[..., 5]).reshape(-1, K, n_assets).sum(axis=1)
    blocks[0] += opening
    np.testing.assert_allclose(amount, blocks)
    assert (np.isnan(expected[..., BAR_FEATURE_NAMES.index("bar_vwap_dev")]) == empty).all()
    if make == "random" and K == 30:
        assert np.isfinite(np.delete(found, BAR_FEATURE_NAMES.index("tval_rel"), 2)).all()


def one_bar(prices, volume, amount, min_obs=1):
    """Features of a single bar: prices ``[K, 4]``."""
    bars = np.column_stack([prices, volume, amount])[:, None, :].astype(float)
    none = np.array([np.nan])
    K = len(prices)
    out, _, _ = run_kernel(bars, np.array([K]), none, none, np.zeros(1), K, min_obs)
    return dict(zip(BAR_FEATURE_NAMES, out[0, 0].astype(float), strict=True))


def test_vectors_of_the_specification():
    # spec/factors.md section 20: prop_t, prop_std, prop_acorr, arpp, apb, skew, kurt, down share.
    flat5 = np.full((5, 4), 10.0)
    x = np.array([2, 4, 6, 8, 5])
    f = one_bar(flat5, x, 10 * x, min_obs=5)
    assert f["prop_t_TradeVolume"] == pytest.approx(2.5)
    assert f["prop_std_TradeVolume"] == pytest.approx(0.4)
    assert f["prop_acorr_TradeVolume"] == pytest.approx(0.377964, abs=5e-7)
    assert f["prop_acorr_TradeValue"] == pytest.approx(0.377964, abs=5e-7)
    f = one_bar(np.array([[10, 10.2, 9.9, 10.1], [10.1, 10.4, 10.0, 10.3]]), [1, 1], [10, 10])
    assert f["bar_arpp"] == pytest.approx(0.45)
    vwap, volume = np.array([10, 10.2, 10.1, 10.3, 10.4]), np.array([500, 100, 200, 100, 100])
    assert one_bar(flat5, volume, vwap * volume)["bar_apb"] == pytest.approx(0.0088627, abs=5e-8)
    close = 10 * np.exp(np.cumsum([0.01, -0.02, 0.005, -0.001]))
    first = np.concatenate([[10.0], close[:-1]])
    prices = np.column_stack([first, np.maximum(first, close), np.minimum(first, close), close])
    f = one_bar(prices, np.ones(4), np.ones(4))
    assert f["ret_skew"] == pytest.approx(-0.771734, abs=1e-6)
    assert f["ret_kurt"] == pytest.approx(-0.958610, abs=1e-6)
    assert f["ret_down_share"] == pytest.approx(0.762357, abs=1e-6)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_assets_do_not_see_each_other(seed, n_assets):
    rng = np.random.default_rng(seed)
    bars = random_bars(rng, 48, n_assets)
    ends, limit, opening = np.full(n_assets, 48), np.full(n_assets, np.nan), np.zeros(n_assets)
    whole, *_ = run_kernel(bars, ends, limit, limit, opening, 6, 3)
    order = rng.permutation(n_assets)
    mixed, *_ = run_kernel(np.ascontiguousarray(bars[:, order]), ends, limit, limit, opening, 6, 3)
    np.testing.assert_array_equal(mixed, whole[:, order])


def test_a_longer_series_of_constants_is_constant():
    # The mean of 30 equal numbers may be off in its last digit; that is no variance.
    f = one_bar(np.full((30, 4), 0.1), np.full(30, 0.3), np.full(30, 0.7))
    undefined = ("prop_t_TradeVolume", "prop_skew_TradeValue", "prop_acorr_TradeVolume")
    undefined += ("corr_ret_TradeValue", "corr_close_TradeVolume", "ret_skew", "prop_t_ret")
    for name in undefined:
        assert math.isnan(f[name]), name
    assert f["prop_std_TradeVolume"] == pytest.approx(0, abs=1e-12)
    assert f["bar_clv"] == 0
    assert f["bar_arpp"] == 0.5


def test_log_ratio_is_exact_to_the_last_digits():
    before = 10.0
    for ratio in np.concatenate([np.geomspace(0.1, 10, 400), 1 + np.geomspace(1e-9, 0.3, 200)]):
        now = before * ratio
        assert _log_ratio(now, before) == pytest.approx(
            math.log1p((now - before) / before), rel=1e-15, abs=3e-16
        )
    assert _log_ratio(before, before) == 0.0
