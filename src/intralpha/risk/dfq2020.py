"""The ten styles of DFQ-2020 [Spec 9.2]."""

from math import ceil
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.features.fama_french import residual_risk
from intralpha.market import Lake
from intralpha.risk import descriptors as raw
from intralpha.risk.cross_section import CrossSection, Descriptors
from intralpha.risk.dfq_prices import days_listed, dfq_price_descriptors, shrunk
from intralpha.risk.over_blocks import Block, styles_of
from intralpha.risk.spec import ExposureSpec
from intralpha.risk.statements import Statements, dfq_descriptors

MEANS = {
    "trend": ("trend_120", "trend_240"),
    "volatility": ("stdvol", "ivff", "range", "max_ret", "min_ret_turned"),
    "liquidity": ("turnover", "liquidity_beta"),
    "value": ("bp", "ep"),
    "growth": ("delta_roe", "sales_growth", "equity_growth"),
    "soe": ("state",),
}
DFQ_STYLES = ("size", "cubic_size", "beta", *MEANS, "certainty")


class Dfq2020Spec(ExposureSpec):
    """Ten styles: each the mean of its standardised descriptors [Spec 9.2]."""

    kind: Literal["dfq2020"] = "dfq2020"
    days: int = Field(default=243, ge=20, description="window of volatility, liquidity and beta")
    trend_days: tuple[int, int, int] = Field(
        default=(20, 120, 240), description="half-lives of the averages of the price in trend"
    )
    min_share: float = Field(
        default=0.6, gt=0, le=1, description="share of a window that must be there [Spec 2.7]"
    )
    winsor: float = Field(
        default=5.0, gt=0, description="cut at median +- this many scaled absolute deviations"
    )

    @property
    def lookback_days(self) -> int:
        """Sessions before a date that its exposures look at."""
        return max(self.days, 2 * max(self.trend_days))

    def estimate(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Panel:
        """Standardised exposures of every stock on every date.

        ==========  ==============================================================================
        size        ln(total cap)
        cubic_size  cube of size, less size
        beta        slope on the market, 243 days, shrunk to the mean by its standard error
        trend       EWMA(P, 20) / EWMA(P, 120), EWMA(P, 20) / EWMA(P, 240); half-lives, windows of
                    twice the longer
        volatility  std, residual std on three factors of Fama and French, max high / min low - 1,
                    mean of the 6 largest returns, that of the 6 smallest turned round; 243 days
        liquidity   mean log turnover, slope of log turnover on the market's mean; 243 days
        value       book / cap, earnings / cap
        growth      change of ROE, growth of sales and of equity, three years
        soe         share of owners of the state
        certainty   share of mutual funds, coverage less size, days since listing
        ==========  ==============================================================================

        Parameters
        ----------
        lake : with ``daily`` and ``fundamentals``; ``instruments`` for the days of listing
        dates : sessions of the lake, ascending
        assets : symbols; all of them make the market return, so give the whole market
        mask_DA : stocks over which each date is standardised, such as the universe

        Returns
        -------
        Panel, float32, shape [D, A, 10]
            Known at the close of each date. NaN for a stock that has never traded. Missing
            descriptors are left out of the mean; a stock without any has the mean of its industry,
            and a style that nobody has is 0 for all.
        """

        def make(block: Block) -> Float[ndarray, "D A K"]:
            least = ceil(self.min_share * self.days)
            parts = dfq_price_descriptors(block, lake, assets, self.days, self.trend_days, least)
            cap_DA = block.history.size_HA[block.rows]
            parts |= dfq_descriptors(Statements(lake, block.dates, assets), cap_DA)
            parts["size"] = raw.size(block.history, block.rows)
            parts["listed"] = days_listed(lake, block.dates, assets)
            parts["ivff"] = residual_risk(
                lake, block.history.dates, block.rows, assets, self.days, least
            )[..., 0]
            out = np.full((*block.mask_DA.shape, len(DFQ_STYLES)), np.nan)
            for d, present in block.present():
                one = {name: values[d, present] for name, values in parts.items()}
                cross = block.cross_section(d, present, self.winsor)
                styles = _styles(cross, one, block.mask_DA[d, present])
                out[d, present] = np.column_stack([styles[name] for name in DFQ_STYLES])
            return out

        return styles_of(lake, dates, assets, mask_DA, DFQ_STYLES, self.lookback_days, make)


def _styles(
    cross: CrossSection, one: Descriptors, core_A: Bool[ndarray, "A"]
) -> dict[str, Float[ndarray, "A"]]:
    """The ten, of one date."""
    size = cross.filled(cross.scaled(one["size"]))
    coverage = cross.left(cross.scaled(one["coverage"]), size[:, None])
    certain = {"funds": one["funds"], "coverage": coverage, "listed": one["listed"]}
    beta = shrunk(one["beta"], one["beta_error"], core_A)
    return {
        "size": size,
        "cubic_size": cross.apart(size**3, size[:, None]),
        "beta": cross.filled(cross.scaled(beta)),
        **{name: cross.style(one, dict.fromkeys(parts, 1.0)) for name, parts in MEANS.items()},
        "certainty": cross.style(certain, dict.fromkeys(certain, 1.0)),
    }
