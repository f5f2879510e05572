"""cross_section: winsorised z-scores across the stocks of each day."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.datasets.transform import TransformSpec


class CrossSectionSpec(TransformSpec):
    """Winsorise and z-score across stocks, per day (and bar) and feature [10.2, 10.5]."""

    kind: Literal["cross_section"] = "cross_section"
    alone: ClassVar[bool] = True
    mads: float | None = Field(default=5.0, gt=0, description="clip at median +- k x MAD")
    sigmas: float | None = Field(default=None, gt=0, description="then clip at mean +- k x std")

    def apply(
        self,
        features: Panel,
        mask_DA: Bool[ndarray, "D A"],
        fitted: dict[str, Float32[ndarray, "..."]],
    ) -> Panel:
        """Winsorised z-scores over the masked stocks of each day (and bar).

        Parameters and returns as in :meth:`TransformSpec.apply`; stocks outside the mask and NaN
        become 0, the mean. Uses one day at a time, so nothing can look ahead and memory is the
        result plus one day.
        """
        del fitted
        out = np.zeros(features.values.shape, dtype=np.float32)
        for d, inside in enumerate(mask_DA):
            block = features.values[d][..., inside, :].astype(np.float64)
            if block.shape[-2]:
                out[d][..., inside, :] = self._standard(block)
        return Panel(out, features.dates, features.assets, features.names, features.times)

    def _standard(self, block: Float[ndarray, "*T A F"]) -> Float[ndarray, "*T A F"]:
        """z-score along the stocks (axis -2) after clipping; constant or empty columns give 0."""
        absent = ~np.isfinite(block)
        if self.mads is not None:
            block = clipped_to_mads(block, absent, self.mads)
        z = zscore(block, ~absent, self.sigmas, axis=-2, flat="zero")
        if self.sigmas is not None:
            z = zscore(z, ~absent, axis=-2, flat="zero")
        return np.where(absent, 0.0, z)


def clipped_to_mads(
    block: Float[ndarray, "*T A F"], absent: Bool[ndarray, "*T A F"], mads: float
) -> Float[ndarray, "*T A F"]:
    """Values cut at the median of the stocks plus and minus so many of their MAD [Spec 10.2].

    Parameters
    ----------
    block : float64, shape [(T,) A, F], stocks along axis -2
    absent : bool, same shape; cells that do not count
    mads : above 0

    Returns
    -------
    ndarray, same shape
        Columns whose MAD is 0 (most values equal) stay as they are.
    """
    middle = _nan_median(block, absent)
    width = mads * _nan_median(np.abs(block - middle), absent)
    width = np.where(width > 0, width, np.inf)
    return np.clip(block, middle - width, middle + width)


def _nan_median(
    block: Float[ndarray, "*T A F"], absent: Bool[ndarray, "*T A F"]
) -> Float[ndarray, "*T 1 F"]:
    """Median along axis -2 that ignores absent cells; 0 where all are absent."""
    ordered = np.sort(np.where(absent, np.inf, block), axis=-2)
    count = (~absent).sum(axis=-2, keepdims=True)
    lo, hi = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, block.shape[-2] - 1)
    middle = np.take_along_axis(ordered, lo, -2), np.take_along_axis(ordered, hi, -2)
    return np.where(
        count > 0, (np.where(count > 0, middle[0], 0) + np.where(count > 0, middle[1], 0)) / 2, 0.0
    )
