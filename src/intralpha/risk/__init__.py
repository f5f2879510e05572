"""Style exposures of stocks, and models of their risk: what a portfolio can be exposed to besides
the alpha it seeks.
"""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.base.cross_section import MaskShapeError
    from intralpha.risk.bias import bias_statistic, qlike
    from intralpha.risk.cne5 import CNE5_STYLES, Cne5Spec
    from intralpha.risk.dfq2020 import DFQ_STYLES, Dfq2020Spec
    from intralpha.risk.estimate import RiskEstimate, RiskEstimateError
    from intralpha.risk.exposures import STYLES, exposures
    from intralpha.risk.factors import FactorRiskSpec
    from intralpha.risk.model import RiskHistoryError, RiskModelSpec, SessionReturns
    from intralpha.risk.pca import PcaRiskSpec
    from intralpha.risk.price_volume import PriceVolumeSpec
    from intralpha.risk.rolling import rolling_estimates
    from intralpha.risk.saved import load_estimate, load_session, save_estimate, save_session
    from intralpha.risk.spec import ExposureSpec
    from intralpha.risk.standardise import fill_missing, residual, standardise

lazily(__name__)
