"""EnhancementSpec: what an index-enhancement portfolio and its replay are made of."""

from pydantic import Field

from intralpha.backtest.benchmark import BenchmarkSpec
from intralpha.backtest.benchmark_float_cap import FloatCapBenchmarkSpec
from intralpha.backtest.spec import BacktestSpec
from intralpha.base import Spec
from intralpha.datasets.grid import GridSpec
from intralpha.portfolio import PortfolioSpec
from intralpha.risk import ExposureSpec, PriceVolumeSpec, RiskModelSpec


class EnhancementSpec(Spec):
    """An index-enhancement portfolio made from the combined signal, and its replay."""

    benchmark: BenchmarkSpec = Field(
        default=FloatCapBenchmarkSpec(), description="what the portfolio is measured against"
    )
    grid: GridSpec | None = Field(
        default=None, description="dates of decisions; null: the recipe's grid"
    )
    every: int = Field(default=1, gt=0, description="dates of the grid between decisions")
    exposures: ExposureSpec = Field(
        default=PriceVolumeSpec(), description="style exposures that constraints may name"
    )
    risk: RiskModelSpec | None = Field(
        default=None, description="covariance of the stocks' returns; null: none is estimated"
    )
    problem: PortfolioSpec = Field(
        default=PortfolioSpec(), description="what is maximised under which constraints"
    )
    backtest: BacktestSpec = Field(default=BacktestSpec(), description="mechanics of the replay")
