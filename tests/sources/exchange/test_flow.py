"""A day of orders: it ends where it must, nothing is lost, any thread makes the same one."""

from datetime import date

import numpy as np
import pytest

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.bars import MINUTES, fill_minutes, quiet_bars
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.flow import DayPlan, new_parents, trade_day
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.rng import new_stream, new_streams, uniform
from intralpha.sources.exchange.tape import BUY, LIMIT, MARKET, NO_SIDE, Tape

HABITS = HabitSpec().for_kernel()
SPEC = SimulatedSpec(n_assets=12, start=date(2023, 1, 3), end=date(2023, 1, 20))


def make_plan(number: int, **changes) -> DayPlan:
    rng = np.random.default_rng(number)
    preclose = int(rng.integers(200, 9000))
    value = preclose * np.exp(np.cumsum(rng.normal(0, 0.003, MINUTES + 1)))
    low, high = round(preclose * 0.9), round(preclose * 1.1)
    weight = rng.random(MINUTES)
    weight[-3:] = 0
    plan = DayPlan(
        value=value,
        weight=weight / weight.sum(),
        low=low,
        high=high,
        preclose=preclose,
        target=int(np.clip(round(value[-1]), low, high)),
        n_orders=400.0,
        shares=900.0,
        least=100,
        step=100,
        half_spread=max(0.5, 4e-4 * preclose),
        signal=0.0,
        shanghai=bool(number % 2),
        closing_auction=True,
    )
    return plan._replace(**changes)


def traded(plan: DayPlan, number: int = 0, habits=HABITS) -> Tape:
    book = lob.new_book(plan.high - plan.low + 1, 5000, 20000)
    lob.reset(book, plan.low, plan.high)
    stream = new_stream(1, number, 0)
    trade_day(book, plan, habits, new_parents(), np.zeros(5000, np.int64), stream)
    lob.check(book)
    return lob.tape_of(book)


@pytest.mark.parametrize("closing_auction", [True, False])
@pytest.mark.parametrize("number", range(12))
def test_a_day_ends_at_its_value_inside_its_band(number: int, closing_auction: bool) -> None:
    plan = make_plan(number, closing_auction=closing_auction)
    tape = traded(plan, number)
    assert tape.trade_tick[-1] == plan.target
    assert tape.trade_tick.min() >= plan.low
    assert tape.trade_tick.max() <= plan.high
    limits = tape.order_tick[tape.order_kind == LIMIT]
    assert plan.low <= limits.min() <= limits.max() <= plan.high


@pytest.mark.parametrize("number", range(6))
def test_every_share_is_accounted_for(number: int) -> None:
    tape = traded(make_plan(number), number)
    entered = dict(zip(tape.order_seq.tolist(), tape.order_shares.tolist(), strict=True))
    gone = dict.fromkeys(entered, 0)
    for ids in (tape.trade_buy, tape.trade_sell):
        for i, shares in zip(ids.tolist(), tape.trade_shares.tolist(), strict=True):
            gone[i] += shares
    for i, shares in zip(tape.cancel_id.tolist(), tape.cancel_shares.tolist(), strict=True):
        gone[i] += shares
        assert gone[i] == entered[i], "a cancel takes all that is left"
    assert all(gone[i] <= entered[i] for i in entered)
    side = dict(zip(tape.order_seq.tolist(), tape.order_side.tolist(), strict=True))
    assert {side[i] for i in tape.trade_buy.tolist()} == {BUY}
    assert {side[i] for i in tape.trade_sell.tolist()} == {-BUY}
    everything = np.concatenate([tape.order_seq, tape.cancel_seq, tape.trade_seq])
    np.testing.assert_array_equal(np.sort(everything), np.arange(1, tape.events + 1))


@pytest.mark.parametrize("number", range(6))
def test_time_runs_forward_through_the_phases(number: int) -> None:
    tape = traded(make_plan(number), number)
    seq = np.concatenate([tape.order_seq, tape.cancel_seq, tape.trade_seq])
    clock = np.concatenate([tape.order_time, tape.cancel_time, tape.trade_time])[np.argsort(seq)]
    assert (np.diff(clock) >= 0).all()
    hours = clock / 3_600_000
    assert ((hours < 11.5) | (hours >= 13)).all()
    auction = np.isin(tape.trade_time, [33_900_000, 54_000_000])
    np.testing.assert_array_equal(tape.trade_side == NO_SIDE, auction)
    later = tape.trade_buy > tape.trade_sell
    np.testing.assert_array_equal(tape.trade_side[~auction] == BUY, later[~auction])


def test_lots() -> None:
    tape = traded(make_plan(3, least=200, step=1), 3)
    plain = tape.order_shares[tape.order_kind != MARKET]
    assert plain.min() >= 200
    assert len(set((plain % 100).tolist())) > 10
    assert not (traded(make_plan(3), 3).order_shares % 100).any()


def test_a_value_beyond_the_limit_locks_the_price() -> None:
    plan = make_plan(4)
    value = np.full(MINUTES + 1, plan.high * 1.05)
    tape = traded(plan._replace(value=value, target=plan.high), 4)
    late = tape.trade_time > 36_000_000
    assert (tape.trade_tick[late] == plan.high).all()
    buys = tape.order_side == BUY
    assert tape.order_shares[buys].sum() > 1.5 * tape.order_shares[~buys].sum()


