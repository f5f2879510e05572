"""cosine: a learning rate that falls like half a cosine."""

import math
from typing import Literal

from pydantic import Field

from intralpha.training.rate import RateSpec


class CosineRateSpec(RateSpec):
    r"""Slow at first, fast in the middle, slow at the end.

    .. math:: d_e = f + (1 - f) \frac{1 + \cos(\pi \min(e - 1, E) / E)}{2}

    with floor f and E epochs: :class:`torch.optim.lr_scheduler.CosineAnnealingLR` with T_max = E,
    which stays at its floor after E epochs.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.
    """

    kind: Literal["cosine"] = "cosine"
    floor: float = Field(default=0.0, ge=0, le=1, description="share that is left at the end")
    epochs: int | None = Field(
        default=None, gt=0, description="epochs of the fall; default: training.max_epochs"
    )

    def decay(self, epoch: int, max_epochs: int) -> float:
        """See :meth:`RateSpec.decay`."""
        whole = self.epochs or max_epochs
        fall = (1 + math.cos(math.pi * min(epoch - 1, whole) / whole)) / 2
        return self.floor + (1 - self.floor) * fall
