"""RebuildSpec: snapshots of a recipe's lake, rebuilt of its orders and trades after the ingest."""

from datetime import date
from typing import ClassVar

from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.market import Lake, LakeStep, StepDone

LEFT = ("done", "no orders")


class RebuildSpec(LakeStep):
    """Ten levels of the book, rebuilt as `intralpha level2 snapshots` rebuilds them."""

    word: ClassVar[str] = "snapshots"
    of: ClassVar[str] = "orders"
    reads: ClassVar = (("orders", None), ("trades", None))
    writes: ClassVar = (("snapshots", None),)
    every_seconds: int = Field(default=3, ge=1, description="seconds between snapshots")
    fill: bool = Field(
        default=False,
        description="where a day has published snapshots, rebuild those of other stocks",
    )

    def todo(self, lake: Lake, dates: Shaped[ndarray, " D"]) -> tuple[date, ...]:
        """Sessions whose snapshots are not what orders and trades give, or are published."""
        from intralpha.sources.replay.rebuild import plan_rebuild

        plans = plan_rebuild(lake, dates, self.every_seconds * 1000)
        return tuple(p.on for p in plans if p.state not in LEFT)

    def make(self, lake: Lake, dates: Shaped[ndarray, " D"], show_progress: bool) -> StepDone:
        """Write the snapshots; see :func:`intralpha.sources.replay.rebuild.rebuild`.

        Parameters
        ----------
        lake, dates, show_progress : as there

        Raises
        ------
        PublishedSnapshotsError, OtherStepError
            Sessions have snapshots that are never overwritten.
        """
        from intralpha.sources.replay.rebuild import rebuild

        step_ms = self.every_seconds * 1000
        report = rebuild(lake, dates, step_ms, fill=self.fill, show_progress=show_progress)
        return StepDone(len(report.made), report.to_text())
