"""QualitySpec: what the checks take for granted, and how much may be wrong."""

from pydantic import Field

from intralpha.base import Spec


class QualitySpec(Spec):
    """Settings of the quality checks."""

    tick_yuan: float | None = Field(
        default=None, gt=0, description="price step, CNY; null: of each code's range"
    )
    fail_above: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="share of the rows looked at that a fault of values may reach; above it the "
        "run stops; null: it only says so",
    )
