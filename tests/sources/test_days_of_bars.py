"""Daily rows that bars add up to, by hand: open, range, close, sums, suspended days, auctions."""

from datetime import date
from pathlib import Path

import pytest

from intralpha.market import Lake
from intralpha.sources import ingest, mapped
from intralpha.sources.days_of_bars import NO_AUCTION, DaysOfBarsSpec

from .conftest import HEADER, bar_lines

DAYS = ("2023-01-03", "2023-01-04")
MAPPING = {"kind": "mapping", "columns": {c: c for c in HEADER.split(",")}, "freq": 15}


def spec(path: Path, **changes: object) -> DaysOfBarsSpec:
    bars = {**MAPPING, "path": str(path), **changes}
    return DaysOfBarsSpec.model_validate({"kind": "days_of_bars", "bars": bars})


def write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / name).write_text("\n".join([HEADER, *lines]) + "\n")


def days(lake: Lake) -> list[tuple]:
    rows = lake.scan("daily").sort("date").collect()
    shown = ["date", "open", "high", "low", "close", "preclose", "volume", "amount", "suspended"]
    return rows.select(shown).rows()


# Of the sixteen bars of bar_lines: 100 x (1 + .. + 16) shares, 100 x (10.00 + .. + 10.15) CNY.
WHOLE = (9.99, 10.17, 9.98, 10.15)


def test_a_day_is_what_its_bars_add_up_to(lake: Lake, vendor: Path) -> None:
    write(vendor, "bars.csv", bar_lines(DAYS))
    report = ingest([spec(vendor)], lake)
    assert days(lake) == [
        (date(2023, 1, 3), *WHOLE, 9.99, 13_600, pytest.approx(16_120.0), False),
        (date(2023, 1, 4), *WHOLE, 10.15, 13_600, pytest.approx(16_120.0), False),
    ]
    assert {cover.table for cover in report.covers} == {"bars", "daily"}
    assert lake.scan("bars").collect().height == 32


def test_a_day_of_zeros_is_suspended_at_the_close_before(lake: Lake, vendor: Path) -> None:
    idle = [line[:26] + ",0,0,0,0,0,0" for line in bar_lines(DAYS[1:])]
    write(vendor, "bars.csv", bar_lines(DAYS[:1]) + idle)
    ingest([spec(vendor)], lake)
    assert days(lake)[1] == (date(2023, 1, 4), *[10.15] * 5, 0, 0.0, True)


def test_bars_without_a_trade_give_no_price(lake: Lake, vendor: Path) -> None:
    lines = bar_lines(DAYS[:1])
    for k in (0, 15):  # prices of a quote, far off, in the first bar and in the last
        lines[k] = lines[k][:26] + ",9,12,8,9,0,0"
    write(vendor, "bars.csv", lines)
    ingest([spec(vendor)], lake)
    assert days(lake)[0][1:5] == (10.00, 10.16, 9.99, 10.14)


def test_a_day_that_two_batches_share_is_one_row(
    lake: Lake, vendor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "ROWS_A_BATCH", 1)  # every file is a batch
    lines = bar_lines(DAYS[:1])
    write(vendor, "a_later.csv", lines[8:])
    write(vendor, "b_earlier.csv", lines[:8])
    ingest([spec(vendor)], lake)
    assert days(lake) == [(date(2023, 1, 3), *WHOLE, 9.99, 13_600, pytest.approx(16_120.0), False)]


def test_an_auction_in_a_row_of_its_own_opens_the_day(lake: Lake, vendor: Path) -> None:
    auction = f"{DAYS[0]} 09:25:00,600519,9.9,9.9,9.9,9.9,400,3960"
    write(vendor, "bars.csv", [auction, *bar_lines(DAYS[:1])])
    ingest([spec(vendor, opening_auction="own_row")], lake)
    _, open_, high, low, close, _, volume, amount, _ = days(lake)[0]
    assert (open_, high, low, close, volume) == (9.9, 10.17, 9.9, 10.15, 14_000)
    assert amount == pytest.approx(20_080.0)


def test_bars_without_an_auction_are_counted(lake: Lake, vendor: Path) -> None:
    write(vendor, "bars.csv", bar_lines(DAYS))
    report = ingest([spec(vendor, opening_auction="missing")], lake)
    assert f"{NO_AUCTION}" in report.to_text()
    lake = Lake(vendor.parent / "other", create=True)
    assert NO_AUCTION not in ingest([spec(vendor)], lake).to_text()
