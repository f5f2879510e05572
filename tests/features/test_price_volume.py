"""Daily factors with a look-back, against loops over one stock at a time."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.features import (
    CommonSpec,
    MissingFloatSharesError,
    ReversalVolSizeSpec,
    build,
    session_blocks,
)
from intralpha.market import Lake

from .conftest import ABSENT, ASSETS, DAYS, GAP, LATE, SUSPENDED

NAN = float("nan")


class Stock:
    """One stock's rows on the grid of days: carried close, returns, traded days, amounts."""

    def __init__(self, frames, symbol):
        rows = {r["date"]: r for r in frames.daily.iter_rows(named=True) if r["symbol"] == symbol}
        self.rows = [rows.get(day.item()) for day in DAYS]
        self.close, last = [], NAN
        for r in self.rows:
            last = last if r is None else r["close"] * r["adj_factor"]
            self.close.append(last)
        self.ret = [NAN, *(b / a - 1 for a, b in zip(self.close, self.close[1:], strict=False))]

    def window(self, d, length):
        """Positions of the traded days among the last ``length`` sessions."""
        days = range(max(d - length + 1, 0), d + 1)
        return [k for k in days if self.rows[k] is not None and self.rows[k]["volume"] > 0]

    def returns(self, d, length):
        return [self.ret[k] for k in self.window(d, length) if np.isfinite(self.ret[k])]

    def past(self, d, length):
        return self.close[d] / self.close[d - length] - 1 if d >= length else NAN


@pytest.fixture(scope="module")
def stocks(market_frames):
    return [Stock(market_frames, str(symbol)) for symbol in ASSETS]


def test_reversal_volatility_and_size(lake, stocks):
    panel = build(ReversalVolSizeSpec()).compute(lake, DAYS, np.append(ASSETS, ABSENT))
    assert panel.values.dtype == np.float64
    for a, stock in enumerate(stocks):
        for d in range(len(DAYS)):
            returns, days = stock.returns(d, 20), stock.window(d, 20)
            amounts = [stock.rows[k]["amount"] for k in days]
            expected = (
                stock.past(d, 20),
                np.std(returns) if returns else NAN,
                np.log(np.mean(amounts)) if amounts else NAN,
            )
            np.testing.assert_allclose(panel.values[d, a], expected, rtol=1e-10, err_msg=str(d))
    assert np.isnan(panel.values[:, -1]).all()
    assert np.isfinite(panel["vol20"][LATE[1] + 1, LATE[0]])
    assert np.isfinite(panel["ret20"][GAP[1][0], GAP[0]])


def test_volatility_by_hand(tmp_path):
    # Closes 10, 11, (suspended), 9.9, 9.9: returns of the traded days +10 %, -10 %, 0.
    close, volume = [10.0, 11.0, 11.0, 9.9, 9.9], [100, 200, 0, 300, 100]
    frame = pl.DataFrame(
        {"date": DAYS[:5], "symbol": "600000.SH", "open": close, "high": close,
         "low": close, "close": close, "preclose": close, "volume": volume, "adj_factor": 1.0,
         "suspended": [v == 0 for v in volume]}
    )  # fmt: skip
    lake = Lake(tmp_path, create=True)
    lake.append("daily", frame)
    panel = build(ReversalVolSizeSpec()).compute(lake, DAYS[4:5], np.array(["600000.SH"]))
    assert np.isnan(panel["ret20"][0, 0])
    assert panel["vol20"][0, 0] == pytest.approx(np.sqrt(0.02 / 3))
    # No amount in the file: shares x (open + high + low + close) / 4, mean of the traded days.
    mean = (1000 + 2200 + 2970 + 990) / 4
    assert panel["ln_amount20"][0, 0] == pytest.approx(np.log(mean))


@pytest.mark.parametrize(("days", "least"), [(20, 9), (8, 6)])
def test_common_factors(lake, stocks, days, least):
    names = ("ret", "vol", "lnto", "lnamihud", "apb_5d")
    features = build(CommonSpec(names=names, days=days, min_days=least))
    panel = features.compute(lake, DAYS, ASSETS)
    for a, stock in enumerate(stocks):
        for d in range(len(DAYS)):
            np.testing.assert_allclose(
                panel.values[d, a], common(stock, d, days, least), rtol=1e-5, err_msg=f"{a} {d}"
            )


