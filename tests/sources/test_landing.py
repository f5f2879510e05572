"""Files of vendors into a lake: any cut into files, batches, days and ingests gives the same."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Calendar, Lake, bar_times
from intralpha.market.manifest import read_manifest
from intralpha.sources import IngestReport, MappingSpec, ingest, mapped

DAYS = [d.item() for d in Calendar.xshg().between("2024-03-01", "2024-04-12")]
DAILY = ("code", "date", "open", "high", "low", "close", "volume", "amount", "preclose", "turn")
BARS = ("code", "at", "open", "high", "low", "close", "volume", "amount")


def contents(lake: Lake) -> dict[str, str]:
    return {name: facts.checksum for name, facts in read_manifest(lake.root).items()}


def spec(path: Path, **keys: object) -> MappingSpec:
    table = str(keys.get("table", "daily"))
    names = {"code": "symbol", "at": "datetime", "turn": "turnover_percent"}
    columns = {names.get(c, c): c for c in (DAILY if table == "daily" else BARS)}
    form = "%Y-%m-%d" if table == "daily" else "%Y-%m-%d %H:%M:%S"
    given = {"table": table, "columns": columns, "datetime_format": form, "path": str(path)}
    return MappingSpec.model_validate({**given, **keys})


def write(path: Path, rows: pl.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_csv(path)
    return path


def market() -> pl.DataFrame:
    """Three stocks with dividends, days of zeros, and a bad row whose neighbours must not mind."""
    rng = np.random.default_rng(7)
    rows = []
    for code in ("600001", "000002", "300003"):
        close = 10.0
        for day in DAYS:
            preclose = round(close * float(rng.choice([1, 1, 1, 0.95])), 2)
            idle = rng.random() < 0.15
            close = preclose if idle else round(preclose * float(rng.uniform(0.97, 1.03)), 2)
            p, v = (0.0, 0) if idle else (close, 1000)
            rows.append((code, day, p, p, p, p, v, v * p, preclose, None if idle else 1.0))
    bad = ("600001", DAYS[9], 50.0, 40.0, 60.0, 50.0, 1000, 50_000.0, 50.0, 1.0)
    kept = [r for r in rows if r[:2] != bad[:2]]
    return pl.DataFrame([*kept, bad], schema=list(DAILY), orient="row").sort("date", "code")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("batch_rows", [pytest.param(1, marks=pytest.mark.slow), 7, 1_000_000])
@pytest.mark.parametrize("by", ["code", "date"])
@pytest.mark.parametrize("ingests", [1, 3])
def test_any_cut_of_daily_files_gives_the_same_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int, by: str, ingests: int
) -> None:
    rows = market()
    whole, cut = Lake(tmp_path / "whole", create=True), Lake(tmp_path / "cut", create=True)
    ingest([spec(write(tmp_path / "all.csv", rows))], whole, show_progress=False)
    files = [
        write(tmp_path / "files" / f"{i:03d}.csv", part)
        for i, part in enumerate(rows.partition_by(by, maintain_order=True))
    ]
    monkeypatch.setattr(mapped, "ROWS_A_BATCH", batch_rows)
    for share in np.array_split(np.array(files, dtype=object), ingests):
        given = [spec(path) for path in share] if ingests > 1 else [spec(tmp_path / "files")]
        ingest(given, cut, show_progress=False)
    assert contents(cut) == contents(whole)
    daily = whole.scan("daily").collect()
    assert daily.height == rows.height - 1  # the bad row
    facts = rows.filter(pl.col("volume") > 0, pl.col("open") < 50)
    for code in ("600001.SH", "000002.SZ", "300003.SZ"):
        mine = daily.filter(pl.col("symbol") == code)
        assert mine["adj_factor"].n_unique() > 3, "nothing was compared"
        close, preclose = mine["close"].to_numpy(), mine["preclose"].to_numpy()
        steps = mine["adj_factor"].to_numpy()[1:] / mine["adj_factor"].to_numpy()[:-1]
        np.testing.assert_allclose(steps, close[:-1] / preclose[1:])
    assert daily.filter(~pl.col("suspended")).height == facts.height


def test_a_row_set_aside_feeds_nothing(tmp_path: Path) -> None:
    """The twin of a day, with another close, comes after it: it is named and has no effect."""
    rows = market().filter(pl.col("code") == "000002")
    twin = rows[4].with_columns(
        pl.col("open", "high", "low", "close") * 0 + 99.0,
        volume=pl.lit(1000, pl.Int64),
        amount=pl.lit(99_000.0),
    )
    for columns in (DAILY, tuple(c for c in DAILY if c != "preclose")):
        lakes = []
        for name, more in (("plain", rows), ("twin", pl.concat([rows, twin]))):
            lake = Lake(tmp_path / f"{name}-{len(columns)}", create=True)
            path = write(tmp_path / "rows.csv", more.select(columns))
            names = {"code": "symbol", "turn": "turnover_percent"}
            keys = {"columns": {names.get(c, c): c for c in columns}}
            report = ingest([spec(path, **keys)], lake, show_progress=False)
            lakes.append(contents(lake))
        assert report.counts[0].quarantined["duplicate key"] == 1
        assert lakes[0] == lakes[1]


def minutes(days: list[date]) -> pl.DataFrame:
    """Half-hour bars of two stocks: zeros, rows left out, opens that are not known."""
    rng = np.random.default_rng(11)
    rows = []
    for day in days:
        for code in ("600001", "000002"):
            quiet = rng.random() < 0.3
            for at in bar_times(30):
                p = 0.0 if quiet or rng.random() < 0.2 else round(float(rng.uniform(9, 11)), 2)
                start = 0.0 if rng.random() < 0.2 else p
                v = 100 if p else 0
                if rng.random() < 0.8:
                    rows.append((code, f"{day} {at}", start, p, p, p, v, v * p))
    return pl.DataFrame(rows, schema=list(BARS), orient="row")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("batch_rows", [pytest.param(1, marks=pytest.mark.slow), 9, 1_000_000])
@pytest.mark.parametrize("backwards", [False, True])
def test_any_cut_of_bar_files_gives_the_same_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int, backwards: bool
) -> None:
    """Morning and afternoon of every day in files of their own, before and after the daily rows."""
    days = DAYS[:8]
    bars, daily = minutes(days), write(tmp_path / "daily.csv", market())
    keys = {"table": "bars", "freq": 30}
    whole, cut = Lake(tmp_path / "whole", create=True), Lake(tmp_path / "cut", create=True)
    ingest(
        [spec(daily), spec(write(tmp_path / "bars.csv", bars), **keys)], whole, show_progress=False
    )
    halves = bars.with_columns(
        half=pl.col("at").str.slice(0, 13) < pl.col("at").str.slice(0, 11) + "12"
    )
    parts = halves.with_columns(day=pl.col("at").str.slice(0, 10)).partition_by(
        "day", "half", maintain_order=True
    )
    files = [
        write(tmp_path / "halves" / f"{i:02d}.csv", p.select(BARS)) for i, p in enumerate(parts)
    ]
    monkeypatch.setattr(mapped, "ROWS_A_BATCH", batch_rows)
    given = [spec(path, **keys) for path in (reversed(files) if backwards else files)]
    ingest([*given, spec(daily)], cut, show_progress=False)
    assert contents(cut) == contents(whole)
    again = ingest([spec(tmp_path / "halves", **keys), spec(daily)], cut, show_progress=False)
    assert again.unchanged


def test_zeros_before_any_trade_have_no_price_and_are_counted(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    rows = [("600001", f"{DAYS[0]} {t}", 0, 0, 0, 0, 0, 0) for t in bar_times(30)]
    rows += [("600001", f"{DAYS[1]} {t}", 6, 6, 6, 6, 100, 600) for t in bar_times(30)]
    path = write(tmp_path / "bars.csv", pl.DataFrame(rows, schema=list(BARS), orient="row"))
    report = ingest([spec(path, table="bars", freq=30)], lake, show_progress=False)
    assert report.counts[0].notes["bars without a price: no trade, no close before known"] == 8
    assert lake.scan("bars").collect()["close"].to_list() == [None] * 8 + [6.0] * 8


def test_a_bar_of_zeros_says_nothing_beside_a_bar_with_prices(tmp_path: Path) -> None:
    """A file written at noon with zeros for the afternoon, and the day's: in one batch, in two."""
    times = bar_times(30)
    day = [("600001", f"{DAYS[0]} {t}", 6, 6, 6, 6, 100, 600) for t in times]
    noon = [*day[:4], *((*r[:2], 0, 0, 0, 0, 0, 0) for r in day[4:])]
    found = []
    for name, order in (("one", ("ab",)), ("two", ("a", "b")), ("back", ("b", "a"))):
        lake = Lake(tmp_path / name, create=True)
        for k, which in enumerate(order):
            chosen = [r for w in which for r in (noon if w == "a" else day)]
            frame = pl.DataFrame(chosen, schema=list(BARS), orient="row")
            path = write(tmp_path / f"{name}{k}.csv", frame)
            ingest([spec(path, table="bars", freq=30)], lake, "keep", show_progress=False)
        found.append(contents(lake))
    assert found[0] == found[1] == found[2]
    assert lake.scan("bars").collect()["volume"].sum() == 800


