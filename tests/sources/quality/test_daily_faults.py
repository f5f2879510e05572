"""Daily rows with one thing wrong: found, counted, worst first, with the cause."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Calendar, Lake, TradingRules
from intralpha.sources import QualityError, quality
from intralpha.sources.quality import daily as checks

N_DAYS, STOCKS = 90, ("600000.SH", "600001.SH", "000001.SZ", "000002.SZ", "000004.SZ")
VWAP = "daily: amount / volume is outside low .. high"
RETURN = "daily: adjusted return beyond the day's limits"
PRECLOSE = "daily: preclose is not the last close times the factor's step"
VOLUME = "daily: volume is off its own recent median by a power of ten"
AMOUNT = "daily: amount is off its own recent median by a power of ten"
INVENTED = "daily: amount is exactly close x volume"
ABSENT = "daily: traded without an amount"
FLOAT = "daily: volume above the float shares"
NEW = "daily: first rows that are treated as listed long ago"
COVERAGE = {"daily: days past the calendar's end", INVENTED, ABSENT}
HONEST = dict.fromkeys((VWAP, RETURN, PRECLOSE, VOLUME, AMOUNT, INVENTED, ABSENT, FLOAT, NEW), 0)


@pytest.fixture(scope="module")
def honest() -> pl.DataFrame:
    """Five stocks over ninety sessions and five months; a split of one, a halt of another."""
    sessions = Calendar.xshg()
    first = sessions.index("2024-01-02")
    days = sessions.sessions[first : first + N_DAYS].tolist()
    rng = np.random.default_rng(5)
    rows = []
    for symbol in STOCKS:
        close, factor = 20.0, 2.0
        for i, day in enumerate(days):
            split = symbol == "000001.SZ" and i == 50
            preclose = round(close / 2, 2) if split else close
            factor *= close / preclose
            close = round(preclose * (1 + 0.02 * float(np.clip(rng.normal(), -3, 3))), 2)
            halted = symbol == "600001.SH" and 30 <= i < 40
            close = preclose if halted else close
            low, high = min(preclose, close) - 0.05, max(preclose, close) + 0.05
            volume = 0 if halted else int(1e6 * np.exp(0.3 * rng.normal()) * (1 + split))
            vwap = low + (high - low) * rng.random()
            opened = preclose if halted else round(preclose + 0.01 * (i % 3 - 1), 2)
            rows.append((day, symbol, opened, round(high, 2), round(low, 2), close, preclose,
                         volume, round(volume * vwap, 2), factor, halted, 3e8))  # fmt: skip
    names = ["date", "symbol", "open", "high", "low", "close", "preclose", "volume", "amount"]
    names += ["adj_factor", "suspended", "float_shares"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    up, down = TradingRules.default().limit_prices(frame["preclose"].to_numpy(), 0.1)
    return frame.with_columns(up_limit=pl.Series(up), down_limit=pl.Series(down))


def found(rows: pl.DataFrame, folder: Path):
    lake = Lake(folder, create=True)
    lake.append("daily", rows)
    return quality(lake)


def on(*places: int) -> pl.Expr:
    """Sessions of the data by their place."""
    return pl.col("date").rank("dense").is_in([p + 1 for p in places])


def times(column: str, factor: float, where: pl.Expr | bool = True) -> pl.Expr:
    changed = (pl.col(column) * factor).cast(pl.Int64 if column == "volume" else pl.Float64)
    return pl.when(where).then(changed).otherwise(pl.col(column)).alias(column)


def test_honest_rows_have_no_fault(honest: pl.DataFrame, tmp_path: Path) -> None:
    report = found(honest, tmp_path / "lake")
    assert {n: c for n, c in report.summary().items() if c} == {}
    assert report.checked == {"daily rows": 450}
    assert set(HONEST) <= set(report.summary())
    report.demand(0.0)


ONE = pl.col("symbol") == "600000.SH"
SPLIT = (pl.col("symbol") == "000001.SZ") & (pl.col("date").rank("dense") > 50)
CASES: dict[str, tuple[list[pl.Expr], dict[str, int], str]] = {
    "thousand CNY": ([times("amount", 1e-3)], {VWAP: 440}, "thousand CNY"),
    "ten thousand CNY": ([times("amount", 1e-4)], {VWAP: 440}, "ten thousand CNY"),
    "lots": ([times("volume", 0.01)], {VWAP: 440}, "lots of 100 shares"),
    "lots and thousand CNY": (
        [times("volume", 0.01), times("amount", 1e-3)],
        {VWAP: 440},
        "lots of 100 shares and thousand",
    ),
    "lots on two days": (
        [times("volume", 0.01, on(60, 70))], {VWAP: 10, VOLUME: 10}, "lots of 100 shares"
    ),
    "thousand CNY on two days": (
        [times("amount", 1e-3, on(60, 70))], {VWAP: 10, AMOUNT: 10}, "thousand CNY"
    ),
    "both in lots on two days": (
        [times("volume", 0.01, on(60, 70)), times("amount", 0.01, on(60, 70))],
        {VOLUME: 10, AMOUNT: 10},
        "about 1/100",
    ),
    "ten times on one day of one stock": (
        [times("volume", 10, on(60) & ONE), times("amount", 10, on(60) & ONE)],
        {VOLUME: 1, AMOUNT: 1},
        "about 10 times",
    ),
    "ten thousand times on one day": (
        [times("volume", 1e4, on(60)), times("amount", 1e4, on(60))],
        {VOLUME: 5, AMOUNT: 5, FLOAT: 5},
        "about 10,000 times",
    ),
    "no amount": ([pl.lit(None, pl.Float64).alias("amount")], {ABSENT: 440}, "no amount at"),
    "an invented amount": (
        [(pl.col("close") * pl.col("volume")).alias("amount")], {INVENTED: 440}, "made it"
    ),
    "an amount that is close x volume now and then": (
        [
            pl.when(on(3, 30, 70))
            .then(pl.col("close") * pl.col("volume"))
            .otherwise(pl.col("amount"))
            .alias("amount")
        ],
        {},
        "",
    ),
    "the factor falls back to 1": (
        [pl.when(on(70) & ONE).then(1.0).otherwise(pl.col("adj_factor")).alias("adj_factor")],
        {PRECLOSE: 2, RETURN: 2},
        "falls back to 1",
    ),
    "a split that the factor lacks": (
        [times("adj_factor", 0.5, SPLIT)],
        {PRECLOSE: 1, RETURN: 1},
        "it lacks",
    ),
    "a split that never was": (
        [times("adj_factor", 2, on(*range(70, 90)) & ONE)],
        {PRECLOSE: 1, RETURN: 1},
        "a false split",
    ),
    "a dividend that the factor lacks": (
        [times("preclose", 0.98, on(70) & ONE)],
        {PRECLOSE: 1},
        "another source",
    ),
    "shares in ten thousand": ([times("float_shares", 1e-4)], {FLOAT: 440}, "ten thousand"),
}  # fmt: skip


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", CASES)
def test_one_thing_wrong(honest: pl.DataFrame, tmp_path: Path, case: str) -> None:
    changes, expected, cause = CASES[case]
    report = found(honest.with_columns(changes), tmp_path / "lake")
    counts = report.summary()
    assert {n: counts[n] for n in HONEST} == HONEST | expected
    assert not cause or any(cause in report.found[n].cause for n in expected), report.causes()
    assert cause in report.to_text()


def test_any_cut_into_months_finds_the_same(
    honest: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first rows of a month are compared with is carried over its border."""
    monkeypatch.setattr(checks, "ROWS_AT_ONCE", 1)
    wrong = honest.with_columns(
        times("volume", 0.01, on(19, 22, 23, 37, 38, 58)), times("adj_factor", 2, on(22) & ONE)
    )
    report = found(wrong, tmp_path / "lake")
    firsts = wrong.filter(on(22, 38))["date"].unique()
    assert [d.month for d in firsts.sort()] == [2, 3], "the first sessions of two months are hit"
    hit = report.faults[VOLUME].group_by("date").len()
    halted = wrong.filter(on(37, 38), pl.col("volume") == 0)
    assert hit["len"].sum() == 6 * 5 - halted.height
    assert report.summary()[RETURN] == 2


