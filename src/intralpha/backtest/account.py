"""Account: cash, shares, and which of them may be sold today."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError


class NotSellableError(DataError):
    """More shares were to be sold than may be sold today."""

    def __init__(self, symbol: str, wanted: float, sellable: float, held: float) -> None:
        self.symbol, self.wanted, self.sellable, self.held = symbol, wanted, sellable, held
        super().__init__(
            f"{wanted:g} shares of {symbol} were to be sold; {sellable:g} of {held:g} may be. "
            "Shares bought today can be sold from the next session on (T+1)."
        )


class NoCashError(DataError):
    """Purchases would make the cash negative."""

    def __init__(self, needed_yuan: float, cash_yuan: float) -> None:
        self.needed_yuan, self.cash_yuan = needed_yuan, cash_yuan
        super().__init__(
            f"purchases and their costs need {needed_yuan:.2f} yuan; there are {cash_yuan:.2f}."
        )


@dataclass(eq=False)
class Account:
    """What is owned. Every change goes through a method that keeps the rules.

    Attributes
    ----------
    assets : ndarray of str, shape [A]
    cash_yuan : never negative
    shares : float64, shape [A]; whole numbers unless fractional shares are allowed
    sellable : float64, shape [A]; shares minus those bought today
    mark_yuan : float64, shape [A]; last known price, NaN before the first
    """

    assets: ndarray
    cash_yuan: float
    shares: Float[ndarray, "A"]
    sellable: Float[ndarray, "A"]
    mark_yuan: Float[ndarray, "A"]

    @classmethod
    def with_cash(cls, assets: Shaped[ndarray, "A"], cash_yuan: float) -> "Account":
        """An account that owns nothing but cash."""
        nothing = np.zeros(len(assets))
        return cls(assets, float(cash_yuan), nothing, nothing.copy(), np.full(len(assets), np.nan))

    @property
    def held(self) -> Int[ndarray, "N"]:
        """Indices of the names with shares."""
        return np.flatnonzero(self.shares > 0)

    @property
    def holdings_yuan(self) -> float:
        """Value of the shares at their last known prices."""
        held = self.held
        return float(self.shares[held] @ self.mark_yuan[held])

    @property
    def nav_yuan(self) -> float:
        """Cash plus holdings."""
        return self.cash_yuan + self.holdings_yuan

    def weights(self) -> Float[ndarray, "A"]:
        """Weights now, as drifted; cash is the rest to 1."""
        out, held = np.zeros(len(self.assets)), self.held
        out[held] = self.shares[held] * self.mark_yuan[held] / self.nav_yuan
        return out

    def unlock(self) -> None:
        """A new session: what was bought before may be sold."""
        self.sellable = self.shares.copy()

    def mark(self, price_yuan: Float[ndarray, "A"]) -> None:
        """Value at these prices; an absent price keeps the last one."""
        self.mark_yuan = np.where(np.isfinite(price_yuan), price_yuan, self.mark_yuan)

    def sell(
        self,
        which: Int[ndarray, "N"],
        shares: Float[ndarray, "N"],
        price_yuan: Float[ndarray, "N"],
        cost_yuan: Float[ndarray, "N"],
    ) -> None:
        """Turn shares into cash, usable at once.

        Parameters
        ----------
        which : N positions on the asset axis, each once
        shares : to be sold, shape [N]
        price_yuan : of the fills, CNY, shape [N]
        cost_yuan : charges of each fill, CNY, shape [N]

        Raises
        ------
        NotSellableError
            Shares bought today, or not held at all.
        """
        over = shares > self.sellable[which] + 1e-9
        if over.any():
            first = int(which[over][0])
            raise NotSellableError(
                str(self.assets[first]),
                float(shares[over][0]),
                float(self.sellable[first]),
                float(self.shares[first]),
            )
        self.shares[which] = np.maximum(self.shares[which] - shares, 0.0)
        self.sellable[which] = np.maximum(self.sellable[which] - shares, 0.0)
        self.cash_yuan += float(shares @ price_yuan - cost_yuan.sum())

    def buy(
        self,
        which: Int[ndarray, "N"],
        shares: Float[ndarray, "N"],
        price_yuan: Float[ndarray, "N"],
        cost_yuan: Float[ndarray, "N"],
        lock: bool = True,
    ) -> None:
        """Turn cash into shares, locked until the next session unless ``lock`` is false.

        Parameters
        ----------
        which : N positions on the asset axis, each once
        shares : to be bought, shape [N]
        price_yuan : of the fills, CNY, shape [N]
        cost_yuan : charges of each fill, CNY, shape [N]
        lock : whether the shares may be sold on the next session only

        Raises
        ------
        NoCashError
            There is not enough cash; nothing is changed.
        """
        needed = float(shares @ price_yuan + cost_yuan.sum())
        if needed > self.cash_yuan * (1 + 1e-12):
            raise NoCashError(needed, self.cash_yuan)
        self.shares[which] += shares
        self.mark_yuan[which] = price_yuan
        if not lock:
            self.sellable[which] += shares
        self.cash_yuan = max(self.cash_yuan - needed, 0.0)
