"""Exposures from price, volume and share counts alone."""

from typing import Literal

from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.market import Lake
from intralpha.risk.exposures import exposures
from intralpha.risk.spec import StyleWindows


class PriceVolumeSpec(StyleWindows):
    """Eight styles from price, volume and share counts [Spec 9.1, fall-back]."""

    kind: Literal["price_volume"] = "price_volume"

    def estimate(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Panel:
        """See :func:`intralpha.risk.exposures`."""
        return exposures(lake, dates, assets, mask_DA, self)
