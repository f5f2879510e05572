"""What rows derive: the same facts give the same lake, byte for byte, however they come in."""

from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.market import Calendar, Lake, bar_times
from intralpha.market.manifest import read_manifest
from intralpha.sources.bar_rows import fill_grid, repair_prices
from intralpha.sources.daily_rows import finish_daily

DAYS = [d.item() for d in Calendar.xshg().between("2024-01-02", "2024-02-08")]
STOCKS = ("000001.SZ", "300750.SZ", "600519.SH")
EXAMPLES = settings(max_examples=3, deadline=None)


def contents(lake: Lake) -> dict[str, str]:
    """Checksum of every file of the lake."""
    return {name: facts.checksum for name, facts in read_manifest(lake.root).items()}


SEEDS = st.integers(0, 2**32 - 1)


def daily_facts(seed: int) -> pl.DataFrame:
    """Rows as a vendor gives them: dividends, rows of zeros, days left out, values left out."""
    rng = np.random.default_rng(seed)
    given = rng.choice(["preclose", "adj_factor", "neither", "some of both"])
    rows = []
    for stock in STOCKS:
        close, factor = 10.0, 1.0
        for day in DAYS[int(rng.integers(0, 4)) :]:
            preclose = round(close * float(rng.choice([1, 1, 1, 0.97, 0.5])), 2)
            factor = float(np.float32(factor * close / preclose))
            idle = rng.random() < 0.2
            close = preclose if idle else round(preclose * float(rng.uniform(0.95, 1.05)), 2)
            zeros = idle and rng.random() < 0.7
            price = 0.0 if zeros else close
            says = {"preclose": (1, 0), "adj_factor": (0, 1), "neither": (0, 0)}.get(
                given, tuple(rng.integers(0, 2, 2))
            )
            if rng.random() < 0.9:
                rows.append((stock, day, *[price] * 4, 0 if idle else 100,
                    preclose if says[0] else None, factor if says[1] else None,
                    None if idle else float(rng.uniform(0.5, 2.0)))
                )  # fmt: skip
    names = ["symbol", "date", "open", "high", "low", "close", "volume", "preclose", "adj_factor"]
    schema = {"preclose": pl.Float64, "adj_factor": pl.Float64, "volume": pl.Int64}
    return pl.DataFrame(
        rows, schema=[*names, "turnover_percent"], schema_overrides=schema, orient="row"
    ).with_columns(pl.col("turnover_percent").cast(pl.Float64))


def priced_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the rows of zeros before a stock's first price: nothing can stand in for them."""
    known = (pl.col("close") > 0) | pl.col("preclose").is_not_null()
    return rows.sort("date").filter(known.cum_max().over("symbol"))


def cut_of(rows: int, pieces: int, in_time: bool, seed: int) -> pl.Series:
    """To which piece each row belongs, in the order of time or in any."""
    piece = np.random.default_rng(seed).permutation(np.arange(rows) % pieces)
    return pl.Series(np.sort(piece) if in_time else piece)


def append_daily(lake: Lake, rows: pl.DataFrame) -> None:
    lake.append("daily", finish_daily(rows, data_start=DAYS[0])[0])


@pytest.mark.slow
@given(seed=SEEDS, pieces=st.integers(2, 6), in_time=st.booleans())
@EXAMPLES
def test_any_cut_of_daily_rows_in_any_order_gives_the_same_lake(
    tmp_path_factory: pytest.TempPathFactory, seed: int, pieces: int, in_time: bool
) -> None:
    rows = priced_first(daily_facts(seed))
    folder = tmp_path_factory.mktemp("cut")
    whole, cut = Lake(folder / "whole", create=True), Lake(folder / "cut", create=True)
    append_daily(whole, rows)
    piece = cut_of(rows.height, pieces, in_time, seed)
    for i in range(pieces):
        append_daily(cut, rows.filter(piece == i))
    if not in_time:
        append_daily(cut, rows)  # rows of zeros that came before any close was known were refused
    assert contents(cut) == contents(whole)
    stored = whole.scan("daily").collect()
    assert stored.height == rows.height
    assert stored.select("close", "preclose", "adj_factor", "up_limit").null_count().row(0)[:3] == (
        0,
        0,
        0,
    )