def test_the_informed_lean_to_the_side_of_their_signal() -> None:
    """Phi(0.25 x 3) = 0.77 of the informed buy; market and own-best orders are takers' only."""
    habits = HABITS._replace(informed_share=1.0, market_share=0.5, own_best_share=0.5)

    def buying(signal: float) -> float:
        sides = [
            tape.order_side[tape.order_kind != LIMIT] == BUY
            for tape in (traded(make_plan(i, signal=signal), i, habits) for i in range(30))
        ]
        return float(np.concatenate(sides).mean())

    assert buying(3.0) == pytest.approx(0.77, abs=0.06)
    assert buying(-3.0) == pytest.approx(0.23, abs=0.06)
    assert buying(0.0) == pytest.approx(0.50, abs=0.06)


def test_minutes_equal_a_plain_group_by() -> None:
    plan = make_plan(5)
    book = lob.new_book(plan.high - plan.low + 1, 5000, 20000)
    lob.reset(book, plan.low, plan.high)
    trade_day(book, plan, HABITS, new_parents(), np.zeros(5000, np.int64), new_stream(1, 5, 0))
    trades = book.trades[: book.state[lob.TRADES]]
    bars = quiet_bars(np.array([plan.preclose]))
    fill_minutes(bars, 0, trades, plan.preclose)
    last = plan.preclose
    for m in range(MINUTES):
        start = 34_200_000 + 60_000 * m if m < 120 else 46_800_000 + 60_000 * (m - 120)
        first = 0 if m == 0 else start
        stop = start + 60_000 + (1 if m in (119, 239) else 0)
        rows = [r for r in trades.tolist() if first <= r[lob.T_TIME] < stop]
        ticks = [r[lob.T_TICK] for r in rows]
        found = [getattr(bars, n)[0, m] for n in ("open", "high", "low", "close")]
        assert found == ([ticks[0], max(ticks), min(ticks), ticks[-1]] if ticks else [last] * 4)
        assert bars.volume[0, m] == sum(r[lob.T_SHARES] for r in rows)
        assert bars.amount[0, m] == sum(r[lob.T_SHARES] * r[lob.T_TICK] for r in rows)
        assert bars.trades[0, m] == len(rows)
        last = bars.close[0, m]


def test_threads_change_nothing_and_a_day_can_be_made_alone() -> None:
    market = SimulatedMarket(SPEC)
    days = [*market.days()]
    one = [Floor(SPEC.seed, SPEC.habits, threads=1).minutes(day) for day in days]
    four = Floor(SPEC.seed, SPEC.habits, threads=4)
    for day, alone in reversed(list(zip(days, one, strict=True))):
        together = four.minutes(day)
        for name in ("open", "high", "low", "close", "volume", "amount", "trades"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))


def test_closes_are_known_before_anyone_trades() -> None:
    for day in SimulatedMarket(SPEC).days():
        bars = Floor(SPEC.seed, SPEC.habits, threads=2).minutes(day)
        np.testing.assert_array_equal(bars.close[:, -1], day.close)


def test_tapes_make_the_same_bars() -> None:
    day = next(iter(SimulatedMarket(SPEC).days()))
    floor = Floor(SPEC.seed, SPEC.habits, threads=2)
    volume = floor.minutes(day).volume.sum(axis=1)
    for i, tape in floor.trade(day)[1].items():
        assert tape.trade_shares.sum() == volume[i]


def test_random_numbers_follow_the_published_generator() -> None:
    """SplitMix64 with seed 1234567 begins with 6457827717110365317, 3203168211198807973."""
    state = np.array([1234567], np.uint64)
    expected = [6457827717110365317, 3203168211198807973]
    found = [uniform(state) for _ in expected]
    assert found == pytest.approx([(e // 2**11 + 0.5) / 2**53 for e in expected], rel=1e-15)


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, 2**32, 2**63 + 5, 2**97 + 1])
@pytest.mark.parametrize("session", [0, 358, 2**33])
def test_streams_of_many_stocks_are_those_of_each(seed: int, session: int) -> None:
    """Against NumPy's SeedSequence, whose words are promised to stay."""
    stocks = np.array([0, 1, 299, 2**31 + 3])
    found = new_streams(seed, stocks, session)
    alone = [np.random.SeedSequence([seed, i, session]).generate_state(1, np.uint64)
             for i in stocks.tolist()]  # fmt: skip
    np.testing.assert_array_equal(found, alone)


def test_bars_are_the_same_with_and_without_tapes() -> None:
    """One goes from stock to stock in compiled code, the other comes back for every tape."""
    days = list(SimulatedMarket(SPEC).days())[:3]
    floor = Floor(SPEC.seed, SPEC.habits, threads=2)
    for day in days:
        alone, with_tapes = floor.minutes(day), floor.trade(day)[0]
        for name in ("open", "high", "low", "close", "volume", "amount", "trades"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(with_tapes, name))
