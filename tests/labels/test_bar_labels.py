"""y_sharpe and y_bars: by hand, beside loops over the rows of one stock, and what they look at."""

from datetime import time
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.labels import (
    BarReturnsSpec,
    BarSharpeSpec,
    NoBenchmarkBarsError,
    RawBarReturnsSpec,
    SeveralSpec,
    UnknownSampleDateError,
    ZReturnSpec,
)
from intralpha.labels.bar_sharpe import sharpe
from intralpha.labels.bar_window import BarWindow
from intralpha.market import Lake, bar_times
from intralpha.market.bar_day import MissingBarsError
from intralpha.testing import (
    assert_label_forward_only,
    assert_permutation,
    assert_reads,
    assert_shapes,
)

from .conftest import ASSETS, DAYS, GAP, LOCKED_UP, SUSPENDED, write_lake

SPAN = range(12, 40)  # sessions that have bars
LOST = (8, 22)  # a session on which a stock trades, and has no bars
EMPTY, LOCKED_BAR = (0, 24), (2, 30)  # first bar without trades; second bar locked at limit-up
INDEX = "000852.SH"
T = 8


def make_bars(daily: pl.DataFrame) -> pl.DataFrame:
    """Bars of 30 minutes inside each day's limits, without rows on days without trades."""
    rng, rows = np.random.default_rng(9), []
    place = {day.item(): d for d, day in enumerate(DAYS)}
    for row in daily.filter(pl.col("volume") > 0).iter_rows(named=True):
        a, d = int(row["symbol"][5]), place[row["date"]]
        if d not in SPAN or (a, d) == LOST:
            continue
        up, down = row["up_limit"], row["down_limit"]
        for k, end in enumerate(bar_times(30)):
            ends = np.clip(row["close"] * np.exp(rng.normal(0, 0.01, 2)), down, up)
            open_, close = np.round(ends, 2)
            volume = 0 if (a, d, k) == (*EMPTY, 0) else int(rng.integers(1, 90)) * 100
            if (a, d, k) == (*LOCKED_BAR, 1):
                open_ = close = up
            high, low = max(open_, close), min(open_, close)
            amount = volume * (low + (high - low) * rng.random())
            rows.append((row["date"], 30, row["symbol"], end, open_, high, low, close, volume,
                         amount))  # fmt: skip
    names = "date freq symbol time open high low close volume amount"
    return pl.DataFrame(rows, schema=names.split(), orient="row")


@pytest.fixture(scope="module")
def bars(daily) -> pl.DataFrame:
    return make_bars(daily)


@pytest.fixture(scope="module")
def barred(tmp_path_factory, daily, bars) -> Lake:
    """With bars, and an index that moves as the mean of the stocks 0 and 1 would."""
    lake = write_lake(tmp_path_factory.mktemp("bars") / "lake", daily)
    lake.append("bars", bars)
    index = daily.filter(pl.col("symbol") == str(ASSETS[0])).with_columns(symbol=pl.lit(INDEX))
    lake.append("daily", index)
    lake.append("bars", bars.filter(pl.col("symbol") == str(ASSETS[0])).with_columns(
        symbol=pl.lit(INDEX)))  # fmt: skip
    return lake


@pytest.fixture(scope="module")
def rows(daily, bars):
    """(asset, session) -> daily row, and -> its bars."""
    of_day = {(r["symbol"], r["date"]): r for r in daily.iter_rows(named=True)}
    of_bars = {}
    for r in bars.iter_rows(named=True):
        of_bars.setdefault((r["symbol"], r["date"]), []).append(r)
    return of_day, of_bars


def z_of(values):
    """z-scores of a list with None for nothing."""
    known = np.array([v for v in values if v is not None])
    if len(known) < 2:
        return np.full(len(values), np.nan)
    mean, std = known.mean(), known.std()
    return np.array([np.nan if v is None else (v - mean) / std for v in values])


def path_of(rows, a, d, sessions):
    """First open and carried adjusted closes of the bars of a window; None if bars are lacking."""
    of_day, of_bars = rows
    path = []
    for k in sessions:
        key = (str(ASSETS[a]), DAYS[d + k].item())
        row, found = of_day.get(key), of_bars.get(key)
        if row is None or row["volume"] == 0:
            path += [path[-1] if path else None] * T
            continue
        if not found:
            return None
        for bar in found:
            if bar["volume"] and not [p for p in path if p is not None]:
                path = [bar["open"] * row["adj_factor"]] * (len(path) + 1)
            now = bar["close"] * row["adj_factor"] if bar["volume"] else None
            path.append(now if now is not None else (path[-1] if path else None))
    return path


