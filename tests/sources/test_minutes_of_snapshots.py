"""Minutes that snapshots tell of, by hand: sums that grow, the last prices, auctions, lunch."""

from collections.abc import Iterator
from datetime import date, time

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.market.schemas import shape
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.minutes_of_snapshots import (
    AFTER_A_HOLE,
    WITH_AUCTION,
    MinutesOfSnapshots,
    MinutesOfSnapshotsSpec,
)
from intralpha.sources.source import Batch, Source, SourceError

ON = date(2023, 1, 3)


class Feed(Source):
    """Snapshots (clock, last, volume, amount, trades) of one stock as a vendor's source."""

    name = "feed"

    def __init__(self, rows: list[tuple], symbol: str = "600519.SH") -> None:
        self.rows, self.symbol = rows, symbol

    def fingerprint(self) -> str:
        return str(self.rows)

    def batches(self) -> Iterator[Batch]:
        clocks = [time.fromisoformat(row[0]) for row in self.rows]
        names = ("last", "volume", "amount", "trades")
        frame = pl.DataFrame(
            {
                "date": ON,
                "symbol": self.symbol,
                "time": [1000 * (3600 * c.hour + 60 * c.minute + c.second) for c in clocks],
                **{n: [row[k] for row in self.rows] for k, n in enumerate(names, 1)},
            }
        )
        yield Batch("snapshots", shape("snapshots", frame), "feed", rows_read=frame.height)


def made(rows: list[tuple]) -> dict[str, Batch]:
    return {batch.table: batch for batch in MinutesOfSnapshots(Feed(rows)).batches()}


DAY = [
    ("09:20:00", 9.0, 0, 0.0, 0),
    ("09:25:00", 10.0, 500, 5_000.0, 3),
    ("09:30:00", 10.0, 500, 5_000.0, 3),  # nothing yet
    ("09:30:57", 10.2, 700, 7_040.0, 5),
    ("09:31:00", 10.1, 800, 8_050.0, 6),  # of the second minute: known after the first one's end
    ("09:31:03", 10.3, 900, 9_080.0, 7),
    ("09:31:06", 10.4, 900, 9_080.0, 7),  # a price without a trade
    ("11:30:00", 10.0, 1_000, 10_080.0, 8),
    ("11:40:00", 10.0, 1_100, 11_080.0, 9),  # what the pause shows was traded in the morning
    ("13:00:00", 10.5, 1_200, 12_130.0, 10),
    ("13:00:03", 10.5, 1_150, 11_600.0, 9),  # falls back
    ("13:00:06", 10.6, 1_300, 13_190.0, 11),
    ("15:00:03", 10.7, 2_300, 23_890.0, 12),
]


def test_minutes_are_what_the_sums_grew_by() -> None:
    rows = made(DAY)["bars"].frame
    assert rows.height == 240
    shown = ["time", "open", "high", "low", "close", "volume", "amount", "trades"]
    traded = rows.filter(pl.col("volume") > 0).select(shown).rows()
    assert traded == [
        (time(9, 31), 10.2, 10.2, 10.2, 10.2, 200, 2_040.0, 2),
        (time(9, 32), 10.1, 10.3, 10.1, 10.3, 200, 2_040.0, 2),
        (time(11, 30), 10.0, 10.0, 10.0, 10.0, 200, 2_000.0, 2),
        (time(13, 1), 10.5, 10.6, 10.5, 10.6, 200, 2_110.0, 2),
        (time(15, 0), 10.7, 10.7, 10.7, 10.7, 1_000, 10_700.0, 1),
    ]
    assert not rows["auc_in_first"].any()
    assert (rows.filter(pl.col("volume") == 0)["trades"] == 0).all()
    assert rows["active_buy_volume"].null_count() == 240


def test_the_opening_auction_stands_apart() -> None:
    (row,) = made(DAY)["auctions"].frame.to_dicts()
    assert row == {
        "date": ON, "symbol": "600519.SH", "time": time(9, 25), "price": 10.0,
        "volume": 500, "amount": 5_000.0, "trades": 3,
    }  # fmt: skip


def test_an_auction_that_no_snapshot_shows_is_in_the_first_minute() -> None:
    found = made(DAY[3:])
    assert found["auctions"].frame.is_empty()
    bars = found["bars"]
    assert bars.frame["auc_in_first"].all()
    assert bars.frame["volume"][0] == 700
    assert bars.notes[WITH_AUCTION] == 1


