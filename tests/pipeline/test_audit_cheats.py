"""Planted cheats on every table of the lake: each of them is caught, and its honest twin is not."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.audit.probe import FutureLeakError
from intralpha.datasets import EverySpec
from intralpha.market import TABLES, Lake, UniverseSpec
from intralpha.pipeline import Recipe, audit_recipe
from intralpha.pipeline.recipe import DataSpec
from intralpha.sources import SimulatedSpec, ingest

from .leaks import (
    PEEKS,
    BarsSpec,
    ChosenSpec,
    DroppedSpec,
    KeepSpec,
    MorningSpec,
    PeekSpec,
    RawSpec,
)

FIRST, AFTER, NEXT, LAST = (date(2023, 2, day) for day in (13, 15, 16, 17))


def reference_rows(symbols: list[str]) -> dict[str, pl.DataFrame]:
    """Of every stock a row that is known and one that comes after the date, all different."""
    rng = np.random.default_rng(0)
    n = len(symbols)
    both = {"symbol": symbols * 2}
    begins = [FIRST] * n + [NEXT] * n
    return {
        "membership": pl.DataFrame(
            both
            | {"index": ["A.SH"] * n + ["B.SH"] * n, "in_date": begins, "out_date": [LAST] * 2 * n}
            | {"weight": rng.uniform(0.1, 1, 2 * n)}
        ),
        "industry": pl.DataFrame(
            both | {"in_date": begins, "scheme": ["late"] * 2 * n}
            | {"code": [f"c{i}" for i in range(2 * n)]}
        ),
        "fundamentals": pl.DataFrame(
            both | {"announce_date": begins, "item": ["eps"] * 2 * n, "value": rng.random(2 * n)}
        ),
        "corporate_actions": pl.DataFrame(
            both | {"ex_date": begins, "cash_yuan": rng.uniform(0.1, 1, 2 * n)}
            | dict.fromkeys(("bonus_ratio", "rights_ratio", "rights_price"), 0.0)
        ),
    }  # fmt: skip


def auctions(lake: Lake, symbols: pl.Series) -> pl.DataFrame:
    """A closing auction of every stock and day."""
    rows = lake.scan("daily").filter(pl.col("symbol").is_in(symbols.to_list())).collect()
    return rows.select(
        "date", "symbol", pl.lit(time(15)).alias("time"), pl.col("close").alias("price"),
        (pl.col("volume") // 7).alias("volume"), pl.col("amount") / 7,
    )  # fmt: skip


def lay(folder: Path) -> None:
    """Five sessions of six stocks with rows of every table before and after the date."""
    lake = Lake(folder / "lake", create=True)
    ticks = ("trades", "orders", "snapshots")
    spec = SimulatedSpec(n_assets=6, start=FIRST, end=LAST, freq=30, ticks=ticks)
    ingest([spec], lake, show_progress=False)
    stocks = lake.scan("instruments").filter(pl.col("board") != "index").collect()
    for table, rows in reference_rows(stocks["symbol"].to_list()).items():
        lake.append(table, rows)
    lake.append("instruments", stocks.with_columns(delist_date=LAST), on_conflict="replace")
    lake.append("auctions", auctions(lake, stocks["symbol"]))
    assert all(lake.has(table) for table in TABLES)


@pytest.fixture(scope="session")
def every_table(made_once: Callable[..., Path]) -> Path:
    return made_once("every-table", lay) / "lake"


def audited(lake: Path, folder: Path, future: str, **factors: object) -> set[str]:
    """Factors whose features or scores the audit of one recipe found to look ahead."""
    recipe = Recipe(
        name="cheats",
        data=DataSpec(lake=str(lake)),
        universe=UniverseSpec(min_listed_days=0, exclude_st=False),
        grid=EverySpec(every=1),
        factors=factors,  # type: ignore[arg-type]
        test={"horizons": [[0, 1]], "factor": {"n_groups": 2}},  # type: ignore[arg-type]
    )
    try:
        audit_recipe(recipe, AFTER, folder, show_progress=False, futures=(future,))
    except FutureLeakError as error:
        kinds = [f.what.partition("/") for f in error.findings]
        return {name for kind, _, name in kinds if kind in ("features", "seen", "score") and name}
    return set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "future",
    ["noise", *(pytest.param(other, marks=pytest.mark.slow) for other in ("removed", "shifted"))],
)
def test_a_cheat_on_every_table_is_caught(every_table: Path, tmp_path: Path, future: str) -> None:
    """Whatever becomes of the future; what reads the same column up to the date is clean."""
    cheats = {
        f"cheat {name}": RawSpec(features=PeekSpec(table=table, column=column))
        for name, (table, column) in PEEKS.items()
    }
    twins = {
        f"honest {name}": RawSpec(features=PeekSpec(table=table, column=column, cheats=False))
        for name, (table, column) in PEEKS.items()
        if column not in (TABLES[table].end, "side")  # of which nothing is known by the date
    }
    assert {table for table, _ in PEEKS.values()} == set(TABLES)
    found = audited(every_table, tmp_path, future, **cheats, **twins)
    assert found == set(cheats)


@pytest.mark.parametrize(
    "future",
    ["noise", *(pytest.param(other, marks=pytest.mark.slow) for other in ("removed", "shifted"))],
)
def test_rows_dropped_and_factors_chosen_by_what_comes_are_caught(
    every_table: Path, tmp_path: Path, future: str
) -> None:
    keep, drop = KeepSpec(cheats=False), KeepSpec(cheats=True)
    factors = {
        "honest": DroppedSpec(transform=keep),
        "transform": DroppedSpec(transform=drop),
        "label": DroppedSpec(transform=keep, by_label=True),
        "chosen on the test": ChosenSpec(),
    }
    found = audited(every_table, tmp_path, future, **factors)
    assert found == {"transform", "label", "chosen on the test"}


@pytest.mark.slow
def test_a_later_bar_of_the_same_day_is_caught_from_noon_on(
    every_table: Path, tmp_path: Path
) -> None:
    honest, cheat = (RawSpec(features=BarsSpec(cheats=c)) for c in (False, True))
    found = audited(every_table, tmp_path, "noon", honest=honest, cheat=cheat)
    assert found == {"cheat"}


@pytest.mark.slow
def test_who_counts_the_rows_of_the_afternoon_at_noon_is_caught(
    every_table: Path, tmp_path: Path
) -> None:
    """Of trades, orders and snapshots alike, by a set whose values of a day are known at noon."""
    tables = ("trades", "orders", "snapshots")
    factors = {
        f"{'cheat' if c else 'honest'} {table}": RawSpec(
            features=MorningSpec(table=table, cheats=c)
        )
        for table in tables
        for c in (False, True)
    }
    found = audited(every_table, tmp_path, "noon", **factors)
    assert found == {f"cheat {table}" for table in tables}
