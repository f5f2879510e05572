"""Daily factors with a look-back, against loops over one stock at a time."""

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec, session_factors
from intralpha.market import Lake

from .conftest import ABSENT, ASSETS, DAYS, GAP, LATE, SUSPENDED

NAN = float("nan")
THREE = LibrarySpec(library="price_volume", names=("ret20", "vol20", "ln_amount20"))
FIVE = LibrarySpec(library="price_volume", names=("vol", "lnto", "lnamihud", "apb_5d"))


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
    panel = THREE.make().compute(lake, DAYS, np.append(ASSETS, ABSENT))
    assert panel.values.dtype == np.float32
    for a, stock in enumerate(stocks):
        for d in range(len(DAYS)):
            returns, days = stock.returns(d, 20), stock.window(d, 20)
            amounts = [stock.rows[k]["amount"] for k in days]
            expected = (
                stock.past(d, 20),
                np.std(returns) if returns else NAN,
                np.log(np.mean(amounts)) if amounts else NAN,
            )
            np.testing.assert_allclose(
                panel.values[d, a], expected, rtol=1e-6, atol=1e-7, err_msg=str(d)
            )
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
    panel = THREE.make().compute(lake, DAYS[4:5], np.array(["600000.SH"]))
    assert np.isnan(panel["ret20"][0, 0])
    assert panel["vol20"][0, 0] == pytest.approx(np.sqrt(0.02 / 3))
    # No amount in the file: shares x (open + high + low + close) / 4, mean of the traded days.
    mean = (1000 + 2200 + 2970 + 990) / 4
    assert panel["ln_amount20"][0, 0] == pytest.approx(np.log(mean))


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
    features = LibrarySpec(library="price_volume", names=("apb_5d",)).make()
    panel = features.compute(lake, DAYS[4:5], np.array(["600000.SH"]))
    assert panel["apb_5d"][0, 0] == pytest.approx(0.0088627, abs=5e-8)


def test_turnover_without_float_shares_is_said(tmp_path, market_frames, caplog):
    lake = Lake(tmp_path, create=True)
    lake.append("daily", market_frames.daily.drop("float_shares", "total_shares"))
    panel = LibrarySpec(library="price_volume", names=("lnto",)).make().compute(lake, DAYS, ASSETS)
    assert np.isnan(panel.values).all()
    assert "no session has float_shares" in caplog.text


def test_a_close_is_carried_from_however_far_back(tmp_path):
    days = np.arange("2019-01-01", "2024-01-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    row = {"open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "preclose": 10.0, "volume": 100,
           "amount": 1000.0, "adj_factor": 2.0, "suspended": False}  # fmt: skip

    def rows(on, symbol, close):
        values = {n: pl.lit(v) for n, v in (row | {"close": close, "high": close}).items()}
        return pl.DataFrame({"date": on, "symbol": symbol}).with_columns(**values)

    lake = Lake(tmp_path, create=True)
    lake.append("daily", rows(days, "600000.SH", 10.0))
    lake.append("daily", rows(days[[0, -5, -1]], "600001.SH", 10.0))  # 1,300 sessions between
    lake.append("daily", rows(days[[-2]], "600001.SH", 11.0))
    found = THREE.make().compute(lake, days[-5:], np.array(["600001.SH"]))
    np.testing.assert_allclose(found["ret20"][:, 0], [0, 0, 0, 0.1, 0], atol=1e-6)
    returns = [0.0, 0.1, 10 / 11 - 1]  # of the sessions that traded, the long gap in the first
    np.testing.assert_allclose(found["vol20"][-1, 0], np.std(returns), rtol=1e-6)


@pytest.mark.parametrize("spec", [THREE, FIVE], ids=repr)
def test_values_do_not_depend_on_how_the_days_are_cut(lake, monkeypatch, spec):
    features = spec.make()
    whole = features.compute(lake, DAYS, ASSETS)
    some = DAYS[[0, 3, 21, 22, 39]]
    np.testing.assert_array_equal(
        features.compute(lake, some, ASSETS).values, whole.at(some).values
    )
    monkeypatch.setattr(session_factors, "BLOCK_DAYS", 6)
    np.testing.assert_array_equal(features.compute(lake, DAYS, ASSETS).values, whole.values)
    np.testing.assert_array_equal(
        features.compute(lake, some, ASSETS).values, whole.at(some).values
    )


def test_a_suspended_day_still_has_its_window(lake):
    panel = THREE.make().compute(lake, DAYS, ASSETS)
    a, days = SUSPENDED
    assert (panel["vol20"][days, a] == panel["vol20"][days[0] - 1, a]).all()
