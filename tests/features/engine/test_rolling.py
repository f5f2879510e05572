"""Statistics over sessions against loops over one stock, and the price-volume factors by hand."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.features.engine.rolling import BLOCK_ASSETS, SessionInputError, run_sessions
from intralpha.features.language.sessions import plan_sessions
from intralpha.features.language.units import PLAIN, PRICE_UNIT, SHARE_UNIT
from intralpha.features.libraries import load_library

from ...reference import price_volume as pv
from ...reference import stats
from ...reference.day import MinuteDay
from ...reference.days import MINUTES, ordinary, pinned, still, suspended_day
from ...reference.ms22 import typical

NAN = float("nan")
ONE_SERIES = {
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
OF_NONE = {"count": 0.0, "sum": 0.0, "prod": 1.0}


def run(text, inputs, parts=None, threads=1):
    return run_sessions(plan_sessions({"a": text}, parts), inputs, threads)[:, :, 0]


def gappy(seed=0, shape=(70, 5), gaps=0.3):
    """Values with gaps; the last stock has none of them, the one before nothing else."""
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0, 0.5, shape)
    values[rng.random(shape) < gaps] = np.nan
    values[:, -2] = np.nan
    values[:, -1] = rng.normal(0, 2, shape[0])
    return values


def windows(values, days):
    """Row, stock and window, the observations of it only."""
    for t in range(len(values)):
        for a in range(values.shape[1]):
            yield t, a, stats.observed(values[max(t - days + 1, 0) : t + 1, a])


def assert_close(found, expected):
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


# --- statistics ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE_SERIES)
@pytest.mark.parametrize(("days", "least"), [(1, 1), (5, 0), (5, 3), (20, 18), (60, 30), (99, 1)])
def test_a_statistic_is_that_of_its_window(name, days, least):
    values = gappy()
    found = run(f"{name}(ret, days={days}, least={least})", {"ret": values})
    expected = np.full(values.shape, NAN)
    for t, a, window in windows(values, days):
        if len(window) == 0:
            expected[t, a] = OF_NONE.get(name, NAN) if least == 0 else NAN
        elif len(window) >= least:
            expected[t, a] = ONE_SERIES[name](window)
    assert_close(found, expected)


@pytest.mark.parametrize(("days", "least"), [(1, 1), (5, 3), (20, 8), (60, 30)])
def test_correlation_takes_sessions_that_have_both(days, least):
    x, y = gappy(1), 0.5 * gappy(1) + gappy(2)
    x[:, -2] = 7.0  # flat
    found = run(f"corr(ret, turnover, days={days}, least={least})", {"ret": x, "turnover": y})
    expected = np.full(x.shape, NAN)
    for t in range(len(x)):
        for a in range(x.shape[1]):
            rows = slice(max(t - days + 1, 0), t + 1)
            expected[t, a] = stats.pearson(x[rows, a], y[rows, a], least)
    assert_close(found, expected)


@pytest.mark.parametrize("name", [*ONE_SERIES, "corr"])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_small_arrays(name, shape):
    inside = "ret, ret" if name == "corr" else "ret"
    assert run(f"{name}({inside}, days=5)", {"ret": np.ones(shape)}).shape == shape


@pytest.mark.parametrize("name", [*ONE_SERIES, "corr"])
def test_what_left_the_window_leaves_no_trace(name):
    calm, wild = gappy(3), gappy(3)
    wild[:20] = np.random.default_rng(0).normal(0, 1e17, (20, 5))
    wild[20:23] = [[np.inf], [-np.inf], [np.nan]]
    second = ", turnover" if name == "corr" else ""
    texts = f"{name}(ret{second}, days=10)"
    found = [run(texts, {"ret": v, "turnover": gappy(4)}) for v in (calm, wild)]
    np.testing.assert_array_equal(found[0][32:], found[1][32:])


# The mean is known to a digit or so of its last place, and the third power feels it most.
@pytest.mark.parametrize(("name", "far"), [("std", 1e9), ("skew", 1e4), ("kurt", 1e5)])
def test_far_from_zero_nothing_is_lost(name, far):
    values = far + gappy(5, gaps=0.1)
    found = run(f"{name}(ret, days=30)", {"ret": values})
    compared = 0
    for t, a, window in windows(values, 30):
        if len(window) >= 15:
            assert found[t, a] == pytest.approx(getattr(stats, name)(window), rel=1e-9, abs=1e-9)
            compared += 1
    assert compared > 100


def test_flat_windows_have_no_shape():
    values = np.full((20, 3), 0.1)
    values[:, 1] += 1e-12 * np.arange(20)  # flat by the rule: sigma of 1e-10 of the mean or less
    values[:, 2] += 1e-9 * np.arange(20)
    for text in ("skew(ret, days=20)", "kurt(ret, days=20)", "corr(ret, ret, days=20)"):
        assert np.isnan(run(text, {"ret": values})[-1]).tolist() == [True, True, False]
    np.testing.assert_allclose(run("std(ret, days=20)", {"ret": values})[-1, 0], 0, atol=1e-16)


def test_an_infinite_value_is_an_observation():
    values = np.array([[1.0], [np.inf], [2.0], [3.0]])
    assert np.isinf(run("mean(ret, days=2)", {"ret": values})[1:3]).all()
    for name in ("std", "skew", "kurt"):
        found = run(f"{name}(ret, days=2)", {"ret": values})[:, 0]
        assert np.isnan(found[1:3]).all()
    assert run("std(ret, days=2)", {"ret": values})[3, 0] == 0.5
    np.testing.assert_array_equal(run("median(ret, days=2)", {"ret": values})[2:, 0], [np.inf, 2.5])


def test_by_hand():
    values = np.array([[1.0, 4.0], [NAN, 2.0], [5.0, NAN], [3.0, NAN]])
    np.testing.assert_array_equal(
        run("sum(ret, days=3)", {"ret": values}), [[NAN, NAN], [NAN, 6], [6, 6], [8, NAN]]
    )
    np.testing.assert_array_equal(
        run("ago(ret, 2)", {"ret": values}), [[NAN, NAN], [NAN, NAN], [1, 4], [NAN, 2]]
    )
    np.testing.assert_array_equal(run("ago(ret, 9)", {"ret": values}), np.full((4, 2), NAN))
    np.testing.assert_array_equal(
        run("count(ret[ret > 1], days=2)", {"ret": values}), [[NAN, 1], [NAN, 2], [1, 1], [2, NAN]]
    )


# --- arithmetic ---------------------------------------------------------------------------------

EXPRESSIONS = {
    "ret + turnover * 2 - 1": lambda r, u, m: r + u * 2 - 1,
    "3 - ret / turnover": lambda r, u, m: 3 - r / np.where(u == 0, NAN, u),
    "-ret / 4 + 1 / turnover": lambda r, u, m: -r / 4 + 1 / np.where(u == 0, NAN, u),
    "abs(ret) ** 0.5 + ret ** 2 - ret ** 3 + ret ** 4": lambda r, u, m: (
        np.sqrt(abs(r)) + r**2 - r**3 + r**4
    ),
    "ln(turnover)": lambda r, u, m: np.log(np.where(u > 0, u, NAN)),
    "sqrt(ret) + exp(-turnover) + sign(ret)": lambda r, u, m: (
        np.sqrt(np.where(r >= 0, r, NAN)) + np.exp(-u) + np.sign(r)
    ),
    "smaller(ret, turnover) + larger(ret, 0) + larger(0.2, turnover)": lambda r, u, m: (
        np.minimum(r, u) + np.maximum(r, 0) + np.maximum(0.2, u)
    ),
    "ret[traded & (ret > 0 | turnover <= 0.5)]": lambda r, u, m: np.where(
        m & ((r > 0) | (u <= 0.5)), r, NAN
    ),
    "where(~traded | ret >= turnover, ret, 0)": lambda r, u, m: np.where(~m | (r >= u), r, 0),
    "where(0 < ret, 1, -1)[ret != turnover]": lambda r, u, m: np.where(
        np.isfinite(r) & np.isfinite(u) & (r != u), np.where(r > 0, 1, -1), NAN
    ),
    "where(ret == ret, turnover, ret)": lambda r, u, m: np.where(np.isfinite(r), u, r),
    "2[ret < 1 & 0.1 < ret]": lambda r, u, m: np.where((r < 1) & (r > 0.1), 2, NAN),
    "ret / 0": lambda r, u, m: np.full(r.shape, NAN),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_arithmetic_is_that_of_numpy(text):
    ret, turnover = gappy(6), abs(gappy(7))
    turnover[::7] = 0.0
    traded = np.random.default_rng(1).random(ret.shape) < 0.7
    found = run(text, {"ret": ret, "turnover": turnover, "traded": traded})
    assert_close(found, EXPRESSIONS[text](ret, turnover, traded))


def test_traded_may_be_numbers_with_gaps():
    traded = np.array([[1.0], [0.0], [NAN]])
    found = run("where(traded, 1, 0)", {"traded": traded})
    assert found.ravel().tolist() == [1, 0, 0]
    assert run("where(traded, 1, 0)", {"traded": traded > 0}).ravel().tolist() == [1, 0, 0]


# --- a set --------------------------------------------------------------------------------------

SET = {
    "a": "std(ret[traded], days=20) / mean(abs(ret), days=20)",
    "b": "corr(ret, ago(turnover, 3), days=15) + skew(turnover, days=10)",
    "c": "last(ago(turnover, 5), days=7) - median(turnover, days=6) + first(ret, days=4)",
    "d": "mean(where(ret > ago(ret, 1), max(turnover, days=3), 0), days=8, least=2)",
    "e": "sum(prod(1 + ret / 10, days=5, least=1), days=12) * kurt(ret, days=12)",
    "f": "std(ret[traded], days=20)",
    "g": "ret",
    "h": "ret",
}


def series(seed, shape=(80, 6)):
    rng = np.random.default_rng(seed)
    out = {"ret": rng.normal(0, 1, shape), "turnover": rng.random(shape)}
    for values in out.values():
        values[rng.random(shape) < 0.1] = np.nan
    return out | {"traded": rng.random(shape) < 0.9}


def test_a_factor_does_not_depend_on_the_others_or_on_threads_and_blocks():
    inputs = series(1, (50, 2 * BLOCK_ASSETS + 7))
    plan = plan_sessions(SET)
    whole = run_sessions(plan, inputs, 1)
    assert whole.shape == (50, 2 * BLOCK_ASSETS + 7, len(SET))
    assert (np.isfinite(whole).mean(axis=(0, 1)) > 0.3).all()
    np.testing.assert_array_equal(run_sessions(plan, inputs, 2), whole)
    np.testing.assert_array_equal(run_sessions(plan, inputs), whole)
    some = np.array([3, BLOCK_ASSETS, 1, 2 * BLOCK_ASSETS + 6])
    few = run_sessions(plan, {k: v[:, some] for k, v in inputs.items()}, 1)
    np.testing.assert_array_equal(few, whole[:, some])
    for i, text in enumerate(SET.values()):
        np.testing.assert_array_equal(run(text, inputs), whole[:, :, i])


def test_inputs_are_left_alone_and_narrow_ones_give_narrow_factors():
    inputs = series(2)
    plan = plan_sessions(SET)
    narrow = {k: v.astype(np.float32) if k != "traded" else v for k, v in inputs.items()}
    wide = {k: v.astype(np.float64) if k != "traded" else v for k, v in narrow.items()}
    before = {k: v.copy() for k, v in narrow.items()}
    found = run_sessions(plan, narrow, 1)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, run_sessions(plan, wide, 1).astype(np.float32))
    for name, values in narrow.items():
        np.testing.assert_array_equal(values, before[name])


def test_missing_or_uneven_series_are_refused():
    plan = plan_sessions({"a": "ret + turnover"})
    ones = np.ones((3, 4))
    for found, inputs in {
        "nothing": {"ret": ones},
        r"\(3, 5\)": {"ret": ones, "turnover": np.ones((3, 5))},
        r"\(3,\)": {"ret": ones, "turnover": np.ones(3)},
    }.items():
        with pytest.raises(SessionInputError, match=f"turnover: found .*{found}") as caught:
            run_sessions(plan, inputs, 1)
        assert caught.value.name == "turnover"


def scrambled(inputs, after, seed):
    other = series(seed, inputs["ret"].shape)
    rows = np.arange(len(inputs["ret"]))[:, None] > after
    return {k: np.where(rows, other[k], v) for k, v in inputs.items()}


def assert_causal(compute, inputs, t):
    expected = compute(inputs)[: t + 1]
    assert np.isfinite(expected).any(), "nothing was compared"
    np.testing.assert_array_equal(compute(scrambled(inputs, t, 9))[: t + 1], expected)
    cut = {k: v[: t + 1] for k, v in inputs.items()}
    np.testing.assert_array_equal(compute(cut), expected)


@pytest.mark.parametrize("t", [0, 7, 40, 78])
def test_the_future_changes_nothing(t):
    assert_causal(lambda inputs: run_sessions(plan_sessions(SET), inputs, 1), series(3), t)


def test_the_check_catches_a_cheat():
    def tomorrow(inputs):
        back = {k: v[::-1] for k, v in inputs.items()}
        return run_sessions(plan_sessions({"a": "ago(ret, 1)"}), back, 1)[::-1]

    with pytest.raises(AssertionError, match="Arrays are not equal"):
        assert_causal(tomorrow, series(3), 40)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from(sorted(SET)))
def test_a_value_needs_its_look_back_and_nothing_before(seed, shift, name):
    plan = plan_sessions({name: SET[name]})
    inputs = series(seed, (70, 3))
    whole = run_sessions(plan, inputs, 1)
    later = run_sessions(plan, {k: v[shift:] for k, v in inputs.items()}, 1)
    back = plan.lookback
    np.testing.assert_array_equal(later[back:], whole[shift + back :])
    other = scrambled(inputs, -1, seed + 1)
    mixed = {k: np.concatenate([other[k][:shift], v[shift:]]) for k, v in inputs.items()}
    np.testing.assert_array_equal(run_sessions(plan, mixed, 1)[shift + back :], later[back:])


def test_the_look_back_is_no_longer_than_it_must():
    for name, text in SET.items():
        plan = plan_sessions({name: text})
        inputs = series(4, (60, 400))
        other = {k: v.copy() for k, v in inputs.items()}
        t = 50
        for k in ("ret", "turnover"):
            other[k][t - plan.lookback] = np.random.default_rng(8).normal(9, 1, 400)
        found = [run_sessions(plan, i, 1)[t] for i in (inputs, other)]
        assert (found[0] != found[1]).any(), name


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_sessions_without_values_in_front_shift_the_result(seed, shift):
    texts = {n: t for n, t in SET.items() if "where" not in t}
    plan, inputs = plan_sessions(texts), series(seed, (40, 3))
    front = {k: np.full((shift, 3), False if k == "traded" else NAN) for k in inputs}
    shifted = {k: np.concatenate([front[k], v]) for k, v in inputs.items()}
    found = run_sessions(plan, shifted, 1)
    np.testing.assert_array_equal(found[shift:], run_sessions(plan, inputs, 1))
    assert np.isnan(found[:shift]).all()


# --- the price-volume factors -------------------------------------------------------------------

N_DAYS, SHARES = 96, 1e8
PARTS = {
    **dict.fromkeys(("day_skew", "day_kurt", "day_jump", "day_mild", "day_apb"), PLAIN),
    **dict.fromkeys(("day_vhhi", "day_minutes"), PLAIN),
    **dict.fromkeys(("day_twap", "day_low", "day_high", "day_preclose"), PRICE_UNIT),
    "day_vvol": SHARE_UNIT,
}


@dataclass(frozen=True)
class Stock:
    """Days of one stock: halts and splits are days of it, locked days have a fixed price."""

    seed: int
    halts: frozenset[int] = frozenset()
    splits: tuple[int, ...] = ()
    locked: frozenset[int] = frozenset()
    listed: int = 0

    def days(self) -> tuple[list[MinuteDay | None], np.ndarray]:
        rng, price, factor = np.random.default_rng(self.seed), 20.0, 1.0
        out, factors = [], []
        for d in range(N_DAYS):
            if d in self.splits:
                price, factor = round(price / 2, 2), factor * 2
            out.append(None if d < self.listed else self._day(rng, d, price))
            if d >= self.listed:
                price = float(out[-1].close[-1])
            factors.append(factor)
        return out, np.array(factors)

    def _day(self, rng, d, price):
        if d in self.halts:
            return suspended_day(price)
        day = ordinary(rng, price, rng.random(MINUTES) < 0.8, closing_auction=bool(self.seed % 2))
        if d in self.locked:
            if d % 2:
                return still(day, day.up_limit)
            return pinned(day, 0, 150, day.up_limit)
        return day


STOCKS = [
    Stock(1, frozenset({7, 64}), (13,)),
    Stock(2, frozenset(range(30, 50)), (40, 70), frozenset({60, 61, 75})),
    Stock(3, frozenset({*range(60, 90)}), (), frozenset({20, 21})),
    Stock(4, frozenset({95, 90, 91, 93}), (92,), listed=25),
]


def minutes_parts(day: MinuteDay) -> dict[str, float]:
    """What the references do not name: typical price, its minutes, low and high."""
    if day.suspended:
        return dict.fromkeys(
            ("day_twap", "day_minutes", "day_low", "day_high", "day_preclose"), NAN
        )
    known = not day.half_locked
    enough = known and day.ok.sum() >= 60
    return {
        "day_twap": float(typical(day)[day.ok].mean()) if enough else NAN,
        "day_minutes": float(day.ok.sum()) if enough else NAN,
        "day_low": float(day.low.min()) if known else NAN,
        "day_high": float(day.high.max()) if known else NAN,
        "day_preclose": day.preclose,
    }


def row_of(day: MinuteDay | None, factor: float, before: float) -> dict[str, float]:
    """A session as the daily table has it: on a halt, prices stand still and nothing trades."""
    if day is None:
        return {"traded": 0.0}
    close = float(day.close[-1]) * factor
    volume = day.day_volume
    values = {
        "close": close,
        "preclose": day.preclose * factor,
        "vwap": day.day_amount / volume * factor if volume else NAN,
        "volume": volume,
        "amount": day.day_amount,
        "turnover": volume / (SHARES * factor),
        "ret": close / before - 1.0,
        "traded": float(volume > 0),
    }
    of_day = (pv.day_skew, pv.day_kurt, pv.day_jump, pv.day_mild, pv.day_apb, pv.day_vhhi,
              pv.day_vvol)  # fmt: skip
    return values | minutes_parts(day) | {f.__name__: f(day) for f in of_day}


@dataclass(frozen=True)
class Market:
    """Inputs [D, A] and the days they were made from."""

    inputs: dict[str, np.ndarray]
    days: list[list[MinuteDay | None]]
    factors: list[np.ndarray]

    def seen(self, name, a):
        """A series of one stock, the traded days only."""
        return stats.seen(self.inputs[name][:, a], self.inputs["traded"][:, a] == 1)


@pytest.fixture(scope="module")
def market() -> Market:
    names = ("close", "preclose", "vwap", "volume", "amount", "turnover", "ret", "traded")
    inputs = {name: np.full((N_DAYS, len(STOCKS)), NAN) for name in (*names, *PARTS)}
    made = [stock.days() for stock in STOCKS]
    for a, (days, factors) in enumerate(made):
        before = NAN
        for d, day in enumerate(days):
            for name, value in row_of(day, factors[d], before).items():
                inputs[name][d, a] = value
            before = inputs["close"][d, a]
    return Market(inputs, [d for d, _ in made], [f for _, f in made])


def price_volume():
    """The factors of spec 8; the three of the baseline have tests of their own on a lake."""
    found = {f.name: f.expr for f in load_library("price_volume").factors}
    return {name: found[name] for name in found if name not in ("ret20", "vol20", "ln_amount20")}


def by_hand(market: Market, a: int, t: int) -> dict[str, float]:
    """The factors of the reference, from lists that end at t."""

    def upto(name):
        return market.inputs[name][: t + 1, a]

    def seen(name):
        return market.seen(name, a)[: t + 1]

    factors = market.factors[a][: t + 1]
    days = [d or suspended_day(20.0) for d in market.days[a][: t + 1]]
    return {
        "ret": pv.ret(seen("close")),
        "vol": pv.vol(seen("ret")),
        "lnto": pv.lnto(seen("turnover")),
        "lnamihud": pv.lnamihud(seen("ret"), seen("amount")),
        "apb_5d": pv.apb_5d(upto("vwap"), np.nan_to_num(upto("volume")) / factors),
        "skew": pv.mean_60(upto("day_skew")),
        "kurt": pv.mean_60(upto("day_kurt")),
        "jump": pv.sum_60(upto("day_jump")),
        "mom": pv.sum_60(upto("day_mild")),
        "apb": pv.apb_20(upto("day_apb")),
        "sdvhhi": pv.sdvhhi(upto("day_vhhi")),
        "sdvvol": pv.sdvvol(upto("day_vvol") / factors),
        "arpp": pv.arpp(days, factors),
    }


def test_price_volume_factors_equal_their_references(market):
    plan = plan_sessions(price_volume(), PARTS)
    found = run_sessions(plan, market.inputs, 2)
    known = dict.fromkeys(plan.names, 0)
    for a in range(len(STOCKS)):
        for t in range(59, N_DAYS):
            expected = by_hand(market, a, t)
            assert expected.keys() == known.keys()
            for name, value in zip(plan.names, found[t, a], strict=True):
                where = f"{name} of stock {a} on day {t}"
                wanted = pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True)
                assert value == wanted, where
                known[name] += not math.isnan(value)
    assert min(known.values()) > 60, known


def test_arpp_may_be_left_rough(market):
    factors = load_library("price_volume", {"arpp_smooth": 1}).only(("arpp",)).factors
    found = run_sessions(plan_sessions({"arpp": factors[0].expr}, PARTS), market.inputs, 1)
    known = 0
    for a in range(len(STOCKS)):
        days = [d or suspended_day(20.0) for d in market.days[a]]
        for t in range(59, N_DAYS):
            upto = slice(t - 4, t + 1)
            expected = pv.arpp(days[upto], market.factors[a][upto], smooth=1)
            assert found[t, a, 0] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)
            known += not math.isnan(expected)
    assert known > 60


def test_price_volume_look_back():
    plan = plan_sessions(price_volume(), PARTS)
    expected = dict.fromkeys(plan.names, 59) | {"ret": 60 + 249, "apb_5d": 4, "apb": 19}
    assert dict(zip(plan.names, plan.lookbacks, strict=True)) == expected | {"arpp": 4 + 19}
