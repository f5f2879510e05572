"""constant: the learning rate as it is."""

from typing import Literal

from intralpha.training.rate import RateSpec


class ConstantRateSpec(RateSpec):
    """The same rate in every epoch [Spec 14]."""

    kind: Literal["constant"] = "constant"

    def decay(self, epoch: int, max_epochs: int) -> float:
        """See :meth:`RateSpec.decay`."""
        del epoch, max_epochs
        return 1.0
