"""RowFilterSpec: which stocks of a date a network is trained on; one kind a file."""

from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Real, Shaped
from numpy import ndarray

from intralpha.base import Kinded
from intralpha.base.node import Read
from intralpha.market import Lake


class RowFilterSpec(Kinded):
    """A rule for the rows, stocks of a date, that are trained on [Spec 15.3].

    Validation and prediction are never restricted: what is chosen is what is used. A kind has
    either :meth:`keeps`, which is asked at the close of each date, or, where it is
    :attr:`by_label`, :meth:`keeps_labels`.

    Attributes
    ----------
    by_label : whether the rule looks at the label, which is known later than the date; such a rule
        reads nothing else
    """

    homes = ("intralpha.datasets.rows",)
    by_label: ClassVar[bool] = False

    def reads(self) -> tuple[Read, ...]:
        """What :meth:`keeps` reads of the lake, up to each date and no further."""
        return ()

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the spec by itself, in words; nothing is read."""
        return ()

    def keeps(
        self,
        lake: Lake,
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Bool[ndarray, "D A"]:
        """The rows that are trained on.

        Parameters
        ----------
        lake : with the tables of :meth:`reads`
        dates : datetime64[D], shape [D]; sessions, ascending, with gaps
        assets : str, shape [A]
        mask_DA : bool, shape [D, A]; the universe at each close

        Returns
        -------
        ndarray of bool, shape [D, A]
            Known at the close of each date.
        """
        raise NotImplementedError

    def keeps_labels(self, label_DAH: Real[ndarray, "D A H"]) -> Bool[ndarray, "D A"]:
        """The rows that are trained on, by their labels.

        Parameters
        ----------
        label_DAH : shape [D, A, H]; NaN where there is none

        Returns
        -------
        ndarray of bool, shape [D, A]
            **Looks forward**: known when the labels are.
        """
        raise NotImplementedError


def between_quantiles(
    values_DA: Real[ndarray, "D A"], low: float | None, high: float | None
) -> Bool[ndarray, "D A"]:
    """Whether a value lies between two quantiles of its date, both included.

    Parameters
    ----------
    values_DA : shape [D, A]; those that are not finite are absent, and lie nowhere
    low, high : shares of the date's values, interpolated between neighbours; None: no bound

    Examples
    --------
    >>> between_quantiles(np.array([[1.0, 2.0, 3.0, 4.0, 5.0, np.nan]]), 0.25, None).tolist()
    [[False, True, True, True, True, False]]
    """
    known = np.isfinite(values_DA)
    kept = known.copy()
    shares = (0.0 if low is None else low, 1.0 if high is None else high)
    for d in np.flatnonzero(known.any(axis=1)):
        least, most = np.quantile(values_DA[d, known[d]].astype(np.float64), shares)
        kept[d] &= (values_DA[d] >= least) & (values_DA[d] <= most)
    return kept
