"""Tables of a month of the simulated market, made from its sessions."""

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.market import bar_times
from intralpha.sources.exchange.bars import Bars
from intralpha.sources.exchange.course import TICKS_PER_YUAN
from intralpha.sources.exchange.index import INDEX
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.stocks import Stocks

PRICES, SUMS = ("open", "high", "low", "close"), ("volume", "amount", "trades")


class BarRows:
    """Collects sessions and lays them out as rows of ``bars``, the index after the stocks.

    Listed stocks only; a halted one has bars without volume. Volume, amount and trades of the index
    are those of all listed stocks.

    Parameters
    ----------
    stocks : their symbols
    freq : minutes of one bar
    """

    def __init__(self, stocks: Stocks, freq: int) -> None:
        self._symbols = pl.Series([*stocks.symbols.tolist(), INDEX])
        self._times, self._freq = pl.Series(bar_times(freq)), freq
        self._parts: list[dict[str, ndarray]] = []

    def __len__(self) -> int:
        return sum(len(part["number"]) for part in self._parts)

    def add(self, day: Day, minutes: Bars) -> None:
        """Take a session in; its minutes, [A, 240], are not kept."""
        bars, count = minutes.longer(self._freq), len(self._times)
        index = self._index(day, minutes)
        stocks = {n: getattr(bars, n)[day.listed].ravel() for n in index}
        # The index has the number behind the last stock's.
        number = np.append(np.flatnonzero(day.listed), len(self._symbols) - 1).repeat(count)
        price = {n: np.concatenate([stocks[n] / TICKS_PER_YUAN, index[n]]) for n in PRICES}
        sums = {n: np.concatenate([stocks[n], index[n]]) for n in SUMS}
        on = np.full(len(number), day.on, "datetime64[D]")
        self._parts.append({"number": number, "date": on, **price, **sums})

    def take(self) -> pl.DataFrame:
        """What came since it was asked last.

        Returns
        -------
        DataFrame, session after session, stocks in the order of their numbers, bars in time
            CNY and shares; ``auc_in_first`` is true: the first bar holds the opening auction. Known
            at the end of each bar.
        """
        parts, self._parts = self._parts, []
        of = {n: np.concatenate([part[n] for part in parts]) for n in parts[0]}
        number, count = of.pop("number"), len(self._times)
        of["amount"] = of["amount"] / TICKS_PER_YUAN
        symbol = self._symbols.gather(number)
        time = self._times.gather(np.tile(np.arange(count), len(number) // count))
        return pl.DataFrame(
            {"date": of.pop("date"), "symbol": symbol, "time": time, **of}
        ).with_columns(freq=pl.lit(self._freq, pl.Int16), auc_in_first=pl.lit(True))

    def _index(self, day: Day, minutes: Bars) -> dict[str, ndarray]:
        """Bars of the index: its prices, and the sums of all listed stocks."""
        levels = _index_levels(day, minutes)
        inside = levels[1:].reshape(-1, self._freq)
        start = levels[: -1 : self._freq]
        totals = {
            n: getattr(minutes, n)[day.listed].sum(axis=0).reshape(inside.shape).sum(axis=1)
            for n in SUMS
        }
        return {
            "open": start,
            "high": np.maximum(start, inside.max(axis=1)),
            "low": np.minimum(start, inside.min(axis=1)),
            "close": inside[:, -1],
            **totals,
        }


class Month:
    """Collects sessions and lays them out as rows of ``daily``.

    Parameters
    ----------
    stocks : their symbols
    """

    def __init__(self, stocks: Stocks) -> None:
        self._symbols = stocks.symbols
        self._days: list[Day] = []
        self._levels: list[ndarray] = []
        self._daily: list[Bars] = []

    def add(self, day: Day, minutes: Bars) -> None:
        """Take a session in; its minutes are not kept."""
        self._daily.append(minutes.longer(minutes.open.shape[1]))
        self._days.append(day)
        self._levels.append(_index_levels(day, minutes))

    def daily(self) -> pl.DataFrame:
        """Rows of ``daily``, the index included."""
        rows, symbols = self._keys()
        known = ("adj_factor", "float_shares", "total_shares")
        stocks = pl.DataFrame(
            {
                "date": rows,
                "symbol": symbols.tolist(),
                **{n: self._column(self._daily, n) / TICKS_PER_YUAN for n in PRICES},
                "preclose": self._fact("preclose") / TICKS_PER_YUAN,
                "volume": self._column(self._daily, "volume"),
                "amount": self._column(self._daily, "amount") / TICKS_PER_YUAN,
                **{n: self._fact(n) for n in known},
                "up_limit": self._fact("up_yuan"),
                "down_limit": self._fact("down_yuan"),
                "suspended": self._fact("halted"),
                "st": self._fact("special"),
            }
        ).with_columns(pl.col("up_limit", "down_limit").fill_nan(None))
        return pl.concat([stocks, self._index()], how="diagonal")

    def _index(self) -> pl.DataFrame:
        """Daily rows of the index; its volume and amount are those of all stocks."""
        levels = np.stack(self._levels)
        totals = {
            n: np.array([getattr(b, n)[d.listed].sum() for b, d in self._pairs()])
            for n in ("volume", "amount")
        }
        return pl.DataFrame(
            {
                "date": np.array([d.on for d in self._days], dtype="datetime64[D]"),
                "symbol": [INDEX] * len(levels),
                "open": levels[:, 0],
                "high": levels.max(axis=1),
                "low": levels.min(axis=1),
                "close": levels[:, -1],
                "preclose": np.array([d.index_preclose for d in self._days]),
                "volume": totals["volume"],
                "amount": totals["amount"] / TICKS_PER_YUAN,
                "adj_factor": np.ones(len(levels)),
                "suspended": np.zeros(len(levels), dtype=bool),
                "st": np.zeros(len(levels), dtype=bool),
            }
        )

    def _pairs(self) -> list[tuple[Bars, Day]]:
        return list(zip(self._daily, self._days, strict=True))

    def _keys(self) -> tuple[Shaped[ndarray, "rows"], Shaped[ndarray, "rows"]]:
        """Date and symbol of every listed stock, session by session."""
        counts = [int(d.listed.sum()) for d in self._days]
        dates = np.array([d.on for d in self._days], dtype="datetime64[D]").repeat(counts)
        return dates, np.concatenate([self._symbols[d.listed] for d in self._days])

    def _column(self, sessions: list[Bars], name: str) -> Shaped[ndarray, "rows"]:
        parts = [
            getattr(b, name)[d.listed].ravel() for b, d in zip(sessions, self._days, strict=True)
        ]
        return np.concatenate(parts)

    def _fact(self, name: str) -> Shaped[ndarray, "rows"]:
        return np.concatenate([getattr(d, name)[d.listed] for d in self._days])


def _index_levels(day: Day, minutes: Bars) -> Float[ndarray, "edges"]:
    """Index at the open and at the end of every minute, rounded to 0.01."""
    edges = np.concatenate([minutes.open[:, :1], minutes.close], axis=1)
    ratio = edges / day.preclose[:, None]
    levels = np.round(day.index_preclose * (day.index_weight @ ratio), 2)
    levels[-1] = day.index_close
    return levels
