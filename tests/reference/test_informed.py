"""The regression of minute returns beside plain least squares, and the hand-made factors."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.features import LibrarySpec, load_library, time_factors
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2_needs import MissingLevel2Error
from intralpha.features.return_surprise import MinuteRegression, pair_sums, surprises
from intralpha.features.session_reader import Session
from intralpha.features.time_factors import TimeFactors
from intralpha.market import Lake
from intralpha.market.bar_day import LEVEL2_FIELDS, BarDay
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

from .bar64_level2 import Level2Day
from .day import MinuteDay
from .days import ordinary, pinned, suspended_day
from .informed import HAND_MADE, LEAST, day_values, hand_made, informed, pairs, residuals, rskew
from .lake_days import FIELDS, enriched_symbols, stock_day

N_DAYS = 27
History = list[tuple[date, MinuteDay | None]]


def stored(day: MinuteDay) -> MinuteDay:
    """Prices as float32 keeps them."""
    names = ("open", "high", "low", "close")
    return replace(day, **{n: getattr(day, n).astype(np.float32).astype(float) for n in names})


def dates(seed: int) -> list[date]:
    """Sessions with holidays between them; one week has a Monday only."""
    rng, out, on = np.random.default_rng(seed), [], date(2023, 1, 2)
    while len(out) < N_DAYS:
        if on.weekday() < 5 and rng.random() < 0.85:
            out.append(on)
        on += timedelta(days=1)
    return out


def rising(rng: np.random.Generator, day: MinuteDay) -> MinuteDay:
    """Returns so much alike that the one before is nearly a constant, but not quite."""
    close = 20.0 * np.exp(2e-4 * np.arange(240) + rng.normal(0, 1e-5, 240))
    return stored(replace(day, open=close, high=close, low=close, close=close))


def histories(seed: int) -> dict[str, History]:
    """Stocks over 27 sessions; None where a stock has no bars."""
    rng, when = np.random.default_rng(seed), dates(seed)
    days = [stored(ordinary(rng, 20.0)) for _ in when]
    quiet = [stored(ordinary(rng, 3.0, rng.random(240) < 0.15, shares=1.0)) for _ in when]
    dear = [stored(ordinary(rng, 1700.0, closing_auction=i % 2 == 0)) for i in range(N_DAYS)]
    still = [stored(suspended_day(9.0)) for _ in when]
    locked = [pinned(d, 40, 200, d.up_limit) if i % 3 else d for i, d in enumerate(days)]
    same = [replace(d, **{n: np.full(240, 9.0) for n in ("open", "high", "low", "close")})
            for d in days]  # fmt: skip
    steady = [rising(rng, d) for d in days]
    halted = [suspended_day(20.0) if i % 7 == 2 else d for i, d in enumerate(days)]
    stocks: dict[str, list[MinuteDay | None]] = {
        "ordinary": days,
        "quiet": quiet,
        "dear": dear,
        "always halted": still,
        "locked": [stored(d) for d in locked],
        "same price": same,
        "steady": steady,
        "halted at times": halted,
        "listed late": [None] * 10 + days[10:],
        "absent at times": [None if 20 <= i < 23 else d for i, d in enumerate(days)],
        "gone": [*days[:22], *[None] * (N_DAYS - 22)],
        "one weekday": [d if on.weekday() == 2 else suspended_day(20.0)
                        for on, d in zip(when, days, strict=True)],
    }  # fmt: skip
    return {name: list(zip(when, d, strict=True)) for name, d in stocks.items()}


def inputs(days: list[MinuteDay]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the feature set gives the regression: closes, first opens, minutes that count."""
    close = np.array([d.close for d in days], np.float32)
    counts = [d.ok & (d.volume.sum() > 0) for d in days]
    return close, np.array([d.open[0] for d in days], np.float32), np.array(counts)


def streamed(
    stocks: list[History], first: int = 0, missing: int = -1
) -> list[dict[int, np.ndarray]]:
    """Residuals of each stock by session, streamed from a session on; one is not in the lake."""
    regression = MinuteRegression(len(stocks))
    out: list[dict[int, np.ndarray]] = [{} for _ in stocks]
    for t in range(first, N_DAYS):
        here = [s for s, history in enumerate(stocks) if history[t][1] is not None]
        if t == missing or not here:
            continue
        given_ = inputs([stocks[s][t][1] for s in here])
        columns = np.array(here)
        regression.add(t, stocks[0][t][0].weekday(), columns, pair_sums(*given_))
        rows = surprises(*given_, regression.coefficients(t, columns))
        for s, row in zip(here, rows, strict=True):
            out[s][t] = row
    return out


