"""The audit itself: noise where it must be, the past untouched, and cheats caught."""

from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from intralpha.audit import Finding, assert_same_past, compare_panels, delay, remove, scramble
from intralpha.audit.moment import NoFutureError, dated_by
from intralpha.audit.probe import FutureLeakError, NothingComparedError
from intralpha.base import Panel
from intralpha.market import TABLES, Lake, read_daily
from intralpha.market.schemas import TableSchema
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

AFTER = date(2023, 2, 15)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Lake]:
    root = tmp_path_factory.mktemp("worlds")
    lake = Lake(root / "true", create=True)
    spec = SimulatedSpec(
        n_assets=8,
        start=date(2023, 1, 3),
        end=date(2023, 3, 10),
        habits=HabitSpec(orders_per_day=150),
    )
    ingest([spec], lake, show_progress=False)
    return lake, scramble(lake, AFTER, root / "noise")


def test_the_past_is_the_same_and_the_future_is_not(worlds: tuple[Lake, Lake]) -> None:
    before, after = (read_daily(w, ("close", "volume", "adj_factor")) for w in worlds)
    np.testing.assert_array_equal(before.dates, after.dates)
    past = before.dates <= np.datetime64(AFTER)
    np.testing.assert_array_equal(before.values[past], after.values[past])
    changed = before.values[~past] != after.values[~past]
    assert changed.mean() > 0.8
    assert worlds[1].dates("bars", 30).tolist() == worlds[0].dates("bars", 30).tolist()


@pytest.fixture(scope="module")
def every_table(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Lake]:
    """A lake with rows of every table before and after the date, and its noise."""
    root = tmp_path_factory.mktemp("every")
    lake = Lake(root / "true", create=True)
    ticks = ("trades", "orders", "snapshots")
    spec = SimulatedSpec(
        n_assets=6, start=date(2023, 2, 13), end=date(2023, 2, 17), freq=30, ticks=ticks
    )
    ingest([spec], lake, show_progress=False)
    days, rng = [date(2023, 2, 14), date(2023, 2, 16)], np.random.default_rng(0)
    for table, schema in TABLES.items():
        if table == "bars" or TABLES[table].start or not lake.has(table):
            lake.append(table, hand_made(schema, days, rng))
    assert all(lake.has(table) for table in TABLES)
    return lake, scramble(lake, AFTER, root / "noise")


def hand_made(schema: TableSchema, days: list[date], rng: np.random.Generator) -> pl.DataFrame:
    """Two stocks on each of two days with a number in every column, the nullable ones too."""
    times = {"bars": [time(10), time(10, 30)], "auctions": [time(9, 25), time(15)]}
    rows = []
    for day in days:
        for i in range(1 if schema.key == ("symbol",) else 2):
            row: dict = {}
            for name, kind in schema.columns.items():
                if kind == pl.Date:
                    row[name] = day + timedelta(days=400) if name == schema.end else day
                elif kind == pl.Time:
                    row[name] = times[schema.name][i]
                elif kind == pl.Boolean:
                    row[name] = bool(i)
                elif kind == pl.String:
                    row[name] = f"{day:%d}-{i}"
                else:
                    row[name] = rng.uniform(0.1, 0.5) if kind == pl.Float64 else 100 + i
            row |= {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5} if "high" in row else {}
            row |= {"symbol": f"60051{i}.SH"} if "symbol" in row else {}
            row |= {"symbol": f"6051{day:%d}.SH"} if schema.key == ("symbol",) else {}
            row |= {"freq": 30} if "freq" in row else {}
            rows.append(row)
    return pl.DataFrame(rows, schema=schema.columns, orient="row")