def can_start(rows, a, d):
    row = rows[0].get((str(ASSETS[a]), DAYS[d + 1].item()))
    if row is None or row["volume"] == 0:
        return False
    flat = row["high"] == row["low"]
    return not (flat and row["close"] in (row["up_limit"], row["down_limit"]))


def expected_sharpe(rows, d, horizon, benchmark, mask):
    gains = {}
    for a in range(len(ASSETS)):
        path = path_of(rows, a, d, range(1, horizon + 1)) if can_start(rows, a, d) else None
        if path is not None and mask[d, a]:
            # An empty first bar has the first open on both sides: the path is one longer.
            path = path if len(path) == horizon * T + 1 else [path[0], *path]
            gains[a] = [now / last - 1 for last, now in pairwise(path)]
    out = [None] * len(ASSETS)
    for a, own in gains.items():
        over = {"none": [0.0] * len(own), INDEX: gains.get(0)}.get(
            benchmark, [sum(col) / len(gains) for col in zip(*gains.values(), strict=True)]
        )
        excess = [x - y for x, y in zip(own, over, strict=True)]
        mean = sum(excess) / len(excess)
        std = (sum((e - mean) ** 2 for e in excess) / len(excess)) ** 0.5
        if std >= 1e-5:
            out[a] = mean / std * len(excess) ** 0.5
    return z_of(out)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("benchmark", ["mean", "none", INDEX])
@pytest.mark.parametrize("horizon", [1, 5])
def test_sharpe_beside_a_loop(barred, rows, horizon, benchmark):
    days = np.arange(SPAN[0], SPAN[-1] - horizon + 1)
    mask = np.random.default_rng(2).random((len(DAYS), len(ASSETS))) < 0.85
    mask[:, 0] = True
    days = np.array([d for d in days if can_start(rows, 0, d)])
    spec = BarSharpeSpec(horizon=horizon, benchmark=benchmark)
    found = spec.compute(barred, DAYS[days], ASSETS, mask[days])["fwd_label"]
    expected = [expected_sharpe(rows, d, horizon, benchmark, mask) for d in days]
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert np.isfinite(found).mean() > 0.5
    if benchmark == INDEX:  # its bars are those of stock 0: no excess, no ratio
        assert np.isnan(found[:, 0]).all()
    a, lost = LOST
    inside = (days < lost) & (days + horizon >= lost)
    assert np.isnan(found[inside, a]).all(), "bars are lacking on a day that traded"


def test_gains_and_ratio_by_hand():
    """A stock: opens at 10 in its second bar, closes 11, nothing, 12.1; another: 8, 4, 8, 8."""
    nan = np.nan
    open_ = np.array([[nan, 4.0], [10.0, 8.0], [nan, 4.0], [11.5, 8.0]])
    close = np.array([[nan, 8.0], [11.0, 4.0], [nan, 8.0], [12.1, 8.0]])
    none = np.zeros((4, 2), bool)
    window = BarWindow(0, open_, close, np.where(open_ > 0, 9.0, nan), none, np.ones(2, bool))
    expected = [[0.0, 1.0], [0.1, -0.5], [0.0, 1.0], [0.1, 0.0]]
    np.testing.assert_allclose(window.gains(), expected, atol=1e-12)
    np.testing.assert_array_equal(window.prices(), [[nan, 9], [9, 9], [11, 9], [9, 9]])
    # Means 0.05 and 0.375, deviations 0.05 and sqrt(1.6875 / 4), four bars.
    np.testing.assert_allclose(sharpe(window.gains()), [2.0, 0.75 / np.sqrt(0.421875)])
    np.testing.assert_array_equal(sharpe(np.array([[0.01], [0.01 + 1e-5]])), [nan])


def expected_bars(rows, d, after, horizon, last):
    of_day, of_bars = rows
    out = []
    for a in range(len(ASSETS)):
        prices, entry_open, whole = [], [], True
        carried = None
        for k in range(last + 1):
            key = (str(ASSETS[a]), DAYS[d + k].item())
            row, found = of_day.get(key), of_bars.get(key)
            if row is None or row["volume"] == 0:
                prices += [carried] * T
                entry_open += [False] * T
                continue
            whole &= bool(found)
            for bar in found or []:
                if bar["volume"]:
                    carried = bar["close"] * row["adj_factor"]
                    prices.append(bar["amount"] / bar["volume"] * row["adj_factor"])
                else:
                    prices.append(carried)
                flat = bar["high"] == bar["low"] in (row["up_limit"], row["down_limit"])
                entry_open.append(bar["volume"] > 0 and not flat)
        fine = whole and entry_open[after]
        out.append(prices[after + horizon] / prices[after] - 1 if fine else None)
    return z_of(out)