def test_where_and_when(honest: pl.DataFrame, tmp_path: Path) -> None:
    spliced = honest.with_columns(times("amount", 1e-3, pl.col("date") >= date(2024, 4, 1)))
    report = found(spliced, tmp_path / "lake")
    months = report.by_month().filter(pl.col("fault") == VWAP)
    sessions = dict(months.select("month", "rows").iter_rows())
    assert sessions == {date(2024, 4, 1): 100, date(2024, 5, 1): 60}
    assert months["stocks"].to_list() == [5, 5]
    stocks = report.by_stock().filter(pl.col("fault") == VWAP)
    assert dict(stocks.select("symbol", "rows").iter_rows()) == dict.fromkeys(STOCKS, 32)
    assert stocks["first"].unique().to_list() == [date(2024, 4, 1)]


@pytest.mark.parametrize("by", ["row", "month", "stock"])
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_report_as_a_file(honest: pl.DataFrame, tmp_path: Path, by: str, ending: str) -> None:
    report = found(honest.with_columns(times("amount", 1e-3)), tmp_path / "lake")
    path = report.save(tmp_path / "out" / f"faults{ending}", by)
    read: Callable[..., pl.DataFrame] = pl.read_csv if ending == ".csv" else pl.read_parquet
    made = {"row": report.table, "month": report.by_month, "stock": report.by_stock}[by]()
    again = read(path)
    assert (again.height, again.columns) == (made.height, made.columns)
    assert (
        again.filter(pl.col("fault") == VWAP).height == made.filter(pl.col("fault") == VWAP).height
    )