@pytest.mark.parametrize("table", [t for t in TABLES if t != "instruments"])
def test_every_number_of_every_table_changes_after_the_date(every_table, table: str) -> None:
    schema = TABLES[table]
    dated = dated_by(schema)
    before, after = (w.scan(table).collect().sort(schema.key) for w in every_table)
    assert_frame_equal(before.select(schema.key), after.select(schema.key))
    past = pl.col(str(dated)) <= AFTER
    ends = [] if schema.end is None else [schema.end]  # of which the next test tells
    assert_frame_equal(*(w.filter(past).drop(ends) for w in (before, after)))
    assert before.filter(past).height, "nothing was compared"
    numbers = [
        n
        for n, kind in schema.columns.items()
        if kind.is_numeric() and n not in schema.key and n != "time"
    ]
    old, new = before.filter(~past), after.filter(~past)
    if "time" in old.columns:
        assert_series_equal(old["time"], new["time"])
    assert old.height, "nothing was compared"
    for name in numbers:
        assert old[name].drop_nulls().len(), f"{table}.{name} has no value to change"
        assert_series_equal(old[name].is_null(), new[name].is_null())
        known = old[name].is_not_null()
        same = (old[name] == new[name]).filter(known)
        priceless = name == "price" and table == "orders"  # orders at the market
        assert same.mean() <= (0.2 if priceless or name == "low" else 0.001), f"{table}.{name}"


@pytest.mark.parametrize("table", [t for t in TABLES if TABLES[t].end])
def test_ends_to_come_are_others_and_those_that_came_stay(every_table, table: str) -> None:
    schema = TABLES[table]
    start = pl.col(str(schema.start))
    before, after = (w.scan(table).collect().sort(schema.key) for w in every_table)
    begun = start.is_null() | (start <= AFTER)
    old, new = (w.filter(begun)[str(schema.end)] for w in (before, after))
    came = (old <= AFTER).fill_null(value=False)
    assert_series_equal(new.filter(came), old.filter(came))
    to_come = old > AFTER
    assert to_come.any()
    assert (new != old).filter(to_come).all()
    assert (new > AFTER).filter(~came).fill_null(value=True).all()


def test_without_a_future_no_row_and_no_end_is_later(every_table, tmp_path: Path) -> None:
    """Of every table what :meth:`Lake.limited` shows of a lake on that day, and nothing else."""
    gone = remove(every_table[0], AFTER, tmp_path / "gone")
    assert gone.verify() == ()
    for table, schema in TABLES.items():
        key = list(schema.key)
        left, known = (
            w.scan(table).collect().sort(key) for w in (gone, every_table[0].limited(None, AFTER))
        )
        assert_frame_equal(left, known)
        assert (
            0 < left.height < every_table[0].scan(table).collect().height or table == "instruments"
        )


@pytest.mark.slow
def test_a_later_future_is_the_true_one_a_session_on(every_table, tmp_path: Path) -> None:
    late = delay(every_table[0], AFTER, tmp_path / "late")
    assert late.verify() == ()
    sessions = every_table[0].dates("daily")
    at = int(np.searchsorted(sessions, np.datetime64(AFTER)))
    for table in ("daily", "bars", "snapshots", "trades", "orders"):
        schema = TABLES[table]
        for place, day in enumerate(sessions):
            then = sessions[place - (place > at)].item()
            new, old = (
                w.scan(table, d, d).collect().sort(schema.sort).drop("date")
                for w, d in ((late, day.item()), (every_table[0], then))
            )  # fmt: skip
            assert_frame_equal(new, old)
            assert new.height > 5 or table == "bars"
    old, new = (w.scan("fundamentals").collect() for w in (every_table[0], late))
    moved = [d if d <= AFTER else date(2023, 2, 17) for d in old["announce_date"]]
    assert new["announce_date"].to_list() == moved
    assert date(2023, 2, 16) in old["announce_date"].to_list()


