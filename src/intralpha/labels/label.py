"""LabelSpec: what a network learns, made from forward returns; one kind a file."""

from datetime import time

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Kinded, Panel
from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.labels.forward import fwd_buyable
from intralpha.market import Lake
from intralpha.market.hours import DAY_CLOSE

FWD_LABEL = "fwd_label"


class LabelSpec(Kinded):
    """A label. A new one is one new file with the first three members below.

    Every label **looks forward** by :attr:`offset` sessions: the purge counts them, and nothing
    but training, validation and tests may see the values.
    """

    homes = ("intralpha.labels",)

    @property
    def offset(self) -> int:
        """Sessions from the sample date to the last price that is used; the purge needs it.

        0 only where all of it lies on the date itself, after :attr:`begins`.
        """
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns; most labels have one."""
        return (FWD_LABEL,)

    @property
    def classes(self) -> tuple[int, ...]:
        """The whole numbers it takes, ascending, where it tells classes; most labels: none."""
        return ()

    @property
    def in_turn(self) -> bool:
        """Whether its columns are the returns of the next sessions, one each; most labels: no."""
        return False

    @property
    def begins(self) -> time:
        """When on the sample date its first return may begin; most labels: at the close.

        A network that sees more of the date would see part of what it is to predict.
        """
        return DAY_CLOSE

    @property
    def raw(self) -> "tuple[LabelSpec, ...]":
        """Labels that are the returns it is made of, if they begin before the close; most: none.

        A score that is known by then is tested with them, for the returns that a recipe tests
        others with begin later.
        """
        return ()

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """The label of every stock on every sample date [Spec 11].

        Parameters
        ----------
        lake : with the tables of :meth:`reads`
        dates : datetime64[D], shape [D]; sessions of the lake, ascending
        assets : str, shape [A]; any order
        mask_DA : ndarray of bool, shape [D, A], optional
            The cross-section that is standardised together; default: all.

        Returns
        -------
        Panel, float32, shape [D, A, H], names :attr:`columns`; H is 1 for most labels
            NaN outside the mask, where the stock does not trade or is limit-locked all day on
            t+1, and where the window reaches past the lake. Days without trades later in the
            window carry the last close. Known at the close of t + :attr:`offset`.

        Raises
        ------
        UnknownSampleDateError
            A date is no session of the lake.
        """
        raise NotImplementedError

    def reads(self) -> tuple[Read, ...]:
        """Tables and sessions around a sample date that decide its label, and no others."""
        raise NotImplementedError

    def over(self, lake: Lake, universe: Panel) -> Panel:
        """The label of the stocks of a universe that can be bought on the next session.

        Parameters
        ----------
        lake : with the tables of :meth:`reads`, and ``daily`` up to the session after each date
        universe : Panel [D, A, F], name ``universe``, above 0 inside; its dates are the sample
            dates, sessions of the lake

        Returns
        -------
        Panel, float32, shape [D, A, H], names :attr:`columns`
            As of :meth:`compute`, on the axes of ``universe``; these stocks are standardised
            together, the others are NaN.

        Raises
        ------
        UnknownSampleDateError
            A date is no session of the lake.
        """
        dates, assets = universe.dates, universe.assets
        mask = (universe["universe"] > 0) & fwd_buyable(lake, dates, assets)
        return self.compute(lake, dates, assets, mask)


def label_panel(
    values_DA: Float[ndarray, "D A"], dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> Panel:
    """Values as the Panel of a label.

    Parameters
    ----------
    values_DA : float, shape [D, A]; NaN where there is no label
    dates, assets : the axes, shapes [D] and [A]

    Returns
    -------
    Panel, float32, shape [D, A, 1], name ``fwd_label``
    """
    return Panel(values_DA.astype(np.float32)[:, :, None], as_days(dates), assets, (FWD_LABEL,))
