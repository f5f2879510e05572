"""WeighingSpec: how much each training date counts; one kind a file."""

from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import Kinded
from intralpha.base.node import Read
from intralpha.market import Lake


class WeighingSpec(Kinded):
    """Weights of training dates, from what is known before the first date that is predicted."""

    homes = ("intralpha.datasets.weighing",)

    def reads(self) -> tuple[Read, ...]:
        """What is read of the lake, up to the last session before the first predicted date."""
        return ()

    def weigh(
        self,
        lake: Lake | None,
        sessions: Shaped[ndarray, " S"],
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"] | None = None,
    ) -> Float[ndarray, " D"]:
        """Weights of the dates; only their ratios count.

        Parameters
        ----------
        lake : with the tables of :meth:`reads`; it may hold later sessions, of which nothing may be
            used. None where nothing is read
        sessions : datetime64[D], shape [S], ascending; the last is the one at whose close the
            weights are made, the last before the first predicted date
        dates : datetime64[D], shape [D], training dates among the sessions, ascending
        assets : str, shape [A], stocks that count; default: all of the lake

        Returns
        -------
        ndarray of float64, shape [D]
            0 or more, not all 0. Known at the close of ``sessions[-1]``.
        """
        raise NotImplementedError
