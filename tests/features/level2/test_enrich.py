"""Enriching a lake: the simulated market's own bars come out, days are done once, and nothing else
of the lake moves."""

import json
from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from polars.testing import assert_frame_equal

from intralpha.features.level2 import enrich as enriching
from intralpha.features.level2.enrich import enrich, plan_days
from intralpha.features.level2.parents import parent_orders
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake, bar_times
from intralpha.market.manifest import file_facts, read_manifest, write_manifest
from intralpha.market.tick_blocks import read_ticks
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.level2.day_check import NoTradesError, check_day

SPEC = SimulatedSpec(n_assets=8, start=date(2023, 1, 3), end=date(2023, 1, 10), freq=1)
INDEX = "000000.SH"
PRICES = ("open", "high", "low", "close")
FIVE = BigOrderSpec(days=3, min_days=2)


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Lake:
    """A simulated market with trades, bars of 1 and 5 minutes; not to be changed."""
    lake = Lake(tmp_path_factory.mktemp("market") / "lake", create=True)
    ingest([SPEC.model_copy(update={"ticks": ("trades",)})], lake, show_progress=False)
    ingest([SPEC.model_copy(update={"freq": 5})], lake, show_progress=False)
    return lake


@pytest.fixture
def lake(market: Lake, tmp_path: Path) -> Lake:
    """A copy of the market."""
    for path in market.root.rglob("*"):
        if path.is_file() and ".cache" not in path.parts:
            target = tmp_path / "lake" / path.relative_to(market.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return Lake(tmp_path / "lake")


def run(lake: Lake, spec: BigOrderSpec | None = None, days: slice = slice(None), **more: int):
    return enrich(lake, lake.dates("trades")[days], spec or FIVE, show_progress=False, **more)


def bars(lake: Lake, on: date, freq: int = 1) -> pl.DataFrame:
    return lake.scan("bars", on, on, freq).sort("symbol", "time").collect()


def test_bars_of_trades_equal_the_bars_of_the_exchange(market: Lake, lake: Lake):
    """Its first minute holds the opening auction, ours do not: with it added all are equal."""
    report = run(lake)
    assert len(report.counts) == len(lake.dates("trades")) == 6
    for count in report.counts:
        own = bars(market, count.on).filter(pl.col("symbol") != INDEX)
        made = bars(lake, count.on).filter(pl.col("symbol").is_in(own["symbol"].unique().to_list()))
        assert_frame_equal(own.select("symbol", "time"), made.select("symbol", "time"))
        traded = made.filter(pl.col("auc_in_first").not_())["symbol"].unique()
        assert len(traded) == count.stocks >= 6
        auction = lake.scan("auctions", count.on, count.on).collect()
        assert auction.height == count.auctions > 0
        for symbol in traded:
            theirs, ours = (f.filter(pl.col("symbol") == symbol) for f in (own, made))
            begun = auction.filter(pl.col("symbol") == symbol)
            for name in PRICES:
                values = ours[name].to_numpy().copy()
                if begun.height:
                    price, first = begun["price"][0], ours["trades"][0]
                    inside = {"open": price, "high": max(price, values[0]),
                              "low": min(price, values[0])}  # fmt: skip
                    values[0] = inside.get(name, values[0] if first else price)
                assert_array_equal(values, theirs[name].to_numpy(), err_msg=f"{symbol} {name}")
            for name in ("volume", "trades", "amount"):
                values = ours[name].to_numpy().astype(float)
                values[0] += begun[name].sum()
                assert np.abs(values - theirs[name].to_numpy()).max() < 0.005, name


def test_big_amounts_follow_from_orders_of_the_days_before(lake: Lake):
    """Made again with groups: thresholds from all orders of three days, fills of big orders."""
    run(lake)
    days = [d.item() for d in lake.dates("trades")]
    on = days[4]
    logs: dict[str, list] = {}
    for before in days[1:4]:
        for block in read_ticks(lake, "trades", before, enriching.TRADE_COLUMNS):
            orders = parent_orders(block)
            for s, symbol in enumerate(orders.symbols.tolist()):
                logs.setdefault(symbol, []).append(np.log(orders.slice(s, s + 1)["amount"]))
    theta = {
        s: np.exp(np.mean(x) + np.std(x)) for s, p in logs.items() for x in [np.concatenate(p)]
    }
    trades = (
        lake.scan("trades", on, on).collect().with_columns(a=pl.col("price") * pl.col("volume"))
    )
    made = bars(lake, on).filter(~pl.col("auc_in_first"))
    compared = 0
    for side, column in (("buy_id", "big_buy_amount"), ("sell_id", "big_sell_amount")):
        total = trades.with_columns(total=pl.col("a").sum().over("symbol", side))
        for symbol, level in theta.items():
            fills = total.filter(
                pl.col("symbol") == symbol, pl.col("total") >= level, pl.col("time") >= 34_200_000
            )
            got = made.filter(pl.col("symbol") == symbol)[column].sum()
            assert got == pytest.approx(fills["a"].sum(), rel=1e-12)
            compared += fills.height
    assert compared > 50


def test_active_sides_are_those_of_the_trades(lake: Lake):
    run(lake, days=slice(0, 1))
    on = lake.dates("trades")[0].item()
    trades = lake.scan("trades", on, on).filter(pl.col("time") >= 34_200_000).collect()
    made = bars(lake, on).filter(~pl.col("auc_in_first"))
    for side, word in ((1, "buy"), (-1, "sell")):
        part = trades.filter(pl.col("side") == side)
        assert made[f"active_{word}_volume"].sum() == part["volume"].sum() > 0
        assert made[f"active_{word}_trades"].sum() == part.height


def test_other_stocks_and_other_frequencies_stay(market: Lake, lake: Lake):
    on = lake.dates("trades")[2].item()
    rows = lake.scan("trades", on, on).collect()
    gone = sorted(rows["symbol"].unique())[0]
    path = lake.root / f"trades/date={on}.parquet"
    path.unlink()
    lake.append("trades", rows.filter(pl.col("symbol") != gone))
    run(lake)
    for symbol in (gone, INDEX):
        mine = pl.col("symbol") == symbol
        assert_frame_equal(bars(lake, on).filter(mine), bars(market, on).filter(mine))
    assert_frame_equal(bars(lake, on, 5), bars(market, on, 5))
    assert lake.checksums("bars", 5) == market.checksums("bars", 5)


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize("rows", [1, 500])
def test_blocks_do_not_matter(lake: Lake, rows: int, tmp_path: Path):
    whole, parts = lake, Lake(tmp_path / "parts", create=True)
    for table in ("daily", "trades", "instruments"):
        parts.append(table, whole.scan(table).collect())
    for on in parts.dates("trades"):
        path = parts.root / f"trades/date={on}.parquet"
        pl.read_parquet(path).write_parquet(path, row_group_size=max(rows // 5, 50))
    other = Lake(tmp_path / "other", create=True)
    for table in ("daily", "trades", "instruments"):
        other.append(table, whole.scan(table).collect())
    run(parts, days=slice(3), trades_a_block=rows, snapshots_a_block=rows)
    run(other, days=slice(3))
    assert len(parts.checksums("bars", 1)) == 3
    assert parts.checksums("bars", 1) == other.checksums("bars", 1)
    assert parts.checksums("auctions") == other.checksums("auctions")


@pytest.mark.slow
def test_a_day_is_done_once_and_again_when_something_changed(lake: Lake):
    days = [d.item() for d in lake.dates("trades")]
    states = lambda spec=FIVE: [p.state for p in plan_days(lake, lake.dates("trades"), spec)]  # noqa: E731
    assert set(states()) == {"to do"}
    first = run(lake)
    version = lake.version()
    assert set(states()) == {"done"}
    again = run(lake)
    assert again.done == tuple(days)
    assert again.counts == ()
    # Another rule is another result, and the first one's state is gone.
    assert set(states(BigOrderSpec(rule="fixed_200k"))) == {"to do"}
    run(lake, BigOrderSpec(rule="fixed_200k"))
    assert set(states()) == {"to do"}
    run(lake)
    assert lake.version() == version
    # Trades of a day matter for it and for the three sessions that look back on it.
    rows = lake.scan("trades", days[2], days[2]).collect()
    lake.append("trades", rows.with_columns(volume=pl.col("volume") * 2), on_conflict="replace")
    assert [s == "to do" for s in states()] == [2 <= n <= 5 for n in range(len(days))]
    assert [c.on for c in run(lake).counts] == days[2:6]
    assert set(states()) == {"done"}
    # So does who else wrote bars, and a daily row from which something follows.
    plain = bars(lake, days[0]).with_columns(volume=pl.lit(0, pl.Int64)).head(240)
    lake.append("bars", plain, on_conflict="replace")
    assert states()[:2] == ["to do", "done"]
    run(lake)
    daily = lake.scan("daily", days[1], days[1]).collect()
    lake.append("daily", daily.with_columns(pl.col("float_shares") * 3), on_conflict="replace")
    assert states()[:4] == ["done", "done", "to do", "done"]
    assert first.seconds > 0


def test_a_stopped_run_goes_on(lake: Lake, monkeypatch):
    days = [d.item() for d in lake.dates("trades")]
    append = Lake.append
    calls: list[str] = []

    def stop(self: Lake, table: str, *rest: object, **more: object):
        calls.append(table)
        if len(calls) == 6:  # auctions, bars, auctions, bars, auctions, and then
            raise KeyboardInterrupt
        return append(self, table, *rest, **more)

    monkeypatch.setattr(Lake, "append", stop)
    with pytest.raises(KeyboardInterrupt):
        run(lake)
    monkeypatch.undo()
    report = run(lake)
    assert report.done == tuple(days[:2])
    assert [c.on for c in report.counts] == days[2:]


def test_days_without_trades_and_lakes_with_nothing_else(tmp_path: Path, market: Lake):
    lake = Lake(tmp_path / "bare", create=True)
    on = market.dates("trades")[0].item()
    trades = market.scan("trades", on, on).collect()
    lake.append("trades", trades)
    report = enrich(lake, np.array([on, "2023-01-01"], "datetime64[D]"), show_progress=False)
    assert report.no_trades == (date(2023, 1, 1),)
    (count,) = report.counts
    assert count.bars_added == 240 * count.stocks
    assert count.no_threshold == count.stocks
    assert count.no_preclose == 0 if count.auctions == count.stocks else count.no_preclose > 0
    made = bars(lake, on)
    assert made["big_buy_amount"].null_count() == made["quotes"].null_count() == made.height
    assert "without a threshold" in report.to_text()


def test_snapshots_of_stocks_with_trades_count(lake: Lake):
    on = lake.dates("trades")[1].item()
    known = lake.scan("trades", on, on).select("symbol").unique().sort("symbol").collect()["symbol"]
    row = {"date": on, "last": 10.0, "volume": 0, "amount": 0.0, "bid_price1": 10.0,
           "ask_price1": 10.2, "bid_volume1": 100, "ask_volume1": 300}  # fmt: skip
    rows = [row | {"symbol": s, "time": 36_000_000 + 3000 * k, "bid_volume1": 100 * (k + 1)}
            for s in (known[1], "999999.SH") for k in range(3)]  # fmt: skip
    lake.append("snapshots", pl.DataFrame(rows))
    (count,) = run(lake, days=slice(1, 2)).counts
    assert count.snapshots == 3
    made = bars(lake, on).filter(pl.col("symbol") == known[1], pl.col("time") == time(10, 1))
    assert made.select("net_bid_amount", "quotes").row(0) == (2000.0, 3)
    assert made["spread"][0] == pytest.approx(0.2 / 10.1)
    assert made["depth_imbalance"][0] == pytest.approx(np.mean([-0.5, -0.2, 0]))
    others = bars(lake, on).filter(pl.col("symbol") == known[0])
    assert others["quotes"].null_count() == 240


def test_a_daily_row_that_differs_is_listed(lake: Lake):
    on = lake.dates("trades")[3].item()
    good = check_day(lake, on)
    assert good.differences.is_empty()
    assert good.only_trades == good.only_daily == ()
    assert good.without_buy_id == good.without_sell_id == good.contradicted == 0
    assert good.active_buys > 0
    assert good.active_sells > 0
    traded = lake.scan("trades", on, on).collect()
    assert good.trades == traded.height
    some = sorted(traded["symbol"].unique())
    daily = lake.scan("daily", on, on).filter(pl.col("symbol").is_in(some[:4])).collect()
    wrong = daily.with_columns(
        high=pl.when(pl.col("symbol") == some[0]).then(pl.col("high") + 0.01).otherwise("high"),
        volume=pl.when(pl.col("symbol") == some[1]).then(pl.col("volume") + 1).otherwise("volume"),
        amount=pl.when(pl.col("symbol") == some[2]).then(pl.col("amount") + 2).otherwise(
            pl.col("amount") + 0.9  # rounded, within the tolerance
        ),
    )  # fmt: skip
    lake.append("daily", wrong, on_conflict="replace")
    found = check_day(lake, on)
    expected = [(some[0], "high"), (some[1], "volume"), (some[2], "amount")]
    assert found.differences.select("symbol", "column").rows() == expected
    assert len(check_day(lake, on, 0.1).differences) == 6
    with pytest.raises(NoTradesError, match="2020-01-02"):
        check_day(lake, date(2020, 1, 2))


def test_faults_of_trades_are_counted(tmp_path: Path):
    lake = Lake(tmp_path / "faults", create=True)
    rows = [  # time, buy, sell, side
        (33_900_000, 1, 2, 0),
        (34_200_000, 0, 2, -1),
        (34_200_001, 5, 4, 1),
        (34_200_002, 5, 6, 1),  # the seller came later
        (34_200_003, 7, 0, 0),
        (54_000_000, 8, 9, 0),
        (54_300_000, 8, 9, 0),
    ]
    frame = pl.DataFrame(rows, schema=["time", "buy_id", "sell_id", "side"], orient="row")
    frame = frame.with_columns(
        date=pl.lit(date(2024, 1, 2)), symbol=pl.lit("000001.SZ"), price=pl.lit(2.0),
        volume=pl.lit(100), seq=pl.int_range(pl.len()),
    )  # fmt: skip
    lake.append("trades", frame)
    found = check_day(lake, date(2024, 1, 2))
    assert found.only_trades == ("000001.SZ",)
    assert (found.without_buy_id, found.without_sell_id) == (1, 1)
    assert (found.active_buys, found.active_sells, found.no_side) == (2, 1, 1)
    assert (found.contradicted, found.after_hours) == (1, 1)


def test_bars_written_before_the_new_columns_can_be_read_and_replaced(lake: Lake):
    """A file of an older lake lacks them; it is read as if they were null."""
    new = ["net_bid_amount", "spread", "depth_imbalance", "quotes"]
    days = [d.item() for d in lake.dates("trades")]
    name = f"bars/freq=1min/date={days[0]}.parquet"
    path = lake.root / name
    rows = pl.read_parquet(path).drop(new)
    rows.write_parquet(path)
    facts = {name: file_facts(path, rows.height)}
    write_manifest(lake.root, read_manifest(lake.root) | facts)
    both = lake.scan("bars", days[0], days[1], 1).select("symbol", *new).collect()
    assert both.height == bars(lake, days[0]).height + bars(lake, days[1]).height
    run(lake, days=slice(0, 1))
    assert set(new) <= set(pl.read_parquet(path).columns)
    assert bars(lake, days[0]).height == 240 * bars(lake, days[0])["symbol"].n_unique()
    record = json.loads((lake.root / enriching.CACHE / f"{days[0]}.json").read_text())
    assert record["bars"] == lake.checksums("bars", 1)[days[0]]
    assert len(bar_times(1)) == 240
