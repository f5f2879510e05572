"""ExposureSpec: which style exposures a portfolio is held to, and the windows of ours."""

from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Kinded, Panel
from intralpha.market import Lake


class ExposureSpec(Kinded):
    """A set of style exposures. A new one is one new file."""

    homes = ("intralpha.risk",)
    default_kind = "price_volume"

    def estimate(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Panel:
        """Standardised exposures of every stock on every date.

        Parameters
        ----------
        lake : with ``daily``
        dates : sessions of the lake, ascending
        assets : symbols
        mask_DA : stocks over which each date is standardised, such as the universe

        Returns
        -------
        Panel, float32, shape [D, A, K], one name a style
            Known at the close of each date. NaN where a stock has no exposure.
        """
        raise NotImplementedError


class StyleWindows(ExposureSpec):
    """Windows of the descriptors of price and volume; the kinds below say what is made of them."""

    beta_days: int = Field(default=252, ge=5, description="window of beta")
    beta_half_life_days: float = Field(default=63.0, gt=0, description="of the weights of beta")
    momentum_days: int = Field(default=504, ge=5, description="window of momentum")
    momentum_skip_days: int = Field(default=21, ge=0, description="latest days left out of it")
    momentum_half_life_days: float = Field(default=126.0, gt=0, description="of its weights")
    volatility_days: int = Field(default=252, ge=5, description="window of the daily volatility")
    volatility_half_life_days: float = Field(default=42.0, gt=0, description="of its weights")
    month_days: int = Field(default=21, ge=2, description="sessions of one month")
    year_months: int = Field(default=12, ge=3, description="months of range and yearly turnover")
    reversal_days: int = Field(default=21, ge=1, description="window of short-term reversal")
    amihud_days: int = Field(default=20, ge=2, description="window of illiquidity")
    amihud_min_days: int = Field(default=15, ge=1, description="days with trades it needs")
    min_share: float = Field(
        default=0.6, gt=0, le=1, description="share of a window that must be there [Spec 2.7]"
    )
    winsor: float = Field(
        default=5.0, gt=0, description="cut at median +- this many scaled absolute deviations"
    )

    @property
    def lookback_days(self) -> int:
        """Sessions before a date that its exposures look at."""
        year = self.month_days * self.year_months
        longest = (
            self.momentum_days + self.momentum_skip_days,
            self.beta_days,
            self.volatility_days,
            year,
            self.reversal_days,
            self.amihud_days,
        )
        return max(longest)
