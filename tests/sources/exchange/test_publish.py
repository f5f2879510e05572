"""What the exchanges publish: the conventions by hand, and the truth recovered from the files."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.publish import shanghai_files, shenzhen_files
from intralpha.sources.exchange.tape import BUY, LIMIT, MARKET, SELL, Tape

from .test_flow import make_plan, traded

DAY = date(2024, 3, 4)
TEN = 36_000_000
ENTRUST = (
    "DataStatus,OrderIndex,OrderChannel,SecurityID,OrderTime,OrderType,OrderNO,OrderPrice,"
    "Balance,OrderBSFlag,BizIndex,LocalTime,SeqNo"
)
TRADE = (
    "DataStatus,TradeIndex,TradeChan,SecurityID,TradTime,TradPrice,TradVolume,TradeMoney,"
    "TradeBuyNo,TradeSellNo,TradeBSFlag,BizIndex,LocalTime,SeqNo"
)


def small_tape() -> Tape:
    """1 sells 300 at 10.00; 2 buys 100 (filled); 4 buys 500 at 10.01: 200 fill, 300 rest; out."""
    book = lob.new_book(200, 20, 20)
    lob.reset(book, 900, 1099)
    lob.limit(book, TEN, SELL, 1000, 300)  # sequence 1
    lob.limit(book, TEN + 1, BUY, 1000, 100)  # order 2, trade 3
    rest = lob.limit(book, TEN + 2, BUY, 1001, 500)  # order 4, trade 5
    lob.cancel(book, TEN + 3, rest)  # cancel 6
    lob.market(book, TEN + 4, BUY, 100)  # order 7, cancel 8: nothing to buy
    return lob.tape_of(book)


def test_shanghai_by_hand() -> None:
    entrust, trade = shanghai_files(small_tape(), "600000")
    assert ",".join(entrust.columns) == ENTRUST
    assert ",".join(trade.columns) == TRADE
    shown = entrust.select("OrderType", "OrderNO", "OrderPrice", "Balance", "OrderBSFlag")
    # Order 2 was filled on arrival and is not there; of order 4 only the 300 that rested are.
    assert shown.rows() == [
        ("A", 1, 10.0, 300, "S"),
        ("A", 4, 10.01, 300, "B"),
        ("D", 4, 10.01, 300, "B"),
    ]
    assert entrust["BizIndex"].to_list() == [1, 4, 5]
    assert trade.select("TradeBuyNo", "TradeSellNo", "TradVolume", "TradeBSFlag").rows() == [
        (2, 1, 100, "B"),
        (4, 1, 200, "B"),
    ]
    assert trade["BizIndex"].to_list() == [2, 3]
    assert trade["TradTime"].to_list() == ["10:00:00.001", "10:00:00.002"]


def test_shenzhen_by_hand() -> None:
    orders, trades = shenzhen_files(small_tape(), "000001", DAY)
    shown = orders.select("ApplSeqNum", "Price", "OrderQty", "Side", "OrdType")
    assert shown.rows() == [
        (1, 10.0, 300, "2", "2"),
        (2, 10.0, 100, "1", "2"),
        (4, 10.01, 500, "1", "2"),
        (7, 0.0, 100, "1", "1"),
    ]
    shown = trades.select(
        "ApplSeqNum", "ExecType", "BidApplSeqNum", "OfferApplSeqNum", "TradePrice", "TradeQty"
    )
    assert shown.rows() == [
        (3, "F", 2, 1, 10.0, 100),
        (5, "F", 4, 1, 10.0, 200),
        (6, "4", 4, 0, 0.0, 300),
        (8, "4", 7, 0, 0.0, 100),
    ]
    assert trades["TradeTime"][0] == "2024.03.04T10:00:00.001"


def truth(tape: Tape) -> dict[int, tuple[int, int, int]]:
    """Side, tick, shares by order number."""
    columns = (tape.order_side, tape.order_tick, tape.order_shares)
    rows = zip(*(c.tolist() for c in columns), strict=True)
    return dict(zip(tape.order_seq.tolist(), rows, strict=True))


@pytest.mark.parametrize("number", range(8))
def test_shanghai_orders_can_be_rebuilt(number: int) -> None:
    """Spec 2.4: shares = fills as aggressor before its own record + Balance of the record."""
    tape = traded(make_plan(number), number)
    entrust, trade = shanghai_files(tape, "600000")
    listed = entrust.filter(pl.col("OrderType") == "A")
    rebuilt: dict[int, int] = {}
    for flag, column in (("B", "TradeBuyNo"), ("S", "TradeSellNo")):
        for row in trade.filter(pl.col("TradeBSFlag") == flag).iter_rows(named=True):
            rebuilt[row[column]] = rebuilt.get(row[column], 0) + row["TradVolume"]
    for number_, balance in listed.select("OrderNO", "Balance").iter_rows():
        rebuilt[number_] = rebuilt.get(number_, 0) + balance
    orders = truth(tape)
    kind = dict(zip(tape.order_seq.tolist(), tape.order_kind.tolist(), strict=True))
    limits = {i for i in orders if kind[i] == LIMIT}
    assert {i: rebuilt[i] for i in limits} == {i: orders[i][2] for i in limits}
    for i in rebuilt.keys() - limits:
        assert rebuilt[i] == orders[i][2] or kind[i] == MARKET
    naive = dict(listed.select("OrderNO", "Balance").iter_rows())
    assert sum(naive.get(i) != orders[i][2] for i in limits) > 10, "the naive reading is wrong"


@pytest.mark.parametrize("number", range(8))
def test_an_order_is_listed_after_its_trades_and_before_others_meet_it(number: int) -> None:
    entrust, trade = shanghai_files(traded(make_plan(number), number), "600000")
    biz = np.sort(np.concatenate([entrust["BizIndex"], trade["BizIndex"]]))
    np.testing.assert_array_equal(biz, np.arange(1, len(biz) + 1))
    record = dict(
        entrust.filter(pl.col("OrderType") == "A").select("OrderNO", "BizIndex").iter_rows()
    )
    for row in trade.iter_rows(named=True):
        mine, other = ("TradeBuyNo", "TradeSellNo")[:: 1 if row["TradeBSFlag"] == "B" else -1]
        if row["TradeBSFlag"] != "N":
            assert record[row[other]] < row["BizIndex"] < record.get(row[mine], np.inf)


@pytest.mark.parametrize("number", range(8))
def test_shenzhen_files_hold_the_whole_truth(number: int) -> None:
    tape = traded(make_plan(number), number)
    orders, trades = shenzhen_files(tape, "000001", DAY)
    made = {
        i: (1 if side == "1" else -1, round(100 * price), shares)
        for i, side, price, shares in orders.select(
            "ApplSeqNum", "Side", "Price", "OrderQty"
        ).iter_rows()
    }
    assert made == truth(tape)
    fills = trades.filter(pl.col("ExecType") == "F")
    continuous = ~np.isin(tape.trade_time, [33_900_000, 54_000_000])
    later = np.where((fills["BidApplSeqNum"] > fills["OfferApplSeqNum"]).to_numpy(), BUY, SELL)
    np.testing.assert_array_equal(later[continuous], tape.trade_side[continuous])
    gone = trades.filter(pl.col("ExecType") == "4")
    ids = (gone["BidApplSeqNum"] + gone["OfferApplSeqNum"]).to_list()
    assert ids == tape.cancel_id.tolist()
    assert gone["TradeQty"].to_list() == tape.cancel_shares.tolist()
    everything = np.sort(np.concatenate([orders["ApplSeqNum"], trades["ApplSeqNum"]]))
    np.testing.assert_array_equal(everything, np.arange(1, tape.events + 1))