@pytest.mark.parametrize(
    "seen",
    [
        [("09:24:59", 10.0, 500, 5_000.0, 3)],  # stamped a second early
        [("09:25:00", 0.0, 0, 0.0, 0), ("09:29:57", 0.0, 0, 0.0, 0)],  # nothing was traded in it
    ],
)
def test_an_auction_that_a_snapshot_shows_is_not_in_the_first_minute(seen: list[tuple]) -> None:
    found = made([*seen, *DAY[3:]])
    assert not found["bars"].frame["auc_in_first"].any()
    assert WITH_AUCTION not in found["bars"].notes
    assert found["auctions"].frame["volume"].to_list() == [500] * (seen[0][2] > 0)


@pytest.mark.parametrize(
    "row",
    [
        (*DAY[5][:3], None, 7),  # without an amount
        ("09:31:00", 10.9, 950, 9_600.0, 8),  # again at a stamp that is there
        ("09:31:03", 10.3, 900, 9_080.0, -1),
    ],
)
def test_a_snapshot_that_is_set_aside_makes_no_minute(row: tuple) -> None:
    """What the lake refuses counts in nothing that is made: the next one has what it would have."""
    assert made([*DAY[:5], row, *DAY[6:]])["bars"].frame.equals(
        made([*DAY[:5], *DAY[6:]])["bars"].frame
    )
    assert [*made([(*r[:3], None, r[4]) for r in DAY])] == ["snapshots"], "no amount at all"


def test_what_was_traded_in_a_hole_is_told() -> None:
    """Whole mornings in the first minute that is seen, or one snapshot a day; not a quiet stock."""
    told = [
        made(rows)["bars"].notes.get(AFTER_A_HOLE, 0)
        for rows in (DAY[9:], [DAY[-1]], [*DAY[:8], DAY[-1]], [*DAY[:4], *DAY[7:]], DAY[:8])
    ]
    assert told == [1, 1, 1, 1, 1]
    clocks = [
        "09:25",
        "09:50",
        "10:15",
        "10:40",
        "11:05",
        "11:30",
        "13:20",
        "13:50",
        "14:20",
        "14:50",
    ]
    steady = [(f"{c}:00", 10.0, 100 * k, 1e3 * k, k) for k, c in enumerate(clocks, 1)]
    assert AFTER_A_HOLE not in made(steady)["bars"].notes, "half hours, and the pause is none"


def test_nothing_of_a_minute_depends_on_what_comes_after_its_end() -> None:
    for k in (4, 5, 6, 9, 10, 11):  # stamps of the pause are in the minute that ends with it
        end = DAY[k][0]
        whole, cut = (made(rows)["bars"].frame for rows in (DAY, DAY[:k]))
        before = pl.col("time") <= time.fromisoformat(end)
        known = [x.filter(before).drop("derived") for x in (whole, cut)]
        assert known[0].equals(known[1]), end


def test_a_vendor_who_counts_no_trades_has_none() -> None:
    rows = made([(*row[:4], None) for row in DAY])["bars"].frame
    assert rows["trades"].null_count() == 240


def test_minutes_without_a_trade_carry_the_price_before(lake: Lake, monkeypatch) -> None:
    spec = MinutesOfSnapshotsSpec(snapshots=SimulatedSpec())
    monkeypatch.setattr(SimulatedSpec, "make", lambda _: Feed(DAY))
    ingest([spec], lake, show_progress=False)
    rows = lake.scan("bars", freq=1).sort("time").collect()
    assert rows["close"][2] == 10.3
    assert rows["close"][121] == 10.6
    assert ingest([spec], lake, show_progress=False).unchanged


def test_a_source_without_snapshots_is_refused() -> None:
    source = MinutesOfSnapshots(Feed([]))
    with pytest.raises(SourceError, match="found no snapshots"):
        list(source.batches())


def test_high_and_low_hold_the_mean_price() -> None:
    """100,000 shares for 10.203 each where both snapshots show 10.00, then as many for 9.50."""
    rows = [
        *DAY[:3],
        ("09:30:57", 10.0, 100_500, 1_025_300.0, 5),
        ("09:31:57", 10.0, 200_500, 1_975_300.0, 6),
    ]
    bars = made(rows)["bars"].frame.head(2).select("open", "high", "low", "close").rows()
    assert bars == [(10.0, 10.21, 10.0, 10.0), (10.0, 10.0, 9.5, 10.0)]
