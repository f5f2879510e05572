"""GridSpec: which sessions are sample, test or decision dates, one kind a file."""

from typing import ClassVar

from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Kinded


class GridSpec(Kinded):
    """A choice of sessions on which samples are taken, factors tested or decisions made."""

    homes = ("intralpha.datasets",)
    default_kind: ClassVar[str | None] = "every"

    def dates(self, sessions: Shaped[ndarray, " n_sessions"]) -> Shaped[ndarray, " D"]:
        """Dates of the grid among the sessions, ascending.

        Parameters
        ----------
        sessions : datetime64[D], ascending; all sessions from a fixed first one to today

        Returns
        -------
        ndarray of datetime64[D], shape [D]
            More sessions at the end add dates at the end and change none.
        """
        raise NotImplementedError
