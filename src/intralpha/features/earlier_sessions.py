"""EarlierSessions: numbers of the last sessions, for features that say what is usual."""

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray


class EarlierSessions:
    """Numbers of earlier sessions, without reading any of them twice.

    The mean is summed anew in session order each time, so that a value depends on the sessions
    of its window only, and not on how far back the stream began.

    Parameters
    ----------
    days : sessions in the window
    slots : numbers a stock and session
    n_assets : stocks of the axis
    """

    def __init__(self, days: int, slots: int, n_assets: int) -> None:
        self._days = days
        self._ring = np.full((days, slots, n_assets), np.nan)
        self._session = np.full(days, -1)

    def add(
        self, session: int, values: Float[ndarray, "K S"], columns: Shaped[ndarray, "S"]
    ) -> None:
        """Remember a session, in the place of the one that is ``days`` sessions older.

        Parameters
        ----------
        session : position among the lake's sessions
        values : float64 [K, S], of some stocks; NaN for those that did not trade on that day
        columns : int [S], places of those stocks on the axis; others have none
        """
        place = session % self._days
        self._ring[place] = np.nan
        self._ring[place][:, columns] = values
        self._session[place] = session

    def mean_before(self, session: int) -> Float[ndarray, "K A"]:
        """Mean over the ``days`` sessions before this one.

        NaN where fewer than half of them (rounded up) have a value [Spec 2.7].
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
