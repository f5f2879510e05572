"""TrackingSpec: which factors are followed, against what, and which events are looked at."""

from datetime import date

from pydantic import Field, field_validator

from intralpha.base import Spec
from intralpha.features import FeatureSpec, LibrarySpec

COMMON = LibrarySpec(library="price_volume", names=("ret20", "vol20", "ln_amount20"))


class TrackingSpec(Spec):
    """How factors that run are followed, on the dates and by the returns of `test`."""

    factors: tuple[str, ...] = Field(
        default=(), description="factors that are followed; empty for all; the signal always is"
    )
    orthogonal_to: FeatureSpec | None = Field(
        default=COMMON,
        description="low-frequency factors that scores are made orthogonal to; null: scores as "
        "they are",
    )
    window: int = Field(
        default=24, ge=2, description="dates of rolling figures and of the band's mean"
    )
    sigmas: float = Field(
        default=2.0, gt=0, description="half width of the control band in standard errors"
    )
    stale: int = Field(
        default=1, ge=1, description="age in dates of the older scores that fading is measured by"
    )
    events: dict[str, tuple[date, date]] = Field(
        default_factory=dict,
        description="windows, first and last date, whose drawdowns are shown, by name",
    )

    @field_validator("events")
    @classmethod
    def _in_order(cls, events: dict[str, tuple[date, date]]) -> dict[str, tuple[date, date]]:
        for name, (start, end) in events.items():
            if start > end:
                raise ValueError(f"{name}: start {start} lies after end {end}")
        return events
