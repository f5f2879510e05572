"""Style exposures, what a portfolio is held neutral to."""

from intralpha.risk.exposures import STYLES, ExposureSpec, exposures

__all__ = ["STYLES", "ExposureSpec", "exposures"]
