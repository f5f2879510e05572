"""Risk model of named factors: country, industries and styles."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.cross_section_fit import fit_cross_section
from intralpha.risk.design import designs
from intralpha.risk.eigenfactor import eigenfactor_adjusted
from intralpha.risk.estimate import RiskEstimate
from intralpha.risk.factor_covariance import factor_covariance
from intralpha.risk.model import SessionReturns, WindowedRisk, laid_out
from intralpha.risk.past_returns import caps_of, past_returns
from intralpha.risk.price_volume import PriceVolumeSpec
from intralpha.risk.regime import regime_multiplier
from intralpha.risk.spec import ExposureSpec
from intralpha.risk.specific import specific_variance

BLOCK_SESSIONS = 125


class FactorRiskSpec(WindowedRisk):
    """Country, industries and styles; a weighted cross-sectional fit a session [Spec 9.5]."""

    kind: Literal["factors"] = "factors"
    exposures: ExposureSpec = Field(default=PriceVolumeSpec(), description="the styles")
    scheme: str | None = Field(
        default=None, description="industries; null: the first by alphabet that has begun"
    )
    lags: int = Field(default=2, ge=0, description="of Newey and West, sessions")
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
            known = designs(lake, found.before, assets, mask_DA[part], self.exposures, self.scheme)
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

    def estimate(
        self,
        lake: Lake,
        date: np.datetime64,
        assets: Shaped[ndarray, "A"],
        mask_A: Bool[ndarray, "mask_A"],
        past: Sequence[SessionReturns],
    ) -> RiskEstimate:
        """Exposures of the date, and covariance and specific variances of the sessions up to it.

        Parameters
        ----------
        lake, date, assets, mask_A, past : as of :meth:`RiskModelSpec.estimate`
        """
        self.check_past(date, past)
        day = as_days([date])
        design = next(
            iter(designs(lake, day, assets, mask_A[None, :], self.exposures, self.scheme))
        )
        known = np.isfinite(design.loadings_AK).all(axis=1)
        names, x_AK = design.names, design.loadings_AK[known]
        returns, left = laid_out(past[-self.window_days :], names, assets[known])
        specific = specific_variance(
            left,
            x_AK,
            caps_of(lake, day, assets)[0, known],
            self.half_life_days,
            self.young_days,
            self.decile_weight,
        )
        if self.regime_half_life_days is not None:
            half_lives = self.half_life_days, self.regime_half_life_days
            specific = specific * regime_multiplier(left, *half_lives)
        return RiskEstimate(assets[known], names, x_AK, self.covariance(returns), specific)

    def covariance(self, returns_TK: Float[ndarray, "T K"]) -> Float[ndarray, "K K"]:
        """Covariance of the factors from their past returns, adjusted as the settings say.

        Parameters
        ----------
        returns_TK : oldest first, NaN where a factor has none
        """
        cov = factor_covariance(returns_TK, self.half_life_days, self.lags)
        if self.eigenfactor is not None:
            cov = eigenfactor_adjusted(cov, len(returns_TK), self.half_life_days, self.eigenfactor)
        if self.regime_half_life_days is not None:
            half_lives = self.half_life_days, self.regime_half_life_days
            cov = cov * regime_multiplier(returns_TK, *half_lives)
        return cov
