"""Bars, auction and day from trades: the grid by hand, and nothing gained or lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.market import TABLES
from intralpha.market.session import BarFrequencyError
from intralpha.sources.exchange.aggregate import (
    DayTotal,
    OutsideSessionError,
    TradeBars,
    UnsortedTradesError,
    daily_total,
    minute_bars,
    opening_auction,
)
from intralpha.sources.exchange.tape import BUY, NO_SIDE, SELL, Tape

from .tapes import tapes

FREQUENCIES = st.sampled_from((1, 5, 15, 30, 60, 120))
PRECLOSE = 995


def ms(clock: str) -> int:
    """HH:MM:SS.mmm in ms since midnight."""
    hour, minute, second = clock.split(":")
    return (int(hour) * 60 + int(minute)) * 60_000 + round(float(second) * 1000)


def bars_of(rows: list[tuple[str, int, int, int]], freq: int = 1) -> TradeBars:
    """Bars of (clock, tick, shares, side)."""
    time = np.array([ms(r[0]) for r in rows], np.int64)
    rest = (np.array([r[k] for r in rows], np.int64) for k in (1, 2, 3))
    return minute_bars(time, *rest, freq, PRECLOSE)


def made(tape: Tape, freq: int) -> tuple[TradeBars, DayTotal | None]:
    trades = (tape.trade_time, tape.trade_tick, tape.trade_shares)
    return minute_bars(*trades, tape.trade_side, freq, PRECLOSE), opening_auction(*trades)


BY_HAND = [
    ("09:25:00.940", 1002, 700, NO_SIDE),  # opening auction: in no bar
    ("09:30:00.000", 1000, 100, BUY),  # m=1
    ("09:30:59.999", 1003, 200, SELL),  # m=1
    ("09:31:00.000", 999, 300, SELL),  # m=2
    ("11:29:00.000", 1001, 100, BUY),  # m=120
    ("11:30:00.000", 1004, 400, BUY),  # m=120: noon belongs to it
    ("13:00:00.000", 1005, 100, BUY),  # m=121
    ("14:59:59.999", 1006, 100, SELL),  # m=240
    ("15:00:00.000", 1007, 500, NO_SIDE),  # m=240
    ("15:00:01.060", 1007, 600, NO_SIDE),  # m=240: Shanghai's stamp of its closing auction
]


def test_the_grid_by_hand() -> None:
    bars = bars_of(BY_HAND)
    filled = {m + 1: int(bars.volume[m]) for m in np.flatnonzero(bars.volume)}
    assert filled == {1: 300, 2: 300, 120: 500, 121: 100, 240: 1200}
    first = [int(getattr(bars, n)[0]) for n in ("open", "high", "low", "close", "trades")]
    assert first == [1000, 1003, 1000, 1003, 2]
    # 1000 * 100 + 1003 * 200 = 300,600 fen, of which 100,000 were bought and 200,600 sold.
    sums = [int(getattr(bars, n)[0]) for n in ("fen", "active_buy_fen", "active_sell_fen")]
    assert sums == [300_600, 100_000, 200_600]
    # The last minute: 100 sold by a later order; 1100 in the auction, which has no active side.
    names = ("volume", "active_buy_volume", "active_sell_volume", "trades", "active_sell_trades")
    assert [int(getattr(bars, n)[239]) for n in names] == [1200, 0, 100, 3, 1]


def test_empty_bars_repeat_the_price_before_them() -> None:
    bars = bars_of(BY_HAND)
    for m, tick in ((2, 999), (118, 999), (121, 1005), (238, 1005)):
        assert [int(getattr(bars, n)[m]) for n in ("open", "high", "low", "close")] == [tick] * 4
        assert bars.volume[m] == bars.fen[m] == bars.trades[m] == 0
    # Nothing before 10:00: first the auction's price, without an auction the previous close.
    later = ("10:00:00.000", 1000, 100, BUY)
    assert bars_of([BY_HAND[0], later]).close[:31].tolist() == [1002] * 30 + [1000]
    assert bars_of([later]).open[:31].tolist() == [PRECLOSE] * 30 + [1000]


def test_longer_bars_by_hand() -> None:
    bars = bars_of(BY_HAND, 120)
    assert bars.volume.tolist() == [1100, 1300]
    assert bars.open.tolist() == [1000, 1005]
    assert bars.high.tolist() == [1004, 1007]
    assert bars.low.tolist() == [999, 1005]
    assert bars.close.tolist() == [1004, 1007]


def test_the_day_by_hand() -> None:
    trades = [np.array([ms(r[0]) if k == 0 else r[k] for r in BY_HAND]) for k in range(3)]
    auction = opening_auction(*trades)
    assert auction == DayTotal(1002, 1002, 1002, 1002, 700, 701_400, 1)
    # Volume 700 + 300 + 300 + 500 + 100 + 1200. Fen: auction 701,400; m=1 300,600; m=2 299,700;
    # m=120 100,100 + 401,600; m=121 100,500; m=240 100,600 + 503,500 + 604,200.
    assert daily_total(bars_of(BY_HAND), auction) == DayTotal(
        open=1002, high=1007, low=999, close=1007, volume=3100, fen=3_112_200, trades=10
    )
    # Without the auction the first trade opens the day.
    assert daily_total(bars_of(BY_HAND[1:]), None).open == 1000


def test_a_day_of_an_auction_only_or_of_nothing() -> None:
    none = np.zeros(0, np.int64)
    quiet = minute_bars(none, none, none, none, 5, PRECLOSE)
    assert opening_auction(none, none, none) is None
    assert daily_total(quiet, None) == DayTotal(*[PRECLOSE] * 4, 0, 0, 0)
    auction = opening_auction(*(np.array([v]) for v in (ms("09:25:00"), 1002, 700)))
    assert daily_total(bars_of(BY_HAND[:1]), auction) == DayTotal(*[1002] * 4, 700, 701_400, 1)


def test_columns_are_those_of_the_lake() -> None:
    columns = bars_of(BY_HAND).columns()
    assert set(columns) <= set(TABLES["bars"].columns)
    assert {"amount", "active_buy_amount", "active_sell_trades"} <= set(columns)
    # 300,600 fen are 3,006 CNY; 1,003 ticks are 10.03 CNY.
    assert (columns["amount"][0], columns["high"][0], columns["volume"][0]) == (3006.0, 10.03, 300)


@pytest.mark.parametrize("clock", ["11:31:00.000", "12:59:59.999", "15:01:00.000", "15:05:03.000"])
def test_trades_outside_the_session_are_refused(clock: str) -> None:
    with pytest.raises(OutsideSessionError, match=f"trade 1 is stamped {clock}") as caught:
        bars_of([BY_HAND[0], (clock, 1000, 100, BUY)])
    assert (caught.value.position, caught.value.time_ms) == (1, ms(clock))


def test_the_minute_after_a_close_is_the_last_that_counts() -> None:
    late = [("11:30:59.999", 1000, 100, BUY), ("15:00:59.999", 1000, 200, SELL)]
    assert bars_of(late).volume[[119, 239]].tolist() == [100, 200]


def test_unsorted_trades_and_odd_frequencies_are_refused() -> None:
    with pytest.raises(UnsortedTradesError, match="trade 2 "):
        bars_of([BY_HAND[0], BY_HAND[2], BY_HAND[1]])
    with pytest.raises(BarFrequencyError):
        bars_of(BY_HAND, 7)


@settings(deadline=None)
@given(tape=tapes(), freq=FREQUENCIES)
def test_bars_and_auction_are_the_trades(tape: Tape, freq: int) -> None:
    bars, auction = made(tape, freq)
    early = tape.trade_time < ms("09:30:00")
    fen = tape.trade_tick * tape.trade_shares
    assert int(bars.volume.sum()) == tape.trade_shares[~early].sum()
    assert int(bars.fen.sum()) == fen[~early].sum()
    assert int(bars.trades.sum()) == (~early).sum()
    for name, side in (("buy", BUY), ("sell", SELL)):
        mine = tape.trade_side == side
        assert getattr(bars, f"active_{name}_volume").sum() == tape.trade_shares[mine].sum()
        assert getattr(bars, f"active_{name}_fen").sum() == fen[mine].sum()
        assert getattr(bars, f"active_{name}_trades").sum() == mine.sum()
    day = daily_total(bars, auction)
    assert (day.volume, day.fen, day.trades) == (tape.trade_shares.sum(), fen.sum(), len(fen))
    tick = tape.trade_tick.tolist() or [PRECLOSE]
    assert (day.open, day.high, day.low, day.close) == (tick[0], max(tick), min(tick), tick[-1])


@settings(deadline=None)
@given(tape=tapes(), freq=FREQUENCIES)
def test_every_bar_equals_its_trades_picked_by_the_clock(tape: Tape, freq: int) -> None:
    """A plain reading of spec 2.2: floor to the minute, the last stamp of a session included."""
    bars, auction = made(tape, freq)
    last = auction.close if auction else PRECLOSE
    minute = []
    for time in tape.trade_time.tolist():
        start = ms("09:30:00") if time < ms("12:00:00") else ms("13:00:00") - 120 * 60_000
        cap = 119 if time < ms("12:00:00") else 239
        minute.append(min((time - start) // 60_000, cap) if time >= ms("09:30:00") else -freq)
    for m in range(240 // freq):
        mine = [n for n, k in enumerate(minute) if k // freq == m]
        ticks = tape.trade_tick[mine].tolist() or [last]
        found = [int(getattr(bars, n)[m]) for n in ("open", "high", "low", "close", "trades")]
        assert found == [ticks[0], max(ticks), min(ticks), ticks[-1], len(mine)]
        assert bars.volume[m] == tape.trade_shares[mine].sum()
        last = ticks[-1]


@settings(deadline=None)
@given(tape=tapes(), freq=FREQUENCIES)
def test_long_bars_are_sums_of_minutes(tape: Tape, freq: int) -> None:
    (minutes, _), (bars, _) = made(tape, 1), made(tape, freq)
    for name in ("volume", "fen", "trades", "active_buy_fen", "active_sell_volume"):
        np.testing.assert_array_equal(
            getattr(minutes, name).reshape(-1, freq).sum(axis=1), getattr(bars, name)
        )
    np.testing.assert_array_equal(minutes.close[freq - 1 :: freq], bars.close)
