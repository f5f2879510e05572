"""One stock and one day on the minute grid, with the masks of [Spec 2.2]."""

from dataclasses import dataclass

import numpy as np

from .stats import NAN, over

MINUTES = 240
LAST_CONTINUOUS = 237  # 14:57, when the day ends in a closing auction
HALF_TICK = 0.005


def _after(close: np.ndarray, first_open: float) -> np.ndarray:
    """Close before each bar; the first bar starts at its own open."""
    return np.concatenate([[first_open], close[:-1]])


@dataclass(frozen=True)
class SubBars:
    """Bars of k grid rows each: all rows, so the last bar holds the closing auction's print.

    ``locked``: every one of its k minutes is locked (then the bar itself has H = L = limit).
    ``ok`` is simply not locked: `cont` speaks of minutes, and [Spec 4.2] takes all 48 bars.
    ``traded``: volume above 0.
    """

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    amount: np.ndarray
    trades: np.ndarray
    locked: np.ndarray

    @property
    def ok(self) -> np.ndarray:
        return ~self.locked

    @property
    def traded(self) -> np.ndarray:
        return self.volume > 0

    @property
    def okT(self) -> np.ndarray:
        return self.ok & self.traded

    @property
    def rho(self) -> np.ndarray:
        """Log return; the first bar from its open, the first after lunch from the last before."""
        return np.log(self.close / _after(self.close, self.open[0]))

    @property
    def vwap(self) -> np.ndarray:
        """Amount over volume, NaN where nothing traded."""
        return np.array([over(a, v) for a, v in zip(self.amount, self.volume, strict=True)])


@dataclass(frozen=True)
class MinuteDay:
    """Rows m = 1..240 (index m-1), the 09:25 print apart, prices in CNY, volume in shares.

    ``preclose`` is already ex-right adjusted. A limit that does not exist is NaN. Without an
    opening print ``auction_volume`` is 0 (its price may be NaN). With ``closing_auction`` the
    rows 238 and 239 are empty and row 240 is the print.
    """

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    amount: np.ndarray
    trades: np.ndarray
    preclose: float
    up_limit: float = NAN
    down_limit: float = NAN
    closing_auction: bool = True
    auction_price: float = NAN
    auction_volume: float = 0.0
    auction_amount: float = 0.0
    auction_trades: float = 0.0
    suspended: bool = False

    @property
    def before(self) -> np.ndarray:
        """C_{m-1}; for m = 1 the open, as in the return of the first minute."""
        return _after(self.close, self.open[0])

    @property
    def r(self) -> np.ndarray:
        """Simple minute return."""
        return self.close / self.before - 1.0

    @property
    def rho(self) -> np.ndarray:
        """Log minute return."""
        return np.log(self.close / self.before)

    @property
    def cont(self) -> np.ndarray:
        """Minutes of continuous trading."""
        last = LAST_CONTINUOUS if self.closing_auction else MINUTES
        return np.arange(1, MINUTES + 1) <= last

    @property
    def traded(self) -> np.ndarray:
        return self.volume > 0

    @property
    def locked(self) -> np.ndarray:
        """One price in the minute, and that price is a limit (also where nothing traded)."""
        at_limit = np.zeros(len(self.high), dtype=bool)
        for limit in (self.up_limit, self.down_limit):
            at_limit |= np.abs(self.high - limit) <= HALF_TICK
        return (self.high == self.low) & at_limit

    @property
    def ok(self) -> np.ndarray:
        return self.cont & ~self.locked

    @property
    def okT(self) -> np.ndarray:
        return self.ok & self.traded

    @property
    def half_locked(self) -> bool:
        """More than half of the continuous minutes are locked."""
        return bool(2 * (self.locked & self.cont).sum() > self.cont.sum())

    @property
    def valper(self) -> np.ndarray:
        """Amount per trade, NaN without trades."""
        return np.array([over(a, n) for a, n in zip(self.amount, self.trades, strict=True)])

    @property
    def vwap(self) -> np.ndarray:
        """Amount over volume, NaN where nothing traded."""
        return np.array([over(a, v) for a, v in zip(self.amount, self.volume, strict=True)])

    @property
    def day_volume(self) -> float:
        """Shares of the 240 rows and of the opening auction."""
        return float(self.volume.sum() + self.auction_volume)

    @property
    def day_amount(self) -> float:
        """CNY of the 240 rows and of the opening auction."""
        return float(self.amount.sum() + self.auction_amount)

    @property
    def day_trades(self) -> float:
        """Trades of the 240 rows and of the opening auction."""
        return float(self.trades.sum() + self.auction_trades)

    def bars(self, k: int) -> SubBars:
        """Bars of k minutes: O first, H max, L min, C last, the rest summed."""
        return SubBars(
            open=self.open[::k].copy(),
            high=self.high.reshape(-1, k).max(axis=1),
            low=self.low.reshape(-1, k).min(axis=1),
            close=self.close[k - 1 :: k].copy(),
            volume=self.volume.reshape(-1, k).sum(axis=1),
            amount=self.amount.reshape(-1, k).sum(axis=1),
            trades=self.trades.reshape(-1, k).sum(axis=1),
            locked=np.asarray(self.locked.reshape(-1, k).all(axis=1)),
        )
