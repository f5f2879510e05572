"""Labels: what a network learns, made from forward returns and standardised by day."""

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from pydantic import Field

from intralpha.base import DataError, Panel, Spec
from intralpha.labels.forward import Price, fwd_locked, fwd_return, zscore
from intralpha.market import Lake, float_cap, industry_codes


class NoCapError(DataError):
    """Neutralisation to size needs capitalisations, and there is none."""

    def __init__(self, start: str, end: str) -> None:
        self.start, self.end = start, end
        super().__init__(
            f"no float capitalisation is known for any stock between {start} and {end}; y_001 "
            "regresses on it.\nHint: ingest float_shares or a float_cap snapshot, or use y_002."
        )


class RawReturnSpec(Spec):
    """ret_T1_T11: close(t+11) / close(t+1) - 1, not standardised."""

    kind: Literal["ret_T1_T11"] = "ret_T1_T11"


class ZReturnSpec(Spec):
    """y_002: cross-sectional z-score of close(t+11) / close(t+1) - 1."""

    kind: Literal["y_002"] = "y_002"


class NeutralReturnSpec(Spec):
    """y_001: the same return, neutralised to industry and ln float cap, then z-scored."""

    kind: Literal["y_001"] = "y_001"


class HorizonReturnSpec(Spec):
    """y_ret: z-score of the return over h days from the next day's vwap (or from today's close)."""

    kind: Literal["y_ret"] = "y_ret"
    horizon: Literal[1, 3, 5, 10] = Field(default=5, description="h, sessions")
    start: Price = Field(default="vwap", description="vwap: v(t+h+1)/v(t+1); close: c(t+h)/c(t)")


class HorizonRankSpec(Spec):
    """y_rank: centred rank of the same return, scaled to unit standard deviation."""

    kind: Literal["y_rank"] = "y_rank"
    horizon: Literal[1, 3, 5, 10] = Field(default=5, description="h, sessions")
    start: Price = Field(default="vwap", description="vwap: v(t+h+1)/v(t+1); close: c(t+h)/c(t)")


LabelSpec = Annotated[
    RawReturnSpec | ZReturnSpec | NeutralReturnSpec | HorizonReturnSpec | HorizonRankSpec,
    Field(discriminator="kind"),
]


def label_offset(spec: LabelSpec) -> int:
    """Sessions from the sample date to the last price its label uses; the purge needs it."""
    first, last, _ = _window(spec)
    del first
    return last


def compute_label(
    lake: Lake,
    spec: LabelSpec,
    dates: ndarray,
    assets: ndarray,
    mask_DA: Bool[ndarray, "D A"] | None = None,
) -> Panel:
    """The label of every stock on every sample date [Spec 11].

    Parameters
    ----------
    lake : with ``daily`` (``industry`` and caps for y_001)
    spec : which label
    dates, assets : axes; the dates are sessions of the lake, ascending
    mask_DA : ndarray of bool, the cross-section that is standardised together; default: all

    Returns
    -------
    Panel, float32, shape [D, A, 1], name ``fwd_label``
        NaN outside the mask, where the stock does not trade or is limit-locked all day on t+1, and
        where the window reaches past the lake. Days without trades later in the window carry the
        last close. z-scores use the population standard deviation (ddof 0).
        **Looks forward by** :func:`label_offset` **sessions.**

    Raises
    ------
    UnknownSampleDateError
        If a date is no session of the lake.
    NoCapError
        If y_001 is wanted and no stock with a return has a known capitalisation.
    """
    first, last, price = _window(spec)
    returns = fwd_return(lake, dates, assets, first, last, price)
    values = returns.values[:, :, 0]
    usable = np.isfinite(values) & ~fwd_locked(lake, dates, assets)
    if mask_DA is not None:
        usable &= mask_DA
    values = np.where(usable, values, np.nan)
    if isinstance(spec, NeutralReturnSpec):
        values = _neutral(lake, values, returns.dates, assets)
    if isinstance(spec, HorizonRankSpec):
        values = _centred_ranks(values)
    if not isinstance(spec, RawReturnSpec):
        values = zscore(values)
    out = values.astype(np.float32)[:, :, None]
    return Panel(out, returns.dates, assets, ("fwd_label",))


def _window(spec: LabelSpec) -> tuple[int, int, Price]:
    if isinstance(spec, HorizonReturnSpec | HorizonRankSpec):
        if spec.start == "close":
            return 0, spec.horizon, "close"
        return 1, spec.horizon + 1, "vwap"
    return 1, 11, "close"


def _centred_ranks(values_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    """(average rank - 0.5) / n - 0.5 of each row."""
    out = np.full(values_DA.shape, np.nan)
    for row, target in zip(values_DA, out, strict=True):
        known = np.isfinite(row)
        _, place, count = np.unique(row[known], return_inverse=True, return_counts=True)
        ranks = np.cumsum(count) - (count - 1) / 2
        target[known] = (ranks[place] - 0.5) / max(known.sum(), 1) - 0.5
    return out


def _neutral(
    lake: Lake, values_DA: Float[ndarray, "D A"], dates: ndarray, assets: ndarray
) -> Float[ndarray, "D A"]:
    """Residual of each row on industry dummies and ln float cap; stocks without a cap get NaN."""
    cap = float_cap(lake, dates, assets)["float_cap"]
    log_cap = np.log(np.where(cap > 0, cap, np.nan))
    if np.isfinite(values_DA).any() and not np.isfinite(values_DA + log_cap).any():
        raise NoCapError(str(dates[0]), str(dates[-1]))
    codes, _ = industry_codes(lake, dates, assets)
    out = np.full(values_DA.shape, np.nan)
    for day in range(len(values_DA)):
        known = np.isfinite(values_DA[day] + log_cap[day])
        if known.any():
            out[day, known] = _residual(
                values_DA[day, known], log_cap[day, known], codes[day, known]
            )
    return out


def _residual(
    values: Float[ndarray, " N"], size: Float[ndarray, " N"], codes: Int[ndarray, " N"]
) -> Float[ndarray, " N"]:
    """OLS residual on group dummies and one more regressor.

    The dummies take the mean of each group out of both sides; what is left is a regression on one
    variable (Frisch, Waugh and Lovell). NaN when there are no more rows than coefficients.
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