@pytest.mark.parametrize(("after", "horizon"), [((1, 2, 8), 8), ((4, 8), 20), ((2,), 3)])
def test_bar_returns_beside_a_loop(barred, rows, after, horizon):
    spec = BarReturnsSpec(after=after, horizon=horizon)
    last = (after[-1] + horizon) // T
    assert (spec.offset, spec.columns) == (last, tuple(f"fwd_bar{j:02d}" for j in after))
    days = np.arange(SPAN[0], SPAN[-1] - spec.offset + 1)
    found = spec.compute(barred, DAYS[days], ASSETS).values
    for at, j in enumerate(after):
        expected = [expected_bars(rows, d, j, horizon, spec.offset) for d in days]
        np.testing.assert_allclose(found[:, :, at], expected, atol=2e-6)
    assert np.isfinite(found).mean() > 0.5
    if after[0] == 1:
        a, d = LOCKED_BAR
        assert np.isnan(found[d - SPAN[0], a, 0]), "its bar of entry is locked"
        assert np.isfinite(found[d - SPAN[0], a, 1])
    for a, gone in (SUSPENDED, GAP):
        assert np.isnan(found[gone[0] - SPAN[0], a, 0]), "nothing trades on the date"


BARRED = [
    BarSharpeSpec(horizon=3),
    BarSharpeSpec(horizon=1, benchmark="none"),
    BarReturnsSpec(),
    BarReturnsSpec(after=(8,), horizon=8),
    BarReturnsSpec(after=(2,), horizon=4),  # all of it on the date itself
    RawBarReturnsSpec(after=(2, 6), horizon=4),
]


@pytest.mark.slow
@pytest.mark.one_in(6)
@pytest.mark.parametrize("spec", BARRED, ids=repr)
def test_they_keep_the_promises_of_labels(tmp_path, daily, bars, spec):
    """On a lake whose bars end a few sessions after the widest window, as its daily rows do."""
    last, on = DAYS[SPAN[-1]].item(), DAYS[33].item()
    lake = write_lake(tmp_path / "lake", daily.filter(pl.col("date") <= last))
    lake.append("bars", bars)
    for check in (assert_shapes, assert_permutation, assert_reads):
        check(spec, lake, on)
    assert_label_forward_only(spec, lake, on, folder=tmp_path)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("spec", BARRED, ids=repr)
def test_which_dates_are_asked_for_together_changes_nothing(barred, spec):
    days = DAYS[SPAN[0] : SPAN[-1] - 5]
    whole = spec.compute(barred, days, ASSETS).values
    for part in (slice(4, 5), slice(2, None, 7)):
        np.testing.assert_array_equal(spec.compute(barred, days[part], ASSETS).values, whole[part])
    assert np.isnan(spec.compute(barred, DAYS[: SPAN[0] - 1], ASSETS).values).all(), "no bars yet"
    after = SPAN[-1] + (spec.offset == 0)
    assert np.isnan(spec.compute(barred, DAYS[after:], ASSETS).values).all(), "no bars any more"


def test_what_is_lacking_is_told(lake, barred, rows):
    for spec in (BarSharpeSpec(), BarReturnsSpec()):
        with pytest.raises(MissingBarsError, match="no bars"):
            spec.compute(lake, DAYS[20:21], ASSETS)
        with pytest.raises(UnknownSampleDateError, match="2030"):
            spec.compute(barred, np.array(["2030-01-01"], "datetime64[D]"), ASSETS)
    with pytest.raises(NoBenchmarkBarsError, match="ingest the bars of the index"):
        BarSharpeSpec(benchmark="000300.SH").compute(barred, DAYS[20:21], ASSETS)
    for wrong in ({"after": (4, 4)}, {"after": (0,)}, {"after": (9,)}, {"after": ()}):
        with pytest.raises(ValidationError, match=r"bars from 1 to 8|at least 1 item"):
            BarReturnsSpec(**wrong)
    with pytest.raises(ValidationError, match="pattern"):
        BarSharpeSpec(benchmark="csi500")


def test_what_a_bar_label_declares():
    spec = BarSharpeSpec(horizon=10, freq=10)
    assert spec.reads() == (Read("daily", None, 0, 10), Read("bars", 10, 0, 10))
    assert BarReturnsSpec(freq=10, after=(24,), horizon=24).reads() == (
        Read("daily", None, 0, 2), Read("bars", 10, 0, 2)
    )  # fmt: skip
    assert BarReturnsSpec().begins == time(10, 30)
    assert BarReturnsSpec(freq=10, after=(12, 24)).begins == time(11, 30)
    assert BarReturnsSpec(after=(8,)).begins == ZReturnSpec().begins == time(15)
    assert SeveralSpec(labels=(ZReturnSpec(), BarReturnsSpec())).begins == time(10, 30)


