"""ExploreSpec: which facts of its data a run lays beside its results."""

from pydantic import Field

from intralpha.base import Spec
from intralpha.explore.memory import LAGS


class ExploreSpec(Spec):
    """Memory of the returns of the run's stocks, and coverage and distribution of its features."""

    lags: int = Field(default=LAGS, ge=1, description="longest lag, in rows of each series")
    stocks: tuple[str, ...] = Field(
        default=(), description="one symbol or some, such as 600000.SH; empty: the median of all"
    )
    features: bool = Field(
        default=True,
        description="coverage and distribution of the features of every factor, date by date",
    )
    freq: int | None = Field(
        default=None,
        gt=0,
        description="minutes of the bars that half-hourly and rolling one-day returns are made of; "
        "null: `data.bar_freq`; without both daily returns alone",
    )
