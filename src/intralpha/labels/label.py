"""Labels: what a network learns, made from forward returns and standardised by day."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from intralpha.base import Panel, Spec
from intralpha.labels.forward import Price, fwd_locked, fwd_return
from intralpha.market import Lake, float_cap, industry_codes


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
    lake: Lake, spec: LabelSpec, dates: np.ndarray, assets: np.ndarray, mask_DA: np.ndarray
) -> Panel:
    """The label of every stock on every sample date [Spec 11].

    Parameters
    ----------
    lake : with ``daily`` (``industry`` and caps for y_001)
    spec : which label
    dates, assets : axes
    mask_DA : ndarray of bool, the cross-section that is standardised together

    Returns
    -------
    Panel, float32, shape [D, A, 1], name ``fwd_label``
        NaN outside the mask, where the stock does not trade or is limit-locked all day on t+1, and
        where the window reaches past the lake. z-scores use the population standard deviation.
        **Looks forward by** :func:`label_offset` **sessions.**
    """
    first, last, price = _window(spec)
    returns = fwd_return(lake, dates, assets, first, last, price)
    values = returns.values[:, :, 0]
    usable = mask_DA & np.isfinite(values) & ~fwd_locked(lake, dates, assets)
    values = np.where(usable, values, np.nan)
    if isinstance(spec, NeutralReturnSpec):
        values = _neutral(lake, values, returns.dates, assets)
    if isinstance(spec, HorizonRankSpec):
        values = _centred_ranks(values)
    if not isinstance(spec, RawReturnSpec):
        values = _zscore(values)
    out = values.astype(np.float32)[:, :, None]
    return Panel(out, returns.dates, assets, ("fwd_label",))


def _window(spec: LabelSpec) -> tuple[int, int, Price]:
    if isinstance(spec, HorizonReturnSpec | HorizonRankSpec):
        if spec.start == "close":
            return 0, spec.horizon, "close"
        return 1, spec.horizon + 1, "vwap"
    return 1, 11, "close"


def _zscore(values_DA: np.ndarray) -> np.ndarray:
    """Population z-score of each row; rows of fewer than two or of equal values become NaN."""
    out = np.full_like(values_DA, np.nan)
    for row, target in zip(values_DA, out, strict=True):
        known = np.isfinite(row)
        if known.sum() > 1 and row[known].std() > 0:
            target[known] = (row[known] - row[known].mean()) / row[known].std()
    return out


def _centred_ranks(values_DA: np.ndarray) -> np.ndarray:
    """(average rank - 0.5) / n - 0.5 of each row."""
    out = np.full_like(values_DA, np.nan)
    for row, target in zip(values_DA, out, strict=True):
        known = np.isfinite(row)
        _, place, count = np.unique(row[known], return_inverse=True, return_counts=True)
        ranks = np.cumsum(count) - (count - 1) / 2
        target[known] = (ranks[place] - 0.5) / max(known.sum(), 1) - 0.5
    return out


def _neutral(lake: Lake, values: np.ndarray, dates: np.ndarray, assets: np.ndarray) -> np.ndarray:
    """Residual of each row on industry dummies and ln float cap; stocks without a cap get NaN."""
    cap = float_cap(lake, dates, assets)["float_cap"]
    codes, _ = industry_codes(lake, dates, assets)
    log_cap = np.log(np.where(cap > 0, cap, np.nan))
    out = np.full_like(values, np.nan)
    for d in range(len(values)):
        known = np.isfinite(values[d]) & np.isfinite(log_cap[d])
        groups = np.unique(codes[d, known])
        design = np.column_stack([codes[d, known][:, None] == groups, log_cap[d, known]])
        if known.sum() > design.shape[1]:
            fit, *_ = np.linalg.lstsq(design.astype(float), values[d, known], rcond=None)
            out[d, known] = values[d, known] - design @ fit
    return out