def told(report: IngestReport) -> list[tuple[object, ...]]:
    """What a report says of rows and files, whatever the batches."""
    return [
        (c.table, c.rows_read, c.added, c.already_there, c.quarantined, c.repairs, c.notes)
        for c in report.counts
    ]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("order", [["code", "date"], ["date", "code"]])
def test_a_large_file_is_cut_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, order: list[str]
) -> None:
    """A day is never cut: neither its second row of the same key nor its filled bars differ."""
    daily = pl.concat([market(), market()[5:6].with_columns(turn=pl.lit(77.0))]).sort(order)
    bars = minutes(DAYS[:8]).with_columns(date=pl.col("at").str.slice(0, 10)).sort(order)
    given = []
    for name, rows, more in (
        ("daily", daily, {"only": {"missing": "1"}}),
        ("bars", bars.select(BARS), {"table": "bars", "freq": 30}),
    ):
        path = tmp_path / f"{name}_qfq.{kind}"
        write(path, rows) if kind == "csv" else rows.write_parquet(path)
        given.append(spec(path, format=kind, **more))
    lakes, reports = [], []
    for rows_a_batch in (2_000_000, 11):
        monkeypatch.setattr(mapped, "ROWS_A_BATCH", rows_a_batch)
        lake = Lake(tmp_path / f"lake{rows_a_batch}", create=True)
        reports.append(told(ingest(given, lake, show_progress=False)))
        lakes.append(contents(lake))
    assert lakes[0] == lakes[1]
    assert reports[0] == reports[1]
    assert reports[0][0][4]["duplicate key"] == 1
    assert "files without the column missing, which was not checked" in reports[0][0][6]


def test_a_part_of_a_file_reads_commas_as_the_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3,950 is no 3.95, because a price has a point: it stands in the last part of the file."""
    prices = ["3,950"] * 8 + ["3,950.50"] * 2
    rows = [
        ("600001", day, p, p, p, p, 100, None, None, None)
        for day, p in zip(DAYS[:10], prices, strict=True)
    ]
    path = tmp_path / "daily.csv"
    write(path, pl.DataFrame(rows, schema=list(DAILY), orient="row"))
    lakes = []
    for rows_a_batch in (2_000_000, 4):
        monkeypatch.setattr(mapped, "ROWS_A_BATCH", rows_a_batch)
        lake = Lake(tmp_path / f"lake{rows_a_batch}", create=True)
        ingest([spec(path)], lake, show_progress=False)
        lakes.append(contents(lake))
    assert (
        lake.scan("daily").select("close").collect()["close"].to_list()
        == [3950.0] * 8 + [3950.5] * 2
    )
    assert lakes[0] == lakes[1]
