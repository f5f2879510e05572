"""A limited lake: what is not declared cannot be read, and what is later is not there."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Lake, UndeclaredReadError, industry_codes, read_bars, read_daily
from intralpha.market.bar_columns import filled_columns
from intralpha.market.restriction import LimitedLakeError
from intralpha.market.tick_blocks import read_ticks

from .conftest import SESSIONS, SYMBOLS, bar_rows

CUT = SESSIONS[9]
DAILY = frozenset({("daily", None)})


def trades(on: date) -> pl.DataFrame:
    row = {"date": on, "symbol": "600519.SH", "seq": 1, "time": 34_200_000, "price": 10.0}
    return pl.DataFrame([row | {"volume": 100, "buy_id": 1, "sell_id": 2, "side": 1}])


@pytest.fixture
def full(lake: Lake) -> Lake:
    """Daily rows, bars of two frequencies, ticks, and an industry that changes."""
    for k in (0, 8, 9, 10):
        lake.append("bars", bar_rows(SESSIONS[k]))
        lake.append("bars", bar_rows(SESSIONS[k], freq=15))
        lake.append("trades", trades(SESSIONS[k]))
    rows = [
        ("600519.SH", SESSIONS[0], SESSIONS[10], "sw", "drink"),
        ("600519.SH", SESSIONS[11], None, "sw", "food"),
        ("000001.SZ", SESSIONS[0], SESSIONS[4], "sw", "bank"),
    ]
    columns = ["symbol", "in_date", "out_date", "scheme", "code"]
    lake.append("industry", pl.DataFrame(rows, schema=columns, orient="row"))
    return lake


READS: dict[str, Callable[[Lake], object]] = {
    "scan": lambda lake: lake.scan("bars", freq=30),
    "dates": lambda lake: lake.dates("bars", 30),
    "has": lambda lake: lake.has("bars"),
    "freqs": lambda lake: lake.freqs(),
    "checksums": lambda lake: lake.checksums("bars", 30),
    "day_prints": lambda lake: lake.day_prints("bars", 30),
    "day_file": lambda lake: lake.day_file("bars", SESSIONS[0], 30),
    "table_print": lambda lake: lake.table_print("industry", SESSIONS[0]),
    "read_bars": lambda lake: read_bars(lake, SESSIONS[0], 30, ("close",)),
    "filled_columns": lambda lake: filled_columns(lake, SESSIONS[0], 30),
    "read_ticks": lambda lake: list(read_ticks(lake, "trades", SESSIONS[0], ("price",))),
    "industry_codes": lambda lake: industry_codes(lake, lake.dates("daily"), np.array(SYMBOLS)),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("read", list(READS))
def test_what_is_not_declared_cannot_be_read(full: Lake, read: str) -> None:
    READS[read](full)
    with pytest.raises(UndeclaredReadError, match="declared are daily") as caught:
        READS[read](full.limited(DAILY))
    assert caught.value.declared == DAILY


def test_what_is_declared_reads_as_before(full: Lake) -> None:
    view = full.limited(DAILY)
    assert np.array_equal(read_daily(view, ("close",)).values, read_daily(full, ("close",)).values)
    assert view.day_prints("daily") == full.day_prints("daily")
    assert view.root == full.root
    assert full.has("bars")  # the lake itself is as it was


def test_bars_are_declared_by_frequency(full: Lake) -> None:
    view = full.limited(frozenset({("bars", 30)}))
    assert full.freqs() == (15, 30)
    assert view.freqs() == (30,)
    assert view.scan("bars").collect().equals(full.scan("bars", freq=30).collect())
    assert view.day_prints("bars") == full.day_prints("bars", 30)
    with pytest.raises(UndeclaredReadError, match="bars of 15 minutes is read"):
        view.scan("bars", freq=15)
    both = full.limited(frozenset({("bars", None)}))
    assert both.freqs() == (15, 30)
    assert both.checksums("bars", 15) == full.checksums("bars", 15)


def test_nothing_after_the_last_day_is_shown(full: Lake) -> None:
    view = full.limited(last=CUT)
    for table, freq in (("daily", None), ("bars", 30), ("trades", None)):
        rows, past = view.scan(table, freq=freq).collect(), pl.col("date") <= CUT
        assert rows.height
        assert rows.equals(full.scan(table, freq=freq).filter(past).collect())
        later = view.scan(table, CUT, SESSIONS[20], freq).collect()
        assert later["date"].unique().to_list() == [CUT]
        assert view.scan(table, SESSIONS[10], SESSIONS[20], freq).collect().is_empty()
        assert view.dates(table, freq).max() == np.datetime64(CUT)
        shown = {d: text for d, text in full.day_prints(table, freq).items() if d <= CUT}
        assert view.day_prints(table, freq) == shown
    assert max(view.checksums("bars", 30)) == CUT
    assert view.day_file("bars", SESSIONS[10], 30) is None
    assert list(read_ticks(view, "trades", SESSIONS[10], ("price",))) == []
    assert filled_columns(view, SESSIONS[10], 30) == frozenset()


def test_reference_rows_are_those_of_the_last_day(full: Lake) -> None:
    view = full.limited(last=CUT)
    assert view.scan("industry").sort("symbol").collect().rows() == [
        ("000001.SZ", SESSIONS[0], SESSIONS[4], "sw", "bank"),
        ("600519.SH", SESSIONS[0], None, "sw", "drink"),
    ]
    # The class of every day that is shown is the same.
    dates, assets = view.dates("daily"), np.array(SYMBOLS)
    codes, labels = industry_codes(full, dates, assets)
    seen, known = industry_codes(view, dates, assets)
    assert np.array_equal(np.array(labels)[codes], np.array(known)[seen])
    at_the_cut = full.table_print("industry", CUT)
    assert view.table_print("industry", SESSIONS[20]) == at_the_cut
    assert full.table_print("industry", SESSIONS[20]) != at_the_cut


def test_there_is_nothing_before_the_first_day(full: Lake) -> None:
    view = full.limited(last=date(2023, 12, 29))
    assert not any(view.has(table) for table in ("daily", "bars", "industry"))
    assert len(view.dates("daily")) == 0
    assert view.day_prints("daily") == {}
    # Instruments of the fixture have no day of listing: they are known always.
    assert view.has("instruments")


def test_a_view_of_a_view_shows_no_more(full: Lake) -> None:
    view = full.limited(DAILY, CUT)
    assert view.limited(last=SESSIONS[20]).dates("daily").max() == np.datetime64(CUT)
    assert view.limited(last=SESSIONS[3]).dates("daily").max() == np.datetime64(SESSIONS[3])
    with pytest.raises(UndeclaredReadError):
        view.limited(last=CUT).scan("trades")
    with pytest.raises(UndeclaredReadError, match="trades is read"):
        view.limited(frozenset({("trades", None)}))


def test_the_version_of_a_view_is_that_of_what_it_shows(full: Lake) -> None:
    views = [full.limited(DAILY, CUT), full.limited(last=CUT), full.limited(DAILY)]
    before = [view.version() for view in views]
    later = full.scan("daily", SESSIONS[20], SESSIONS[20]).collect()
    full.append("daily", later.with_columns(pl.col("volume") + 1), "replace")
    after = [view.version() for view in views]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False]
    first = full.scan("daily", CUT, CUT).collect()
    full.append("daily", first.with_columns(pl.col("volume") + 1), "replace")
    assert all(view.version() != text for view, text in zip(views, before, strict=True))


def test_a_view_cannot_be_written(full: Lake) -> None:
    view = full.limited(last=CUT)
    with pytest.raises(LimitedLakeError, match=r"append to Lake\(root\)"):
        view.append("trades", trades(SESSIONS[0]))
    with pytest.raises(LimitedLakeError):
        view.merging()


def test_an_error_says_what_was_declared(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    some = frozenset({("daily", None), ("bars", 5)})
    with pytest.raises(UndeclaredReadError, match="declared are bars of 5 minutes, daily"):
        lake.limited(some).scan("trades")
    with pytest.raises(UndeclaredReadError, match="declared are none"):
        lake.limited(frozenset()).scan("daily")
