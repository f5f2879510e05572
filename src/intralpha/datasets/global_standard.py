"""global_standard: one clip, mean and deviation a feature, from training days."""

from datetime import date
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float32, Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base import ConfigError, Panel
from intralpha.datasets.transform import TransformSpec


class ReferencePeriodError(ConfigError):
    """A reference period is not over when a training needs it, or has no session."""

    def __init__(self, reference: tuple[date, date], found: str) -> None:
        self.reference, self.found = reference, found
        super().__init__(
            f"reference {reference[0]} to {reference[1]}: {found}; expected sessions of the data, "
            "all up to the last training date of every fold.\n"
            "Hint: end the reference earlier, start the data earlier, or train later."
        )


class GlobalStandardSpec(TransformSpec):
    """Clip to median +- k x MAD, subtract mean, divide by std, all from training days [10.1].

    With a ``reference`` the constants are those of a fixed period, the same for every fold, as 001
    estimates them before 2016 and keeps them [gaps C-2].
    """

    kind: Literal["global_standard"] = "global_standard"
    fits: ClassVar[bool] = True
    mads: float = Field(default=7.0, gt=0, description="k; the MAD is not scaled by 1.4826")

    reference: tuple[date, date] | None = Field(
        default=None,
        description="first and last date that the constants are estimated on, once and for all; "
        "null: on all sessions up to each training's last date",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "GlobalStandardSpec":
        if self.reference is not None and self.reference[0] > self.reference[1]:
            first, last = self.reference
            raise ValueError(f"reference starts on {first}, after its end {last}")
        return self

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
            Known at the close of the last of ``days``, or of the reference.

        Raises
        ------
        ReferencePeriodError

        Notes
        -----
        Peak memory: one feature of the days, in float64.
        """
        rows = np.flatnonzero(np.isin(features.dates, self._referred(days)))
        bounds = []
        for i in range(len(features.names)):
            block = features.values[rows, ..., i].astype(np.float64)
            inside = mask_DA[rows] if features.times is None else mask_DA[rows][:, None, :]
            bounds.append(self._bounds(block[np.broadcast_to(inside, block.shape)]))
        columns = (np.array(column, dtype=np.float32) for column in zip(*bounds, strict=True))
        return dict(zip(("low", "high", "mean", "std"), columns, strict=True))

    def _referred(self, days: Shaped[ndarray, " n_days"]) -> Shaped[ndarray, " n_kept"]:
        """Those of the days that the constants are estimated on."""
        if self.reference is None:
            return days
        first, last = (np.datetime64(day, "D") for day in self.reference)
        if len(days) == 0 or days[-1] < last:
            over = days[-1] if len(days) else "never"
            raise ReferencePeriodError(self.reference, f"not over by {over}, when a training ends")
        kept = days[(days >= first) & (days <= last)]
        if len(kept) == 0:
            raise ReferencePeriodError(self.reference, "no session of the data")
        return kept

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
