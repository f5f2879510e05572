"""What both exchanges publish of a simulated market gives back its book, sides, orders and factors.

One market goes into a lake twice: straight from the simulator, which knows every order, and by way
of the files that the exchanges would publish. Shenzhen publishes everything. Shanghai does not
publish, and nobody can know,

* orders that neither traded nor rested: market orders without a counterpart, own-best orders
  without an own side, and their cancels;
* the unfilled rest of a market order, and of an own-best order without an own side;
* the limit of an order that was filled on arrival (its worst price is known), and the kind of any.

All else is compared for equality, bit by bit.
"""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.parents import TRADE_COLUMNS, parent_orders
from intralpha.features.level2.thresholds import RULES, BigOrderSpec, thresholds
from intralpha.market import Lake
from intralpha.market.tick_blocks import read_ticks
from intralpha.sources import Level2Spec, SimulatedMarket, SimulatedSpec, ingest, write_published
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.level2.day_check import check_day
from intralpha.sources.level2.source import Level2Source
from intralpha.sources.level2.trades import COMPARED
from intralpha.sources.replay.rows import FACTS, book_rows, read_books, snapshot_times
from intralpha.sources.replay.rows import make_snapshots as write_snapshots

# A thin book whose providers leave sides empty: the hard case, in which orders leave no trace.
THIN = HabitSpec(
    orders_per_day=1200,
    cancel_share=0.4,
    open_share=0.04,
    size_spread=0.7,
    requote=1e6,
    deep_share=0.0,
)
# Both ways from end to end; each step has tests of its own in sources/replay and sources/level2.
pytestmark = pytest.mark.slow
MARKET = SimulatedSpec(
    n_assets=8,
    start=date(2023, 1, 3),
    end=date(2023, 1, 11),
    freq=1,
    ticks=("trades", "orders"),
    habits=THIN,
)
KEY, ORDER = ["date", "symbol", "seq"], ["date", "symbol", "id"]
SHANGHAI = pl.col("symbol").str.ends_with(".SH")
QUIET = {"show_progress": False}
LAST_TWO = slice(-2, None)  # more than five sessions lie before: big orders have thresholds
OF_ORDERS = ("skew_order_diff", "kurt_order_diff", "early_kurt_order", "corr_buyorder_volume_price")
LEVEL2 = ("level2_trades", "level2_parents", "level2_minutes")


def fill(lake: Lake) -> Lake:
    """Snapshots of the last two sessions, then the minutes of all."""
    dates = lake.dates("trades")
    for day in dates[LAST_TWO]:
        made = write_snapshots(lake, day.item())
        assert made.faults.is_empty()
    enrich(lake, dates, **QUIET)
    return lake


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("truth") / "lake", create=True)
    ingest([MARKET], lake, **QUIET)
    return fill(lake)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    list(write_published(SimulatedMarket(MARKET), folder))
    return folder


@pytest.fixture(scope="module")
def published(files: Path, truth: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("published") / "lake", create=True)
    report = ingest([Level2Spec.model_validate(simulated_files(files))], lake, **QUIET)
    assert not any(c.quarantined for c in report.counts)
    assert {n for c in report.counts for n in c.notes} == {COMPARED}  # no side differs
    copy(truth, lake, "daily", "instruments")
    return fill(lake)


def simulated_files(folder: Path) -> dict[str, object]:
    return {"kind": "level2", "preset": "simulated_files", "path": str(folder)}


def copy(source: Lake, lake: Lake, *tables: str) -> None:
    for table in tables:
        lake.append(table, source.scan(table).collect())


def beside(truth: Lake, tmp_path: Path, orders: pl.DataFrame) -> Lake:
    """The true market with other orders."""
    lake = Lake(tmp_path / "lake", create=True)
    copy(truth, lake, "daily", "instruments", "bars", "auctions", "trades")
    lake.append("orders", orders)
    return lake


def table(lake: Lake, name: str, which: pl.Expr | bool = True) -> pl.DataFrame:
    return lake.scan(name).filter(which).collect()


def stocks(lake: Lake, shanghai: bool | None = None) -> np.ndarray:
    names = sorted(table(lake, "trades")["symbol"].unique())
    return np.array([s for s in names if shanghai is None or s.endswith(".SH") == shanghai])


def factors(lake: Lake, library: str, names: tuple[str, ...], which: slice, shanghai=None):
    """Values [D, A, F] of sessions; no store, so that nothing is handed from test to test."""
    spec = LibrarySpec(library=library, names=names, cache=False)
    panel = spec.make().compute(lake, lake.dates("trades")[which], stocks(lake, shanghai))
    assert np.isfinite(panel.values).mean() > 0.95, "nothing was compared"
    return panel.values


def assert_same(found: pl.DataFrame, expected: pl.DataFrame, least: int) -> None:
    assert expected.height >= least, "nothing was compared"
    assert found.columns == expected.columns
    assert found.equals(expected)


# --- what must be equal -----------------------------------------------------------------------


