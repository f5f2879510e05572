"""loss: the objective itself on the validation days."""

from typing import Literal

from intralpha.training.metric import MetricSpec
from intralpha.training.validation import Validation


class LossMetricSpec(MetricSpec):
    """Mean over days of the objective's loss, in eval mode; the lower the better."""

    kind: Literal["loss"] = "loss"

    @property
    def sign(self) -> int:
        """Less is better."""
        return -1

    @property
    def days(self) -> int:
        """None: a loss needs two stocks, no RankIC."""
        return 0

    @property
    def of_loss(self) -> bool:
        """It does."""
        return True

    def of(self, found: Validation) -> float:
        """See :meth:`MetricSpec.of`."""
        return found.loss
