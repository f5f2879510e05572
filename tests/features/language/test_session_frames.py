"""Weeks and months: against blocks made by a loop over one stock, and how far they look."""

import numpy as np
import pytest

from intralpha.features.engine.rolling import run_sessions
from intralpha.features.frames import UnknownFrameError, frame_named, frames, module_of
from intralpha.features.language.session_vocabulary import DAY, blocks
from intralpha.features.language.sessions import plan_sessions
from intralpha.features.language.syntax import ExpressionError
from intralpha.features.language.units import PLAIN
from intralpha.features.session_factors import SessionFrame

from ...reference import stats
from ...reference.blocks import PRICES, back, block_series

NAN = float("nan")
N_DAYS = 130
SESSIONS = {"week": 5, "month": 20}
FRAMES = sorted(SESSIONS)
BLOCKS = {name: blocks(name, sessions) for name, sessions in SESSIONS.items()} | {"day": DAY}
SERIES = (*PRICES, "vwap", "volume", "amount", "turnover", "ret")
# Stocks with sessions without trades, without rows, and before the listing; the last has all three.
HALTS = {1: [7, *range(20, 50)], 3: [*range(60, 68), 91, 93], 4: [*range(80, 125)]}
GAPS = {2: [30, *range(40, 47)], 4: [*range(50, 75)]}
LISTED = {3: 4, 4: 33}


def stock(a: int) -> dict[str, np.ndarray]:
    """Days of one stock. Where nothing trades the rows hold prices that no trade made."""
    rng = np.random.default_rng(a)
    out = {name: np.full(N_DAYS, NAN) for name in (*SERIES, "traded")}
    before = 10.0 + a
    for d in range(LISTED.get(a, 0), N_DAYS):
        if d in GAPS.get(a, ()):
            continue
        if d in HALTS.get(a, ()):
            row = {name: before * rng.uniform(0.5, 2) for name in ("open", "high", "low", "close")}
            row |= {"vwap": row["close"], "volume": 0.0, "amount": 0.0, "turnover": 0.0}
        else:
            first, close = before * np.exp(rng.normal(0, 0.02, 2))
            row = {"open": first, "close": close}
            row["high"] = max(first, close) * rng.uniform(1, 1.01)
            row["low"] = min(first, close) * rng.uniform(0.99, 1)
            row["vwap"] = rng.uniform(row["low"], row["high"])
            shares = rng.lognormal(12, 1)
            row |= {"volume": np.round(shares), "amount": shares * row["vwap"] / 3}
            row["turnover"] = shares / 1e8
        row |= {"preclose": before, "ret": row["close"] / before - 1}
        row["traded"] = float(row["volume"] > 0)
        for name, value in row.items():
            out[name][d] = value
        before = row["close"] if row["traded"] else before
    return out


@pytest.fixture(scope="module")
def stocks() -> list[dict[str, np.ndarray]]:
    return [stock(a) for a in range(5)]


@pytest.fixture(scope="module")
def inputs(stocks) -> dict[str, np.ndarray]:
    return {name: np.stack([s[name] for s in stocks], axis=1) for name in stocks[0]}


@pytest.fixture(scope="module")
def blocks(stocks) -> dict[str, list[dict[str, np.ndarray]]]:
    return {f: [block_series(s, n) for s in stocks] for f, n in SESSIONS.items()}


def run(text, frame, inputs, threads=1):
    return run_sessions(plan_sessions({"a": text}, frame=BLOCKS[frame]), inputs, threads)[:, :, 0]


def assert_close(found, expected, least_known):
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert np.isfinite(expected).mean() > least_known, "nothing was compared"


# --- the series of a block ------------------------------------------------------------------------


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", SERIES)
def test_a_series_is_that_of_its_blocks(frame, name, inputs, blocks):
    expected = np.stack([b[name] for b in blocks[frame]], axis=1)
    assert_close(run(name, frame, inputs), expected, 0.85)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_block_trades_where_one_of_its_sessions_does(frame, inputs, blocks):
    expected = np.stack([b["traded"] for b in blocks[frame]], axis=1)
    np.testing.assert_array_equal(run("where(traded, 1, 0)", frame, inputs), expected)
    assert {0.0, 1.0} == set(np.unique(expected))


