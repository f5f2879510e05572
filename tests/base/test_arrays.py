"""Array forms: refused before compiled code reads them, by every public function that has any."""

import subprocess
import sys

import numpy as np
import pytest

from intralpha.base.arrays import ArrayFormError, check_edges, check_places, check_shape

# In a process of its own: there the annotations are not checked, as for a user, and a crash shows.
FUZZ = """
from datetime import date
import numpy as np
import polars as pl
from intralpha.base import IntralphaError
from intralpha.datasets import windows as w
from intralpha.features.continuous import continuous_bounds
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program
from intralpha.features.engine.volume_bars import SessionRows, VolumeBarWindow
from intralpha.features.frames import frame_named
from intralpha.features.level2.minutes import quote_minutes, trade_minutes
from intralpha.features.level2.order_statistics import order_statistics
from intralpha.features.level2.parents import ParentTotals, parent_orders, parent_totals
from intralpha.features.return_surprise import SUMS, MinuteRegression, pair_sums, surprises
from tests.compiling import compile_once
from intralpha.market.ticks import Ticks
from intralpha.sources.level2.register import Register
from intralpha.sources.replay.rows import book_rows

compile_once()
ON, rng, S, N = date(2024, 3, 1), np.random.default_rng(0), 3, 30
SYMBOLS = np.array(["000001.SZ", "000002.SZ", "600000.SH"])
BOUNDS = np.array([0, 10, 20, N])
time = np.tile(np.arange(10) * 60_000 + 34_200_000, S).astype(np.int32)
ids = rng.integers(1, 9, N)
price = rng.integers(900, 1100, N) / 100
shares, side = rng.integers(1, 99, N) * 100, np.ones(N, np.int16)
TRADES = dict(seq=np.arange(N), time=time, price=price, volume=shares, buy_id=ids,
              sell_id=ids + 20, side=side)
ORDERS = dict(seq=np.arange(N), time=time, id=np.arange(N), side=side, price=price,
              volume=shares, kind=np.zeros(N, np.int8), cancel=np.zeros(N, bool))
QUOTES = dict(time=time) | {
    f"{a}_{b}{n}": price if b == "price" else shares
    for a in ("bid", "ask") for b in ("price", "volume", "orders") for n in range(1, 11)
}
def ticks(table, columns, bounds=BOUNDS, symbols=SYMBOLS):
    return Ticks(ON, table, symbols, bounds, columns)
trades, orders, quotes = (ticks("trades", TRADES), ticks("orders", ORDERS),
                          ticks("snapshots", QUOTES))
totals = parent_totals(trades)
theta, preclose = np.full(S, 1e4), np.full(S, 10.0)
locked, days = np.zeros((S, 240), bool), np.zeros((0, S))
steps = rng.normal(size=(12, 5, 2)).astype(np.float32)
stop, column, row = np.array([4, 8, 12, 5]), np.array([0, 4, 2, 1]), np.array([0, 1, 1, 0])
mean, inverse = np.zeros((2, 4, 2)), np.ones((2, 4, 2))
close, first = np.full((S, 240), 10, np.float32), np.full(S, 10, np.float32)
counts, beta = np.ones((S, 240), bool), np.zeros((S, 9))
regression = MinuteRegression(5)
places, sums = np.array([0, 2, 4]), np.zeros((S, SUMS))
minute, number = np.ones((S, 240)), np.ones(S)
SESSION = dict(open=minute, high=minute, low=minute, close=minute, volume=minute, amount=minute,
               auction_price=number, auction_volume=number, auction_amount=number,
               suspended=np.zeros(S, bool), factor=number)
def pushed(**rows):
    VolumeBarWindow(S, 2, 4).push(SessionRows(**rows))
empty = Program(np.zeros((0, 10), np.int64), np.zeros(0), ("a", "b"), ("c",), 1, 1, 1)
ROWS = dict(rows=np.ones((2, N)), days=np.ones((1, S)), bounds=BOUNDS, day_rows=0,
            lunch=np.zeros(S, np.int64))
register = Register(pl.DataFrame({"rank": [0, 0, 1], "id": [1, 2, 1]}))
rank = np.array([0, 1, 1])
marks = np.zeros(N, bool)
times = np.array([34_200_000, 34_260_000])

def wrong_of(good, rows):
    "What does not fit where an array does; without the last axis, too."
    out = {
        "short": good[:-1], "long": np.concatenate([good, good[:1]]), "deeper": good[..., None],
        "text": good.astype(str), "complex": good.astype(complex), "objects": good.astype(object),
        "list": good.tolist(), "number": 3.0, "nothing": None,
    }
    if good.ndim > 1:
        out |= {"flat": good.ravel(), "narrow": good[:, :-1], "turned": good.swapaxes(0, 1)}
    if rows:  # the first axis is free there
        out = {k: v for k, v in out.items() if k not in ("short", "long")}
    return out

# name -> (call, arguments, names whose first axis may have any length)
CALLS = {
    "gather": (lambda **a: w.gather(length=4, **a),
               dict(steps_SAF=steps, stop_N=stop, column_N=column), ("steps_SAF",)),
    "has_base": (lambda **a: w.has_base(stop=6, length=4, **a),
                 dict(steps_SAF=steps, column_N=column), ("steps_SAF", "column_N")),
    "ratio_moments": (lambda **a: w.ratio_moments(stop=6, length=4, **a),
                      dict(steps_SAF=steps, column_N=column), ("steps_SAF", "column_N")),
    "gather_ratio": (lambda mean, inverse, **a: w.gather_ratio(
                         moments=(mean, inverse), clip=3, **a),
                     dict(steps_SAF=steps, stop_N=stop, column_N=column, row_N=row, mean=mean,
                          inverse=inverse), ("steps_SAF",)),
    "continuous_bounds": (lambda **a: continuous_bounds(trades, **a),
                          dict(ends=np.full(S, 54_000_000), dropped=marks), ()),
    "trade_minutes": (lambda buy, sell, **a: trade_minutes(trades, ParentTotals(buy, sell), **a),
                      dict(buy=totals.buy, sell=totals.sell, theta=theta, preclose=preclose), ()),
    "pair_sums": (pair_sums, dict(close=close, first=first, counts=counts), ()),
    "surprises": (surprises, dict(close=close, first=first, counts=counts, coefficients=beta), ()),
    "regression.add": (lambda **a: regression.add(0, 1, **a), dict(columns=places, sums=sums), ()),
    "regression.coefficients": (lambda **a: regression.coefficients(0, **a),
                                dict(columns=places), ("columns",)),
    "push": (pushed, SESSION, ()),
    "machine": (lambda **a: run(empty, Rows(**a)), ROWS, ()),
    "register": (lambda rank, ids: register.find(pl.Series(rank), pl.Series(ids)),
                 dict(rank=rank, ids=rank), ()),
    "book_rows": (lambda **a: book_rows(orders, trades, **a), dict(times_ms=times), ("times_ms",)),
    "trade frame": (lambda **a: frame_named("trade").rows(empty, trades, days, **a),
                    dict(locked=locked), ()),
    "trade frame, days": (lambda **a: frame_named("trade").rows(empty, trades, locked=locked, **a),
                          dict(days=np.zeros((1, S))), ("days",)),
}
for name, columns in (("trades", TRADES), ("orders", ORDERS), ("snapshots", QUOTES)):
    some = dict(list(columns.items())[:8])
    CALLS[f"ticks of {name}"] = (
        lambda name=name, columns=columns, **a: ticks(name, columns | a), some, ())
MUST_BE_WHOLE = ("time", "id", "buy_id", "sell_id", "seq", "side")
# What polars and NumPy take for the same array, or what stands for everything.
TAKEN = {("book_rows", "list"), ("register", "list")}
calls = []
for name, (call, good, free) in CALLS.items():
    call(**good)
    for key, array in good.items():
        if not isinstance(array, np.ndarray):
            continue
        cases = wrong_of(array, key in free)
        if key == "dropped":
            cases["floats"] = array.astype(float)
        if key in MUST_BE_WHOLE:
            cases["floats"] = array.astype(float)
        for kind, value in cases.items():
            if (name, kind) not in TAKEN and not (name == "register" and kind in
                    ("number", "nothing", "deeper", "objects", "complex")):
                calls.append((name, f"{key} {kind}", lambda c=call, g=good, k=key, v=value:
                              c(**(g | {k: v}))))
out_of_bounds = {
    "stop": lambda x: w.gather(steps, np.array([x]), np.array([0]), 4),
    "asset": lambda x: w.gather(steps, np.array([5]), np.array([x]), 4),
    "one asset": lambda x: w.has_base(steps, 6, np.array([x]), 4),
    "asset of moments": lambda x: w.ratio_moments(steps, 6, np.array([x]), 4),
    "one stop": lambda x: w.has_base(steps, x, column, 4),
    "length": lambda x: w.gather(steps, stop, column, x),
    "row of moments": lambda x: w.gather_ratio(
        steps, stop, column, row * 0 + x, (mean, inverse), 3),
    "place": lambda x: regression.coefficients(0, np.array([x])),
    "place to add": lambda x: regression.add(0, 1, np.array([x]), sums[:1]),
    "weekday": lambda x: regression.add(0, x, places, sums),
    "session": lambda x: regression.coefficients(x if x < 0 else -x, places),
    "place of rows": lambda x: SessionRows(**SESSION, place=np.array([x - (x == -1), 0, 1])),
    "bounds": lambda x: ticks("trades", TRADES, np.array([0, x, 20, N])),
    "last bound": lambda x: ticks("trades", TRADES, np.array([0, 10, 20, x])),
    "first bound": lambda x: ticks("trades", TRADES, np.array([x, 10, 20, N])),
    "machine bounds": lambda x: Rows(**(ROWS | {"bounds": np.array([0, x, 20, N])})),
    "rank": lambda x: register.find(pl.Series([-abs(x)]), pl.Series([1])),
}
for name, call in out_of_bounds.items():
    calls += [(name, str(x), lambda c=call, x=x: c(x)) for x in (-1, -10**9, 10**9)]
    if name in ("length", "weekday", "session"):
        calls.append((name, "2**70", lambda c=call: c(2**70)))
for name, make, columns in (
    ("parent_totals", parent_totals, TRADES), ("parent_orders", parent_orders, TRADES),
    ("order_statistics", order_statistics, TRADES), ("quote_minutes", quote_minutes, QUOTES),
    ("book_rows", lambda t: book_rows(orders, t, times), TRADES),
):
    make(ticks("trades", columns))
    for key in ("price", "buy_id", "bid_price1"):
        less = {k: v for k, v in columns.items() if k != key}
        if key in columns:
            calls.append((name, f"without {key}", lambda m=make, c=less: m(ticks("t", c))))
for name, what, call in calls:
    try:
        call()
    except IntralphaError:
        continue
    except Exception as error:
        print("RAW", name, "|", what, "|", type(error).__name__, str(error)[:200])
    else:
        print("TAKEN", name, "|", what)

# Numbers as other machines or libraries write them are taken or refused.
for name, (call, good, _) in CALLS.items():
    for key, array in good.items():
        if not isinstance(array, np.ndarray):
            continue
        kinds = {"other byte order": array.dtype.newbyteorder()}
        if array.dtype.kind == "f":
            kinds |= {"half": np.float16, "long double": np.longdouble}
        for what, kind in kinds.items():
            try:
                call(**(good | {key: array.astype(kind)}))
            except IntralphaError:
                continue
            except Exception as error:
                print("RAW", name, "|", key, what, "|", type(error).__name__, str(error)[:200])

# Views that are not contiguous say the same as copies.
def spread(array):
    wide = np.repeat(np.repeat(array, 2, axis=0), 2, axis=-1)[::2]
    view = wide[..., ::2] if array.ndim > 1 else np.repeat(array, 2)[::2]
    assert view.size < 2 or not view.flags.c_contiguous
    np.testing.assert_array_equal(view, array)
    return view
compared = 0
for name in ("gather", "has_base", "ratio_moments", "gather_ratio", "continuous_bounds",
             "trade_minutes", "pair_sums", "surprises", "book_rows"):
    call, good, _ = CALLS[name]
    one, two = call(**good), call(**{k: spread(v) for k, v in good.items()})
    if name == "trade_minutes":
        one, two = one.values, two.values
    if name == "book_rows":
        one, two = one.fill_null(0).to_numpy().astype(str), two.fill_null(0).to_numpy().astype(str)
    for x, y in zip(one, two, strict=True) if isinstance(one, tuple) else ((one, two),):
        np.testing.assert_array_equal(x, y)
        compared += x.size
print("compared", compared)
print("tried", len(calls))
"""


