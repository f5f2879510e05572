"""EnrichSpec: the enriched minutes of a recipe's lake, made of its trades after the ingest."""

from datetime import date
from typing import ClassVar

from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake, LakeStep, StepDone


class EnrichSpec(LakeStep):
    """Minutes made of trades and snapshots, as `intralpha level2 enrich` makes them."""

    word: ClassVar[str] = "enrich"
    of: ClassVar[str] = "trades"
    reads: ClassVar = (("trades", None), ("snapshots", None), ("daily", None))
    writes: ClassVar = (("bars", 1), ("auctions", None))
    big_order: BigOrderSpec = Field(
        default=BigOrderSpec(), description="when is an order big: of big-order amounts of minutes"
    )

    def todo(self, lake: Lake, dates: Shaped[ndarray, " D"]) -> tuple[date, ...]:
        """Sessions whose minutes are not what trades, snapshots and settings give."""
        from intralpha.features.level2.enrich import plan_days

        return tuple(p.on for p in plan_days(lake, dates, self.big_order) if p.state == "to do")

    def make(self, lake: Lake, dates: Shaped[ndarray, " D"], show_progress: bool) -> StepDone:
        """Write the minutes; see :func:`intralpha.features.level2.enrich.enrich`.

        Parameters
        ----------
        lake, dates, show_progress : as there
        """
        from intralpha.features.level2.enrich import enrich

        report = enrich(lake, dates, self.big_order, show_progress)
        return StepDone(len(report.counts), report.to_text())