def test_trades_and_sides(truth: Lake, published: Lake) -> None:
    """Shenzhen has no flag: its sides come from the ids. Shanghai counts its records anew."""
    for where, columns in ((~SHANGHAI, ("date", "symbol", "seq")), (SHANGHAI, ("date", "symbol"))):
        rest = ("time", "price", "volume", "buy_id", "sell_id", "side")
        found, expected = (
            table(lake, "trades", where).sort(KEY).select(*columns, *rest)
            for lake in (published, truth)
        )
        assert_same(found, expected, 5_000)
        assert set(expected["side"]) == {-1, 0, 1}


def test_orders_of_shenzhen(truth: Lake, published: Lake) -> None:
    found, expected = (table(lake, "orders", ~SHANGHAI).sort(KEY) for lake in (published, truth))
    assert_same(found, expected.select(found.columns), 30_000)
    assert set(expected["kind"]) == {"limit", "market", "own_best"}


def test_orders_of_shanghai_are_those_that_left_a_trace(truth: Lake, published: Lake) -> None:
    found, expected = table(published, "orders", SHANGHAI), traced(truth)
    everything = table(truth, "orders", SHANGHAI)
    columns = [*ORDER, "time", "side", "price", "volume", "kind", "cancel"]
    assert_same(found.sort(KEY).select(columns), expected.sort(KEY).select(columns), 20_000)
    # Whoever changes what is published, or how thin the simulated book is, shall see it here.
    entered, seen = (rows.filter(~pl.col("cancel")).height for rows in (everything, expected))
    assert 0.03 < 1 - seen / entered < 0.05


def test_parent_orders(truth: Lake, published: Lake) -> None:
    count = 0
    for day in truth.dates("trades"):
        found, expected = (
            parent_orders(next(read_ticks(lake, "trades", day.item(), TRADE_COLUMNS)))
            for lake in (published, truth)
        )
        np.testing.assert_array_equal(found.symbols, expected.symbols)
        np.testing.assert_array_equal(found.bounds, expected.bounds)
        assert found.columns.keys() == expected.columns.keys()
        for name in expected.columns:
            np.testing.assert_array_equal(found[name], expected[name])
        count += len(expected)
    assert count > 20_000


@pytest.mark.parametrize("rule", RULES)
def test_thresholds(truth: Lake, published: Lake, rule: str) -> None:
    spec, names = BigOrderSpec.model_validate({"rule": rule}), stocks(truth)
    for day in truth.dates("trades")[LAST_TWO]:
        found, expected = (thresholds(x, day.item(), spec).of(names) for x in (published, truth))
        for got, known in zip(found, expected, strict=True):
            np.testing.assert_array_equal(got, known)
        assert np.isfinite(expected[0]).all()


def test_the_book_every_three_seconds(truth: Lake, published: Lake) -> None:
    """Both sides, ten levels, sums; a rest that never rests is no part of it."""
    levels = 0
    for day in truth.dates("trades")[LAST_TWO]:
        found, expected = (
            pl.concat(
                book_rows(*both, snapshot_times(), facts=True)
                for both in read_books(lake, day.item())
            )
            for lake in (published, truth)
        )
        assert_same(found, expected, 30_000)
        assert expected.select(pl.col(FACTS[2:]).sum()).row(0) == (0, 0, 0)
        levels += int(expected.select(pl.col("^(bid|ask)_price.*$").count()).row(0)[0])
    assert levels > 50_000


@pytest.mark.parametrize("name", ["bars", "auctions", "snapshots"])
def test_enriched_minutes(truth: Lake, published: Lake, name: str) -> None:
    """Rows of the simulator that trades cannot make (its index, days without a trade) are left."""
    traded = table(truth, "trades").select("date", "symbol").unique()
    found, expected = (
        table(lake, name).join(traded, on=["date", "symbol"], how="semi").sort(pl.all())
        for lake in (published, truth)
    )
    assert_same(found, expected.select(found.columns), 40)
    assert found.height == table(published, name).height
    if name == "bars":
        last = expected.filter(pl.col("date") == expected["date"].max())
        for column in ("active_buy_amount", "big_buy_amount", "net_bid_amount", "depth_imbalance"):
            assert last[column].drop_nulls().abs().sum() > 0


def test_trades_agree_with_daily_rows(published: Lake) -> None:
    """The daily rows are the simulator's own and never saw the files."""
    for day in published.dates("trades"):
        found = check_day(published, day.item())
        assert found.stocks >= 7
        assert found.differences.is_empty()
        assert found.contradicted == found.without_buy_id == found.without_sell_id == 0


@pytest.mark.slow
@pytest.mark.parametrize("library", LEVEL2)
def test_libraries_without_orders(truth: Lake, published: Lake, library: str) -> None:
    found, expected = (factors(x, library, (), LAST_TWO) for x in (published, truth))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize(("library", "count"), [("hf27", 4), ("l2", 1)])
def test_whole_sets(truth: Lake, published: Lake, library: str, count: int) -> None:
    """Everything in Shenzhen; in Shanghai everything but what is made of orders as entered."""
    names = np.array(LibrarySpec(library=library).make().names)
    open_ = np.isin(names, [*OF_ORDERS, "l2_order_kurt"]) & np.array(
        [[s.endswith(".SH")] for s in stocks(truth)]
    )
    assert open_.any(axis=0).sum() == count
    found, expected = (factors(x, library, (), LAST_TWO) for x in (published, truth))
    np.testing.assert_array_equal(found[:, ~open_], expected[:, ~open_])
    assert (found[:, open_] != expected[:, open_]).mean() > 0.5


