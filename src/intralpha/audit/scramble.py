"""A copy of a lake whose future is noise."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.base import LookAheadError
from intralpha.market import TABLES, Lake

PRICES = ("open", "high", "low", "close", "preclose", "up_limit", "down_limit", "price")
AMOUNTS = ("volume", "amount", "float_shares", "total_shares", "value", "weight")
FUTURE_KEYS = {"membership": "in_date", "industry": "in_date", "fundamentals": "announce_date"}


class NoFutureError(LookAheadError):
    """The lake ends on or before the date after which it should be scrambled."""

    def __init__(self, after: date, last: date | None) -> None:
        self.after, self.last = after, last
        super().__init__(
            f"the lake ends on {last}, so there is nothing after {after} to scramble and the "
            "check would prove nothing.\nHint: choose an earlier date."
        )


def scramble(lake: Lake, after: date, root: Path, seed: int = 0) -> Lake:
    """Copy ``lake`` to ``root`` with everything dated after ``after`` replaced by noise.

    Each future row keeps its key, so calendars and axes stay; each stock and day gets prices
    scaled by one random factor and volumes and amounts by another (rows stay valid), limits and
    precloses move with the prices. Dated reference rows that begin later change their values;
    future corporate actions are left out.

    Raises
    ------
    NoFutureError
        If no daily row lies after the date: the check would compare nothing.
    """
    days = lake.dates("daily")
    if len(days) == 0 or days[-1].item() <= after:
        raise NoFutureError(after, days[-1].item() if len(days) else None)
    out = Lake(root, create=True)
    for table in TABLES:
        if not lake.has(table):
            continue
        for freq in lake.freqs() if table == "bars" else (None,):
            frame = lake.scan(table, freq=freq).collect()
            out.append(table, _scrambled(table, frame, after, np.random.default_rng(seed)))
    return out


def _scrambled(
    table: str, frame: pl.DataFrame, after: date, rng: np.random.Generator
) -> pl.DataFrame:
    if table == "corporate_actions":
        return frame.filter(pl.col("ex_date") <= after)
    key = FUTURE_KEYS.get(table, "date")
    if key not in frame.columns:
        return frame
    past, future = frame.filter(pl.col(key) <= after), frame.filter(pl.col(key) > after)
    if future.is_empty():
        return frame
    return pl.concat([past, _noise(future, key, rng)])


def _noise(future: pl.DataFrame, key: str, rng: np.random.Generator) -> pl.DataFrame:
    """Future rows with one price factor and one size factor for each stock and day."""
    groups = future.select(key, "symbol").unique(maintain_order=True)
    factors = groups.with_columns(
        pl.Series("_price", rng.uniform(0.5, 2.0, groups.height)),
        pl.Series("_size", rng.uniform(0.2, 5.0, groups.height)),
    )
    joined = future.join(factors, on=[key, "symbol"], how="left", maintain_order="left")
    prices = [c for c in PRICES if c in future.columns]
    sizes = [c for c in AMOUNTS if c in future.columns]
    changed = joined.with_columns(
        *((pl.col(c) * pl.col("_price")).round(2).clip(lower_bound=0.01) for c in prices),
        *((pl.col(c) * pl.col("_size")).cast(future.schema[c], strict=False) for c in sizes),
    )
    if "adj_factor" in future.columns:
        changed = changed.with_columns(pl.col("adj_factor") * pl.col("_price"))
    return changed.select(future.columns)
