"""Standing: all that a replay carries from the close of one session to the next, as plain files."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.recalibration import Foreseen
from intralpha.base import DataError
from intralpha.base.panel import as_days
from intralpha.portfolio import Prices

TABLE, FACTS = "account.parquet", "account.json"
ABSENT = {"mark_yuan": np.nan, "past_factor": np.nan}  # what a name has that nobody knew; else 0


class HoldingLostError(DataError):
    """An account that goes on holds a name that the market no longer has."""

    def __init__(self, day: np.datetime64, symbols: list[str]) -> None:
        self.date, self.symbols = day, symbols
        super().__init__(
            f"the account of {day} holds {', '.join(symbols[:10])}, which are not among the stocks "
            "of the market; expected every holding there.\n"
            "Hint: replay from the first decision, or keep the stock in universe and lake."
        )


@dataclass(frozen=True, eq=False)
class Standing:
    """An account after a close, what is ordered, and what the exchange remembers.

    A replay that goes on from it equals one that was never interrupted, to the last bit.

    Attributes
    ----------
    date : the session
    account : cash, shares, last prices
    past_factor : last known ``adj_factor`` of each name, shape [A]; NaN before the first
    explained : 1 where a corporate action took effect since the last row of the name, shape [A]
    absent : sessions without any row up to now, shape [A]
    benchmark : weights of the benchmark after the close, shape [A]
    targets : weights ordered for the next session, shape [A]; None for no order
    prices : what rows charged at the last decision, where the search of the next begins; None for
        a search from nothing
    foreseen : what the risk model expected of what is held, and what has come; None: not followed
    """

    date: np.datetime64
    account: Account
    past_factor: Float[ndarray, "A"]
    explained: Float[ndarray, "A"]
    absent: Int[ndarray, "A"]
    benchmark: Float[ndarray, "A"]
    targets: Float[ndarray, "A"] | None
    prices: Prices | None = None
    foreseen: Foreseen | None = None

    def on(self, assets: Shaped[ndarray, "B"]) -> "Standing":
        """The same on another axis of stocks, as copies; what is new there was never held.

        Raises
        ------
        HoldingLostError
            A holding or an ordered name is not on the axis.
        """
        own = self.account.assets
        if np.array_equal(assets, own):
            same = {name: values.copy() for name, values in self._columns().items()}
            ordered = None if self.targets is None else self.targets.copy()
            return self._laid(own, same, ordered)
        kept = np.isin(own, assets)
        wanted = self.account.shares > 0 if self.targets is None else self.targets > 0
        lost = ~kept & (wanted | (self.account.shares > 0))
        if lost.any():
            raise HoldingLostError(self.date, [str(s) for s in own[lost]])
        _, to, of = np.intersect1d(assets, own, return_indices=True)

        def laid(name: str, values: ndarray) -> ndarray:
            out = np.full(len(assets), ABSENT.get(name, 0), dtype=values.dtype)
            out[to] = values[of]
            return out

        columns = {name: laid(name, values) for name, values in self._columns().items()}
        targets = None if self.targets is None else laid("targets", self.targets)
        return self._laid(assets, columns, targets)

    def save(self, folder: Path) -> None:
        """Write ``account.parquet``, a row a name of which anything is known, and ``account.json``.

        Parameters
        ----------
        folder : exists; files of the same names are replaced
        """
        columns = self._columns()
        ordered = self.targets is not None
        columns["targets"] = self.targets if self.targets is not None else columns["shares"] * 0.0
        frame = pl.DataFrame({"symbol": self.account.assets.tolist()} | columns)
        known = pl.any_horizontal(
            pl.col("mark_yuan", "past_factor").is_finite(),
            pl.col("shares", "benchmark", "targets") != 0,
        )
        frame.filter(known).write_parquet(folder / TABLE)
        facts = {"date": str(self.date), "cash_yuan": self.account.cash_yuan, "ordered": ordered}
        prices = None if self.prices is None else self.prices.rows
        foreseen = None if self.foreseen is None else asdict(self.foreseen)
        facts |= {"prices": prices, "foreseen": foreseen}
        (folder / FACTS).write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> "Standing | None":
        """What :meth:`save` wrote; None if the account had not begun, see :func:`save_standing`."""
        facts = json.loads((folder / FACTS).read_text())
        if facts is None:
            return None
        frame = pl.read_parquet(folder / TABLE)
        columns = {
            name: frame[name].to_numpy().copy() for name in frame.columns if name != "symbol"
        }
        targets = columns.pop("targets")
        day = as_days([date.fromisoformat(facts["date"])])[0]
        assets = frame["symbol"].to_numpy().astype(str)
        ordered = targets if facts["ordered"] else None
        prices = None if facts["prices"] is None else Prices(facts["prices"], {})
        made = _of(day, assets, facts["cash_yuan"], columns, ordered)
        foreseen = None if facts.get("foreseen") is None else Foreseen(**facts["foreseen"])
        return replace(made, prices=prices, foreseen=foreseen)

    def _laid(
        self, assets: ndarray, columns: dict[str, ndarray], targets: ndarray | None
    ) -> "Standing":
        """With these columns, and all that is no column as it is."""
        made = _of(self.date, assets, self.account.cash_yuan, columns, targets)
        return replace(made, prices=self.prices, foreseen=self.foreseen)

    def _columns(self) -> dict[str, ndarray]:
        account = self.account
        return {
            "shares": account.shares,
            "sellable": account.sellable,
            "mark_yuan": account.mark_yuan,
            "past_factor": self.past_factor,
            "explained": self.explained,
            "absent": self.absent,
            "benchmark": self.benchmark,
        }


def save_standing(standing: Standing | None, folder: Path) -> None:
    """Write a standing, or that there is none yet."""
    if standing is None:
        (folder / FACTS).write_text("null")
    else:
        standing.save(folder)


def copied(standing: Standing) -> Standing:
    """One that a later session does not change."""
    return standing.on(standing.account.assets)


def _of(
    day: np.datetime64,
    assets: ndarray,
    cash_yuan: float,
    columns: dict[str, ndarray],
    targets: ndarray | None,
) -> Standing:
    """From the columns of the table."""
    shares, sellable, mark = (columns.pop(n) for n in ("shares", "sellable", "mark_yuan"))
    account = Account(assets, cash_yuan, shares, sellable, mark)
    factor, explained, absent, benchmark = (
        columns[n] for n in ("past_factor", "explained", "absent", "benchmark")
    )
    return Standing(day, account, factor, explained, absent, benchmark, targets)
