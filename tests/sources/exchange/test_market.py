"""The simulated market: rows that hold together, prefixes, and what can be predicted in it."""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from intralpha.evaluation import rank_ic, summarise
from intralpha.market import (
    TABLES,
    Lake,
    aggregate_bars,
    read_bars,
    read_daily,
    validate,
)
from intralpha.sources.exchange import market as market_file
from intralpha.sources.exchange.actions import ex_prices
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.index import INDEX, choose, next_review
from intralpha.sources.exchange.market import (
    HORIZONS,
    NoSessionsError,
    SimulatedMarket,
    SimulatedSpec,
)
from intralpha.sources.ingest import ingest

SPEC = SimulatedSpec(
    n_assets=60,
    start=date(2023, 1, 3),
    end=date(2024, 2, 29),
    habits=HabitSpec(orders_per_day=300),
)
# The same stocks and days with few orders: for what holds for any number of them.
THIN = SPEC.model_copy(update={"end": date(2023, 7, 31), "habits": HabitSpec(orders_per_day=150)})
PRICES = ("open", "high", "low", "close")


def tables(spec: SimulatedSpec) -> dict[str, pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    for batch in SimulatedMarket(spec).batches():
        parts.setdefault(batch.table, []).append(batch.frame)
    full = {name: validate(name, pl.concat(frames)) for name, frames in parts.items()}
    return {name: frame.sort(TABLES[name].key) for name, frame in full.items()}


@pytest.fixture(scope="module")
def market(made_once: Callable[..., Path]) -> dict[str, pl.DataFrame]:
    def make(folder: Path) -> None:
        for name, frame in tables(SPEC).items():
            frame.write_ipc(folder / f"{name}.arrow")

    return {p.stem: pl.read_ipc(p) for p in made_once("market", make).glob("*.arrow")}


@pytest.fixture(scope="module")
def thin() -> dict[str, pl.DataFrame]:
    return tables(THIN)


@pytest.fixture(scope="module")
def stocks(market: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return market["daily"].filter(pl.col("symbol") != INDEX).sort("symbol", "date")


def test_all_numbers_are_finite_and_every_table_is_there(market):
    assert set(market) == {
        *("bars", "daily", "instruments", "industry", "membership", "corporate_actions"),
        "fundamentals",
    }
    for frame in market.values():
        assert frame.height > 0
        for column in frame.select(pl.col(pl.Float64)).iter_columns():
            assert column.drop_nulls().is_finite().all()


def test_boards_and_events_are_all_present(market, stocks):
    assert set(market["instruments"]["board"]) == {"main", "chinext", "star", "index"}
    assert stocks["st"].any()
    assert not stocks["st"].all()
    assert stocks["suspended"].any()
    assert market["instruments"]["delist_date"].count() == 1
    assert market["corporate_actions"]["bonus_ratio"].max() > 0
    assert market["corporate_actions"]["cash_yuan"].max() > 0
    locked = stocks.filter(pl.col("close") == pl.col("up_limit"))
    fallen = stocks.filter(pl.col("close") == pl.col("down_limit"))
    assert locked.height > 5
    assert fallen.height > 5
    first = stocks.group_by("symbol").agg(pl.col("date").min())
    assert (first["date"] > SPEC.start).sum() == 5


def test_daily_rows_equal_their_bars(market, stocks):
    bars = market["bars"].sort("date", "symbol", "time")
    days = bars.group_by("date", "symbol", maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
        pl.col("amount").sum(),
        pl.len().alias("bars"),
    )
    assert (days["bars"] == 8).all()
    both = days.filter(pl.col("symbol") != INDEX).sort("symbol", "date")
    exact = ["date", "symbol", *PRICES, "volume"]
    assert_frame_equal(both.select(exact), stocks.select(exact))
    assert np.allclose(both["amount"], stocks["amount"], rtol=1e-12)
    assert bars["auc_in_first"].all()


def test_average_price_lies_inside_the_bar(market):
    traded = market["bars"].filter(pl.col("volume") > 0, pl.col("symbol") != INDEX)
    average = traded["amount"] / traded["volume"]
    assert ((average >= traded["low"] - 1e-9) & (average <= traded["high"] + 1e-9)).all()
    assert (traded["trades"] >= 1).all()
    assert (traded["trades"] <= traded["volume"]).all()


def test_index_bars_make_the_daily_row_of_the_index(market):
    bars = market["bars"].filter(pl.col("symbol") == INDEX).sort("date", "time")
    days = bars.group_by("date", maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
        pl.col("amount").sum(),
    )
    daily = market["daily"].filter(pl.col("symbol") == INDEX).sort("date").select(days.columns)
    assert_frame_equal(days, daily, rel_tol=1e-12)
    stocks = market["bars"].filter(pl.col("symbol") != INDEX).group_by("date", "time")
    total = stocks.agg(pl.col("volume", "trades").sum()).sort("date", "time")
    assert_frame_equal(total, bars.select(total.columns), check_dtypes=False)


def test_a_halted_day_has_bars_without_volume_at_the_last_close(market, stocks):
    halted = stocks.filter(pl.col("suspended"))
    assert (halted["volume"] == 0).all()
    assert (halted["amount"] == 0).all()
    for price in PRICES:
        assert (halted[price] == halted["preclose"]).all()
    assert (stocks.filter(~pl.col("suspended"))["volume"] > 0).all()
    bars = market["bars"].join(halted, on=["date", "symbol"], how="semi")
    assert bars.height == 8 * halted.height
    assert (bars["volume"] == 0).all()


def to_tick(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_prices_are_ticks_inside_limits_worked_out_in_decimals(market, stocks):
    board = dict(market["instruments"].select("symbol", "board").iter_rows())
    listed = dict(stocks.group_by("symbol").agg(pl.col("date").min()).iter_rows())
    checked = 0
    for row in stocks.sample(3000, seed=1).iter_rows(named=True):
        for price in PRICES:
            assert round(row[price], 2) == row[price]
        if row["up_limit"] is None:
            assert listed[row["symbol"]] > SPEC.start
            continue
        percent = 20 if board[row["symbol"]] in ("star", "chinext") else 5 if row["st"] else 10
        preclose = Decimal(str(row["preclose"]))
        up = to_tick(preclose * (100 + percent) / 100)
        down = to_tick(preclose * (100 - percent) / 100)
        assert (row["up_limit"], row["down_limit"]) == (float(up), float(down))
        assert row["low"] >= row["down_limit"]
        assert row["high"] <= row["up_limit"]
        checked += 1
    assert checked > 2900


def test_new_stocks_follow_the_rule_of_their_first_day(stocks):
    """Free for five days since 2023-04-10; on the main board 44 % on the first day before that."""
    free = stocks.filter(pl.col("up_limit").is_null()).group_by("symbol").len().sort("symbol")
    assert free.rows() == [(s, 5) for s in ("000007.SZ", "300009.SZ", "600012.SH", "688004.SH")]
    first = stocks.filter(pl.col("symbol") == "601002.SH").head(2)
    assert SPEC.start < first["date"][0] < date(2023, 4, 10)
    for up, preclose, percent in zip(first["up_limit"], first["preclose"], (44, 10), strict=True):
        assert up == float(to_tick(Decimal(str(preclose)) * (100 + percent) / 100))


def test_preclose_follows_from_the_last_close_and_the_action(market, stocks):
    linked = stocks.with_columns(
        last=pl.col("close").shift(1).over("symbol"),
        last_factor=pl.col("adj_factor").shift(1).over("symbol"),
        last_shares=pl.col("float_shares").shift(1).over("symbol"),
    ).drop_nulls("last")
    actions = market["corporate_actions"].rename({"ex_date": "date"})
    plain = linked.join(actions, on=["date", "symbol"], how="anti")
    assert (plain["preclose"] == plain["last"]).all()
    assert (plain["adj_factor"] == plain["last_factor"]).all()
    moved = linked.join(actions, on=["date", "symbol"], how="inner")
    assert moved.height == actions.height > 10
    for row in moved.iter_rows(named=True):
        kept = Decimal(str(row["last"])) - Decimal(str(row["cash_yuan"]))
        expected = to_tick(kept / (1 + Decimal(str(row["bonus_ratio"]))))
        assert row["preclose"] == float(expected)
        step = row["adj_factor"] / row["last_factor"]
        assert step == pytest.approx(row["last"] / row["preclose"], rel=1e-12)
        grown = row["last_shares"] * (1 + row["bonus_ratio"])
        assert row["float_shares"] == pytest.approx(grown, abs=0.5)
    assert (linked["float_shares"] <= linked["total_shares"]).all()


def test_ex_prices_by_hand():
    # 10.00 less 0.50, over 1.5: 6.333 -> 6.33. 10.01 over 2: 5.005 -> 5.01 (half up).
    cash, preclose = ex_prices(
        np.array([1000, 1001, 1234]), np.array([0.05, 0.0, 0.0]), np.array([5, 10, 0])
    )
    assert cash.tolist() == [50, 0, 0]
    assert preclose.tolist() == [633, 501, 1234]


def test_index_follows_its_members(market):
    daily = market["daily"].filter(pl.col("date") <= date(2023, 6, 9))
    first = market["membership"].filter(pl.col("in_date") == SPEC.start)
    assert first["weight"].sum() == pytest.approx(1)
    rows = daily.join(first.select("symbol"), on="symbol", how="semi")
    opening = rows.filter(pl.col("date") == SPEC.start).select("symbol", "close", "preclose")
    moved = {symbol: close / preclose for symbol, close, preclose in opening.rows()}
    weight = {s: w / moved[s] for s, w in first.select("symbol", "weight").iter_rows()}
    level = 6000.0
    index = daily.filter(pl.col("symbol") == INDEX).sort("date")
    assert index.height > 100
    for row in index.iter_rows(named=True):
        assert row["preclose"] == level
        day = rows.filter(pl.col("date") == row["date"])
        grown = {
            s: weight[s] * c / p for s, c, p in day.select("symbol", "close", "preclose").rows()
        }
        level = round(level * sum(grown.values()) / sum(weight.values()), 2)
        weight = grown
        assert row["close"] == pytest.approx(level, abs=0.011)
        level = row["close"]
        assert row["low"] <= min(row["open"], row["close"])
        assert row["high"] >= max(row["open"], row["close"])


def test_membership_changes_twice_a_year(market):
    periods = market["membership"].group_by("in_date", "out_date").len().sort("in_date")
    assert periods.select("in_date", "out_date").rows() == [
        (date(2023, 1, 3), date(2023, 6, 11)),
        (date(2023, 6, 12), date(2023, 12, 10)),
        (date(2023, 12, 11), date(2024, 6, 16)),
    ]
    sets = market["membership"].group_by("in_date").agg(pl.col("symbol").sort()).sort("in_date")
    assert sets["symbol"][0].to_list() != sets["symbol"][1].to_list()


def test_reviews_by_calendar():
    # Second Fridays: 2024-06-14 and 2024-12-13.
    assert next_review(date(2024, 1, 1)) == date(2024, 6, 17)
    assert next_review(date(2024, 6, 16)) == date(2024, 6, 17)
    assert next_review(date(2024, 6, 17)) == date(2024, 12, 16)
    assert next_review(date(2024, 12, 31)) == date(2025, 6, 16)


def test_largest_stocks_are_not_members():
    cap = np.arange(1.0, 21.0)
    weight = choose(cap, np.ones(20, dtype=bool))
    # 20 stocks: 2 largest skipped, the next 14 chosen: caps 5 to 18.
    assert (np.flatnonzero(weight) + 1).tolist() == list(range(5, 19))
    assert weight[17] == pytest.approx(18 / sum(range(5, 19)))


@pytest.mark.slow
def test_same_seed_same_rows_and_another_seed_other_rows(thin):
    short = THIN.model_copy(update={"end": date(2023, 2, 28)})
    again, other = tables(short), tables(short.model_copy(update={"seed": 1}))
    for name in ("bars", "daily"):
        assert_frame_equal(thin[name].head(again[name].height), again[name])
    assert (
        other["daily"]["close"].to_list()
        != thin["daily"].head(other["daily"].height)["close"].to_list()
    )


@pytest.mark.slow
def test_an_earlier_end_is_a_prefix(thin):
    cut = date(2023, 5, 15)
    short = tables(THIN.model_copy(update={"end": cut}))
    for name in ("bars", "daily"):
        assert_frame_equal(short[name], thin[name].filter(pl.col("date") <= cut))
    early = thin["membership"].filter(pl.col("in_date") <= cut)
    assert_frame_equal(short["membership"], early)
    paid = thin["corporate_actions"].filter(pl.col("ex_date") <= cut)
    assert_frame_equal(short["corporate_actions"], paid)


@pytest.mark.slow
def test_a_lake_grows_without_touching_what_is_there(tmp_path: Path):
    """Over a review of the index, which is on 2023-06-12."""
    lake = Lake(tmp_path / "lake", create=True)
    spec = THIN.model_copy(
        update={"n_assets": 24, "start": date(2023, 5, 4), "end": date(2023, 5, 31)}
    )
    later = spec.model_copy(update={"end": date(2023, 6, 21)})
    ingest([spec], lake, show_progress=False)
    longer = ingest([later], lake, show_progress=False)
    counts = {c.table: c for c in longer.counts}
    assert counts["bars"].added == counts["bars"].rows_read - counts["bars"].already_there > 0
    assert not any("2023-05" in p for p in counts["bars"].partitions_written)
    assert counts["daily"].replaced == counts["membership"].replaced == 0
    whole = Lake(tmp_path / "whole", create=True)
    ingest([later], whole, show_progress=False)
    assert lake.version() == whole.version()


@pytest.mark.slow
def test_a_smaller_market_is_part_of_a_larger_one(market):
    spec = SPEC.model_copy(update={"n_assets": 25, "end": date(2023, 4, 28)})
    small = tables(spec)
    own = SimulatedMarket(spec).symbols.tolist()
    for name in ("bars", "daily"):
        part = market[name].filter(pl.col("symbol").is_in(own), pl.col("date") <= spec.end)
        assert_frame_equal(small[name].filter(pl.col("symbol") != INDEX), part)
    oracle = [SimulatedMarket(s).true_expected_return() for s in (spec, SPEC)]
    shared = oracle[1].reindex(oracle[0].dates, oracle[0].assets)
    assert np.array_equal(oracle[0].values, shared.values, equal_nan=True)


@pytest.mark.slow
def test_frequency_changes_the_view_and_not_the_market(tmp_path: Path):
    spec = SimulatedSpec(n_assets=8, end=date(2023, 1, 31), freq=1)
    lake = Lake(tmp_path / "lake", create=True)
    made = {f: tables(spec.model_copy(update={"freq": f})) for f in (1, 5, 10, 15, 30)}
    names = (*PRICES, "volume", "amount", "trades")
    for freq, frames in made.items():
        assert_frame_equal(frames["daily"], made[1]["daily"])
        lake.append("bars", frames["bars"])
        for day in lake.dates("bars", 1)[:3]:
            fine = read_bars(lake, day.item(), 1, names)
            coarse = read_bars(lake, day.item(), freq, names)
            assert np.allclose(aggregate_bars(fine, freq).values, coarse.values, rtol=1e-12)


def test_minutes_around_the_closing_auction():
    bars = tables(SimulatedSpec(n_assets=8, end=date(2023, 1, 10), freq=1))["bars"]
    bars = bars.filter(pl.col("symbol") != INDEX)
    clock = pl.col("time").dt.to_string("%H:%M")
    quiet = bars.filter(clock.is_in(["14:58", "14:59"]))
    assert (quiet["volume"] == 0).all()
    assert (quiet["high"] == quiet["low"]).all()
    prints = bars.filter(clock == "15:00")
    assert (prints["volume"] > 0).all()
    assert (prints["high"] == prints["low"]).all()
    assert (bars.filter(clock == "09:31")["volume"] > 0).all()
    old = tables(SimulatedSpec(n_assets=8, start=date(2018, 8, 1), end=date(2018, 8, 3), freq=1))
    shanghai = old["bars"].filter(clock == "14:58", pl.col("symbol").str.ends_with("SH"))
    assert (shanghai["volume"] > 0).any()


def test_sessions_that_are_laid_out_together_are_those_laid_out_one_by_one(monkeypatch) -> None:
    spec = SimulatedSpec(n_assets=8, end=date(2023, 1, 10), freq=30)
    together = tables(spec)["bars"]
    monkeypatch.setattr(market_file, "BARS_AT_ONCE", 1)
    batches = [b for b in SimulatedMarket(spec).batches() if b.table == "bars"]
    assert [b.frame["date"].n_unique() for b in batches] == [1] * 6
    assert batches[2].origin == "simulated 2023-01-05 .. 2023-01-05"
    apart = validate("bars", pl.concat(b.frame for b in batches)).sort(TABLES["bars"].key)
    assert_frame_equal(apart, together)
    index = together.filter(pl.col("symbol") == INDEX)
    stocks = together.filter(pl.col("symbol") != INDEX)
    summed = stocks.group_by("date", "time").agg(pl.col("volume", "amount", "trades").sum())
    both = index.join(summed, on=["date", "time"])
    assert both.height == 6 * 8
    for name in ("volume", "amount", "trades"):
        np.testing.assert_allclose(both[name], both[f"{name}_right"], rtol=1e-12)


def test_boards_begin_when_they_open():
    frames = tables(SimulatedSpec(n_assets=10, start=date(2019, 7, 1), end=date(2019, 7, 31)))
    star = frames["daily"].filter(pl.col("symbol").str.starts_with("688"))
    assert star["date"].min() == date(2019, 7, 22)
    none = tables(SimulatedSpec(n_assets=10, start=date(2019, 6, 3), end=date(2019, 6, 28)))
    assert not none["instruments"]["symbol"].str.starts_with("688").any()


def test_volume_is_u_shaped(market):
    by_time = (
        market["bars"]
        .group_by("time")
        .agg(pl.col("volume").cast(pl.Float64).mean())
        .sort("time")["volume"]
    )
    share = (by_time / by_time.sum()).to_numpy()
    assert share[0] > 1.5 * share[3]
    assert share[7] > 1.3 * share[3]


def test_volatility_clusters(stocks):
    index_like = stocks.with_columns(
        move=(pl.col("close") / pl.col("preclose")).log().abs()
    ).filter(pl.col("volume") > 0)
    panel = index_like.pivot(on="symbol", index="date", values="move").drop("date")
    lagged = [
        np.corrcoef(x[1:], x[:-1])[0, 1]
        for x in (c.drop_nulls().to_numpy() for c in panel.iter_columns())
        if len(x) > 100
    ]
    assert np.mean(lagged) > 0.05


@pytest.fixture(scope="module")
def forecast(market, tmp_path_factory):
    """Oracle, forward log returns from the close of t+1, and 20-day mean late volume share."""
    lake = Lake(tmp_path_factory.mktemp("simulated") / "lake", create=True)
    lake.append("daily", market["daily"])
    oracle = SimulatedMarket(SPEC).true_expected_return()
    logs = np.log(read_daily(lake, ("filled_close",), assets=oracle.assets)["filled_close"])
    fwd = {}
    for h in HORIZONS:
        fwd[h] = np.full(logs.shape, np.nan)
        fwd[h][: -1 - h] = logs[1 + h :] - logs[1:-h]
    return oracle, fwd


def test_oracle_predicts_and_a_scrambled_oracle_does_not(forecast):
    oracle, fwd = forecast
    least = {1: 0.05, 5: 0.10, 10: 0.12}
    for h in HORIZONS:
        expected = oracle[f"fwd_expected_h{h}"].astype(np.float64)
        found = summarise(rank_ic(expected, fwd[h]))
        assert found.n > 250
        assert found.mean > least[h]
        mixed = np.random.default_rng(h).permuted(expected, axis=1)
        assert abs(summarise(rank_ic(mixed, fwd[h])).mean) < 0.03


def test_oracle_is_unbiased(forecast):
    """Realised returns, less each day's mean, rise one for one with what the oracle says."""
    oracle, fwd = forecast
    x = oracle["fwd_expected_h5"].astype(np.float64)
    y = fwd[5].copy()
    y[:-6] -= np.nanmean(y[:-6], axis=1, keepdims=True)
    both = np.isfinite(x) & np.isfinite(y)
    slope = np.polyfit(x[both], y[both], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.25)


def late_share(spec: SimulatedSpec) -> tuple[np.ndarray, np.ndarray]:
    """Late volume share and the oracle of the same stocks and days."""
    frames = tables(spec)
    late = pl.col("volume").last() / pl.col("volume").sum()
    share = (
        frames["bars"]
        .sort("date", "symbol", "time")
        .group_by("date", "symbol")
        .agg(pl.when(pl.col("volume").sum() > 0).then(late).alias("late"))
    )
    oracle = SimulatedMarket(spec).true_expected_return()
    dense = share.pivot(on="symbol", index="date", values="late").sort("date")
    values = dense.select(oracle.assets.tolist()).to_numpy().astype(np.float64)
    return values, oracle["fwd_expected_h10"].astype(np.float64)


@pytest.mark.slow
def test_late_volume_shows_the_signal_only_if_traces_are_on():
    spec = SimulatedSpec(n_assets=60, end=date(2023, 3, 31), signal_daily_vol=0.01)
    shown = summarise(rank_ic(*late_share(spec))).mean
    hidden = summarise(rank_ic(*late_share(spec.model_copy(update={"trace": 0.0})))).mean
    assert shown > 0.1
    assert abs(hidden) < 0.05


def test_bad_specs_are_refused():
    with pytest.raises(ValidationError, match="before start"):
        SimulatedSpec(start=date(2023, 2, 1), end=date(2023, 1, 1))
    with pytest.raises(ValidationError):
        SimulatedSpec(freq=7)  # type: ignore[arg-type]
    with pytest.raises(NoSessionsError):
        SimulatedMarket(SimulatedSpec(start=date(2023, 1, 7), end=date(2023, 1, 8)))
