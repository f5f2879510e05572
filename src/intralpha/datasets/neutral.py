"""neutral: z-scores across the stocks of each day of what industry and size do not explain."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import DataError, Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.datasets.cross_section import clipped_to_mads
from intralpha.datasets.transform import TransformSpec
from intralpha.labels.neutral_return import residual
from intralpha.market import Lake, industry_codes, size_cap

ROUNDING = 1e-5  # of a column's deviation: what float32 inputs leave where nothing should be left
LN_CAP, INDUSTRY = "ln_cap", "industry"


class NoSizeError(DataError):
    """Inputs are to be neutralised to size on a day that knows no capitalisation."""

    def __init__(self, day: str) -> None:
        self.day = day
        super().__init__(
            f"no capitalisation is known of any stock of the universe on {day}; the transform "
            "neutral regresses on it.\nHint: ingest total_shares or float_shares, start later, or "
            "use the transform cross_section."
        )


class NotLookedUpError(DataError):
    """A transform is applied without what it looks up in the lake."""

    def __init__(self) -> None:
        super().__init__(
            f"the transform neutral was given no {LN_CAP} and {INDUSTRY}.\n"
            "Hint: give `apply` what `looks_up(lake, dates, assets)` returns."
        )


class NeutralSpec(TransformSpec):
    """Winsorise, take out industry and ln cap, and z-score, per day (and bar) and feature [10.2].

    The residual is that of an OLS on industry dummies and the ln of
    :func:`intralpha.market.size_cap` over the stocks of the mask that have feature and cap.
    """

    kind: Literal["neutral"] = "neutral"
    alone: ClassVar[bool] = True
    mads: float | None = Field(default=5.0, gt=0, description="clip at median +- k x MAD")

    def reads(self) -> tuple[Read, ...]:
        """Daily rows, industries and snapshots up to each day."""
        return tuple(Read(table) for table in ("daily", "industry", "fundamentals"))

    def looks_up(
        self, lake: Lake, dates: Shaped[ndarray, " D"], assets: Shaped[ndarray, " A"]
    ) -> dict[str, Float32[ndarray, "..."]]:
        """``ln_cap`` (NaN where no cap is known) and ``industry`` (whole numbers), each [D, A].

        Parameters and returns as in :meth:`TransformSpec.looks_up`.
        """
        cap = size_cap(lake, dates, assets)["size_cap"]
        codes, _ = industry_codes(lake, dates, assets)
        ln_cap = np.log(np.where(cap > 0, cap, np.nan))
        return {LN_CAP: ln_cap.astype(np.float32), INDUSTRY: codes.astype(np.float32)}

    def apply(
        self,
        features: Panel,
        mask_DA: Bool[ndarray, "D A"],
        fitted: dict[str, Float32[ndarray, "..."]],
    ) -> Panel:
        """Z-scored residuals over the masked stocks of each day (and bar).

        Parameters and returns as in :meth:`TransformSpec.apply`; stocks outside the mask, NaN and
        stocks without a cap become 0, the mean, and so do columns with no more stocks than
        regressors, and those that the regressors explain (but for 1e-5 of their deviation). Uses
        one day at a time.

        Raises
        ------
        NotLookedUpError
            ``fitted`` is not what :meth:`looks_up` returned.
        NoSizeError
            No stock of the mask has a cap on a day.
        """
        if not {LN_CAP, INDUSTRY} <= fitted.keys():
            raise NotLookedUpError
        out = np.zeros(features.values.shape, dtype=np.float32)
        for d, inside in enumerate(mask_DA):
            if not inside.any():
                continue
            size, codes = fitted[LN_CAP][d, inside], fitted[INDUSTRY][d, inside]
            if not np.isfinite(size).any():
                raise NoSizeError(str(features.dates[d]))
            block = features.values[d][..., inside, :].astype(np.float64)
            out[d][..., inside, :] = self._neutral(block, size.astype(np.float64), codes)
        return Panel(out, features.dates, features.assets, features.names, features.times)

    def _neutral(
        self,
        block: Float[ndarray, "*T A F"],
        size: Float[ndarray, " A"],
        codes: Float32[ndarray, " A"],
    ) -> Float[ndarray, "*T A F"]:
        """Z-scored residuals of one day's stocks (axis -2); 0 for what is absent."""
        absent = ~np.isfinite(block)
        if self.mads is not None:
            block = clipped_to_mads(block, absent, self.mads)
        usable = ~absent & np.isfinite(size)[:, None]
        columns = np.moveaxis(block, -2, -1)
        left = np.full(columns.shape, np.nan)
        for place in np.ndindex(columns.shape[:-1]):
            known = np.moveaxis(usable, -2, -1)[place]
            if known.any():
                groups = codes[known].astype(np.int32)
                left[place][known] = _left(columns[place][known], size[known], groups)
        z = zscore(left, flat="zero")
        return np.nan_to_num(np.moveaxis(z, -1, -2))


def _left(
    values: Float[ndarray, " N"], size: Float[ndarray, " N"], codes: Int[ndarray, " N"]
) -> Float[ndarray, " N"]:
    """The residual; 0 where it is rounding."""
    found = residual(values, size, codes)
    return np.zeros(len(values)) if found.std() <= ROUNDING * values.std() else found
