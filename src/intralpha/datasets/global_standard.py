"""global_standard: one clip, mean and deviation a feature, from training days."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float32, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.datasets.transform import TransformSpec


class GlobalStandardSpec(TransformSpec):
    """Clip to median +- k x MAD, subtract mean, divide by std, all from training days [10.1]."""

    kind: Literal["global_standard"] = "global_standard"
    fits: ClassVar[bool] = True
    mads: float = Field(default=7.0, gt=0, description="k; the MAD is not scaled by 1.4826")

    def fit(
        self,
        features: Panel,
        days: Shaped[ndarray, " n_days"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> dict[str, Float32[ndarray, "..."]]:
        """Clip bounds ``low`` and ``high``, ``mean`` and ``std`` (ddof 0), each of shape [F].

        A feature without any value is left as it is; one that does not vary is only centred.

        Parameters
        ----------
        features, days, mask_DA : as for :meth:`TransformSpec.fit`

        Returns
        -------
        dict of float32 [F] by name
            Known at the close of the last of ``days``.

        Notes
        -----
        Peak memory: one feature of the days, in float64.
        """
        rows = np.flatnonzero(np.isin(features.dates, days))
        bounds = []
        for i in range(len(features.names)):
            block = features.values[rows, ..., i].astype(np.float64)
            inside = mask_DA[rows] if features.times is None else mask_DA[rows][:, None, :]
            bounds.append(self._bounds(block[np.broadcast_to(inside, block.shape)]))
        columns = (np.array(column, dtype=np.float32) for column in zip(*bounds, strict=True))
        return dict(zip(("low", "high", "mean", "std"), columns, strict=True))

    def _bounds(self, values: Shaped[ndarray, " n"]) -> tuple[float, float, float, float]:
        """Low, high, mean and std of the finite values of one feature."""
        values = values[np.isfinite(values)]
        if len(values) == 0:
            return -np.inf, np.inf, 0.0, 1.0
        median = np.median(values)
        width = self.mads * np.median(np.abs(values - median))
        clipped = values.clip(median - width, median + width)
        std = float(clipped.std())
        low, high = float(median - width), float(median + width)
        return low, high, float(clipped.mean()), std if std > 0 else 1.0

    def apply(
        self,
        features: Panel,
        mask_DA: Bool[ndarray, "D A"],
        fitted: dict[str, Float32[ndarray, "..."]],
    ) -> Panel:
        """Clip, standardise, NaN to 0 (a copy, float32); the mask does not matter.

        Parameters and returns as in :meth:`TransformSpec.apply`.
        """
        del mask_DA
        values = features.values.astype(np.float32).clip(fitted["low"], fitted["high"])
        values -= fitted["mean"]
        values /= fitted["std"]
        np.nan_to_num(values, copy=False)
        return Panel(values, features.dates, features.assets, features.names, features.times)