def test_files_of_the_past_are_not_read_again(worlds: tuple[Lake, Lake]) -> None:
    true, noise = worlds
    names = sorted(p.relative_to(true.root) for p in true.root.rglob("date=*.parquet"))
    shared = [n for n in names if (true.root / n).samefile(noise.root / n)]
    assert [str(n) for n in shared] == [str(n) for n in names if n.stem < f"date={AFTER}"]
    assert len(shared) > 20


def test_the_shape_of_a_day_changes_row_by_row(every_table) -> None:
    """One factor a stock and day would leave every ratio between its bars as it was."""
    for table, name in (("bars", "close"), ("bars", "volume"), ("snapshots", "bid_price1")):
        key = TABLES[table].key
        old, new = (w.scan(table).collect().sort(key) for w in every_table)
        ratio = (new[name] / old[name]).filter(old["date"] > AFTER)
        kept = ratio.filter(ratio.is_finite())
        assert kept.len() > 10, "nothing was compared"
        assert (kept.round(2).diff() == 0).mean() < 0.1


def test_books_stay_in_order_and_totals_grow(every_table) -> None:
    rows = every_table[1].scan("snapshots").filter(pl.col("date") > AFTER).collect()
    bids = rows.select(f"bid_price{k}" for k in range(1, 11)).to_numpy()
    asks = rows.select(f"ask_price{k}" for k in range(1, 11)).to_numpy()
    for steps in (-np.diff(bids, axis=1), np.diff(asks, axis=1)):
        known = np.isfinite(steps) & (bids[:, 1:] > 0) & (asks[:, 1:] > 0)
        assert known.sum() > 1000
        assert (steps[known] > 0).all()
    total = rows.sort("symbol", "date", "time").select(
        pl.col("volume").diff().over("symbol", "date")
    )
    assert total["volume"].drop_nulls().min() > 0


def test_trades_still_find_their_orders(every_table) -> None:
    """The same share of trades as before belongs to an order that is there."""
    found = []
    for world in every_table:
        orders = world.scan("orders").select("date", "symbol", "id").unique()
        trades = world.scan("trades").filter(pl.col("date") > AFTER)
        joined = trades.join(orders, left_on=["date", "symbol", "buy_id"],
                             right_on=["date", "symbol", "id"], how="semi")  # fmt: skip
        found.append(joined.select(pl.len()).collect().item())
    assert found[0] == found[1] > 0