@pytest.mark.slow
def test_no_wrong_array_reaches_compiled_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FUZZ], capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    *faults, compared, tried = done.stdout.splitlines()
    assert faults == []
    assert int(compared.split()[1]) > 1_000, "too little was compared"
    assert int(tried.split()[1]) > 500, "too little was tried"


def test_a_shape_by_hand() -> None:
    check_shape("x", np.zeros((3, 4)), (None, 4), "f")
    check_shape("x", np.zeros((0, 4), bool), (0, 4), "b")
    with pytest.raises(ArrayFormError, match=r"x is of shape \(3, 4\); expected shape \(any, 5\)"):
        check_shape("x", np.zeros((3, 4)), (None, 5))
    with pytest.raises(ArrayFormError, match=r"expected shape \(any\)"):
        check_shape("x", np.zeros((3, 4)), (None,))
    with pytest.raises(ArrayFormError, match="of type int64; expected floating point numbers"):
        check_shape("x", np.zeros(3, np.int64), (3,), "f")
    with pytest.raises(ArrayFormError, match="x is a list"):
        check_shape("x", [1.0], (1,))


def test_places_by_hand() -> None:
    check_places("p", np.array([0, 2]), 3)
    check_places("p", np.array([-1, 2]), 3, least=-1)
    check_places("p", np.zeros(0, np.int64), 0)
    for bad in (np.array([-1]), np.array([3]), np.array([0.0]), np.array([[0]]), [0]):
        with pytest.raises(ArrayFormError, match="p is"):
            check_places("p", bad, 3)


def test_edges_by_hand() -> None:
    check_edges("e", np.array([0, 2, 2, 5]), 3, 5)
    check_edges("e", np.array([0]), 0, 0)
    for bad in ([1, 5], [0, 4], [0, 3, 2, 5], [], [0.0, 5.0], [-1, 5]):
        with pytest.raises(ArrayFormError, match="e is"):
            check_edges("e", np.array(bad), None, 5)
    with pytest.raises(ArrayFormError, match=r"shape \(3\)"):
        check_edges("e", np.array([0, 5]), 2, 5)
