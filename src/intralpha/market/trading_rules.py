"""Rules of the exchange as dated tables: price limits, lots, stamp tax, T+1."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.base import ConfigError

Dated = tuple[date, tuple[int, ...]]
# Of a fund the index it follows decides between 10 and 20 %, which its code does not tell.
NO_LIMIT_BOARDS = ("index", "etf", "fund", "bond", "repo", "warrant", "subscription")
OLD_LISTING = 10**6
MOST_YUAN = 1e12  # no price is larger, and its limits would be no whole numbers of ticks


class NoRuleError(ConfigError):
    """No dated rule covers a board on a day."""

    def __init__(self, table: str, board: str, on: date, first: str) -> None:
        self.table, self.board, self.on = table, board, on
        super().__init__(
            f"no {table} rule for board {board} on {on}; the table begins {first}.\n"
            "Hint: add a dated row with its notice to market/rules."
        )


@dataclass(frozen=True, eq=False)
class TradingRules:
    """Dated rules; every row names the notice it comes from.

    Attributes
    ----------
    price_limits, lots, stamp_tax : tables of ``market/rules``
    settlement_days : shares bought on a session can be sold that many sessions later
    """

    price_limits: pl.DataFrame
    lots: pl.DataFrame
    stamp_tax: pl.DataFrame
    settlement_days: int = 1

    @staticmethod
    @cache
    def default() -> "TradingRules":
        """The rules shipped with the package."""
        return TradingRules(_read("price_limits.csv"), _read("lots.csv"), _read("stamp_tax.csv"))

    @cached_property
    def _limits(self) -> list[dict[str, Any]]:
        """Rows of the price limits in the order of their dates."""
        return self.price_limits.sort("effective", maintain_order=True).to_dicts()

    def limit_ratio(self, board: str, st: bool, on: date, listed_days: int = OLD_LISTING) -> float:
        """Daily price limit as a share of the previous close; NaN where there is none, or where
        none is known: before the first rule of the board.

        Parameters
        ----------
        board : from :func:`intralpha.market.board_of`
        st : whether the stock is under special treatment on that day
        on : session
        listed_days : 1 on the first day of trading

        Raises
        ------
        NoRuleError
            The table has no such board.
        """
        if board in NO_LIMIT_BOARDS:
            return float("nan")
        rows = [r for r in self._limits if r["board"] == board]
        ordinary = [
            r for r in rows if r["effective"] <= on and r["listed_days"] == 0 and r["st"] == st
        ]
        if not rows:
            raise NoRuleError("price limit", board, on, "without it")
        if not ordinary:
            return float("nan")
        latest = ordinary[-1]
        first_days = [r for r in rows if r["effective"] <= on and r["listed_days"] > 0]
        if first_days and listed_days <= first_days[-1]["listed_days"]:
            latest = first_days[-1]
        return float("nan") if latest["ratio"] is None else float(latest["ratio"])

    def limit_prices(
        self, preclose: ndarray, ratio: ndarray | float, tick_yuan: float = 0.01
    ) -> tuple[ndarray, ndarray]:
        """Limit-up and limit-down prices, CNY, rounded half up to the tick without float error.

        Parameters
        ----------
        preclose : previous close adjusted for the day's corporate action, CNY, any shape
        ratio : from :meth:`limit_ratio`, same shape or one number; NaN for no limit
        tick_yuan : price step

        Returns
        -------
        (up, down) : float64, shape of ``preclose``; NaN where there is no limit or no preclose
            A limit is at least one tick away from the preclose, and down at least one tick.
        """
        known = (np.abs(preclose) < MOST_YUAN) & np.isfinite(ratio)
        ticks = np.rint(np.where(known, preclose, 1.0) / tick_yuan).astype(np.int64)
        basis = np.rint(np.where(known, ratio, 0.0) * 1000).astype(np.int64)
        up = (ticks * (1000 + basis) * 2 + 1000) // 2000
        down = (ticks * (1000 - basis) * 2 + 1000) // 2000
        up, down = np.maximum(up, ticks + 1), np.maximum(np.minimum(down, ticks - 1), 1)
        per_yuan = round(1 / tick_yuan)
        return np.where(known, up / per_yuan, np.nan), np.where(known, down / per_yuan, np.nan)

    def lot(self, board: str, on: date) -> tuple[int, int]:
        """Smallest buy order and step above it, shares."""
        least, step = _in_force(self._lots, "lot", board, on)
        return least, step

    def stamp_tax_bps(self, side: Literal["buy", "sell"], on: date) -> float:
        """Stamp tax on the traded amount, basis points."""
        buy, sell = _in_force(self._taxes, "stamp tax", "all", on)
        return float(buy if side == "buy" else sell)

    @cached_property
    def _lots(self) -> dict[str, list[Dated]]:
        return _by_board(self.lots, self.lots["board"], ("min_shares", "step_shares"))

    @cached_property
    def _taxes(self) -> dict[str, list[Dated]]:
        return _by_board(self.stamp_tax, ["all"] * self.stamp_tax.height, ("buy_bps", "sell_bps"))


def _by_board(
    table: pl.DataFrame, boards: Iterable[str], names: Collection[str]
) -> dict[str, list[Dated]]:
    """Board -> its rules in the order of their dates."""
    out: dict[str, list[Dated]] = {}
    for board, on, rule in zip(boards, table["effective"], table.select(names).rows(), strict=True):
        out.setdefault(board, []).append((on, rule))
    return {board: sorted(rules, key=itemgetter(0)) for board, rules in out.items()}


def _in_force(rules: Mapping[str, list[Dated]], name: str, board: str, on: date) -> tuple:
    """The latest rule of a board that is in force."""
    known = rules.get(board, [])
    latest = [rule for since, rule in known if since <= on]
    if not latest:
        raise NoRuleError(name, board, on, str(known[0][0] if known else None))
    return latest[-1]


def _read(name: str) -> pl.DataFrame:
    text = files("intralpha.market").joinpath("rules", name).read_bytes()
    return pl.read_csv(text, comment_prefix="#", try_parse_dates=True)