CHEATS = {
    "tomorrow's close": ("daily", lambda rows: rows["close"].shift(-1)),
    "tomorrow's limit": ("daily", lambda rows: rows["up_limit"].shift(-1)),
    "the next bar over this one": ("bars", lambda rows: rows["close"].shift(-1) / rows["close"]),
    "later trades count": ("bars", lambda rows: rows["trades"].shift(-1).cast(float)),
    "who will be active": ("trades", lambda rows: rows["side"].shift(-1).cast(float)),
    "depth to come": ("snapshots", lambda rows: rows["ask_volume3"].shift(-1).cast(float)),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheats_are_caught(every_table, cheat: str) -> None:
    """Each reads the next row of one column; its last row up to the date betrays it."""
    table, compute = CHEATS[cheat]

    def panel(world: Lake) -> Panel:
        rows = world.scan(table).collect().sort("symbol", *TABLES[table].sort[-1:], "date")
        rows = rows.sort("symbol", "date", maintain_order=True)
        made = rows.select("date", "symbol").with_columns(value=compute(rows))
        last = made.group_by("date", "symbol", maintain_order=True).last()
        return Panel.from_polars(last, ("value",), dtype=np.float64)

    honest = [w.scan(table).collect().group_by("date", "symbol").len("value") for w in every_table]
    a, b = (Panel.from_polars(h.cast({"value": float}), ("value",)) for h in honest)
    assert compare_panels("honest", a, b, AFTER).clean
    finding = compare_panels(cheat, panel(every_table[0]), panel(every_table[1]), AFTER)
    with pytest.raises(FutureLeakError, match=cheat):
        assert_same_past((finding,), AFTER)


def survivors(lake: Lake) -> pl.DataFrame:
    """Who will never leave, as a universe of the past."""
    rows = lake.scan("instruments").collect()
    return rows.select("symbol", value=pl.col("delist_date").is_null().cast(float))


def todays_members(lake: Lake) -> pl.DataFrame:
    """What each stock weighs in an index in the end."""
    rows = lake.scan("membership").collect().sort("symbol", "in_date")
    return rows.group_by("symbol").agg(pl.col("weight").last().alias("value"))


def restated(lake: Lake) -> pl.DataFrame:
    """The newest statement, whenever it was announced."""
    rows = lake.scan("fundamentals").collect().sort("symbol", "announce_date")
    return rows.group_by("symbol").agg(pl.col("value").last())


@pytest.mark.parametrize(
    ("cheat", "future"),
    [(survivors, "removed"), (todays_members, "noise"), (restated, "noise")],
)
def test_what_reference_tables_say_in_the_end_is_not_known_before(
    every_table, tmp_path: Path, cheat: Callable[[Lake], pl.DataFrame], future: str
) -> None:
    """Of a view of the lake as it was known, the same question has an honest answer."""
    true = every_table[0]
    other = every_table[1] if future == "noise" else remove(true, AFTER, tmp_path / "gone")

    def panel(rows: pl.DataFrame) -> Panel:
        dated = rows.drop_nulls().with_columns(date=pl.lit(AFTER))
        return Panel.from_polars(dated, ("value",), dtype=np.float64)

    finding = compare_panels(cheat.__name__, panel(cheat(true)), panel(cheat(other)), AFTER)
    with pytest.raises(FutureLeakError, match=cheat.__name__):
        assert_same_past((finding,), AFTER)
    known = [panel(cheat(world.limited(None, AFTER))) for world in (true, other)]
    assert compare_panels("known", *known, AFTER).clean


def test_whether_a_stock_will_trade_is_noise_too(worlds: tuple[Lake, Lake]) -> None:
    """The cheat knows who will be suspended: it sees other stocks in the other world."""
    stops = [
        w.scan("daily").filter(pl.col("date") > AFTER, pl.col("volume") == 0)
        .select("date", "symbol").collect() for w in worlds
    ]  # fmt: skip
    assert 3 < stops[1].height < 40, "8 stocks and the index over 17 sessions"
    assert stops[1].join(stops[0], on=["date", "symbol"], how="anti").height > 3


def test_a_scrambled_lake_is_a_valid_lake(worlds: tuple[Lake, Lake]) -> None:
    assert worlds[1].verify() == ()


def test_a_lake_without_future_proves_nothing(worlds: tuple[Lake, Lake], tmp_path: Path) -> None:
    with pytest.raises(NoFutureError, match="nothing after 2023-03-10"):
        scramble(worlds[0], date(2023, 3, 10), tmp_path / "x")


def test_differences_are_located() -> None:
    days = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]")
    a = Panel(np.ones((3, 2, 1)), days, np.array(["a", "b"]), ("x",))
    b = Panel(np.ones((3, 2, 1)), days, np.array(["a", "b"]), ("x",))
    b.values[2] = 5
    assert compare_panels("x", a, b, date(2024, 1, 3)) == Finding("x", 4, 0, "")
    b.values[1, 1, 0] = 2
    finding = compare_panels("x", a, b, date(2024, 1, 3))
    assert finding == Finding("x", 4, 1, "2024-01-03 b x: 1 -> 2")
    with pytest.raises(FutureLeakError, match="x: 1 of 4 values; first 2024-01-03 b x: 1 -> 2"):
        assert_same_past((finding,), date(2024, 1, 3))


def test_an_empty_comparison_fails() -> None:
    with pytest.raises(NothingComparedError, match="y has no finite value"):
        assert_same_past((Finding("x", 3, 0, ""), Finding("y", 0, 0, "")), AFTER)