@pytest.mark.parametrize("frame", FRAMES)
def test_the_price_before_is_the_close_of_the_block_before(frame, inputs):
    """Where the exchange's price before is the last close, and the block before has a trade."""
    found, close, traded = (
        run(text, frame, inputs)
        for text in ("preclose", "ago(close[traded], 1)", "where(traded, 1, 0)")
    )
    both = (traded == 1) & np.isfinite(close)
    np.testing.assert_allclose(found[both], close[both], rtol=1e-12)
    assert both.mean() > 0.5


def test_by_hand():
    days = {
        "open": [10, 11, 12, 9, 10, 10.5, 99],
        "high": [12, 13, 12.5, 11, 10.5, 11, 99],
        "low": [9, 10, 11, 8, 9.5, 10, 1],
        "close": [11, 12, 11.5, 10, 10.2, 10.8, 99],
        "vwap": [10, 12, 12, 10, 10, 10, 99],
        "preclose": [9.5, 11, 12, 11.5, 10, 10.2, 10.8],
        "volume": [100, 200, 100, 300, 100, 50, 0],
        "amount": [1000, 2400, 1200, 3000, 1000, 500, 0],
        "turnover": [0.01, 0.02, 0.01, 0.03, 0.01, 0.005, 0],
        "traded": [1, 1, 1, 1, 1, 1, 0],
    }
    series = {name: np.array(x, dtype=float)[:, None] for name, x in days.items()}
    names = ("open", "high", "low", "close", "preclose", "vwap", "volume", "turnover", "ret")
    plan = plan_sessions({n: n for n in names}, frame=BLOCKS["week"])
    found = run_sessions(plan, series, 1)[:, 0]
    fifth = [10, 13, 8, 10.2, 9.5, 8600 / 800, 800, 0.08, 10.2 / 9.5 - 1]
    np.testing.assert_allclose(found[4], fifth, rtol=1e-12)
    # The seventh day does not trade: it adds nothing, and pushes the second day out.
    seventh = [12, 12.5, 8, 10.8, 12, 5700 / 550, 550, 0.055, 10.8 / 12 - 1]
    np.testing.assert_allclose(found[6], seventh, rtol=1e-12)


# --- statistics over blocks -----------------------------------------------------------------------

