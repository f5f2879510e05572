"""Schemas: every rule refuses what it should, and a split loses nothing."""

from datetime import date, time
from itertools import permutations

import polars as pl
import pytest

from intralpha.market import TABLES, RowError, SchemaError, split_valid, validate
from intralpha.market.schemas import shape, why_invalid

from .conftest import SESSIONS, bar_rows, daily_rows

BAD = {
    "high is below low": {"high": 1.0, "low": 2.0, "open": 1.5, "close": 1.5},
    "high is below open or close": {"high": 9.5},
    "low is above open or close": {"low": 10.5},
    "volume is negative": {"volume": -100},
    "close is not positive": {"close": 0.0},
    "close is not finite": {"close": float("nan")},
    "close is null": {"close": None},
    "symbol is not like 600519.SH": {"symbol": "600519"},
}


@pytest.mark.parametrize(("reason", "change"), BAD.items())
def test_every_rule_refuses_its_row_and_keeps_the_rest(reason: str, change: dict) -> None:
    rows = daily_rows(SESSIONS[:2])
    at = pl.int_range(pl.len()) == 0
    bad = rows.with_columns(
        pl.when(at).then(pl.lit(v)).otherwise(pl.col(c)).alias(c) for c, v in change.items()
    )
    good, refused = split_valid("daily", bad)
    assert refused["reason"].to_list() == [reason]
    assert good.height == rows.height - 1
    with pytest.raises(RowError, match="1 bad rows"):
        validate("daily", bad)


def test_duplicates_are_named() -> None:
    rows = daily_rows(SESSIONS[:1])
    good, refused = split_valid("daily", pl.concat([rows, rows[:2]]))
    assert refused["reason"].to_list() == ["duplicate key", "duplicate key"]
    assert good.height == 4


def test_times_off_the_grid_are_refused() -> None:
    rows = bar_rows(SESSIONS[0]).with_columns(
        time=pl.when(pl.col("time") == time(10, 0)).then(time(10, 1)).otherwise(pl.col("time"))
    )
    _, refused = split_valid("bars", rows)
    assert refused["reason"].unique().to_list() == ["time is not the end of a bar"]
    assert refused.height == 4


def test_columns_must_be_the_declared_ones() -> None:
    rows = daily_rows(SESSIONS[:1])
    with pytest.raises(SchemaError, match=r"missing \['close'\], unknown \['closing'\]"):
        validate("daily", rows.rename({"close": "closing"}))
    with pytest.raises(SchemaError, match="one of instruments, daily"):
        validate("dayly", rows)
    with pytest.raises(SchemaError, match="declared types"):
        validate("daily", rows.with_columns(volume=pl.lit("many")))


def test_absent_nullable_columns_are_added_and_rows_sorted() -> None:
    out = validate("daily", daily_rows(SESSIONS[:2])[::-1])
    assert out.columns == list(TABLES["daily"].columns)
    assert out["up_limit"].null_count() == 8
    assert out["symbol"].to_list() == sorted(out["symbol"][:4].to_list()) * 2


def test_periods_must_not_end_before_they_begin() -> None:
    rows = pl.DataFrame(
        {"index": ["000300.SH"], "symbol": ["600519.SH"], "in_date": [date(2024, 1, 2)]}
    ).with_columns(out_date=pl.lit(date(2023, 1, 2)))
    _, refused = split_valid("membership", rows)
    assert refused["reason"].to_list() == ["out_date is before in_date"]


KEYED = ("daily", "bars", "trades", "orders", "snapshots", "membership", "fundamentals")


def of_one_key() -> dict[str, tuple[pl.DataFrame, dict]]:
    """Table -> one good row, and what makes a bad one of it without another key."""
    on = SESSIONS[0]
    trade = {"date": on, "symbol": "600519.SH", "seq": 7, "time": 34_200_000, "price": 10.0,
             "volume": 100, "buy_id": 1, "sell_id": 2, "side": 1}  # fmt: skip
    member = {"index": "000300.SH", "symbol": "600519.SH", "in_date": on, "out_date": None}
    report = {"symbol": "600519.SH", "announce_date": on, "item": "net_profit", "value": 1.0}
    order = {k: trade[k] for k in ("date", "symbol", "seq", "time", "side", "price", "volume")}
    order |= {"id": 3, "kind": "limit", "cancel": False}
    quote = {"date": on, "symbol": "600519.SH", "time": 34_200_000, "last": 10.0,
             "volume": 100, "amount": 1000.0}  # fmt: skip
    return {
        "daily": (daily_rows([on])[:1], {"high": 1.0}),
        "bars": (bar_rows(on)[:1], {"volume": -1}),
        "trades": (pl.DataFrame([trade]), {"price": 0.0}),
        "orders": (pl.DataFrame([order]), {"volume": -100}),
        "snapshots": (pl.DataFrame([quote]), {"volume": -1}),
        "membership": (pl.DataFrame([member]), {"out_date": date(1990, 1, 2)}),
        "fundamentals": (pl.DataFrame([report]), {"value": float("inf")}),
    }


@pytest.mark.parametrize("table", KEYED)
@pytest.mark.parametrize("order", sorted(set(permutations("bbgh"))))
def test_a_bad_row_takes_no_key(table: str, order: tuple[str, ...]) -> None:
    good, change = of_one_key()[table]
    good = shape(table, good)
    kinds = {c: good.schema[c] for c in change}
    bad = good.with_columns(pl.lit(v, kinds[c]).alias(c) for c, v in change.items())
    other = {"g": good, "h": good, "b": bad}
    reasons = why_invalid(table, pl.concat([other[kind] for kind in order])).to_list()
    told = dict(zip(range(4), reasons, strict=True))
    kept = [k for k, why in told.items() if why is None]
    assert kept == [min(order.index("g"), order.index("h"))]
    assert [told[k] for k in told if order[k] == "b"] == [
        next(r for r in reasons if r and r != "duplicate key")
    ] * 2
    assert sum(why == "duplicate key" for why in reasons) == 1
