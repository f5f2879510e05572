"""Quarterly reports of the simulated companies: dates, deadlines, and what is known when."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.market import validate
from intralpha.sources import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.reports import ITEMS, announced

SPEC = SimulatedSpec(
    n_assets=40,
    start=date(2023, 1, 3),
    end=date(2024, 6, 28),
    habits=HabitSpec(orders_per_day=60),  # trading is not looked at
)


def reports(spec: SimulatedSpec) -> pl.DataFrame:
    market = SimulatedMarket(spec)
    return validate("fundamentals", market.reports())


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return reports(SPEC)


@pytest.mark.parametrize(
    ("quarter", "first", "last"),
    [
        (0, date(2023, 4, 8), date(2023, 4, 30)),
        (1, date(2023, 7, 10), date(2023, 8, 31)),
        (2, date(2023, 10, 8), date(2023, 10, 31)),
        (3, date(2024, 1, 15), date(2024, 4, 30)),
    ],
)
def test_reports_come_between_the_end_of_the_quarter_and_the_deadline(quarter, first, last):
    days = announced(3, 2000, 2023, quarter)
    assert days.min() >= np.datetime64(first)
    assert days.max() == np.datetime64(last)
    middle = np.datetime64(first) + (np.datetime64(last) - np.datetime64(first)) // 2
    assert (days > middle).mean() > 0.6


def test_every_stock_has_all_items_four_times_a_year(rows):
    old = SimulatedMarket(SPEC).symbols
    newest = rows.filter(pl.col("announce_date") <= SPEC.start)
    assert set(rows["item"]) == set(ITEMS)
    per_stock = rows.filter(
        pl.col("announce_date").is_between(date(2023, 5, 1), date(2024, 4, 30)),
        pl.col("item") == "book_equity",
    )["symbol"].value_counts()
    assert set(per_stock["count"]) <= {2, 3, 4, 5}  # a newcomer has its prospectus
    assert (per_stock["count"] >= 3).mean() > 0.7
    assert set(newest["symbol"]) <= set(old)
    assert (rows.filter(pl.col("item") == "book_equity")["value"] > 0).all()


@pytest.mark.slow
def test_nothing_is_announced_before_the_listing_or_after_the_end(rows):
    instruments = pl.concat(
        b.frame for b in SimulatedMarket(SPEC).batches() if b.table == "instruments"
    )
    both = rows.join(instruments, on="symbol")
    assert (both["announce_date"] >= both["list_date"]).all()
    assert rows["announce_date"].max() <= SPEC.end
    first = both.group_by("symbol").agg(pl.col("announce_date").min(), pl.col("list_date").first())
    newcomers = first.filter(pl.col("list_date") > SPEC.start)
    assert newcomers.height > 0
    assert (newcomers["announce_date"] == newcomers["list_date"]).all()


def test_a_shorter_market_has_the_first_reports_of_a_longer_one(rows):
    short = reports(SPEC.model_copy(update={"end": date(2023, 10, 20)}))
    known = rows.filter(
        pl.col("announce_date") <= date(2023, 10, 20), pl.col("symbol").is_in(short["symbol"])
    )
    assert short.sort(short.columns).equals(known.sort(short.columns))


def test_profit_and_equity_hold_together(rows):
    """What is earned over four quarters is a share of the equity that few stocks exceed."""
    wide = rows.pivot(on="item", index=["symbol", "announce_date"], values="value")
    ratio = wide["net_profit_ttm"] / wide["book_equity"]
    assert 0.03 < ratio.median() < 0.13
    assert ratio.abs().max() < 0.6
    assert (wide["revenue_ttm"] > 0).all()
