"""A mapping says what it does not understand; ticks, units and grids of what it reads."""

import re
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.market import Lake
from intralpha.sources import MappingSpec, NothingReadError, SourceError, ingest

from .conftest import HEADER, bar_lines

COLUMNS = {c: c for c in HEADER.split(",")}


def write(folder: Path, lines: list[str]) -> None:
    (folder / "bars.csv").write_text("\n".join([HEADER, *lines]) + "\n")


def spec(path: Path, **changes: object) -> MappingSpec:
    given = {"kind": "mapping", "path": str(path), "columns": COLUMNS, "freq": 15}
    return MappingSpec.model_validate({**given, **changes})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"volumn": "v"}, r"columns has unknown 'volumn' \(did you mean 'volume'\?\)"),
        ({"nonsense": "x"}, r"columns has unknown 'nonsense'; known are adj_factor, amount"),
        ({"Close": "x"}, r"columns has unknown 'Close' \(did you mean 'close'\?\)"),
    ],
)
def test_an_unknown_field_is_an_error_with_the_nearest_one(
    tmp_path: Path, columns: dict, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(tmp_path, columns=COLUMNS | columns)
    with pytest.raises(ValidationError, match=message):
        spec(tmp_path, columns={**{k: v for k, v in COLUMNS.items() if k != "volume"}, **columns})


def test_a_field_that_is_lacking_and_a_zone_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="columns lacks volume"):
        spec(tmp_path, columns={k: v for k, v in COLUMNS.items() if k != "volume"})
    dated = {k: v for k, v in COLUMNS.items() if k != "datetime"} | {"date": "d"}
    with pytest.raises(ValidationError, match="columns needs datetime, or time beside date"):
        spec(tmp_path, columns=dated)
    with pytest.raises(ValidationError, match="found 'Beijing'; expected a zone such as"):
        spec(tmp_path, time_zone="Beijing")


def shifted(lines: list[str], minutes: int) -> list[str]:
    """Stamps moved within their day."""
    out = []
    for line in lines:
        day, clock = line[:10], line[11:19]
        at = int(clock[:2]) * 60 + int(clock[3:5]) + minutes
        out.append(f"{day} {at // 60:02d}:{at % 60:02d}:00{line[19:]}")
    return out


@pytest.mark.parametrize(
    ("minutes", "changes", "hint"),
    [
        (-15, {}, "`stamp: start`"),
        (-480, {}, r"\+8 hours would put nearly all of them there: `time_zone` UTC"),
        (60, {}, r"-1 hours would put nearly all of them there: `time_zone` that of UTC\+9"),
        (0, {"freq": 30}, "all of them are ends of 15-minute bars: `freq: 15`"),
    ],
)
def test_stamps_off_the_grid_name_what_would_put_them_there(
    lake: Lake, vendor: Path, minutes: int, changes: dict, hint: str
) -> None:
    grid = shifted(bar_lines(("2025-01-02",)), minutes)
    (vendor / "a.csv").write_text("\n".join([HEADER, *grid]))
    try:
        said = ingest([spec(vendor, **changes)], lake, show_progress=False).to_text()
    except (NothingReadError, SourceError) as error:  # all rows lie off the grid, or beside it
        said = str(error)
    assert re.search(hint, said), said


def test_the_auctions_own_row_is_named(lake: Lake, vendor: Path) -> None:
    auction = "2025-01-02 09:25:00,600519,10,10,10,10,100,1000"
    (vendor / "a.csv").write_text("\n".join([HEADER, auction, *bar_lines(("2025-01-02",))]))
    said = ingest([spec(vendor)], lake, show_progress=False).to_text()
    assert "`opening_auction: own_row`" in said


def test_volumes_scaled_and_of_no_whole_shares(lake: Lake, vendor: Path) -> None:
    grid = [line.replace(",100,", ",100500,", 1) for line in bar_lines(("2025-01-02",))]
    (vendor / "a.csv").write_text("\n".join([HEADER, *grid]))
    report = ingest([spec(vendor, volume_scale=1000)], lake, show_progress=False)
    # The first bar traded 100.5 shares, the others 0.2 to 1.6.
    assert report.counts[0].notes["volumes of no whole shares, rounded"] == 15
    assert lake.scan("bars").collect()["volume"].to_list()[:3] == [100, 0, 0]


