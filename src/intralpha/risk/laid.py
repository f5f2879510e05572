"""Past sessions on the factors and stocks of a date, without finding each stock again and again."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.risk.model import SessionReturns


class LaidSessions:
    """Sessions laid on one axis of stocks, each once, and forgotten when no date needs it.

    Parameters
    ----------
    assets : symbols of the axis
    """

    def __init__(self, assets: Shaped[ndarray, "A"]) -> None:
        self.assets = assets
        self._order = np.argsort(assets)
        self._ranked = assets[self._order]
        self._kept: dict[int, tuple[SessionReturns, ndarray]] = {}

    def of(
        self, past: Sequence[SessionReturns], names: tuple[str, ...], known_A: Bool[ndarray, "A"]
    ) -> tuple[Float[ndarray, "T K"], Float[ndarray, "T known"]]:
        """Past sessions on the factors and stocks of a date.

        Parameters
        ----------
        past : T sessions
        names : K factors of the date
        known_A : its stocks on the axis

        Returns
        -------
        (returns of factors, what they left) : ndarrays of float64, shapes [T, K] and [T, known]
            NaN where a session knows nothing of a factor or stock.
        """
        # A session is known by being the same object; it is kept with its row, so it is not freed.
        self._kept = {id(one): self._kept.get(id(one)) or (one, self._row(one)) for one in past}
        left = np.empty((len(past), int(known_A.sum())))
        for row, one in zip(left, past, strict=True):
            row[:] = self._kept[id(one)][1][known_A]
        returns = np.full((len(past), len(names)), np.nan)
        for row, one in zip(returns, past, strict=True):
            place = {name: k for k, name in enumerate(one.names)}
            shared = [k for k, name in enumerate(names) if name in place]
            row[shared] = one.returns_K[[place[names[k]] for k in shared]]
        return returns, left

    def _row(self, one: SessionReturns) -> Float[ndarray, "A"]:
        row = np.full(len(self._order), np.nan)
        if len(row):
            at = np.minimum(np.searchsorted(self._ranked, one.assets), len(row) - 1)
            here = self._ranked[at] == one.assets
            row[self._order[at[here]]] = one.left_A[here]
        return row