def reference_chain(rows: pl.DataFrame) -> list[tuple[float, float, float]]:
    """Preclose, factor and close, row by row in plain Python, of a stock."""
    out, last, factor = [], None, 1.0
    for close, preclose in rows.select("close", "preclose").iter_rows():
        if last is not None:
            factor = factor * (last / preclose)
        last = close if close > 0 else preclose
        out.append((preclose, factor, last))
    return out


@given(seed=SEEDS)
@settings(EXAMPLES, max_examples=3)  # each is an append a day
def test_the_chain_is_the_product_of_its_steps(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    mine = daily_facts(seed).filter(pl.col("symbol") == STOCKS[2], pl.col("preclose").is_not_null())
    mine = mine.with_columns(pl.lit(None, pl.Float64).alias("adj_factor")).sort("date")
    lake = Lake(tmp_path_factory.mktemp("chain"), create=True)
    for (_,), day in mine.group_by("date", maintain_order=True):
        append_daily(lake, day)
    found = lake.scan("daily").select("preclose", "adj_factor", "close").collect().rows()
    assert found == reference_chain(mine)


def daily(
    day: date, close: float, preclose: float | None = None, volume: int = 100
) -> pl.DataFrame:
    values = {c: [close] for c in ("open", "high", "low", "close")}
    row = {"symbol": ["600519.SH"], "date": [day], "volume": [volume], **values}
    return pl.DataFrame(row | {"preclose": [preclose]}, schema_overrides={"preclose": pl.Float64})


def test_a_late_row_and_a_corrected_one_derive_later_rows_anew(tmp_path: Path) -> None:
    """A dividend of 0.5 on the second day: 10 / 9.5 from then on; corrected to 1: 10 / 9."""
    lake = Lake(tmp_path, create=True)
    append_daily(lake, daily(DAYS[0], 10.0, 10.0))
    append_daily(lake, daily(DAYS[2], 9.5, 9.5))
    late = lake.append("daily", finish_daily(daily(DAYS[1], 9.6, 9.5))[0])
    assert (late.rows_added, late.rows_rederived) == (1, 1)
    factors = lake.scan("daily").collect()["adj_factor"].to_list()
    np.testing.assert_allclose(factors, [1, 10 / 9.5, 10 / 9.5 * 9.6 / 9.5])
    right = finish_daily(daily(DAYS[1], 9.5, 9.0))[0]
    done = lake.append("daily", right, on_conflict="replace")
    assert (done.rows_replaced, done.rows_rederived) == (1, 1)
    factors = lake.scan("daily").collect()["adj_factor"].to_list()
    np.testing.assert_allclose(factors, [1, 10 / 9.0, 10 / 9.0])


def test_a_row_of_zeros_stands_at_the_close_before_or_is_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    first = lake.append("daily", finish_daily(daily(DAYS[0], 0.0, None, 0))[0])
    assert first.refused["reason"].to_list() == ["nothing traded, and no close before it is known"]
    assert (first.rows_added, first.partitions_written) == (0, ())
    append_daily(lake, daily(DAYS[1], 10.0))
    append_daily(lake, daily(DAYS[2], 0.0, None, 0))
    append_daily(lake, daily(DAYS[3], 11.0))
    rows = lake.scan("daily").collect()
    assert rows["close"].to_list() == [10.0, 10.0, 11.0]
    assert rows["preclose"].to_list() == [10.0, 10.0, 10.0]
    assert rows["adj_factor"].to_list() == [1.0, 1.0, 1.0]
    assert rows["suspended"].to_list() == [False, True, False]


def test_rows_that_a_source_gives_whole_stay_as_they_are(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    append_daily(lake, daily(DAYS[0], 10.0, 10.0))
    whole = finish_daily(daily(DAYS[1], 5.0, 5.0))[0].with_columns(
        adj_factor=7.0, up_limit=None, down_limit=None, derived=None
    )
    lake.append("daily", whole)
    append_daily(lake, daily(DAYS[2], 5.0, 4.0))
    rows = lake.scan("daily").collect()
    assert rows["adj_factor"].to_list() == [1.0, 7.0, 7.0 * (5.0 / 4.0)]
    assert rows["up_limit"].to_list() == [11.0, None, 4.4]


def test_the_price_step_of_a_source_holds_for_what_its_rows_derive(tmp_path: Path) -> None:
    """2.651 x 1.1 = 2.9161, x 0.9 = 2.3859, on a step of 0.001."""
    lake = Lake(tmp_path, create=True)
    for day in DAYS[:2]:
        lake.append("daily", finish_daily(daily(day, 2.651), 0.001)[0])
    row = lake.scan("daily").collect().row(1, named=True)
    assert (row["preclose"], row["up_limit"], row["down_limit"]) == (2.651, 2.916, 2.386)


def instruments(listed: date | None) -> pl.DataFrame:
    row = {"symbol": ["600519.SH"], "exchange": ["SSE"], "board": ["main"]}
    return pl.DataFrame({**row, "list_date": [listed]}, schema_overrides={"list_date": pl.Date})


@pytest.mark.parametrize("order", ["instruments first", "instruments last"])
def test_first_sessions_have_no_limits_where_the_listing_is_known(
    tmp_path: Path, order: str
) -> None:
    """Main board since 2023-04-10: none in the first five sessions, then 10 %."""
    lake = Lake(tmp_path, create=True)
    if order == "instruments first":
        lake.append("instruments", instruments(DAYS[2]))
    for day in DAYS[2:10]:
        lake.append("daily", finish_daily(daily(day, 10.0, 10.0))[0])
    if order == "instruments last":
        done = lake.append("instruments", instruments(DAYS[2]))
        assert done.rows_rederived == 5
    assert lake.scan("daily").collect()["up_limit"].to_list() == [None] * 5 + [11.0] * 3


def test_a_stock_that_begins_inside_its_vendors_history_was_listed_then(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    for day in DAYS[3:10]:
        append_daily(lake, daily(day, 10.0, 10.0))
    limits = lake.scan("daily").collect()["up_limit"].to_list()
    assert limits == [None] * 5 + [11.0] * 2
    append_daily(lake, daily(DAYS[0], 10.0, 10.0))  # the first session of all: listed long ago
    assert lake.scan("daily").collect()["up_limit"].to_list() == [11.0] * 8


# Bars


def bar_facts(seed: int) -> pl.DataFrame:
    """Bars of some days as a vendor gives them: left out, of zeros, with unknown opens."""
    rng = np.random.default_rng(seed)
    rows = []
    for stock in STOCKS[:2]:
        for day in DAYS[:5]:
            quiet = rng.random() < 0.2
            for at in bar_times(30):
                zeros = quiet or rng.random() < 0.2
                close = 0.0 if zeros else round(float(rng.uniform(9, 11)), 2)
                start = 0.0 if rng.random() < 0.2 else close
                if rng.random() < 0.8:
                    rows.append((stock, day, at, start, close, close, close, 0 if zeros else 100))
    names = ["symbol", "date", "time", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        amount=pl.col("volume") * pl.col("close")
    )


def append_bars(lake: Lake, rows: pl.DataFrame, on_conflict: str = "error") -> None:
    rows = rows.with_columns(freq=pl.lit(30, pl.Int16), auc_in_first=pl.lit(value=True))
    lake.append("bars", fill_grid(repair_prices(rows)[0], 30)[0], on_conflict)  # type: ignore[arg-type]


@given(seed=SEEDS, pieces=st.integers(2, 5), in_time=st.booleans())
@EXAMPLES
def test_any_cut_of_bars_and_daily_rows_in_any_order_gives_the_same_lake(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    pieces: int,
    in_time: bool,
) -> None:
    rows = bar_facts(seed).sort("date", "time")
    precloses = priced_first(daily_facts(seed)).filter(pl.col("date") <= DAYS[4])
    folder = tmp_path_factory.mktemp("cut")
    whole, cut = Lake(folder / "whole", create=True), Lake(folder / "cut", create=True)
    append_daily(whole, precloses)
    append_bars(whole, rows)
    piece, when = cut_of(rows.height, pieces, in_time, seed), seed % (pieces + 1)
    for i in range(pieces + 1):
        if i == when:
            append_daily(cut, precloses)
        append_bars(cut, rows.filter(piece == i))
    assert contents(cut) == contents(whole)


@given(seed=SEEDS)
@EXAMPLES
def test_bars_carry_nothing_from_later_bars(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """They follow a plain loop that has not seen what comes next."""
    rows = bar_facts(seed)
    lake = Lake(tmp_path_factory.mktemp("bars"), create=True)
    append_bars(lake, rows)
    found = lake.scan("bars").collect().sort("symbol", "date", "time")
    facts = {r[:3]: r[3:] for r in rows.iter_rows()}
    last: dict[str, float | None] = {}
    within: dict[tuple, float] = {}
    for row in found.iter_rows(named=True):
        key = (row["symbol"], row["date"], row["time"])
        start, _, _, close, volume, _ = facts.get(key, (0, 0, 0, 0.0, 0, 0))
        if close > 0:
            expected = start or close  # the range is one price
            last[key[0]] = within[key[:2]] = close
        else:
            expected, close = last.get(key[0]), last.get(key[0])
        assert (row["open"], row["close"], row["volume"]) == (expected, close, volume)
    assert found.height == 8 * rows.n_unique(["symbol", "date"])


def bars(day: date, closes: dict[time, float]) -> pl.DataFrame:
    rows = [("600519.SH", day, t, *[c] * 4, 100 if c else 0) for t, c in closes.items()]
    names = ["symbol", "date", "time", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(amount=100.0)


def test_a_session_starts_from_its_preclose_not_from_a_raw_close(tmp_path: Path) -> None:
    """Two for one overnight, and no trade in the first bar."""
    times = bar_times(30)
    for order in (0, 1):
        lake = Lake(tmp_path / str(order), create=True)
        days = pl.concat([daily(DAYS[0], 20.0, 20.0), daily(DAYS[1], 10.0, 10.0)])
        if order == 0:
            append_daily(lake, days)
        append_bars(lake, bars(DAYS[0], dict.fromkeys(times, 20.0)))
        append_bars(lake, bars(DAYS[1], dict.fromkeys(times[1:], 10.0)))
        if order == 1:
            append_daily(lake, days)
        first = lake.scan("bars", DAYS[1], DAYS[1]).collect().row(0, named=True)
        assert (first["open"], first["close"], first["volume"]) == (10.0, 10.0, 0)


@pytest.mark.parametrize("on_conflict", ["error", "keep", "replace"])
def test_two_halves_of_a_day_make_the_day(tmp_path: Path, on_conflict: str) -> None:
    times = bar_times(30)
    whole = dict(zip(times, np.arange(10.0, 18.0).tolist(), strict=True))
    lake, other = Lake(tmp_path / "a", create=True), Lake(tmp_path / "b", create=True)
    append_bars(other, bars(DAYS[0], whole))
    halves = [dict(list(whole.items())[:4]), dict(list(whole.items())[4:])]
    for half in (*halves, *halves):
        append_bars(lake, bars(DAYS[0], half), on_conflict)
    assert contents(lake) == contents(other)


def test_bars_before_anything_traded_have_no_price(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    times = bar_times(30)
    append_bars(lake, bars(DAYS[0], dict.fromkeys(times, 0.0)))
    append_bars(lake, bars(DAYS[1], dict.fromkeys(times[3:], 12.0)))
    rows = lake.scan("bars").collect()
    assert rows["close"].to_list() == [None] * 11 + [12.0] * 5
    append_bars(lake, bars(DAYS[2], dict.fromkeys(times, 0.0)))
    assert set(lake.scan("bars", DAYS[2]).collect()["open"]) == {12.0}


def test_a_corrected_session_moves_the_silent_ones_after_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    times = bar_times(30)
    append_bars(lake, bars(DAYS[0], dict.fromkeys(times, 12.0)))
    for day in DAYS[1:4]:
        append_bars(lake, bars(day, dict.fromkeys(times, 0.0)))
    append_bars(lake, bars(DAYS[4], dict.fromkeys(times, 14.0)))
    append_bars(lake, bars(DAYS[0], dict.fromkeys(times, 13.0)), "replace")
    closes = lake.scan("bars").collect()["close"].to_list()
    assert closes == [13.0] * 32 + [14.0] * 8


def test_a_long_silence_is_carried_over_whether_files_between_hold_the_stock_or_not(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path, create=True)
    times = bar_times(30)
    other = pl.lit("000001.SZ").alias("symbol")
    append_bars(lake, bars(DAYS[0], dict.fromkeys(times, 12.0)))
    for day in DAYS[1:15]:
        append_bars(lake, bars(day, dict.fromkeys(times, 3.0)).with_columns(other))
    append_bars(lake, bars(DAYS[15], dict.fromkeys(times[1:], 13.0)))
    late = lake.scan("bars", DAYS[15]).collect()["close"].to_list()
    assert late == [12.0, *[13.0] * 7]
    append_bars(lake, bars(DAYS[0], dict.fromkeys(times, 12.5)), "replace")
    late = lake.scan("bars", DAYS[15]).collect()["close"].to_list()
    assert late == [12.5, *[13.0] * 7]