def test_scaled_prices_are_the_nearest_numbers(lake: Lake, vendor: Path) -> None:
    """4,000 whole numbers over 10,000, each as the division of whole numbers gives it."""
    lines = [
        f"2024-01-02 09:45:00,{600000 + i},{n},{n},{n},{n},2500,{n}"
        for i, n in enumerate(range(100_300, 104_300))
    ]
    write(vendor, lines)
    ingest([spec(vendor / "bars.csv", price_scale=10000)], lake, show_progress=False)
    rows = lake.scan("bars", freq=15).filter(pl.col("derived").is_null()).sort("symbol").collect()
    assert rows.height == 4000
    wanted = [n / 10_000 for n in range(100_300, 104_300)]
    for column in ("open", "high", "low", "close"):
        assert rows[column].to_list() == wanted


def test_a_repeated_key_is_named_by_its_own_line(lake: Lake, vendor: Path) -> None:
    """Rows of four keys; of each the first that is good stands, and every later one aside."""
    first = [f"2024-01-02 {t}:00,600519,10,10,10,10,100,1000" for t in ("09:45", "10:00")]
    first += [f"2024-01-03 {t}:00,600519,10,10,10,10,100,1000" for t in ("09:45", "10:00")]
    again = [line.replace("100,1000", f"{n}00,{n}000") for n in (2, 3) for line in first]
    broken = first[0].replace("10,10,10,10", "10,9,10,10")
    write(vendor, [broken, *first, *again])
    ingest([spec(vendor / "bars.csv")], lake, show_progress=False)
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet").sort("line")
    # Line 2 breaks a rule and so takes no key from line 3.
    assert aside.select("line", "reason").rows() == [
        (2, "high is below low"),
        *((line, "duplicate key") for line in (7, 8, 9, 10, 11, 12, 13, 14)),
    ]
    said = dict(aside.select("line", "row").iter_rows())
    assert all(said[7 + i].endswith("200,2000.0") for i in range(4))
    assert all(said[11 + i].endswith("300,3000.0") for i in range(4))


def test_bars_that_are_called_daily_rows_are_named(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text("\n".join([HEADER, *bar_lines(("2025-01-02",))]))
    report = ingest([spec(vendor, table="daily", freq=None)], lake, show_progress=False)
    assert (
        "expected one row a stock and day; bars? `table: bars` with the `freq`" in report.to_text()
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("table", ["daily", "bars"])
def test_a_bad_row_does_not_take_the_place_of_a_good_one(
    tmp_path: Path, table: str, order: tuple[int, int]
) -> None:
    stamp = "2024-03-01" if table == "daily" else "2024-03-01 10:30:00"
    twice = (f"{stamp},600000.SH,10,9,11,10,100,1000", f"{stamp},600000.SH,10,11,9,10,100,1000")
    head = "datetime,symbol,open,high,low,close,volume,amount"
    (tmp_path / "rows.csv").write_text("\n".join([head, *(twice[k] for k in order)]) + "\n")
    form = "%Y-%m-%d" if table == "daily" else "%Y-%m-%d %H:%M:%S"
    given = {"table": table, "datetime_format": form, "columns": {c: c for c in head.split(",")}}
    source = spec(tmp_path / "rows.csv", **given, freq=None if table == "daily" else 60)
    lake = Lake(tmp_path / "lake", create=True)
    (count,) = ingest([source], lake, show_progress=False).counts
    assert count.quarantined == {"high is below low": 1}
    assert lake.scan(table).filter(pl.col("volume") > 0).collect()["high"].to_list() == [11]


def test_bars_without_amounts_name_what_reads_them(lake: Lake, vendor: Path) -> None:
    columns = {c: c for c in HEADER.split(",") if c != "amount"}
    given = {"path": str(vendor), "freq": 15, "columns": columns}
    with pytest.raises(ValidationError, match="`preset: index_1min` with these columns"):
        MappingSpec.model_validate(given)
    grid = [line.rsplit(",", 1)[0] for line in bar_lines(("2025-01-02",))]
    (vendor / "a.csv").write_text("\n".join([",".join(columns), *grid]))
    cure = MappingSpec.model_validate(given | {"preset": "index_1min", "pattern": "*.csv"})
    assert ingest([cure], lake, show_progress=False).counts[0].added == 16
