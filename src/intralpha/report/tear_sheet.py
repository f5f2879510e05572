"""TearSheet: everything a report shows, gathered by the pipeline."""

from dataclasses import dataclass, field

import polars as pl

from intralpha.backtest import PortfolioRecord
from intralpha.evaluation import FactorReport


@dataclass(frozen=True, eq=False)
class TearSheet:
    """Content of one HTML report; parts that are empty are left out.

    Attributes
    ----------
    title, about : heading
    facts : label -> text, such as the period, the universe and the versions
    factors : tests of every factor, the leading one first
    portfolio : replay, or None
    training : history of the fits: factor, fold, seed, epoch, train_loss, valid_rank_ic
    quality : fault of the data -> count
    recipe : the resolved recipe as YAML
    """

    title: str
    about: str
    facts: dict[str, str]
    factors: tuple[FactorReport, ...]
    portfolio: PortfolioRecord | None = None
    training: pl.DataFrame | None = None
    quality: dict[str, int] = field(default_factory=dict)
    recipe: str = ""
