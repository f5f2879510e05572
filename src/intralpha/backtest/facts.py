"""MarketFacts: what is known of the listed names besides their prices."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.market import Lake, TradingRules, board_of, boards_of


@dataclass(frozen=True, eq=False)
class MarketFacts:
    """Boards, delistings, corporate actions and the rules in force.

    Parameters
    ----------
    boards : ndarray of str, shape [A]
    delist_dates : ndarray of datetime64[D], shape [A]; NaT while listed
        Last session of a name; what is still held afterwards is worth nothing.
    corporate_actions : table ``corporate_actions``, or None
        Given: shares and cash are credited as announced. None: holdings follow ``adj_factor``.
    rules : dated rules of the exchange
    """

    boards: ndarray
    delist_dates: ndarray
    corporate_actions: pl.DataFrame | None = None
    rules: TradingRules = field(default_factory=TradingRules.default)

    @classmethod
    def of(
        cls, assets: Shaped[ndarray, "A"], corporate_actions: pl.DataFrame | None = None
    ) -> "MarketFacts":
        """Boards told by symbol, nothing delisted."""
        boards = np.array([board_of(str(s)) for s in assets])
        return cls(boards, np.full(len(assets), "NaT", "datetime64[D]"), corporate_actions)

    @classmethod
    def from_lake(cls, lake: Lake, assets: Shaped[ndarray, "A"]) -> "MarketFacts":
        """From the tables ``instruments`` and, where present, ``corporate_actions``."""
        rows = lake.scan("instruments").select("symbol", "delist_date").collect()
        known = dict(rows.iter_rows())
        named = boards_of(lake, assets.tolist())
        boards = [named[s] for s in assets.tolist()]
        delisted = [known.get(str(s)) for s in assets]
        actions = None
        if lake.has("corporate_actions"):
            actions = lake.scan("corporate_actions").collect()
        days = np.array([np.datetime64("NaT") if d is None else d for d in delisted])
        return cls(np.array(boards), days.astype("datetime64[D]"), actions)
