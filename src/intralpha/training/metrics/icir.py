"""icir: how steadily scores order what follows."""

from typing import Literal

from intralpha.evaluation import summarise
from intralpha.training.metric import MetricSpec
from intralpha.training.validation import Validation


class ICIRMetricSpec(MetricSpec):
    """Mean of the daily RankIC over its standard deviation, not annualised [Spec 15.1, 17.1].

    Seed 000 stops on that of an interval after the training block.
    """

    kind: Literal["icir"] = "icir"

    @property
    def title(self) -> str:
        """See :attr:`MetricSpec.title`."""
        return "ICIR"

    @property
    def days(self) -> int:
        """Two: a standard deviation needs them."""
        return 2

    def of(self, found: Validation) -> float:
        """See :meth:`MetricSpec.of`."""
        return float(summarise(found.rank_ic_D).icir)
