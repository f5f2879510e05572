"""Shanghai's orders as entered: a day by hand, and what may be wrong with it."""

import polars as pl

from intralpha.sources.level2 import shanghai
from intralpha.sources.level2.orders import (
    NO_ORDERS,
    SECOND,
    TOO_MUCH,
    UNLISTED_CANCEL,
    UNLISTED_TRADE,
)
from intralpha.sources.remarks import EMPTY

from .conftest import ENTERED, ORDER_LINES, TRADE_LINES, Write, datayes, entered, read, reasons


def test_orders_as_entered(write: Write) -> None:
    orders = read(datayes(write()))["orders"]
    assert entered(orders) == ENTERED
    assert orders.frame["kind"].unique().to_list() == ["limit"]
    assert orders.repairs == {shanghai.PARTLY: 1, shanghai.FILLED: 3}
    assert orders.notes == {}
    assert orders.frame["seq"].is_sorted()


def test_a_cancel_is_a_row_with_what_was_taken_back(write: Write) -> None:
    cancels = read(datayes(write()))["orders"].frame.filter("cancel")
    shown = cancels.select("seq", "time", "id", "side", "price", "volume", "kind")
    assert shown.rows() == [(10, 36_000_000, 30, 1, 10.02, 200, "limit")]


def test_a_filled_order_has_the_worst_price_it_paid(write: Write) -> None:
    """Sell 60 hits 10.02 and 10.01; buy 61 lifts 10.03 and 10.04; neither is listed."""
    orders = (
        "600001,4,09:31:00.000,A,1,10.02,100,B,1",
        "600001,4,09:31:00.000,A,2,10.01,100,B,2",
        "600001,4,09:31:00.000,A,3,10.03,100,S,3",
        "600001,4,09:31:00.000,A,4,10.04,100,S,4",
    )
    trades = (
        "600001,4,09:32:00.000,10.02,100,1,60,S,5",
        "600001,4,09:32:00.010,10.01,70,2,60,S,6",
        "600001,4,09:33:00.000,10.03,100,61,3,B,7",
        "600001,4,09:33:00.020,10.04,30,61,4,B,8",
    )
    found = entered(read(datayes(write(orders, trades)))["orders"])
    assert found[60] == (5, 34_320_000, -1, 10.01, 170)
    assert found[61] == (7, 34_380_000, 1, 10.04, 130)


def test_fills_of_a_resting_order_are_not_added(write: Write) -> None:
    """Order 20 rests first and is met twice: 500 shares, not 1,000."""
    assert entered(read(datayes(write()))["orders"])[20][-1] == 500


def test_the_lines_of_a_file_may_stand_in_any_order(write: Write) -> None:
    found = read(datayes(write(ORDER_LINES[::-1], TRADE_LINES[::-1])))
    assert entered(found["orders"]) == ENTERED
    assert found["orders"].frame["seq"].is_sorted()


def test_orders_after_the_last_trade_wait_while_files_grow(write: Write) -> None:
    """Without trades 5 and 6 nothing tells that order 30 is more than its record."""
    partial = write(ORDER_LINES[:4], TRADE_LINES[:1])
    waiting = read(datayes(partial, live=True))["orders"]
    assert set(entered(waiting)) == {10, 11}
    assert waiting.notes == {shanghai.WAITING: 2}
    assert set(entered(read(datayes(partial))["orders"])) == {10, 11, 20, 30}
    # Order 51 is of the closing auction, where nothing is active: it does not wait.
    later = read(datayes(write(ORDER_LINES, TRADE_LINES[:-1]), live=True))["orders"]
    assert entered(later) == ENTERED


def test_an_order_without_a_record_is_counted(write: Write) -> None:
    """Nobody listed order 20: two trades met it; order 10 is gone from the auction and after."""
    lines = [line for line in ORDER_LINES if ",20," not in line and ",10," not in line]
    orders = read(datayes(write(lines)))["orders"]
    assert orders.notes == {UNLISTED_TRADE: 4}
    assert 20 not in entered(orders)


def test_a_cancel_without_an_order_is_kept_and_counted(write: Write) -> None:
    lines = (*ORDER_LINES, "600001,4,10:01:00.000,D,99,9.99,700,S,15")
    orders = read(datayes(write(lines)))["orders"]
    assert orders.notes == {UNLISTED_CANCEL: 1}
    row = orders.frame.filter(pl.col("id") == 99).row(0, named=True)
    assert (row["side"], row["price"], row["volume"], row["cancel"]) == (-1, 9.99, 700, True)


def test_a_second_record_of_an_order_is_set_aside(write: Write) -> None:
    lines = (*ORDER_LINES, "600001,4,10:01:00.000,A,20,10.01,800,S,15")
    orders = read(datayes(write(lines)))["orders"]
    assert reasons(orders) == {SECOND: 1}
    assert orders.quarantined["line"].to_list() == [9]
    assert entered(orders) == ENTERED


def test_an_active_fill_after_the_own_record_is_not_of_the_entry(write: Write) -> None:
    """Order 11 trades as the later one long after it was listed: ids are not what they seem."""
    trades = (*TRADE_LINES, "600001,4,14:00:00.000,10.00,100,50,20,B,15")
    orders = read(datayes(write(ORDER_LINES, trades)))["orders"]
    assert entered(orders) == ENTERED
    assert orders.notes == {shanghai.LATE: 1, TOO_MUCH: 2}


def test_more_cancelled_than_left_is_counted(write: Write) -> None:
    lines = [line.replace(",200,B,10", ",201,B,10") for line in ORDER_LINES]
    assert read(datayes(write(lines)))["orders"].notes == {TOO_MUCH: 1}


def test_trades_alone_make_no_orders(write: Write) -> None:
    found = read(datayes(write(())))
    assert found["trades"].frame.height == len(TRADE_LINES)
    assert found["orders"].frame.is_empty()
    assert found["orders"].notes == {NO_ORDERS: 1, EMPTY: 1}


def test_stocks_do_not_mix(write: Write) -> None:
    """The same numbers and ids in two stocks of two channels."""
    other = [
        [line.replace("600001,4", "688001,5") for line in lines]
        for lines in (ORDER_LINES, TRADE_LINES)
    ]
    found = read(datayes(write([*ORDER_LINES, *other[0]], [*TRADE_LINES, *other[1]])))
    for symbol in ("600001.SH", "688001.SH"):
        rows = found["orders"].frame.filter(pl.col("symbol") == symbol, ~pl.col("cancel"))
        columns = rows.select("id", "seq", "time", "side", "price", "volume").rows()
        assert {row[0]: row[1:] for row in columns} == ENTERED
    assert found["orders"].notes == {}
