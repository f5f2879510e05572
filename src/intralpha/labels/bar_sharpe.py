"""y_sharpe: the risk-adjusted excess return over h sessions, from their bars."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import DataError, Panel
from intralpha.base.cross_section import sum_in_turn, zscore
from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.labels.bar_window import BarWindow, bar_reads, bar_windows
from intralpha.labels.forward import fwd_locked
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.labels.span_label import Horizon
from intralpha.market import Lake

LEAST_STD = 1e-5


class NoBenchmarkBarsError(DataError):
    """The benchmark of a label lacks bars of a window in which stocks have theirs."""

    def __init__(self, index: str, day: np.datetime64, horizon: int, freq: int) -> None:
        self.index, self.day, self.horizon, self.freq = index, day, horizon, freq
        super().__init__(
            f"benchmark {index} lacks bars of {freq} minutes on the {horizon} sessions after "
            f"{day}; expected them on each session of a label.\n"
            "Hint: ingest the bars of the index, or set benchmark: mean."
        )


class BarSharpeSpec(LabelSpec):
    r"""y_sharpe: z-score of the Sharpe ratio of the excess returns of bars [Spec 11: y_sharpe_h].

    .. math:: s = \frac{\bar e}{\sigma_e} \sqrt{n}, \qquad e_b = r_b - r^{bench}_b

    over the n bars of the sessions t+1 .. t+h. The first bar begins at the open of the stock's
    first bar with trades on t+1; moves between sessions belong to the first bar of the later one.
    Prices are adjusted, bars without trades have the return 0. Our own: the default benchmark is
    the equal-weighted mean of the cross-section.
    """

    kind: Literal["y_sharpe"] = "y_sharpe"
    horizon: Horizon = Field(default=5, description="h, sessions")
    freq: Literal[5, 10, 15, 30] = Field(default=30, description="minutes of a bar of the lake")
    benchmark: str = Field(
        default="mean",
        pattern=r"^(mean|none|\d{6}\.(SH|SZ|BJ))$",
        description="what a return is in excess of: mean (of the stocks of the date), none, or the "
        "symbol of an index that has bars",
    )

    @property
    def offset(self) -> int:
        """H: the last session whose bars count."""
        return self.horizon

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Z-scores (ddof 0) over the mask; parameters and NaN as in :meth:`LabelSpec.compute`.

        NaN also where the excess returns have a standard deviation (ddof 0) below 1e-5, where a
        stock traded on a session of the window without bars of it, on dates with a session without
        any bars, and on dates with fewer than two ratios, or equal ones. Memory: see
        :func:`~intralpha.labels.bar_window.bar_windows`.

        Raises
        ------
        UnknownSampleDateError
            A date is no session of the lake.
        MissingBarsError
            The lake has no bars of ``freq``.
        NoBenchmarkBarsError
            The index lacks bars of a window.
        """
        days = as_days(dates)
        usable_DA = ~fwd_locked(lake, days, assets)
        if mask_DA is not None:
            usable_DA &= mask_DA
        ratio_DA = np.full(usable_DA.shape, np.nan)
        for window in bar_windows(
            lake, days, self._with_index(assets), self.freq, (1, self.horizon)
        ):
            usable_A = usable_DA[window.row] & window.whole_A[: len(assets)]
            gains_NA = window.gains()
            stocks_NA = gains_NA[:, : len(assets)]
            usable_A &= np.isfinite(stocks_NA).all(axis=0)
            if not usable_A.any():
                continue
            bench_N = self._benchmark(window, gains_NA, usable_A, days[window.row])
            ratio_DA[window.row, usable_A] = sharpe(stocks_NA[:, usable_A] - bench_N[:, None])
        return label_panel(zscore(ratio_DA), days, assets)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows from t to t + h, and the bars of the same sessions."""
        return bar_reads(self.freq, self.offset)

    @property
    def _indexed(self) -> bool:
        return self.benchmark not in ("mean", "none")

    def _with_index(self, assets: Shaped[ndarray, " A"]) -> Shaped[ndarray, " B"]:
        """The assets, and behind them the index where one is asked for."""
        return np.array([*assets, self.benchmark]) if self._indexed else assets

    def _benchmark(
        self,
        window: BarWindow,
        gains_NA: Float[ndarray, "N B"],
        usable_A: Bool[ndarray, " A"],
        day: np.datetime64,
    ) -> Float[ndarray, " N"]:
        """Returns of the benchmark, bar by bar."""
        if self.benchmark == "none":
            return np.zeros(len(gains_NA))
        if not self._indexed:
            inside = np.where(usable_A, gains_NA, 0.0)
            return sum_in_turn(inside) / usable_A.sum()
        if not (window.whole_A[-1] and np.isfinite(gains_NA[:, -1]).all()):
            raise NoBenchmarkBarsError(self.benchmark, day, self.horizon, self.freq)
        return gains_NA[:, -1]


def sharpe(excess_NA: Float[ndarray, "N A"]) -> Float[ndarray, " A"]:
    """Mean over standard deviation (ddof 0) of each column, times the root of their number.

    Parameters
    ----------
    excess_NA : float, shape [N, A]; finite

    Returns
    -------
    ndarray of float64, shape [A]
        NaN where the deviation is below 1e-5.

    Examples
    --------
    >>> sharpe(np.array([[0.03, 0.01], [0.01, 0.01], [0.03, 0.01], [0.01, 0.01]])).round(9).tolist()
    [4.0, nan]
    """
    std_A = excess_NA.std(axis=0)
    told_A = np.where(std_A < LEAST_STD, np.nan, std_A)
    return excess_NA.mean(axis=0) / told_A * np.sqrt(len(excess_NA))