# --- Shanghai's orders ------------------------------------------------------------------------


def traced(truth: Lake) -> pl.DataFrame:
    """Shanghai's true orders and cancels as far as the exchange publishes them, by hand.

    An order is published if it traded or could rest; a cancel, if its order could rest. An order
    without a price is as large as what it filled. One that was filled on arrival has the worst
    price it paid. All count as limit orders.
    """
    events = table(truth, "orders", SHANGHAI)
    trades = table(truth, "trades", SHANGHAI)
    buys = pl.col("side") > 0
    worst = pl.when(buys.first()).then(pl.col("price").max()).otherwise(pl.col("price").min())
    active = (
        trades.filter(pl.col("side") != 0)
        .with_columns(id=pl.when(buys).then("buy_id").otherwise("sell_id"))
        .group_by(ORDER)
        .agg(pl.col("volume").sum().alias("filled"), worst.alias("worst"))
    )
    rests = pl.col("price") > 0
    at_once = pl.col("filled") == pl.col("volume")
    orders = (
        events.filter(~pl.col("cancel"))
        .join(active, on=ORDER, how="left")
        .filter(rests | pl.col("filled").is_not_null())
        .with_columns(volume=pl.when(rests).then("volume").otherwise("filled"))
        .with_columns(price=pl.when(at_once).then("worst").otherwise("price"))
    )
    cancels = events.filter(pl.col("cancel"), rests)
    return pl.concat([orders.select(events.columns), cancels]).with_columns(kind=pl.lit("limit"))


def errors(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Median absolute error over stock-days in standard deviations of the truth, a factor."""
    both = np.isfinite(found) & np.isfinite(truth)
    assert both.all()
    return np.median(np.abs(found - truth), axis=(0, 1)) / np.std(truth, axis=(0, 1))


def records(files: Path) -> pl.DataFrame:
    """The naive reading: the records of Shanghai's order files as if they were the orders."""
    spec = Level2Spec.model_validate(simulated_files(files))
    streams = {"shanghai_orders": spec.streams["shanghai_orders"]}
    batches = Level2Source(spec.model_copy(update={"streams": streams})).batches()
    return pl.concat([b.frame for b in batches if b.table == "orders"])


def of_orders(lake: Lake) -> np.ndarray:
    return factors(lake, "level2_orders", OF_ORDERS, slice(None), shanghai=True)


def test_factors_of_orders_are_those_of_what_left_a_trace(
    truth: Lake, published: Lake, tmp_path: Path
) -> None:
    expected = of_orders(beside(truth, tmp_path, traced(truth)))
    assert expected.size > 100
    np.testing.assert_array_equal(of_orders(published), expected)
    assert (of_orders(truth) != expected).mean() > 0.5


@pytest.mark.slow
def test_factors_of_orders_are_close_to_the_truth(
    truth: Lake, published: Lake, files: Path, tmp_path: Path
) -> None:
    """At most 5 % of a standard deviation from the true sizes of orders that left a trace, and 20 %
    from those of all orders: in the median stock-day. Taking records for orders misses both."""
    whole, rebuilt = of_orders(truth), of_orders(published)
    same = table(truth, "orders", SHANGHAI).join(traced(truth), on=[*ORDER, "cancel"], how="semi")
    known = of_orders(beside(truth, tmp_path / "known", same))
    naive = of_orders(beside(truth, tmp_path / "naive", records(files)))
    assert (errors(rebuilt, known) < 0.05).all()
    assert (errors(rebuilt, whole) < 0.20).all()
    assert (errors(naive, known) > 0.04).all()
    assert (errors(naive, known) > 5 * errors(rebuilt, known)).all()
    assert (errors(naive, whole) > errors(rebuilt, whole)).all()


def test_records_taken_for_orders_lose_the_eager_ones(
    truth: Lake, published: Lake, files: Path, tmp_path: Path
) -> None:
    """A fifth of the orders and of the shares, and a book whose trades come from nowhere."""
    listed = records(files).filter(~pl.col("cancel"))
    rebuilt, whole = (
        table(lake, "orders", SHANGHAI).filter(~pl.col("cancel")) for lake in (published, truth)
    )
    assert 0.75 < listed.height / whole.height < 0.80 < 0.95 < rebuilt.height / whole.height
    shares = whole["volume"].sum()
    assert 0.75 < listed["volume"].sum() / shares < 0.82 < 0.94 < rebuilt["volume"].sum() / shares
    lake = beside(truth, tmp_path, records(files))
    on = truth.dates("trades")[0].item()
    at_close = np.array([54_000_000])
    faults = pl.concat(book_rows(*both, at_close, facts=True) for both in read_books(lake, on))
    faults = faults.filter(SHANGHAI)
    assert faults.height >= 4
    assert faults["unseen"].min() > 20
