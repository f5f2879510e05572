"""rank_ic: how well scores order what follows."""

from typing import Literal

from intralpha.training.metric import MetricSpec
from intralpha.training.validation import Validation


class RankICMetricSpec(MetricSpec):
    """Mean daily RankIC of scores and labels [Spec 14, 17.1]."""

    kind: Literal["rank_ic"] = "rank_ic"

    @property
    def title(self) -> str:
        """See :attr:`MetricSpec.title`."""
        return "RankIC"

    def of(self, found: Validation) -> float:
        """See :meth:`MetricSpec.of`."""
        return found.rank_ic
