"""Transforms: raw features to what a network eats, fitted on training days only."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from intralpha.base import Panel, Spec


class GlobalStandardSpec(Spec):
    """Clip to median +- k x MAD, subtract mean, divide by std, all from training days [10.1]."""

    kind: Literal["global_standard"] = "global_standard"
    mads: float = Field(default=7.0, gt=0, description="k; the MAD is not scaled by 1.4826")


class CrossSectionSpec(Spec):
    """Winsorise and z-score across stocks, per day (and bar) and feature [10.2, 10.5]."""

    kind: Literal["cross_section"] = "cross_section"
    mads: float | None = Field(default=5.0, gt=0, description="clip at median +- k x MAD")
    sigmas: float | None = Field(default=None, gt=0, description="then clip at mean +- k x std")


class WindowRatioSpec(Spec):
    """Each series over its last value, then a z-score across stocks per feature and lag [10.3]."""

    kind: Literal["window_ratio"] = "window_ratio"
    clip: float | None = Field(default=5.0, gt=0, description="bound of a z-score; null for none")


class NoTransformSpec(Spec):
    """Values as they are; NaN becomes 0."""

    kind: Literal["none"] = "none"


TransformSpec = Annotated[
    GlobalStandardSpec | CrossSectionSpec | WindowRatioSpec | NoTransformSpec,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Constants of a global standardisation, one a feature.

    Attributes
    ----------
    low, high : clip bounds
    mean, std : of the clipped training values
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    std: np.ndarray


def fit_global(panel: Panel, train_dates: np.ndarray, mask_DA: np.ndarray, mads: float) -> Fitted:
    """Constants from training days and masked stocks only; nothing else is read."""
    rows = np.flatnonzero(np.isin(panel.dates, train_dates))
    bounds = []
    for i in range(len(panel.names)):
        block = panel.values[rows, ..., i].astype(np.float64)
        inside = mask_DA[rows] if panel.times is None else mask_DA[rows][:, None, :]
        values = block[np.broadcast_to(inside, block.shape) & np.isfinite(block)]
        if len(values) == 0:
            bounds.append((-np.inf, np.inf, 0.0, 1.0))
            continue
        median = np.median(values)
        width = mads * np.median(np.abs(values - median))
        clipped = values.clip(median - width, median + width)
        std = clipped.std()
        bounds.append((median - width, median + width, clipped.mean(), std if std > 0 else 1.0))
    return Fitted(*(np.array(column, dtype=np.float32) for column in zip(*bounds, strict=True)))


def apply_global(panel: Panel, fitted: Fitted) -> Panel:
    """Clip, standardise, NaN to 0 (a copy, float32)."""
    values = panel.values.astype(np.float32).clip(fitted.low, fitted.high)
    values -= fitted.mean
    values /= fitted.std
    return Panel(
        np.nan_to_num(values, copy=False), panel.dates, panel.assets, panel.names, panel.times
    )


def cross_section(panel: Panel, mask_DA: np.ndarray, spec: CrossSectionSpec) -> Panel:
    """Winsorised z-scores over the masked stocks of each day (and bar); others and NaN become 0.

    Uses one day at a time, so nothing can look ahead and memory is the result plus one day.
    """
    out = np.zeros(panel.values.shape, dtype=np.float32)
    for d, inside in enumerate(mask_DA):
        block = panel.values[d][..., inside, :].astype(np.float64)
        if block.shape[-2]:
            out[d][..., inside, :] = _standard(block, spec)
    return Panel(out, panel.dates, panel.assets, panel.names, panel.times)


def _standard(block: np.ndarray, spec: CrossSectionSpec) -> np.ndarray:
    """z-score along the stocks (axis -2) after clipping; constant or empty columns give 0."""
    absent = ~np.isfinite(block)
    if spec.mads is not None:
        middle = _nan_median(block, absent)
        width = spec.mads * _nan_median(np.abs(block - middle), absent)
        # A MAD of 0 (most values equal) would clip everything to the median.
        width = np.where(width > 0, width, np.inf)
        block = np.clip(block, middle - width, middle + width)
    z = _z(block, absent)
    if spec.sigmas is not None:
        z = _z(z.clip(-spec.sigmas, spec.sigmas), absent)
    return np.where(absent, 0.0, z)


def _nan_median(block: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Median along axis -2 that ignores absent cells; 0 where all are absent."""
    ordered = np.sort(np.where(absent, np.inf, block), axis=-2)
    count = (~absent).sum(axis=-2, keepdims=True)
    lo, hi = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, block.shape[-2] - 1)
    middle = np.take_along_axis(ordered, lo, -2), np.take_along_axis(ordered, hi, -2)
    return np.where(
        count > 0, (np.where(count > 0, middle[0], 0) + np.where(count > 0, middle[1], 0)) / 2, 0.0
    )


def _z(block: np.ndarray, absent: np.ndarray) -> np.ndarray:
    count = np.maximum((~absent).sum(axis=-2, keepdims=True), 1)
    mean = np.where(absent, 0.0, block).sum(axis=-2, keepdims=True) / count
    centred = np.where(absent, 0.0, block - mean)
    std = np.sqrt((centred**2).sum(axis=-2, keepdims=True) / count)
    flat = std <= 1e-10 * np.maximum(np.abs(mean), 1e-10)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, std))