@pytest.mark.parametrize(
    ("freq", "after", "horizon", "sessions"),
    [(30, (2, 4, 6, 8), 4, (0, 1, 1, 1)), (30, (2, 4, 6, 8), 8, (1, 1, 1, 2)),
     (30, (2, 8), 40, (5, 6)), (10, (6, 24), 17, (0, 1)), (10, (6, 24), 18, (1, 1))],
)  # fmt: skip
def test_the_purge_counts_to_the_last_bar_of_each_column(freq, after, horizon, sessions):
    """By hand: bar j + 1 + h of a day of T bars lies (j + h) // T sessions later."""
    label = BarReturnsSpec(freq=freq, after=after, horizon=horizon)
    assert (label.sessions, label.offset) == (sessions, sessions[-1])


def test_the_raw_twin_is_what_is_z_scored(barred):
    label, days = BarReturnsSpec(after=(2, 8), horizon=4), DAYS[SPAN[0] : SPAN[-1] - 2]
    (raw,) = label.raw
    assert raw == RawBarReturnsSpec(after=(2, 8), horizon=4)
    assert raw.columns == ("fwd_bar03_4_of_8", "fwd_bar09_4_of_8")
    assert (raw.offset, raw.begins, raw.raw) == (label.offset, label.begins, (raw,))
    found = raw.compute(barred, days, ASSETS).values.astype(np.float64)
    mean = np.nanmean(found, axis=1, keepdims=True)
    std = np.nanstd(found, axis=1, keepdims=True)
    expected = label.compute(barred, days, ASSETS).values
    np.testing.assert_allclose((found - mean) / std, expected, atol=2e-5)
    assert BarReturnsSpec(after=(8,)).raw == RawBarReturnsSpec(after=(8,)).raw == ()
    several = SeveralSpec(labels=(label, ZReturnSpec(), label))
    assert several.raw == (raw,)


@pytest.mark.parametrize("after", [2, 6])
def test_a_bar_label_knows_nothing_of_the_bars_before_it_begins(tmp_path, daily, bars, after):
    """What a network may see is none of what it is to predict: other bars up to j, same label."""
    on = DAYS[33].item()
    early = (pl.col("date") == on) & (pl.col("time") <= bar_times(30)[after - 1])
    rng = np.random.default_rng(1)
    factor = pl.Series(rng.uniform(0.5, 0.9, len(bars)))
    names = ("open", "high", "low", "close", "amount")
    other = bars.with_columns(
        *(pl.when(early).then(pl.col(name) * factor).otherwise(pl.col(name)) for name in names)
    )
    found = []
    for name, rows in (("true", bars), ("other", other)):
        lake = write_lake(tmp_path / name, daily)
        lake.append("bars", rows)
        label = BarReturnsSpec(after=(after,), horizon=4)
        found.append(label.compute(lake, np.array([on], "datetime64[D]"), ASSETS).values)
    assert np.isfinite(found[0]).sum() >= 5, "nothing was compared"
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("spec", BARRED, ids=repr)
def test_a_view_of_the_declared_tables_is_enough(barred, spec):
    """The view that the step of a recipe gets."""
    end = DAYS[20 + spec.offset].item()
    view = barred.limited(frozenset((read.table, read.freq) for read in spec.reads()), end)
    expected = spec.compute(barred, DAYS[20:21], ASSETS).values
    assert np.isfinite(expected).sum() >= 5, "nothing was compared"
    np.testing.assert_array_equal(spec.compute(view, DAYS[20:21], ASSETS).values, expected)


def test_a_universe_is_not_cut_by_the_next_close(barred):
    """The stock is at limit-up at the close of day 30, and its bar returns of day 29 remain."""
    a, d = LOCKED_UP
    inside = Panel(np.ones((1, len(ASSETS), 1), np.float32), DAYS[[d - 1]], ASSETS, ("universe",))
    inside.values[0, 4] = 0
    spec = BarReturnsSpec(after=(2, 8), horizon=4)
    found = spec.over(barred, inside).values[0]
    assert np.isfinite(found[a, 0])
    assert np.isnan(found[4]).all()
    assert np.isnan(BarSharpeSpec(horizon=1).over(barred, inside).values[0, a]).all()
