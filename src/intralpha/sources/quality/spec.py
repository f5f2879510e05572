"""QualitySpec: how much of the data may be wrong."""

from pydantic import Field

from intralpha.base import Spec


class QualitySpec(Spec):
    """Settings of the quality checks."""

    fail_above: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="share of the rows looked at that a fault of values may reach; above it the "
        "run stops; null: it only says so",
    )
