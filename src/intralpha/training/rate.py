"""RateSpec: how the learning rate changes while a network trains, one kind a file."""

from pydantic import Field

from intralpha.base import Kinded


class RateSpec(Kinded):
    r"""Share of ``training.learning_rate`` at each step. A new one is one file with :meth:`decay`.

    .. math:: \eta_{s,e} = \eta \cdot \min(1, s / W) \cdot d_e

    with s the step and e the epoch, both counted from 1 and from the beginning of the training, W
    the steps of warm-up and :math:`d_e` the kind's own share. A function of the two numbers alone:
    a training that continues from a checkpoint has the rates of one that was never cut off.
    """

    homes = ("intralpha.training.rates",)
    warmup_steps: int = Field(
        default=0, ge=0, description="steps in which the rate rises in equal parts from 0"
    )

    def share(self, step: int, epoch: int, max_epochs: int) -> float:
        """Share of the learning rate at a step, warm-up and decay together.

        Parameters
        ----------
        step : from 1, over all epochs
        epoch : from 1
        max_epochs : of the training, if it is not stopped before
        """
        warm = min(1.0, step / self.warmup_steps) if self.warmup_steps else 1.0
        return warm * self.decay(epoch, max_epochs)

    def decay(self, epoch: int, max_epochs: int) -> float:
        """Share of the learning rate in an epoch, warm-up left aside.

        Parameters
        ----------
        epoch : from 1
        max_epochs : of the training, if it is not stopped before

        Returns
        -------
        float
            At least 0; usually 1 in the first epoch.
        """
        raise NotImplementedError