STATISTICS = {
    "count": len,
    "sum": np.sum,
    "mean": np.mean,
    "std": np.std,
    "skew": stats.skew,
    "kurt": stats.kurt,
    "min": np.min,
    "max": np.max,
    "first": lambda v: v[0],
    "last": lambda v: v[-1],
    "median": np.median,
    "prod": np.prod,
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize(("rows", "least"), [(1, 1), (4, None), (6, 5)])
def test_a_statistic_reads_every_so_many_sessions(frame, name, rows, least, inputs, blocks):
    given = "" if least is None else f", least={least}"
    found = run(f"{name}(ret, {frame}s={rows}{given})", frame, inputs)
    expected = np.full(found.shape, NAN)
    for a, series in enumerate(blocks[frame]):
        for t in range(N_DAYS):
            window = back(series["ret"], t, rows, SESSIONS[frame])
            if len(window) >= (least or (rows + 1) // 2):
                expected[t, a] = STATISTICS[name](window)
    flat = name in ("skew", "kurt") and rows == 1
    assert_close(found, expected, -1 if flat else 0.1)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_correlation_reads_every_so_many_sessions(frame, inputs, blocks):
    found = run(f"corr(volume, ret, {frame}s=5)", frame, inputs)
    expected = np.full(found.shape, NAN)
    for a, series in enumerate(blocks[frame]):
        for t in range(N_DAYS):
            days = [d for k in range(5) if (d := t - k * SESSIONS[frame]) >= 0]
            expected[t, a] = stats.pearson(series["volume"][days], series["ret"][days], 3)
    assert_close(found, expected, 0.3)


@pytest.mark.parametrize("frame", FRAMES)
def test_nested_statistics_and_shifts(frame, inputs, blocks):
    n, word = SESSIONS[frame], f"{frame}s"
    found = run(
        f"close / ago(close, 2) - 1 + ago(mean(turnover[traded], {word}=2), 1)", frame, inputs
    )
    expected = np.full(found.shape, NAN)
    for a, b in enumerate(blocks[frame]):
        turnover = np.where(b["traded"] == 1, b["turnover"], NAN)
        for t in range(2 * n, N_DAYS):
            window = back(turnover, t - n, 2, n)
            if len(window):
                expected[t, a] = b["close"][t] / b["close"][t - 2 * n] - 1 + window.mean()
    assert_close(found, expected, 0.4)


# --- how far they look ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "text", "sessions"),
    [
        ("week", "close", 4),
        ("week", "vwap - preclose", 4),
        ("week", "ret", 4),
        ("week", "min(low, weeks=4)", 4 + 15),
        ("week", "ago(close, 1)", 4 + 5),
        ("week", "ago(std(ret[traded], weeks=12), 2)", 4 + 55 + 10),
        ("month", "volume / SHARE", 19),
        ("month", "mean(mean(ret, months=3), months=2) - ago(ret, 2)", 19 + 40 + 20),
    ],
)
def test_look_back(frame, text, sessions):
    assert plan_sessions({"a": text}, frame=BLOCKS[frame]).lookback == sessions


@pytest.mark.parametrize("text", ["low", "min(low, weeks=4)", "ago(mean(ret, weeks=3), 2)", "vwap"])
def test_a_value_needs_its_look_back_and_no_more(text, inputs):
    back_ = plan_sessions({"a": text}, frame=BLOCKS["week"]).lookback
    whole = run(text, "week", inputs)
    for shift in (1, 13):
        later = run(text, "week", {k: v[shift:] for k, v in inputs.items()})
        np.testing.assert_array_equal(later[back_:], whole[shift + back_ :])
    t = 59
    earliest = {k: v.copy() for k, v in inputs.items()}
    for name in (*PRICES, "vwap", "volume"):
        earliest[name][t - back_] *= np.random.default_rng(1).uniform(0.1, 0.2, 5)
    assert not np.array_equal(run(text, "week", earliest)[t], whole[t], equal_nan=True)


@pytest.mark.parametrize("frame", FRAMES)
def test_the_future_changes_nothing(frame, inputs):
    text = f"std(ret, {frame}s=3, least=1) + vwap / preclose + ago(high, 1) / low"
    whole = run(text, frame, inputs)
    for t in (24, 77):
        cut = run(text, frame, {k: v[: t + 1] for k, v in inputs.items()})
        np.testing.assert_array_equal(cut, whole[: t + 1])


def test_blocks_of_stocks_and_threads_change_nothing(inputs):
    wide = {k: np.tile(v, (1, 30)) for k, v in inputs.items()}
    text = "median(close, weeks=5) / vwap - 1"
    whole = run(text, "week", wide)
    np.testing.assert_array_equal(run(text, "week", wide, threads=2), whole)
    np.testing.assert_array_equal(whole[:, :5], run(text, "week", inputs))


def test_series_in_common_are_made_once():
    plan = plan_sessions(
        {"a": "close / open", "b": "close / preclose - 1", "c": "ret"}, frame=BLOCKS["week"]
    )
    assert [op.code for op in plan.ops].count("last") == 2  # traded sessions, and any session
    assert plan.outputs[1] == plan.outputs[2]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "text", "at", "why"),
    [
        ("week", "mean(close, days=20)", "20", "weeks= and least=, not days="),
        ("month", "mean(close, weeks=3)", "3", "months= and least=, not weeks="),
        ("day", "mean(close, weeks=3)", "3", "days= and least=, not weeks="),
        ("week", "1 + mean(close)", "mean", "mean needs weeks="),
        ("week", "mean(close, weeks=201)", "201", "whole number from 1 to 200"),
        ("month", "mean(close, months=51)", "51", "whole number from 1 to 50"),
        ("month", "ago(close, 51)", "51", "whole number from 1 to 50"),
        ("week", "mean(close, weeks=5, least=6)", "6", "whole number from 0 to 5"),
        ("week", "ret + day_skew", "day_skew", "no day_skew in the frame week"),
        ("month", "clse", "clse", "did you mean close"),
        ("week", "close + volume", "+", "CNY / share beside share"),
        ("week", "close[traded] * traded", "traded", "a mask where numbers belong"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(frame, text, at, why):
    with pytest.raises(ExpressionError, match=why) as caught:
        plan_sessions({"a": text}, {"day_skew": PLAIN}, BLOCKS[frame])
    assert caught.value.text == text
    assert caught.value.column == text.rindex(at)


def test_frames_are_known_by_name():
    with pytest.raises(UnknownFrameError, match=r"no frame weeks(.|\n)*did you mean week"):
        frame_named("weeks")
    over = {n: f for n, f in frames().items() if isinstance(f, SessionFrame)}
    assert {n: f.vocabulary.sessions for n, f in over.items()} == SESSIONS | {"day": 1}


def test_a_frame_stands_in_the_file_that_its_name_begins_with() -> None:
    # So that the file is found without importing the others.
    for name in frames():
        assert name.startswith(module_of(name).rpartition(".")[2])
