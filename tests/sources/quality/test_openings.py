"""Opens and closes in each other's columns, opens that are copies, closes that move untraded."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.market import Calendar, Lake
from intralpha.sources import QualityReport, quality
from intralpha.sources.quality.openings import COPIED_NAME, EXCHANGED_NAME, MOVED_NAME

STOCKS = ("600000.SH", "000001.SZ")


def rows(nights: float = 0.008) -> pl.DataFrame:
    """Two stocks over forty sessions of two months; a fifth of a day's variance comes at night."""
    sessions = Calendar.xshg()
    first = sessions.index("2024-03-01")
    rng, out = np.random.default_rng(7), []
    for symbol in STOCKS:
        close = 20.0
        for day in sessions.sessions[first : first + 40].tolist():
            open_ = round(close * (1 + nights * float(rng.normal())), 2)
            close = round(open_ * (1 + 0.016 * float(rng.normal())), 2)
            high, low = max(open_, close) + 0.03, min(open_, close) - 0.03
            out.append((day, symbol, open_, high, low, close, 100_000, 1e5 * (high + low) / 2))
    names = ["date", "symbol", "open", "high", "low", "close", "volume", "amount"]
    return pl.DataFrame(out, schema=names, orient="row")


def report(frame: pl.DataFrame, folder: Path) -> QualityReport:
    lake = Lake(folder, create=True)
    before = pl.col("close").shift(1).over("symbol").fill_null(pl.col("open"))
    told = {"preclose": before, "adj_factor": pl.lit(1.0), "suspended": pl.col("volume") == 0}
    lake.append("daily", frame.with_columns(**told))
    return quality(lake)


def test_open_and_close_in_each_other_s_columns(tmp_path: Path) -> None:
    assert report(rows(), tmp_path / "right").summary()[EXCHANGED_NAME] == 0
    swapped = rows().rename({"open": "close", "close": "open"})
    found = report(swapped, tmp_path / "swapped")
    assert found.summary()[EXCHANGED_NAME] > 0.5 * 78
    assert "exchanged in `columns`" in found.causes()[EXCHANGED_NAME]
    assert EXCHANGED_NAME in found.above(0.05)


def test_opens_that_are_the_closes_before(tmp_path: Path) -> None:
    found = report(rows(nights=0.0), tmp_path / "copied")
    assert found.summary()[COPIED_NAME] == 78  # all but the first day of each
    assert "column of the preclose" in found.causes()[COPIED_NAME]
    assert found.summary()[EXCHANGED_NAME] == 0


def test_one_stock_of_two(tmp_path: Path) -> None:
    one = pl.col("symbol") == STOCKS[0]
    both = rows().with_columns(
        pl.when(one).then(b).otherwise(a).alias(a)
        for a, b in (("open", "close"), ("close", "open"))
    )
    found = report(both, tmp_path / "one").faults[EXCHANGED_NAME]
    assert found["symbol"].unique().to_list() == [STOCKS[0]]


def test_a_close_that_moves_without_a_volume(tmp_path: Path) -> None:
    at = pl.col("date") == date(2024, 3, 12)
    still = rows().with_columns(pl.when(at).then(0).otherwise("volume").alias("volume"))
    found = report(still, tmp_path / "still").faults[MOVED_NAME]
    assert found["date"].unique().to_list() == [date(2024, 3, 12)]
