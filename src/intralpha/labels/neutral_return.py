"""y_001: the return over ten sessions, neutral to industry and size."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.labels.span import T1_T11
from intralpha.market import Lake, industry_codes, size_cap

# Where a stock has no share count, the lake's last snapshot is scaled back: no bound in time.
EVER = 1_000_000


class NoCapError(DataError):
    """Neutralisation to size needs capitalisations, and there is none."""

    def __init__(self, start: str, end: str) -> None:
        self.start, self.end = start, end
        super().__init__(
            f"no capitalisation is known for any stock between {start} and {end}; y_001 regresses "
            "on it.\nHint: ingest total_shares or float_shares, or a snapshot total_cap or "
            "float_cap, or use y_002."
        )


class NeutralReturnSpec(LabelSpec):
    """y_001: the return of y_002, neutralised to industry and ln cap, then z-scored [Spec 11, C-5].

    The cap is the total one on dates that know it for at least half of the stocks with any, else
    that of the freely traded shares: see :func:`intralpha.market.size_cap`.
    """

    kind: Literal["y_001"] = "y_001"

    @property
    def offset(self) -> int:
        """11."""
        return T1_T11.last

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Z-scored residuals; parameters and NaN as in :meth:`LabelSpec.compute`.

        NaN also where no capitalisation is known, and on dates with no more stocks than
        regressors.

        Raises
        ------
        UnknownSampleDateError
            A date is no session of the lake.
        NoCapError
            No stock with a return has a known capitalisation.
        """
        values_DA = T1_T11.returns(lake, dates, assets, mask_DA)
        return label_panel(zscore(_neutral(lake, values_DA, dates, assets)), dates, assets)

    def reads(self) -> tuple[Read, ...]:
        """All daily rows, industries and snapshots: see ``EVER``."""
        return tuple(Read(t, None, None, EVER) for t in ("daily", "industry", "fundamentals"))


def _neutral(
    lake: Lake,
    values_DA: Float[ndarray, "D A"],
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
) -> Float[ndarray, "D A"]:
    """Residual of each row on industry dummies and ln cap; stocks without a cap get NaN."""
    cap = size_cap(lake, dates, assets, fwd_snapshot=True)["size_cap"]
    log_cap = np.log(np.where(cap > 0, cap, np.nan))
    if np.isfinite(values_DA).any() and not np.isfinite(values_DA + log_cap).any():
        raise NoCapError(str(dates[0]), str(dates[-1]))
    codes, _ = industry_codes(lake, dates, assets)
    out = np.full(values_DA.shape, np.nan)
    for day in range(len(values_DA)):
        known = np.isfinite(values_DA[day] + log_cap[day])
        if known.any():
            out[day, known] = residual(
                values_DA[day, known], log_cap[day, known], codes[day, known]
            )
    return out


def residual(
    values: Float[ndarray, " N"], size: Float[ndarray, " N"], codes: Int[ndarray, " N"]
) -> Float[ndarray, " N"]:
    """OLS residual on group dummies and one more regressor.

    The dummies take the mean of each group out of both sides; what is left is a regression on one
    variable (Frisch, Waugh and Lovell).

    Parameters
    ----------
    values : float, shape [N]; finite
    size : float, shape [N]; finite, the regressor
    codes : int, shape [N]; the group of each

    Returns
    -------
    ndarray of float, shape [N]
        NaN when there are no more rows than coefficients.
    """
    _, group = np.unique(codes, return_inverse=True)
    if len(values) <= group.max() + 2:
        return np.full(len(values), np.nan)
    count = np.bincount(group)
    y = values - (np.bincount(group, values) / count)[group]
    x = size - (np.bincount(group, size) / count)[group]
    spread = x @ x
    slope = (x @ y) / spread if spread > 1e-20 * (size @ size) else 0.0
    return y - slope * x
