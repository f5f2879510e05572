"""Trades: the active side by the ids, checked against the flag; auctions; what is left out."""

import polars as pl
import pytest

from intralpha.sources.level2 import trades as t
from intralpha.sources.level2.settle import AFTER_HOURS

from .conftest import ORDER_LINES, TRADE_LINES, Write, datayes, read, reasons


def side_of(write: Write, line: str) -> tuple[int, dict[str, int]]:
    batch = read(datayes(write((), [line])))["trades"]
    return batch.frame["side"].item(), batch.notes


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("clock", "buy", "sell", "flag", "side", "note"),
    [
        ("10:00:00.000", 9, 8, "B", 1, t.COMPARED),
        ("10:00:00.000", 8, 9, "S", -1, t.COMPARED),
        ("10:00:00.000", 9, 8, "S", 1, t.DIFFERS),
        ("10:00:00.000", 8, 9, "B", -1, t.DIFFERS),
        ("10:00:00.000", 9, 8, "", 1, None),
        ("10:00:00.000", 0, 8, "B", 1, t.BY_FLAG),
        ("10:00:00.000", 9, 0, "S", -1, t.BY_FLAG),
        ("10:00:00.000", 9, 9, "S", -1, t.BY_FLAG),
        ("10:00:00.000", 0, 8, "", 0, t.NO_SIDE),
        ("10:00:00.000", 9, 8, "N", 0, t.HALTED),
        ("09:25:00.000", 9, 8, "N", 0, None),
        ("09:29:59.999", 9, 8, "B", 0, t.FLAGGED),
        ("09:30:00.000", 9, 8, "B", 1, t.COMPARED),
        ("14:59:59.999", 9, 8, "B", 1, t.COMPARED),
        ("15:00:00.000", 9, 8, "N", 0, None),
        ("15:04:59.999", 8, 9, "S", 0, t.FLAGGED),
    ],
)
def test_active_side(
    write: Write, clock: str, buy: int, sell: int, flag: str, side: int, note: str | None
) -> None:
    found, notes = side_of(write, f"600001,4,{clock},10.00,100,{buy},{sell},{flag},3")
    assert found == side
    if note is None:
        assert notes == {}
    else:
        assert notes[note] == 1
        assert set(notes) <= {note, t.COMPARED}


def test_shanghai_had_no_closing_auction_before_2018_08_20(write: Write) -> None:
    path = write(ORDER_LINES, ["600001,4,15:00:00.000,10.00,100,9,8,B,3"])
    for day, side in (("20180817", 1), ("20180820", 0)):
        (path / "20230201").rename(path / day)
        assert read(datayes(path))["trades"].frame["side"].to_list() == [side]
        (path / day).rename(path / "20230201")


def test_shenzhen_has_no_flag_that_means_an_auction(write: Write) -> None:
    line = "000001,4,10:00:00.000,10.00,100,9,8,N,3"
    spec = datayes(write((), [line]), streams={"trades": {"exchange": "SZ"}})
    assert read(spec)["trades"].frame["side"].to_list() == [1]


def test_rows_of_a_day(write: Write) -> None:
    batch = read(datayes(write()))["trades"]
    assert batch.frame["seq"].to_list() == [3, 5, 6, 8, 9, 11, 14]
    assert batch.frame["side"].to_list() == [0, 1, 1, -1, -1, 1, 0]
    assert batch.frame["time"].to_list()[:2] == [33_900_500, 34_202_010]
    assert batch.frame.select("buy_id", "sell_id").row(3) == (30, 31)
    assert batch.rows_read == 7
    assert batch.notes == {t.COMPARED: 5}


def test_fixed_price_trading_after_hours_is_left_out(write: Write) -> None:
    late = (
        "600001,4,15:05:00.000,10.00,100,60,61,N,20",
        "600001,4,15:29:00.000,10.00,1,60,61,N,21",
    )
    orders = (*ORDER_LINES, "600001,4,15:06:00.000,A,60,10.00,100,B,19")
    found = read(datayes(write(orders, [*TRADE_LINES, *late])))
    assert found["trades"].frame.height == len(TRADE_LINES)
    assert found["trades"].repairs == {AFTER_HOURS: 2}
    assert found["trades"].rows_read == len(TRADE_LINES) + 2
    assert found["orders"].repairs[AFTER_HOURS] == 1
    assert 60 not in found["orders"].frame["id"]


def test_prices_are_the_nearest_to_the_decimal(write: Write) -> None:
    """Vendors print 1854.980000000000018 and 1801.00999999999999."""
    lines = [
        f"600001,4,10:00:00.000,{text},100,9,8,B,{k}"
        for k, text in enumerate(
            ("1854.980000000000018", "1801.00999999999999", "7.400000000000001")
        )
    ]
    prices = read(datayes(write(ORDER_LINES, lines)))["trades"].frame["price"]
    assert prices.to_list() == [1854.98, 1801.01, 7.4]
    assert prices.dtype == pl.Float64


@pytest.mark.parametrize("part", [1, 5, 6])
def test_ids_and_channels_that_are_no_numbers_are_told(write: Write, part: int) -> None:
    values = TRADE_LINES[1].split(",")
    values[part] = "x7"
    found = read(datayes(write(trades=(*TRADE_LINES[:1], ",".join(values), *TRADE_LINES[2:]))))
    names = {1: "TradeChan", 5: "TradeBuyNo", 6: "TradeSellNo"}
    assert reasons(found["trades"]) == {f"{names[part]} is not a number": 1}
    assert found["trades"].frame.height == len(TRADE_LINES) - 1
