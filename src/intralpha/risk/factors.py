"""Risk model of named factors: country, industries and styles."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.cross_section_fit import fit_cross_section, fit_map
from intralpha.risk.design import Design, designs
from intralpha.risk.eigenfactor import eigenfactor_adjusted
from intralpha.risk.estimate import RiskEstimate
from intralpha.risk.factor_covariance import factor_covariance
from intralpha.risk.fit_error import leverages, without_fit_error
from intralpha.risk.laid import LaidSessions
from intralpha.risk.model import SessionReturns
from intralpha.risk.past_returns import caps_of, past_returns
from intralpha.risk.price_volume import PriceVolumeSpec
from intralpha.risk.regime import regime_multiplier
from intralpha.risk.spec import ExposureSpec
from intralpha.risk.specific import specific_variance
from intralpha.risk.windowed import Estimator, WindowedRisk

BLOCK_SESSIONS = 125


class FactorRiskSpec(WindowedRisk):
    """Country, industries and styles; a weighted cross-sectional fit a session [Spec 9.5]."""

    kind: Literal["factors"] = "factors"
    exposures: ExposureSpec = Field(default=PriceVolumeSpec(), description="the styles")
    scheme: str | None = Field(
        default=None, description="industries; null: the first by alphabet that has begun"
    )
    industry_min_stocks: int = Field(
        default=10,
        ge=1,
        description="industries with fewer stocks in the universe are one, industry:other",
    )
    lags: int = Field(default=2, ge=0, description="of Newey and West, sessions")
    fit_error: bool = Field(
        default=True,
        description="whether what the daily fits take from single stocks and give to the factors "
        "is turned back",
    )
    eigenfactor: float | None = Field(
        default=None, gt=0, description="scale of the eigenfactor adjustment; null: none"
    )
    regime_half_life_days: float | None = Field(
        default=None, gt=0, description="of the volatility-regime adjustment; null: none"
    )

    def explain(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Iterator[SessionReturns]:
        """Fit each session's returns on the exposures of the close before it.

        Parameters
        ----------
        lake, dates, assets, mask_DA : as of :meth:`RiskModelSpec.explain`
        """
        days = as_days(dates)
        for start in range(0, len(days), BLOCK_SESSIONS):
            part = slice(start, start + BLOCK_SESSIONS)
            found = past_returns(lake, days[part], assets)
            known = self._designs(lake, found.before, assets, mask_DA[part])
            for d, design in enumerate(known):
                core = mask_DA[part][d]
                fit = fit_cross_section(found.ret_DA[d], design, found.cap_before_DA[d], core)
                told = np.isfinite(fit.left_A)
                yield SessionReturns(
                    days[part][d],
                    design.names,
                    fit.returns_K,
                    assets[told],
                    fit.left_A[told],
                    fit.r2,
                )

    def estimators(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Iterator[Estimator]:
        """Exposures of each date, and covariance and specific variances of the sessions up to it.

        Parameters
        ----------
        lake, dates, assets, mask_DA : as of :meth:`WindowedRisk.estimators`
        """
        made = self._designs(lake, dates, assets, mask_DA)
        caps = caps_of(lake, dates, assets)
        for design, cap_A, core_A in zip(made, caps, mask_DA, strict=True):
            yield partial(self.estimated, design, cap_A, core_A)

    def _designs(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Iterator[Design]:
        where = lake, dates, assets, mask_DA
        return designs(*where, self.exposures, self.scheme, self.industry_min_stocks)

    def estimated(
        self,
        design: Design,
        cap_A: Float[ndarray, "A"],
        mask_A: Bool[ndarray, "A"],
        laid: LaidSessions,
        past: Sequence[SessionReturns],
    ) -> RiskEstimate:
        """The estimate of a date, its exposures being known.

        Parameters
        ----------
        design : exposures of the date
        cap_A : CNY, of its close
        mask_A : stocks that would be fitted: the universe of the date
        laid : on the stocks of the design
        past : explained sessions up to the date, ascending
        """
        known = np.asarray(np.isfinite(design.loadings_AK).all(axis=1))
        names, x_AK, cap = design.names, design.loadings_AK[known], cap_A[known]
        returns, left = laid.of(past[-self.window_days :], names, known)
        map_KA = None
        if self.fit_error:
            map_KA = fit_map(Design(names, x_AK, design.industries), cap, mask_A[known])
        leverage = None if map_KA is None else leverages(x_AK, map_KA)
        windows = self.half_life_days, self.young_days, self.decile_weight
        specific = specific_variance(left, x_AK, cap, *windows, leverage)
        cov = factor_covariance(returns, self.half_life_days, self.lags)
        if map_KA is not None:
            cov = without_fit_error(cov, map_KA, specific)
        if self.regime_half_life_days is not None:
            half_lives = self.half_life_days, self.regime_half_life_days
            specific = specific * regime_multiplier(left, *half_lives)
        return RiskEstimate(laid.assets[known], names, x_AK, self.adjusted(cov, returns), specific)

    def adjusted(
        self, cov_KK: Float[ndarray, "K K"], returns_TK: Float[ndarray, "T K"]
    ) -> Float[ndarray, "K K"]:
        """Covariance of the factors, adjusted as the settings say.

        Parameters
        ----------
        cov_KK : covariance
        returns_TK : what it was made from, oldest first, NaN where a factor has none
        """
        half_life, sessions = self.half_life_days, len(returns_TK)
        if self.eigenfactor is not None:
            cov_KK = eigenfactor_adjusted(cov_KK, sessions, half_life, self.eigenfactor)
        if self.regime_half_life_days is not None:
            cov_KK = cov_KK * regime_multiplier(returns_TK, half_life, self.regime_half_life_days)
        return cov_KK