def test_the_worst_come_first(honest: pl.DataFrame, tmp_path: Path) -> None:
    changed = [times("amount", 10, on(80)), times("amount", 1e-4, on(81) & ONE)]
    rows = honest
    for change in changed:
        rows = rows.with_columns(change)
    worst = found(rows, tmp_path / "lake").faults[VWAP]
    assert worst["symbol"][0] == "600000.SH"
    assert worst["off"].to_list() == sorted(worst["off"].to_list(), reverse=True)


def test_too_much_is_an_error(honest: pl.DataFrame, tmp_path: Path) -> None:
    report = found(honest.with_columns(times("amount", 1e-3, on(60, 70))), tmp_path / "lake")
    share = 10 / 450
    flipped = "daily: amount of one session is in another unit"
    assert report.above(0.02) == {VWAP: share, AMOUNT: share, flipped: share}
    assert report.above(share) == {}
    with pytest.raises(QualityError, match=r"2.22% of rows: daily: amount / volume") as caught:
        report.demand(0.02)
    assert caught.value.exit_code == 3
    report.demand(None)


def test_an_index_has_no_vwap(honest: pl.DataFrame, tmp_path: Path) -> None:
    points = honest.filter(ONE).with_columns(
        pl.lit("000300.SH").alias("symbol"),
        pl.col("open", "high", "low", "close", "preclose") * 150.123,
        up_limit=None,
        down_limit=None,
    )
    report = found(
        pl.concat([honest, points.select(honest.columns)], how="vertical_relaxed"),
        tmp_path / "lake",
    )
    assert {n: report.summary()[n] for n in HONEST} == HONEST


def test_a_first_row_in_the_midst_of_the_lake_is_a_listing_that_nobody_knows(
    honest: pl.DataFrame, tmp_path: Path
) -> None:
    """One stock begins later; instruments, or the source's word for a listing, explain it."""
    late = honest.filter((pl.col("symbol") != "000004.SZ") | (pl.col("date") >= date(2024, 3, 1)))
    asked = found(late, tmp_path / "unknown").found[NEW]
    assert asked.rows.select("date", "symbol").rows() == [(date(2024, 3, 1), "000004.SZ")]
    assert "data_start" in asked.cause
    assert not asked.grave
    said = pl.lit("listing").alias("derived")
    assert found(late.with_columns(said), tmp_path / "said").summary()[NEW] == 0
    lake = Lake(tmp_path / "listed", create=True)
    lake.append("daily", late)
    known = {"symbol": "000004.SZ", "exchange": "SZSE", "board": "main", "name": None}
    known |= {"list_date": date(1990, 12, 1), "delist_date": None}
    lake.append("instruments", pl.DataFrame([known], schema_overrides={"name": pl.String}))
    assert quality(lake).summary()[NEW] == 0
