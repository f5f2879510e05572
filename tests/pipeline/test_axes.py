"""Sessions of a recipe: where none is left, the error says what the lake has of what was asked."""

from datetime import date

import polars as pl
import pytest

from intralpha.market import Lake, bar_times
from intralpha.market.schemas import shape
from intralpha.pipeline.axes import NoAssetsError, read_axes
from intralpha.pipeline.nodes.test import NothingToTestError
from intralpha.pipeline.recipe import DataSpec

PRICES = dict.fromkeys(("open", "high", "low", "close"), 10.0)


def test_days_of_daily_rows_without_bars_are_named_apart(tmp_path):
    lake = Lake(tmp_path / "lake", create=True)
    days = [date(2023, 1, d) for d in (3, 4, 5, 6)]
    of_day = {"symbol": "600000.SH", **PRICES, "preclose": 10.0, "volume": 100, "adj_factor": 1.0,
              "suspended": False}  # fmt: skip
    rows = pl.DataFrame({"date": days}).with_columns(pl.lit(v).alias(k) for k, v in of_day.items())
    lake.append("daily", shape("daily", rows))
    bar = {"date": days[1], "freq": 1, "symbol": "600000.SH", **PRICES, "volume": 1, "amount": 10.0}
    rows = pl.DataFrame({"time": bar_times(1)}).with_columns(
        pl.lit(v).alias(k) for k, v in bar.items()
    )
    lake.append("bars", shape("bars", rows))
    spec = DataSpec(lake="lake", assets="bars", bar_freq=1, start=days[2], end=days[3])
    with pytest.raises(NoAssetsError) as caught:
        read_axes(lake, spec)
    said = str(caught.value)
    assert "no session with bars of 1 minutes between 2023-01-05 and 2023-01-06" in said
    assert "2023-01-03 to 2023-01-06 of daily rows, 2023-01-04 to 2023-01-04 of these bars" in said
    spec = DataSpec(lake="lake", start=date(2024, 1, 2))
    with pytest.raises(NoAssetsError, match=r"what it holds: 2023-01-03 to 2023-01-06$"):
        read_axes(lake, spec)


def test_a_last_day_without_a_return_says_that_the_data_may_reach_further():
    error = NothingToTestError("2023-01-03", "2023-01-03", None, None, (1, 2))
    assert "let data.end (with `assets: bars`: the bars) reach further" in str(error)
