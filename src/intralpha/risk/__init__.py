"""Style exposures of stocks: what a portfolio can be exposed to besides the alpha it seeks."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.base.cross_section import MaskShapeError
    from intralpha.risk.estimate import RiskEstimate, RiskEstimateError
    from intralpha.risk.exposures import STYLES, exposures
    from intralpha.risk.price_volume import PriceVolumeSpec
    from intralpha.risk.spec import ExposureSpec
    from intralpha.risk.standardise import fill_missing, residual, standardise

lazily(__name__)
