"""Prints: new data move their own day and nothing else; what is not known yet moves nothing."""

import hashlib
import json
import struct
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.market import TABLES, Lake
from intralpha.market.lake import PartitionError
from intralpha.market.prints import CACHE, PrintError, chain

from .conftest import SESSIONS, bar_rows, daily_rows

FIRST, LAST = date(2024, 1, 1), date(2024, 1, 12)
DAYS = [FIRST + timedelta(days=k) for k in range((LAST - FIRST).days + 1)]


def moved(before: dict[date, str], after: dict[date, str]) -> set[date]:
    return {day for day in {*before, *after} if before.get(day) != after.get(day)}


def test_a_print_is_the_digest_of_plain_bytes(tmp_path: Path) -> None:
    """Two stocks of one day, written out byte by byte; the number is that of the first version."""
    lake = Lake(tmp_path, create=True)
    rows = daily_rows(SESSIONS[:1], ("000001.SZ", "600519.SH")).with_columns(
        st=pl.Series([True, None])
    )
    lake.append("daily", rows)
    day = (SESSIONS[0] - date(1970, 1, 1)).days
    number = {"d": "<f8", "q": "<i8", "i": "<i4", "B": "|u1"}
    said = b"2\n"
    for name, kind, values in (
        ("date", "i", (day, day)),
        ("symbol", "", ("000001.SZ", "600519.SH")),
        ("open", "d", (10.0, 11.0)),
        ("high", "d", (11.0, 12.0)),
        ("low", "d", (9.0, 10.0)),
        ("close", "d", (10.0, 11.0)),
        ("preclose", "d", (9.0, 10.0)),
        ("volume", "q", (1000, 2000)),
        ("adj_factor", "d", (2.0, 2.0)),
        ("suspended", "B", (0, 0)),
        ("st", "B", (1, None)),
    ):
        null = bytes(v is None for v in values)
        if not kind:
            said += f"{name}:text\n".encode() + null
            said += struct.pack("<qq", *map(len, values)) + "".join(values).encode()
            continue
        said += f"{name}:{number[kind]}\n".encode() + null
        said += struct.pack(f"<2{kind}", *(v or 0 for v in values))
    expected = hashlib.blake2b(said, digest_size=16).hexdigest()
    assert lake.day_prints("daily") == {SESSIONS[0]: expected}
    assert expected == "a71232d432b0558cef5cf5ff711f7470"


