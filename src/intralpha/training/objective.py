"""ObjectiveSpec: what a network minimises, one kind a file."""

from jaxtyping import Float
from torch import Tensor

from intralpha.base import Kinded

EPSILON = 1e-8


class ObjectiveSpec(Kinded):
    """A loss of scores against labels. A new one is one new file with :meth:`loss`."""

    homes = ("intralpha.training",)

    def loss(self, score: Float[Tensor, " B"], label: Float[Tensor, " B"]) -> Float[Tensor, ""]:
        """The loss of one batch.

        Parameters
        ----------
        score : [B], output of the network
        label : [B], finite labels

        Returns
        -------
        scalar with a gradient; lower is better
        """
        raise NotImplementedError


def standardise(score: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """Batch norm without parameters: population z-score of ``[B]``; constant scores become 0."""
    centred = score - score.mean()
    return centred / (centred.square().mean() + EPSILON**2).sqrt()
