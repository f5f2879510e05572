"""A ring of the bar amounts of the last sessions, for features that compare with earlier days."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray


class SlotHistory:
    """Amounts of the same bar on earlier sessions, without reading any session twice.

    The mean is summed anew in session order each time, so that a value depends on the sessions
    of its window only, and not on how far back the stream began.

    Parameters
    ----------
    days : int
        Sessions in the window.
    n_bars, n_assets : int
        Shape of one session.
    """

    def __init__(self, days: int, n_bars: int, n_assets: int) -> None:
        self._days = days
        self._ring = np.full((days, n_bars, n_assets), np.nan)
        self._session = np.full(days, -1)

    def add(self, session: int, amount_TA: Float[ndarray, "T A"]) -> None:
        """Remember a session, in the place of the one that is ``days`` sessions older.

        Parameters
        ----------
        session : int
            Position among the lake's sessions.
        amount_TA : float64 [T, A]
            CNY; NaN for stocks that did not trade on that day.
        """
        place = session % self._days
        self._ring[place] = amount_TA
        self._session[place] = session

    def mean_before(self, session: int) -> Float[ndarray, "T A"]:
        """Mean over the ``days`` sessions before this one, CNY.

        NaN where fewer than half of them (rounded up) have a value (Spec 2.7).
        """
        total = np.zeros(self._ring.shape[1:])
        count = np.zeros(self._ring.shape[1:], dtype=np.int64)
        for earlier in range(session - self._days, session):
            place = earlier % self._days
            if earlier >= 0 and self._session[place] == earlier:
                known = np.isfinite(self._ring[place])
                total += np.where(known, self._ring[place], 0.0)
                count += known
        enough = count >= (self._days + 1) // 2
        return np.where(enough, total, np.nan) / np.maximum(count, 1)