def test_appending_a_day_leaves_the_days_before(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    for upto in (10, 11, 23):  # the last one begins another month
        before = lake.day_prints("daily")
        lake.append("daily", daily_rows(SESSIONS[:upto]))
        after = lake.day_prints("daily")
        assert list(after) == SESSIONS[:upto]
        assert moved(before, after) == set(SESSIONS[len(before) : upto])
    assert len(set(after.values())) == len(after)


def test_the_order_of_appends_and_batches_does_not_matter(tmp_path: Path) -> None:
    rows = daily_rows(SESSIONS[:5])
    one, other = Lake(tmp_path / "one", create=True), Lake(tmp_path / "other", create=True)
    one.append("daily", rows)
    for symbol in ("688981.SH", "000001.SZ", "600519.SH", "300750.SZ"):
        other.append("daily", rows.filter(pl.col("symbol") == symbol).reverse())
    assert one.day_prints("daily") == other.day_prints("daily")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("column", [c for c in TABLES["daily"].columns if c != "date"])
def test_changing_one_value_moves_exactly_its_day(tmp_path: Path, column: str) -> None:
    lake, other = Lake(tmp_path / "a", create=True), Lake(tmp_path / "b", create=True)
    full = daily_rows(SESSIONS[:25]).with_columns(
        amount=1e4,
        up_limit=99.0,
        down_limit=1.0,
        st=False,
        float_shares=1e6,
        total_shares=2e6,
        derived=pl.lit("listing"),
    )
    lake.append("daily", full)
    here = (pl.col("date") == SESSIONS[7]) & (pl.col("symbol") == "300750.SZ")
    kind = TABLES["daily"].columns[column]
    if kind == pl.String:
        new = pl.lit("300751.SZ")
    elif kind == pl.Boolean:
        new = ~pl.col(column)
    else:
        new = pl.col(column) + (1 if column in {"volume", "high"} else -1e-9)
    other.append(
        "daily", full.with_columns(pl.when(here).then(new).otherwise(column).alias(column))
    )
    assert moved(lake.day_prints("daily"), other.day_prints("daily")) == {SESSIONS[7]}


@pytest.mark.parametrize(("column", "plain"), [("amount", 0.0), ("st", False)])
def test_null_is_not_zero(tmp_path: Path, column: str, plain: object) -> None:
    """Where some are known: a column that is null throughout a day says nothing."""
    rows = daily_rows(SESSIONS[:2])
    first = pl.col("symbol") == "000001.SZ"
    prints = []
    for name, value in (("null", None), ("plain", plain)):
        lake = Lake(tmp_path / name, create=True)
        known = pl.when(first).then(pl.lit(value)).otherwise(pl.lit(plain))
        lake.append("daily", rows.with_columns(known.alias(column)))
        prints.append(lake.day_prints("daily"))
    assert moved(*prints) == set(SESSIONS[:2])


def test_prints_of_months_are_kept_beside_the_checksum_of_their_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("daily", daily_rows(SESSIONS))
    made = lake.day_prints("daily")
    kept = sorted((tmp_path / CACHE / "daily").iterdir())
    assert [p.name for p in kept] == ["month=2024-01.json", "month=2024-02.json"]
    (tmp_path / "daily" / "month=2024-01.parquet").unlink()  # is not read again
    assert lake.day_prints("daily") == made
    said = json.loads(kept[0].read_text())
    kept[0].write_text(json.dumps(said | {"checksum": "of another file"}))
    with pytest.raises(PrintError, match=r"(?s)month=2024-01.*Lake\.verify"):
        lake.day_prints("daily")


@pytest.mark.parametrize("how", ["a digit", "cut", "empty"])
def test_prints_that_were_damaged_are_made_again(tmp_path: Path, how: str) -> None:
    """A digit that is believed would move every address that the session is part of."""
    lake = Lake(tmp_path, create=True)
    lake.append("daily", daily_rows(SESSIONS))
    made = lake.day_prints("daily")
    kept, *_ = sorted((tmp_path / CACHE / "daily").iterdir())
    text = kept.read_text()
    first = next(iter(made.values()))
    changed = {"a digit": text.replace(first[:9], "0" * 9), "cut": text[:200], "empty": ""}[how]
    assert changed != text
    kept.write_text(changed)
    assert lake.day_prints("daily") == made
    assert kept.read_text() == text


def test_a_file_that_is_not_the_manifests_has_no_print(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("daily", daily_rows(SESSIONS[:3]))
    path = tmp_path / "daily" / "month=2024-01.parquet"
    pl.read_parquet(path).with_columns(pl.col("close") + 1).write_parquet(path)
    with pytest.raises(PrintError) as caught:
        lake.day_prints("daily")
    assert caught.value.found != caught.value.expected


def test_days_with_a_file_each(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("bars", bar_rows(SESSIONS[0]))
    lake.append("bars", bar_rows(SESSIONS[1]))
    alone = lake.day_prints("bars", 30)
    assert alone == lake.checksums("bars", 30) == lake.day_prints("bars")
    lake.append("bars", bar_rows(SESSIONS[1], freq=15))
    assert lake.day_prints("bars", 30) == alone
    assert moved(alone, lake.day_prints("bars")) == {SESSIONS[1]}
    assert lake.day_prints("bars", 15).keys() == {SESSIONS[1]}
    assert lake.day_prints("trades") == {}


def test_each_form_of_table_has_its_own_print(lake: Lake) -> None:
    with pytest.raises(PartitionError, match="one file a single; expected one a day or month"):
        lake.day_prints("instruments")
    with pytest.raises(PartitionError, match="expected one a single"):
        lake.table_print("daily", SESSIONS[0])
    with pytest.raises(PartitionError, match="expected one a day"):
        lake.checksums("daily")


def periods(draw: st.DrawFn) -> pl.DataFrame:
    """Membership with open, closed and one-day periods."""
    days = st.integers(0, len(DAYS) - 1)
    rows = {}
    for _ in range(draw(st.integers(0, 8))):
        symbol = f"60000{draw(st.integers(0, 3))}.SH"
        first, length = draw(days), draw(st.none() | st.integers(0, 5))
        end = None if length is None else FIRST + timedelta(days=first + length)
        weight = draw(st.none() | st.floats(0, 1))
        rows[symbol, DAYS[first]] = ("000300.SH", symbol, DAYS[first], end, weight)
    return pl.DataFrame(list(rows.values()), schema=TABLES["membership"].columns, orient="row")


def known_on(rows: pl.DataFrame, day: date) -> list[tuple]:
    """What a reader of that day sees, row by row."""
    return sorted(
        (i, s, first, end if end is not None and end <= day else None, str(weight))
        for i, s, first, end, weight in rows.rows()
        if first <= day
    )


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_a_reference_print_says_what_is_known_and_no_more(data: st.DataObject) -> None:
    rows = periods(data.draw)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "whole", create=True)
        lake.append("membership", rows)
        prints = {day: lake.table_print("membership", day) for day in DAYS}
        for day, before in zip(DAYS[1:], DAYS, strict=False):
            same = known_on(rows, day) == known_on(rows, before)
            assert (prints[day] == prints[before]) == same
        day = data.draw(st.sampled_from(DAYS))
        then = Lake(Path(folder) / "then", create=True)
        then.append("membership", lake.limited(last=day).scan("membership").collect())
        assert known_on(then.scan("membership").collect(), day) == known_on(rows, day)
        for earlier in DAYS[: DAYS.index(day) + 1]:
            assert then.table_print("membership", earlier) == prints[earlier]


def test_a_later_event_leaves_the_days_before(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "symbol": ["600000.SH", "600001.SH"],
            "exchange": ["SSE", "SSE"],
            "board": ["main", "main"],
            "list_date": [None, DAYS[2]],
        },
        schema_overrides={"list_date": pl.Date},
    )
    lake = Lake(tmp_path, create=True)
    nothing = lake.table_print("instruments", LAST)
    lake.append("instruments", rows)
    before = {day: lake.table_print("instruments", day) for day in DAYS}
    # What has no start is known always.
    assert len(set(before.values())) == 2
    assert before[DAYS[1]] != before[DAYS[2]]
    assert nothing not in before.values()
    ended = pl.when(pl.col("symbol") == "600000.SH").then(pl.lit(DAYS[5]))
    lake.append("instruments", rows.with_columns(delist_date=ended), "replace")
    after = {day: lake.table_print("instruments", day) for day in DAYS}
    assert moved(before, after) == set(DAYS[5:])


def test_reports_are_known_when_they_are_announced(tmp_path: Path) -> None:
    lake, item = Lake(tmp_path, create=True), {"item": ["roe"], "value": [0.1]}
    for k, on in enumerate((DAYS[3], DAYS[7])):
        row = pl.DataFrame({"symbol": ["600000.SH"], "announce_date": [on], **item})
        before = {day: lake.table_print("fundamentals", day) for day in DAYS}
        lake.append("fundamentals", row)
        after = {day: lake.table_print("fundamentals", day) for day in DAYS}
        assert moved(before, after) == set(DAYS[(3, 7)[k] :])
    text, day = lake.table_print("fundamentals", str(LAST)), np.datetime64(LAST)
    assert text == lake.table_print("fundamentals", day) == after[LAST]


def test_what_ends_before_it_starts_is_known_from_its_start(tmp_path: Path) -> None:
    row = {"symbol": ["600000.SH"], "exchange": ["SSE"], "board": ["main"]}
    lake = Lake(tmp_path, create=True)
    lake.append(
        "instruments", pl.DataFrame(row | {"list_date": [DAYS[4]], "delist_date": [DAYS[2]]})
    )
    prints = [lake.table_print("instruments", day) for day in DAYS]
    assert len(set(prints[:4])) == len(set(prints[4:])) == 1
    assert prints[3] != prints[4]


def test_a_table_without_a_start_is_known_as_a_whole() -> None:
    schema = replace(TABLES["industry"], start=None, end=None)
    rows = pl.DataFrame(
        [("600000.SH", DAYS[k], None, "sw", "bank") for k in (0, 5)],
        schema=schema.columns,
        orient="row",
    )
    (one,), (other,) = chain(schema, rows).values(), chain(schema, rows[:1]).values()
    assert one != other
    assert chain(schema, rows.reverse()) == chain(schema, rows)