def window(history: History, t: int, missing: int = -1) -> list[tuple[date, MinuteDay]]:
    """The sessions that the regression of session t reads; a gap in the lake is one of them."""
    sessions = range(max(t - 19, 0), t + 1)
    return [(history[i][0], history[i][1]) for i in sessions if i != missing and history[i][1]]


@pytest.mark.slow
@pytest.mark.parametrize("missing", [pytest.param(-1, marks=pytest.mark.slow), 22])
def test_residuals_are_those_of_least_squares(missing):
    stocks = histories(3)
    got = streamed(list(stocks.values()), missing=missing)
    compared = dict.fromkeys(stocks, 0)
    for (name, history), found in zip(stocks.items(), got, strict=True):
        for t in (10, 12, 20, 26):
            if t not in found:
                continue
            want = residuals(window(history, t, missing))
            assert np.array_equal(np.isnan(found[t]), np.isnan(want)), (name, t)
            # float32 keeps the residual itself to 6e-8 of it.
            np.testing.assert_allclose(found[t], want, rtol=1e-7, atol=1e-12, err_msg=f"{name} {t}")
            compared[name] += int(np.isfinite(want).sum())
    assert compared.pop("always halted") == compared.pop("one weekday") == 0
    assert compared["gone"] < compared["ordinary"]
    assert min(compared.values()) > 150