def common(stock, d, days, least):
    """The five factors of one stock on one day, or NaN."""
    traded = stock.window(d, days)
    returns = stock.returns(d, days)
    rows = [stock.rows[k] for k in traded]
    impact = [
        abs(stock.ret[k]) / stock.rows[k]["amount"] for k in traded if stock.ret[k] is not NAN
    ]
    impact = [x for x in impact if np.isfinite(x)]
    week = [stock.rows[k] for k in stock.window(d, 5)]
    vwap = np.array([r["amount"] / r["volume"] * r["adj_factor"] for r in week])
    shares = np.array([r["volume"] / r["adj_factor"] for r in week])
    return (
        stock.past(d, days) if len(traded) >= least else NAN,
        np.std(returns, ddof=1) if len(returns) >= max(least, 2) else NAN,
        np.log(np.mean([r["volume"] / r["float_shares"] for r in rows]))
        if len(traded) >= least else NAN,
        np.log(np.mean(impact) * 1e8) if len(impact) >= 15 else NAN,
        np.log(vwap.mean() / ((shares * vwap).sum() / shares.sum())) if len(week) >= 3 else NAN,
    )  # fmt: skip


def test_apb_vector_of_the_specification(tmp_path):
    # The vector `apb` of spec/factors.md section 20.
    vwap, volume = [10, 10.2, 10.1, 10.3, 10.4], [500, 100, 200, 100, 100]
    frame = pl.DataFrame(
        {"date": DAYS[:5], "symbol": "600000.SH", "open": vwap, "high": vwap,
         "low": vwap, "close": vwap, "preclose": vwap, "volume": volume,
         "amount": [p * v for p, v in zip(vwap, volume, strict=True)], "adj_factor": 1.0,
         "suspended": False}, strict=False
    )  # fmt: skip
    lake = Lake(tmp_path, create=True)
    lake.append("daily", frame)
    features = build(CommonSpec(names=("apb_5d",), days=5, min_days=1))
    panel = features.compute(lake, DAYS[4:5], np.array(["600000.SH"]))
    assert panel["apb_5d"][0, 0] == pytest.approx(0.0088627, abs=5e-8)


def test_turnover_without_float_shares_is_an_error(tmp_path, market_frames):
    lake = Lake(tmp_path, create=True)
    lake.append("daily", market_frames.daily.drop("float_shares", "total_shares"))
    with pytest.raises(MissingFloatSharesError, match="no float_shares"):
        build(CommonSpec(names=("ret", "lnto"))).compute(lake, DAYS, ASSETS)
    assert build(CommonSpec()).compute(lake, DAYS, ASSETS).names == (
        "ret", "vol", "lnamihud", "apb_5d",
    )  # fmt: skip


def test_unknown_factor_names_are_refused():
    with pytest.raises(ValidationError):
        CommonSpec(names=("skew",))


@pytest.mark.parametrize("spec", [ReversalVolSizeSpec(), CommonSpec(days=10, min_days=3)], ids=repr)
def test_values_do_not_depend_on_how_the_days_are_cut(lake, monkeypatch, spec):
    features = build(spec)
    whole = features.compute(lake, DAYS, ASSETS)
    some = DAYS[[0, 3, 21, 22, 39]]
    np.testing.assert_array_equal(
        features.compute(lake, some, ASSETS).values, whole.at(some).values
    )
    monkeypatch.setattr(session_blocks, "BLOCK_DAYS", 6)
    np.testing.assert_array_equal(features.compute(lake, DAYS, ASSETS).values, whole.values)
    np.testing.assert_array_equal(
        features.compute(lake, some, ASSETS).values, whole.at(some).values
    )


def test_a_suspended_day_still_has_its_window(lake):
    panel = build(ReversalVolSizeSpec()).compute(lake, DAYS, ASSETS)
    a, days = SUSPENDED
    assert (panel["vol20"][days, a] == panel["vol20"][days[0] - 1, a]).all()
