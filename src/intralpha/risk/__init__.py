"""Style exposures of stocks: what a portfolio can be exposed to besides the alpha it seeks."""

from intralpha.base.cross_section import MaskShapeError
from intralpha.risk.exposures import STYLES, exposures
from intralpha.risk.price_volume import PriceVolumeSpec
from intralpha.risk.spec import ExposureSpec
from intralpha.risk.standardise import fill_missing, residual, standardise

__all__ = [
    "STYLES",
    "ExposureSpec",
    "MaskShapeError",
    "PriceVolumeSpec",
    "exposures",
    "fill_missing",
    "residual",
    "standardise",
]
