"""linear: a learning rate that falls by the same amount in every epoch."""

from typing import Literal

from pydantic import Field

from intralpha.training.rate import RateSpec


class LinearRateSpec(RateSpec):
    r"""A straight line from 1 down to the floor, and the floor from then on.

    .. math:: d_e = 1 - (1 - f) \min(e - 1, E) / E

    with floor f and E epochs: :class:`torch.optim.lr_scheduler.LinearLR` from 1 to f.
    """

    kind: Literal["linear"] = "linear"
    floor: float = Field(default=0.0, ge=0, le=1, description="share that is left at the end")
    epochs: int | None = Field(
        default=None, gt=0, description="epochs of the fall; default: training.max_epochs"
    )

    def decay(self, epoch: int, max_epochs: int) -> float:
        """See :meth:`RateSpec.decay`."""
        whole = self.epochs or max_epochs
        return 1 - (1 - self.floor) * min(epoch - 1, whole) / whole
