"""Active share, sizes and holdings by hand."""

import numpy as np
import polars as pl
import pytest

from intralpha.backtest.active import Standings, active_table, newest_holdings, size_table

STOCKS = np.array(["000001.SZ", "000002.SZ", "600000.SH"])
DAYS = np.array(["2024-01-03"], "datetime64[D]")
ONE = Standings(DAYS, STOCKS, np.array([[0.5, 0.0, 0.3]]), np.array([[0.25, 0.25, 0.5]]))


def test_by_hand() -> None:
    (row,) = active_table(ONE).drop("date").to_dicts()
    assert row == {
        "holdings": 2,
        "active_share": pytest.approx((0.25 + 0.25 + 0.2 + 0.2) / 2),
        "top_10_share": pytest.approx(0.8),
        "cash_share": pytest.approx(0.2),
        "effective_stocks": pytest.approx(1 / 0.34),
    }
    sizes = size_table(ONE, np.array([[1e9, 3e9, 2e9]]))
    assert sizes["size"].to_list() == ["small", "middle", "large"]
    assert sizes["active_weight_share"].to_list() == pytest.approx([0.25, -0.2, -0.25])
    assert size_table(ONE, np.full((1, 3), np.nan)).is_empty()
    found = newest_holdings(ONE, np.array([0, 0, 1]), ("bank", "steel"))
    assert found["symbol"].to_list() == ["000001.SZ", "600000.SH"]
    assert found["group"].to_list() == ["bank", "steel"]
    assert found["active_weight_share"].to_list() == pytest.approx([0.25, -0.2])


def test_an_index_in_full_has_no_active_share() -> None:
    same = Standings(DAYS, STOCKS, ONE.benchmark_DA, ONE.benchmark_DA)
    assert active_table(same)["active_share"].item() == 0.0


def test_without_a_rebalance_there_is_nothing() -> None:
    none = Standings(DAYS[:0], STOCKS, np.empty((0, 3)), np.empty((0, 3)))
    assert active_table(none).is_empty()
    assert newest_holdings(none, np.zeros(3, int), ("bank",)).is_empty()
    assert isinstance(size_table(none, np.empty((0, 3))), pl.DataFrame)
