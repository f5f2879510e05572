"""Sessions of a recipe: where none is left, the error says what the lake has of what was asked."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.base import Panel
from intralpha.market import Lake, bar_times
from intralpha.market.schemas import shape
from intralpha.pipeline.axes import NoAssetsError, read_axes
from intralpha.pipeline.nodes import test as node
from intralpha.pipeline.nodes.test import NoScoreError, NothingToTestError
from intralpha.pipeline.recipe import DataSpec, TestSpec

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
    error = NothingToTestError("low", ("2023-01-03", "2023-01-03"), None, None, (1, 2))
    assert "let data.end (with `assets: bars`: the bars) reach further" in str(error)


def test_a_factor_without_any_score_is_named():
    """Of several factors the one that stops the test: a return is not what it lacks."""
    dates, assets = np.array(["2023-01-03"], "datetime64[D]"), np.array(["600000.SH"])
    nothing = Panel(np.full((1, 1, 1), np.nan, np.float32), dates, assets, ("score",))
    forward = Panel(np.zeros((1, 1, 1), np.float32), dates, assets, ("fwd_1_2",))
    with pytest.raises(NoScoreError) as caught:
        node.test_dates(TestSpec(), nothing, forward, "orders")
    assert str(caught.value).startswith("orders has no score from 2023-01-03 to 2023-01-03;")
    some = Panel(np.ones((1, 1, 1), np.float32), dates, assets, ("score",))
    late = Panel(np.full((1, 1, 1), np.nan, np.float32), dates, assets, ("fwd_1_2",))
    with pytest.raises(NothingToTestError, match=r"^scores of orders from .* return that ends"):
        node.test_dates(TestSpec(), some, late, "orders")
