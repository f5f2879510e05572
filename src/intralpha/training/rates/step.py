"""step: a learning rate that is cut every few epochs."""

from typing import Literal

from pydantic import Field

from intralpha.training.rate import RateSpec


class StepRateSpec(RateSpec):
    r"""The rate times a factor after every n epochs, as :class:`torch.optim.lr_scheduler.StepLR`.

    .. math:: d_e = \gamma^{\lfloor (e - 1) / n \rfloor}
    """

    kind: Literal["step"] = "step"
    every: int = Field(default=10, gt=0, description="n, epochs between two cuts")
    factor: float = Field(default=0.5, gt=0, le=1, description="gamma, what is left after a cut")

    def decay(self, epoch: int, max_epochs: int) -> float:
        """See :meth:`RateSpec.decay`."""
        del max_epochs
        return self.factor ** ((epoch - 1) // self.every)