@settings(max_examples=4)
@given(st.integers(0, 10_000), st.integers(11, N_DAYS - 1))
def test_coefficients_give_what_least_squares_fits(seed, t):
    rng, when = np.random.default_rng(seed), dates(seed % 50)
    days = [stored(ordinary(rng, 20.0, rng.random(240) < rng.uniform(0.2, 1.0))) for _ in when]
    history: History = list(zip(when, days, strict=True))
    regression = MinuteRegression(1)
    for i in range(t + 1):
        regression.add(i, when[i].weekday(), np.array([0]), pair_sums(*inputs([days[i]])))
    level = regression.coefficients(t, np.array([0]))[0]
    at, want = pairs(days[t]), residuals(window(history, t))
    fitted = level[at // 30] + level[8] * days[t].r[at - 1]
    np.testing.assert_allclose(days[t].r[at] - fitted, want[at], rtol=1e-8, atol=1e-13)


def test_a_value_depends_on_its_window_only():
    stocks = histories(5)
    history = stocks["ordinary"]
    whole = streamed([history])[0]
    for first in (1, 6):
        late = streamed([history], first)[0]
        np.testing.assert_array_equal(late[26], whole[26])
    assert np.isnan(streamed([history], 16)[0][26]).all()  # eleven sessions are too few
    changed = [(on, d if t < 26 else stocks["quiet"][t][1]) for t, (on, d) in enumerate(history)]
    other = streamed([changed])[0]
    for t in range(26):
        np.testing.assert_array_equal(other[t], whole[t])
    older = [(on, stocks["quiet"][t][1] if t == 6 else d) for t, (on, d) in enumerate(history)]
    assert np.array_equal(streamed([older])[0][26], whole[26], equal_nan=True)
    newer = [(on, stocks["quiet"][t][1] if t == 7 else d) for t, (on, d) in enumerate(history)]
    assert not np.array_equal(streamed([newer])[0][26], whole[26], equal_nan=True)


def test_neither_lunch_nor_a_locked_minute_is_paired():
    day = ordinary(np.random.default_rng(8))
    at = pairs(day)
    assert at[0] == 1
    assert 120 not in at
    assert set(range(1, 237)) - set(at.tolist()) == {120}
    locked = pinned(day, 50, 60, day.up_limit)
    assert set(at.tolist()) - set(pairs(locked).tolist()) == set(range(50, 61))
    got = streamed([[(on, stored(d)) for on, d in zip(dates(1), [day] * N_DAYS, strict=True)]])[0][
        20
    ]
    assert np.flatnonzero(np.isnan(got)).tolist() == [0, 120, 237, 238, 239]


def test_a_minute_without_a_price_takes_its_pairs_away_only():
    """Minute 50 is in the return of 50 and 51, and in that before 52."""
    close, first, counts = inputs([stored(ordinary(np.random.default_rng(3)))])
    broken, fewer = close.copy(), counts.copy()
    broken[0, 50], fewer[0, 50:52] = math.nan, False
    want = pair_sums(close, first, fewer)
    np.testing.assert_array_equal(pair_sums(broken, first, counts), want)
    assert want[0, :8].sum() == pair_sums(close, first, counts)[0, :8].sum() - 3
    flat = np.zeros((1, 9))
    for nothing in (math.nan, 0.0):
        broken[0, 50] = nothing
        left = surprises(broken, first, counts, flat)[0, 51:53]
        assert np.isnan(left[0])
        assert not np.isinf(left).any()


def test_sells_are_informed_at_high_prices_and_buys_at_low():
    day = ordinary(np.random.default_rng(4))
    sides = {"VB": 1.0, "VS": 1.0, "AB": 3.0, "AS": 2.0, "NB": 1.0, "NS": 1.0}
    rest = ("big_buy", "big_sell", "net_bid", "spread", "depth", "quotes")
    level2 = Level2Day(day, **{n: np.full(240, x) for n, x in sides.items()},
                       **{n: np.zeros(240) for n in rest})  # fmt: skip
    surprise = np.full(240, math.nan)
    surprise[:70] = np.where(np.arange(70) < 40, 1e-3, -1e-3)
    surprise[5] = 0.0  # neither
    sells, buys = informed(level2, surprise)
    assert sells == pytest.approx(39 * 2 / day.day_amount)
    assert buys == pytest.approx(30 * 3 / day.day_amount)
    surprise[LEAST - 1 :] = math.nan
    assert all(math.isnan(x) for x in informed(level2, surprise))


def test_realised_skewness_by_hand():
    day = ordinary(np.random.default_rng(11))
    rho = np.log(day.close[:237] / np.r_[day.open[0], day.close[:236]])
    want = np.sqrt(237) * (rho**3).sum() / (rho**2).sum() ** 1.5
    assert rskew(day) == pytest.approx(want, rel=1e-12)


def test_minutes_of_a_session_that_count(monkeypatch):
    """Neither the closing auction, nor a locked minute, nor a day without trades."""
    day = ordinary(np.random.default_rng(9), closing_auction=False)
    locked = pinned(day, 10, 20, day.up_limit)
    halted = suspended_day(20.0)
    days = [day, replace(day, closing_auction=True), locked, halted]
    fields = np.array([[getattr(d, n) for d in days] for n in FIELDS], np.float32)
    bars = BarDay(np.array(list("abcd")), fields, np.zeros(4, bool))
    numbers = {n: np.array([float(getattr(d, n)) for d in days])
               for n in ("up_limit", "down_limit", "closing_auction")}  # fmt: skip
    seen = []
    monkeypatch.setattr(time_factors, "surprises", lambda *x: seen.append(x) or fields[0] * 0)
    features = LibrarySpec(library="hand_made_minutes", names=("day_informed_sell",)).make()
    assert isinstance(features.factors, TimeFactors)
    program = features.factors.program()
    bars = replace(bars, level2=np.zeros((len(LEVEL2_FIELDS), 4, 240), np.float32))
    known = dict.fromkeys(("price_ok", "suspended", "auction_amount"), np.zeros(4))
    session = Session(date(2023, 1, 3), bars, numbers | known)
    session.numbers["surprise"] = np.zeros((4, 9))
    features.factors.rows(program, session)
    close, first, counts, _ = seen[0]
    np.testing.assert_array_equal(close, fields[FIELDS.index("close")])
    np.testing.assert_array_equal(first, fields[0, :, 0])
    assert counts.sum(axis=1).tolist() == [240, 237, 230, 0]


# --- from a lake ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("informed") / "lake", create=True)
    spec = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=date(2023, 2, 7), freq=1,
                         ticks=("trades", "snapshots"),
                         habits=HabitSpec(orders_per_day=300))  # fmt: skip
    ingest([spec], made, show_progress=False)
    enrich(made, made.dates("trades"), show_progress=False)
    return made


def reference_values(lake: Lake, symbol: str, first: int) -> list[dict[str, float]]:
    """Values of every session of a stock from one on; NaN before, and where it has no minutes."""
    out, seen = [], []
    for t, session in enumerate(lake.dates("daily")):
        on = session.item()
        if symbol not in enriched_symbols(lake, on):
            out.append(dict.fromkeys(HAND_MADE, math.nan))
            continue
        day = stock_day(lake, on, symbol)
        seen.append((on, day.minutes))
        if t < first:
            out.append(dict.fromkeys(HAND_MADE, math.nan))
            continue
        since = lake.dates("daily")[max(t - 19, 0)].item()
        out.append(day_values(day, residuals([(d, m) for d, m in seen if d >= since])))
    return out


