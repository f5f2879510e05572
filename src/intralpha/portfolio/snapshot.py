"""Snapshot: everything the optimiser may know when it decides."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.base import DataError
from intralpha.risk.estimate import RiskEstimate


class SnapshotError(DataError):
    """What is known at the decision does not fit together."""

    def __init__(self, date: np.datetime64, fault: str, hint: str, symbols: list[str]) -> None:
        self.date, self.fault, self.symbols = date, fault, symbols
        shown = ", ".join(symbols[:10]) + (" ..." if len(symbols) > 10 else "")
        where = f" ({len(symbols)} names: {shown})" if symbols else ""
        super().__init__(f"snapshot of {date}: {fault}{where}.\nHint: {hint}")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What is known at the close of a decision date, as arrays over the same assets.

    Parameters
    ----------
    date : datetime64[D]
        Decision date; orders go out on the next session.
    assets : ndarray of str, shape [A]
        Every name that may be held; must contain all names held now.
    alpha : ndarray of float, shape [A]
        Signal, higher is better. NaN: no view, see :class:`ActiveReturn`.
    benchmark : ndarray of float, shape [A]
        Benchmark weights, not negative, sum 1.
    exposures : ndarray of float, shape [A, K]
        Standardised style exposures. NaN is refused by the constraint that uses the column.
    exposure_names : tuple of str, length K
    industry : ndarray of int, shape [A]
        Industry code, 0 or more; "unknown" is a class of its own.
    member : ndarray of bool, shape [A]
        Constituents of the benchmark index.
    can_buy, can_sell : ndarray of bool, shape [A]
        Tradability as known at the decision. Neither: the weight stays as it is.
    industry_names : tuple of str, optional
        Label of each industry code, for messages.
    amount_yuan : ndarray of float, shape [A], optional
        CNY traded a session, a mean of the last ones; NaN or 0 for a name that does not trade.
    capital_yuan : float, optional
        Value of the portfolio, CNY.
    risk : RiskEstimate, optional
        Covariance of the returns of the same assets, in their order.
    ahead : ndarray of float, shape [S, A], optional
        Signal of the stretch after each of S planned trades, the next one first, in the unit of
        ``alpha``; NaN: no view.

    Raises
    ------
    SnapshotError
        Shapes that differ, duplicate names, an infinite alpha, a benchmark that is not a
        portfolio, a negative industry code, a risk estimate of other assets. Spec 18.2.
    """

    date: np.datetime64
    assets: ndarray
    alpha: Float[ndarray, "A"]
    benchmark: Float[ndarray, "A"]
    exposures: Float[ndarray, "A K"]
    exposure_names: tuple[str, ...]
    industry: Int[ndarray, "A"]
    member: Bool[ndarray, "A"]
    can_buy: Bool[ndarray, "A"]
    can_sell: Bool[ndarray, "A"]
    industry_names: tuple[str, ...] = ()
    amount_yuan: Float[ndarray, "A"] | None = None
    capital_yuan: float | None = None
    risk: RiskEstimate | None = None
    ahead: Float[ndarray, "S A"] | None = None

    def __post_init__(self) -> None:
        self._check_shapes()
        if len(np.unique(self.assets)) != len(self.assets):
            self._refuse("a name stands twice", "keep each asset once")
        if np.isinf(self.alpha).any():
            self._refuse("alpha is infinite", "use NaN for an absent signal", np.isinf(self.alpha))
        bad = ~np.isfinite(self.benchmark) | (self.benchmark < 0)
        if bad.any():
            self._refuse("benchmark weights are NaN or negative", "fill absent weights by 0", bad)
        total = float(self.benchmark.sum(dtype=np.float64))
        if abs(total - 1.0) > 1e-6:
            self._refuse(
                f"benchmark weights sum to {total:.8f}, expected 1",
                "renormalise the benchmark over the assets of the snapshot",
            )
        if (self.industry < 0).any():
            self._refuse(
                "industry codes are negative", "give unknown its own code", self.industry < 0
            )

    def industry_label(self, code: int) -> str:
        """Name of an industry code, or the code itself."""
        return self.industry_names[code] if code < len(self.industry_names) else str(code)

    def _check_shapes(self) -> None:
        count = len(self.assets)
        arrays = ("alpha", "benchmark", "industry", "member", "can_buy", "can_sell")
        wrong = [n for n in arrays if getattr(self, n).shape != (count,)]
        if self.exposures.shape != (count, len(self.exposure_names)):
            wrong.append("exposures")
        if self.amount_yuan is not None and self.amount_yuan.shape != (count,):
            wrong.append("amount_yuan")
        if self.ahead is not None and self.ahead.shape[1] != count:
            wrong.append("ahead")
        if self.risk is not None and not np.array_equal(self.risk.assets, self.assets):
            self._refuse(
                "the risk estimate is of other assets", "lay it on them: RiskEstimate.on(assets)"
            )
        if wrong or count == 0:
            fault = (
                f"{', '.join(wrong)} do not fit {count} assets" if wrong else "there are no assets"
            )
            self._refuse(fault, "lay every array on the same asset axis")

    def _refuse(self, fault: str, hint: str, which: ndarray | None = None) -> None:
        symbols = [] if which is None else [str(s) for s in self.assets[which]]
        raise SnapshotError(self.date, fault, hint, symbols)
