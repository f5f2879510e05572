"""Brinson's effects by hand, and on a replay: the parts are the excess."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import AttributionError, Ledger, attribute
from intralpha.base import Panel

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]")
STOCKS = np.array(["000001.SZ", "000002.SZ", "600000.SH"])
GROUPS = np.array([0, 0, 1])
RET = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.10, -0.10, 0.02]])


def market(ret=RET) -> Panel:
    """Prices that start at 10 and earn these returns."""
    close = 10 * np.cumprod(1 + ret, axis=0)
    preclose = close / (1 + ret)
    return Panel(np.stack([close, preclose], -1), DAYS, STOCKS, ("close", "preclose"))


def ledger(ret: list[float], benchmark: list[float | None], cost=(0.0, 0.0)) -> Ledger:
    """Bought on the second session: half in the first stock, 0.3 in the third, 0.2 cash."""
    days = [day.item() for day in DAYS[1:]]
    daily = pl.DataFrame(
        {
            "date": days,
            "ret": ret,
            "benchmark_ret": benchmark,
            "cost_yuan": list(cost),
            "nav_yuan": (1e6 * np.cumprod(1 + np.array(ret))).tolist(),
        },
        schema_overrides={"benchmark_ret": pl.Float64},
    )
    holdings = pl.DataFrame(
        {"date": [days[0]] * 2, "symbol": STOCKS[[0, 2]].tolist(), "weight": [0.5, 0.3]}
    )
    empty = pl.DataFrame()
    return Ledger(daily, empty, empty, holdings, empty)


def benchmark(weights=(0.25, 0.25, 0.5)) -> Panel:
    return Panel(np.array(weights)[None, :, None], DAYS[:1], STOCKS, ("weight",))


def test_by_hand() -> None:
    """Banks: 0.5 at 10 % against 0.5 at 0; the other group 0.3 against 0.5 at 2 %; cash 0.2.

    The benchmark earns 0.5 x 0 + 0.5 x 2 % = 1 %. Banks: allocation 0, selection 0.5 x 10 %, no
    interaction. Others: allocation -0.2 x (2 % - 1 %). Cash: 0.2 x (0 - 1 %).
    """
    books = ledger([-0.001, 0.056], [0.0, 0.012], cost=(1000.0, 0.0))
    found = attribute(books, market(), benchmark(), GROUPS[None], ("bank", "steel"))
    first, second = found.daily.rows(named=True)
    assert first["cost"] == pytest.approx(-0.001)
    assert first["allocation"] == first["selection"] == first["interaction"] == 0
    assert first["trading"] == pytest.approx(0, abs=1e-15)
    assert second["allocation"] == pytest.approx(-0.2 * 0.01 - 0.2 * 0.01)
    assert second["selection"] == pytest.approx(0.05)
    assert second["interaction"] == pytest.approx(0, abs=1e-15)
    assert second["trading"] == pytest.approx(0, abs=1e-15)  # 0.5 x 10 % + 0.3 x 2 % = 5.6 %
    assert second["benchmark_gap"] == pytest.approx(0.01 - 0.012)
    assert second["excess_ret"] == pytest.approx(0.056 - 0.012)
    bank, steel, cash = found.groups.rows(named=True)
    assert (bank["group"], steel["group"], cash["group"]) == ("bank", "steel", "cash")
    assert bank["weight_share"] == pytest.approx(0.25)  # nothing on the first of two sessions
    assert bank["selection_excess"] == pytest.approx(0.05 / 2 * 244)
    assert cash["allocation_excess"] == pytest.approx(-0.002 / 2 * 244)
    (year, whole) = found.yearly().rows(named=True)
    assert (year["year"], whole["year"]) == ("2024", "all")
    assert whole["selection_excess"] == pytest.approx(0.05)


def test_groups_that_only_one_side_has() -> None:
    """All of the benchmark is steel; banks are off it, so what they earn over it is allocation."""
    books = ledger([0.0, 0.056], [0.0, 0.02])
    found = attribute(books, market(), benchmark((0.0, 0.0, 1.0)), GROUPS[None], ("bank", "steel"))
    second = found.daily.row(1, named=True)
    assert second["allocation"] == pytest.approx(0.5 * (0.1 - 0.02) + 0.2 * (0 - 0.02))
    assert second["selection"] == pytest.approx(0, abs=1e-15)
    assert second["interaction"] == pytest.approx(0, abs=1e-15)


def test_refused() -> None:
    whole = ledger([0.0, 0.056], [0.0, 0.012])
    none = ledger([0.0, 0.056], [0.0, None])
    labels = ("bank", "steel")
    with pytest.raises(AttributionError, match="without a return of the benchmark"):
        attribute(none, market(), benchmark(), GROUPS[None], labels)
    short = market().between(date(2024, 1, 2), date(2024, 1, 3))
    with pytest.raises(AttributionError, match="lacks 1 sessions"):
        attribute(whole, short, benchmark(), GROUPS[None], labels)
    other = Panel(np.array([0.5, 0.5])[None, :, None], DAYS[:1], STOCKS[:2], ("weight",))
    with pytest.raises(AttributionError, match="other assets"):
        attribute(whole, market(), other, GROUPS[None], labels)