@pytest.mark.parametrize("days", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_the_library_gives_what_the_reference_gives(lake, days):
    sessions = lake.dates("daily")
    assert len(sessions) >= 21
    assert tuple(f.name for f in load_library("hand_made").factors) == HAND_MADE
    symbols = enriched_symbols(lake, sessions[-1].item())[[0, -1]]
    assert {str(s)[-2:] for s in symbols} == {"SZ", "SH"}
    at = [len(sessions) - 2, len(sessions) - 1]
    # `rev_improved` is a sum over twenty sessions, whatever the days of the others.
    chosen = {} if days == 20 else {"parameters": {"days": days}, "without": ("rev_improved",)}
    panel = LibrarySpec(library="hand_made", **chosen).make().compute(lake, sessions[at], symbols)
    compared = 0
    for a, symbol in enumerate(symbols):
        values = reference_values(lake, str(symbol), at[0] - days + 1)
        for d, last in enumerate(at):
            want = hand_made(values[: last + 1], days)
            for f, name in enumerate(panel.names):
                got = float(panel.values[d, a, f])
                assert math.isnan(got) == math.isnan(want[name]), (symbol, name)
                assert math.isnan(got) or got == pytest.approx(want[name], rel=1e-3, abs=1e-5), name
                compared += not math.isnan(got)
    assert compared > 0.8 * len(symbols) * 2 * len(panel.names)


def test_without_snapshots_or_trades_factors_of_prices_are_known(lake, tmp_path):
    """Asking for the others says which step was forgotten."""
    plain = Lake(tmp_path / "lake", create=True)
    for table in ("instruments", "daily"):
        plain.append(table, lake.scan(table).collect())
    bars = lake.scan("bars").collect()
    plain.append("bars", bars.drop([c for c in bars.columns if "active" in c or "big" in c]))
    sessions = plain.dates("daily")
    symbols = enriched_symbols(lake, sessions[-1].item())
    prices = ("avg_outflow_ratio", "big_push_ret", "tail_vol_share", "down_vol_share", "hf_skew",
              "rev_improved")  # fmt: skip
    of_prices = LibrarySpec(library="hand_made", names=prices).make()
    panel = of_prices.compute(plain, sessions[-1:], symbols)
    assert np.isfinite(panel.values[0]).any(axis=0).all()
    with pytest.raises(MissingLevel2Error, match=r"intralpha level2 enrich .* \(`names`\)"):
        LibrarySpec(library="hand_made").make().compute(plain, sessions[-1:], symbols)


@pytest.mark.slow
def test_a_second_call_computes_nothing(lake, monkeypatch):
    """Values with and without earlier sessions in them are kept beside each other."""
    sessions, calls = lake.dates("daily"), []
    symbols = enriched_symbols(lake, sessions[-1].item())
    features = LibrarySpec(library="hand_made").make()
    first = features.compute(lake, sessions[-2:], symbols)
    monkeypatch.setattr(time_factors, "run", lambda *given_: calls.append(given_))
    again = LibrarySpec(library="hand_made").make().compute(lake, sessions[-2:], symbols)
    np.testing.assert_array_equal(first.values, again.values)
    assert calls == []


@pytest.mark.slow
def test_what_is_kept_is_what_is_computed(lake):
    """A part of the factors, another order of dates and no store give the same numbers."""
    sessions, symbols = lake.dates("daily"), enriched_symbols(lake, lake.dates("daily")[-1].item())
    name = "day_informed_sell"
    whole = LibrarySpec(library="hand_made_minutes").make().compute(lake, sessions, symbols)
    plain = LibrarySpec(library="hand_made_minutes", names=(name,), cache=False)
    for at in (sessions[-3:], sessions[14:16]):
        part = plain.make().compute(lake, at, symbols)
        again = (plain.model_copy(update={"cache": True})).make().compute(lake, at, symbols)
        want = whole.values[np.isin(sessions, at)][..., whole.names.index(name)]
        assert np.isfinite(want).any()
        np.testing.assert_array_equal(part.values[..., 0], want)
        np.testing.assert_array_equal(again.values[..., 0], want)
    features = plain.make()
    assert features.lookback_days == 20
    bars = LibrarySpec(library="hand_made_minutes", names=(name, "day_rskew"), segments=30).make()
    assert [bars.known_at_slot(n) for n in bars.names] == [features.known_at, "bar end"]
