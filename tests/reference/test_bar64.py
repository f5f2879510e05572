"""The 30- and 10-minute features by hand and beside plain slices."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats

from .bar64 import BAR64, LEVELS, PRICE, PROXY, bar64, bar64_proxy, bulk_sides, proportions
from .day import MinuteDay
from .days import days, ordinary, pinned

DAYS = days(8)
SIGMA = 1e-3


@pytest.fixture
def plain() -> MinuteDay:
    return ordinary(np.random.default_rng(9))


def features(day: MinuteDay, k: int = 30) -> dict[str, np.ndarray]:
    return bar64(day, k, np.full(240 // k, 1e6))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("k", [10, 30])
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_every_day_has_every_name(day: MinuteDay, k: int) -> None:
    values, proxies = features(day, k), bar64_proxy(day, k, SIGMA)
    assert tuple(values) == BAR64
    assert tuple(proxies) == tuple(f"{name}_proxy" for name in PROXY)
    for x in (*values.values(), *proxies.values()):
        assert x.shape == (240 // k,)
        assert not np.isinf(x).any()


def test_counts_are_those_of_the_specification() -> None:
    assert len(set(BAR64)) == len(BAR64) == 64 - 6 - 6 - 2 - 5
    assert len(set(PROXY)) == len(PROXY) == 14
    assert BAR64[0] == "count_mean"
    assert BAR64[-4:] == ("corr_close_TradeVolume", "bar_val_share", *PRICE[-2:])


def test_one_bar_by_plain_slices(plain: MinuteDay) -> None:
    values, at = {name: x[2] for name, x in features(plain).items()}, slice(60, 90)
    n, v, a, c = plain.trades[at], plain.volume[at], plain.amount[at], plain.close[at]
    rho, start, high, low = plain.rho[at], plain.close[59], plain.high[at].max(), None
    low = plain.low[at].min()
    expected = {
        "count_mean": np.log(n.mean() + 1),
        "count_std": np.log(n.std() + 1),
        "tvol_mean": np.log(v.mean() + 1),
        "valper_std": np.log((a / n).std() + 1),
        "tval_rel": np.log(a.sum() / 1e6 + 1),
        "bar_ret": np.log(c[-1] / start),
        "bar_range": (high - low) / start,
        "bar_clv": (2 * c[-1] - high - low) / (high - low),
        "bar_vwap_dev": np.log(c[-1] * v.sum() / a.sum()),
        "bar_apb": np.log((a / v).mean() * v.sum() / a.sum()),
        "ret_kurt": scipy_stats.kurtosis(rho),
        "ret_maxabs": np.abs(rho).max(),
        "path_eff": abs(rho.sum()) / np.abs(rho).sum(),
        "illiq": np.log((np.abs(rho) / a).mean() * 1e8 + 1e-6),
        "prop_t_ret": rho.mean() / rho.std(),
        "prop_t_TradeCount": n.mean() / n.std(),
        "prop_std_TradeVolume": v.std() / v.mean(),
        "prop_acorr_TradeValue": np.corrcoef(a[1:], a[:-1])[0, 1],
        "prop_skew_Tvalper": scipy_stats.skew(a / n),
        "corr_ret_Tvalper": np.corrcoef(rho, a / n)[0, 1],
        "corr_close_TradeVolume": np.corrcoef(c, v)[0, 1],
        "bar_val_share": a.sum() / plain.day_amount,
        "outflow_valper": a[rho < 0].sum() / n[rho < 0].sum() / (a.sum() / n.sum()),
        "big_min_ret": np.prod(1 + plain.r[at][np.argsort(-a / n)[:9]]) - 1,
    }
    for name, x in expected.items():
        assert values[name] == pytest.approx(x), name


def test_the_first_bar_starts_at_the_open_and_the_last_stops_before_the_auction(
    plain: MinuteDay,
) -> None:
    values = features(plain)
    assert values["bar_ret"][0] == pytest.approx(np.log(plain.close[29] / plain.open[0]))
    assert values["bar_ret"][7] == pytest.approx(np.log(plain.close[236] / plain.close[209]))
    assert values["tval_mean"][7] == pytest.approx(np.log(plain.amount[210:237].mean() + 1))
    shares = values["bar_val_share"]
    assert shares[7] == pytest.approx(plain.amount[210:].sum() / plain.day_amount)
    assert shares.sum() + plain.auction_amount / plain.day_amount == pytest.approx(1)
    assert np.isfinite(list(features(plain, 10).values())).all()  # 7 minutes are enough


def test_an_empty_bar_has_nothing() -> None:
    day = ordinary(np.random.default_rng(2), traded=np.arange(240) // 30 != 3)
    for name, x in features(day).items():
        assert np.isnan(x[3]), name
        assert np.isfinite(x[2]), name
    locked = pinned(DAYS["random"], 60, 90, DAYS["random"].up_limit)
    assert np.isnan([x[2] for x in features(locked).values()]).all()


def test_four_minutes_are_too_few() -> None:
    base = ordinary(np.random.default_rng(2))
    for count in (4, 5):
        day = pinned(base, 30 + count, 60, base.up_limit)
        values = {name: x[1] for name, x in features(day).items()}
        assert np.isfinite(values["tval_rel"])
        assert np.isfinite(values["bar_val_share"])
        assert np.isfinite(values["ret_std"]) == (count == 5)
        assert np.isfinite(values["bar_range"]) == (count == 5)
        assert np.isfinite(values["prop_t_Tvalper"]) == (count == 5)
        assert np.isnan(values["prop_acorr_ret"])  # 4 pairs


def test_minutes_without_trades_count_in_levels_but_not_in_sizes_per_trade() -> None:
    day = ordinary(np.random.default_rng(2), traded=np.arange(240) % 3 == 0)
    values, at = {name: x[1] for name, x in features(day).items()}, slice(30, 60)
    assert values["count_mean"] == pytest.approx(np.log(day.trades[at].mean() + 1))
    busy = day.amount[at][::3] / day.trades[at][::3]
    assert values["valper_mean"] == pytest.approx(np.log(busy.mean() + 1))
    p = proportions(day.volume[at])
    assert values["prop_std_TradeVolume"] == pytest.approx(p.std() * 30)


def test_a_locked_day_keeps_what_has_no_price() -> None:
    values = features(DAYS["locked_60"])
    for name, x in values.items():
        assert np.isfinite(x[5]) == (name not in PRICE), name
    assert np.isnan(list(bar64_proxy(DAYS["locked_60"], 30, SIGMA).values())).all()
    assert set(LEVELS) & set(PRICE) == set()


def test_a_flat_bar_sits_in_the_middle() -> None:
    values = features(DAYS["constant_price"])
    assert (values["bar_clv"] == 0).all()
    assert (values["bar_arpp"] == 0.5).all()
    assert np.isnan(values["path_eff"]).all()


def test_sides_add_up_and_follow_the_return(plain: MinuteDay) -> None:
    sides = bulk_sides(plain, SIGMA)
    np.testing.assert_allclose(sides["VB"] + sides["VS"], plain.volume)
    np.testing.assert_allclose(sides["AB"] + sides["AS"], plain.amount)
    m = int(np.argmax(plain.rho[:237]))
    part = scipy_stats.norm.cdf(plain.rho[m] / SIGMA)
    assert sides["NB"][m] == pytest.approx(plain.trades[m] * part)
    assert np.isnan(bulk_sides(plain, 0.0)["VB"]).all()


def test_proxies_by_plain_slices(plain: MinuteDay) -> None:
    values = {name: x[1] for name, x in bar64_proxy(plain, 30, SIGMA).items()}
    sides = {name: x[30:60] for name, x in bulk_sides(plain, SIGMA).items()}
    rho, net = plain.rho[30:60], sides["AB"] - sides["AS"]
    buy = sides["AB"].sum() / sides["NB"].sum()
    sell = sides["AS"].sum() / sides["NS"].sum()
    expected = {
        "act_buy_valper": math.log(buy + 1),
        "act_valper_ratio": math.log(buy / sell),
        "act_buy_ratio": sides["AB"].sum() / plain.amount[30:60].sum(),
        "act_buy_cnt_ratio": sides["NB"].sum() / plain.trades[30:60].sum(),
        "net_act_str": net.mean() / net.std(),
        "prop_std_ActSellVol": sides["VS"].std() / sides["VS"].mean(),
        "prop_acorr_ActBuyVol": np.corrcoef(sides["VB"][1:], sides["VB"][:-1])[0, 1],
        "corr_ret_netact": np.corrcoef(rho, net)[0, 1],
        "corr_netact_nextret": np.corrcoef(net[:-1], rho[1:])[0, 1],
    }
    for name, x in expected.items():
        assert values[f"{name}_proxy"] == pytest.approx(x), name


def test_relative_amount_needs_a_past(plain: MinuteDay) -> None:
    past = np.array([np.nan, 0.0, *[1e6] * 6])
    values = bar64(plain, 30, past)["tval_rel"]
    assert np.isnan(values).tolist() == [True, True, *[False] * 6]
    print_only = replace(plain, amount=np.where(np.arange(240) < 239, plain.amount, 5e6))
    last = print_only.amount[210:].sum() / 1e6
    assert bar64(print_only, 30, past)["tval_rel"][7] == pytest.approx(np.log(last + 1))
