"""Rows beside the grid of bars: 13:00 for 11:30, and the instant of the close on its own."""

from pathlib import Path
from typing import Any

import pytest

from intralpha.market import Lake, bar_times
from intralpha.sources import IngestReport, MappingSpec, SourceError, ingest
from intralpha.sources.bar_stamps import AT_ONE, JOINED

from .conftest import HEADER

ENDS = [str(t) for t in bar_times(30)]
STARTS = ["09:30:00", "10:00:00", "10:30:00", "11:00:00"]
STARTS += ["13:00:00", "13:30:00", "14:00:00", "14:30:00"]


def take(lake: Lake, vendor: Path, stamps: list[str], **keys: Any) -> IngestReport:
    """Bars whose k-th has an open of 10 + k / 100 and 100 k shares."""
    lines = [
        f"2025-01-02 {at},600519,{10 + k / 100:.2f},{10.05 + k / 100:.2f},{9.95 + k / 100:.2f},"
        f"{10.01 + k / 100:.2f},{100 * k},{1000 * k + k * k}"
        for k, at in enumerate(stamps, 1)
    ]
    path = vendor / "600519.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    given = {"preset": "quant15", "path": str(path), "freq": 30, **keys}
    return ingest([MappingSpec.model_validate(given)], lake, show_progress=False)


def kept(lake: Lake) -> list[tuple]:
    rows = lake.scan("bars", freq=30).select("time", "open", "high", "close", "volume").collect()
    return [(str(t), *rest) for t, *rest in rows.rows()]


def test_one_o_clock_is_the_end_of_the_morning(lake: Lake, vendor: Path) -> None:
    stamps = ["13:00:00" if at == "11:30:00" else at for at in ENDS]
    count = take(lake, vendor, stamps).counts[0]
    assert dict(count.repairs) == {AT_ONE: 1}
    assert not count.quarantined
    assert kept(lake)[3] == ("11:30:00", 10.04, 10.09, 10.05, 400)


@pytest.mark.parametrize("stamps", [[*STARTS, "15:00:00"], [*ENDS, "13:00:00"]])
def test_a_start_of_the_afternoon_is_not_moved(lake: Lake, vendor: Path, stamps: list[str]) -> None:
    report = take(lake, vendor, stamps)
    assert AT_ONE not in report.counts[0].repairs
    assert sum(report.counts[0].quarantined.values()) == len(set(stamps) - set(ENDS))


@pytest.mark.parametrize(
    ("stamps", "said", "other"), [(STARTS, "end", "start"), (ENDS, "start", "end")]
)
def test_bars_stamped_by_the_other_side_are_refused_whole(
    lake: Lake, vendor: Path, stamps: list[str], said: str, other: str
) -> None:
    with pytest.raises(SourceError, match=f"all of them {other}s .* `stamp: {other}`"):
        take(lake, vendor, stamps, stamp=said)
    take(lake, vendor, stamps, stamp=other)
    assert [at for at, *_ in kept(lake)] == ENDS


def test_a_part_of_a_day_says_nothing_of_its_side(lake: Lake, vendor: Path) -> None:
    """From 10:00 to 11:00 starts and ends are the same times."""
    take(lake, vendor, ENDS[:3])
    assert len(kept(lake)) == len(ENDS)


def test_ends_beside_stray_rows_said_to_be_starts_join_nothing(lake: Lake, vendor: Path) -> None:
    report = take(lake, vendor, [*ENDS, "15:05:00"], stamp="start")
    assert JOINED not in report.counts[0].repairs
    assert sum(report.counts[0].quarantined.values()) == 3


def test_starts_with_the_close_on_a_row_of_its_own_are_told(lake: Lake, vendor: Path) -> None:
    assert "`stamp: start`?" in take(lake, vendor, [*STARTS, "15:00:00"]).to_text()


def test_the_instant_of_the_close_joins_the_last_bar(lake: Lake, vendor: Path) -> None:
    report = take(lake, vendor, [*STARTS, "11:30:00", "15:00:00"], stamp="start")
    assert dict(report.counts[0].repairs) == {JOINED: 2}
    assert not report.counts[0].quarantined
    rows = kept(lake)
    assert [r[0] for r in rows] == ENDS
    assert rows[3] == ("11:30:00", 10.04, 10.14, 10.10, 400 + 900)
    assert rows[7] == ("15:00:00", 10.08, 10.15, 10.11, 800 + 1000)


def test_the_instant_of_the_close_alone_is_the_last_bar(lake: Lake, vendor: Path) -> None:
    take(lake, vendor, [*STARTS[:-1], "15:00:00"], stamp="start")
    assert kept(lake)[7] == ("15:00:00", 10.08, 10.13, 10.09, 800)


def test_days_for_bars_are_told_as_days(lake: Lake, vendor: Path) -> None:
    with pytest.raises(Exception, match="no time of day: `table: daily`"):
        take(lake, vendor, ["00:00:00"])
