"""TransformSpec: raw features to what a network eats; one kind a file."""

from typing import ClassVar

from jaxtyping import Bool, Float32, Shaped
from numpy import ndarray

from intralpha.base import Kinded, Panel
from intralpha.base.node import Read
from intralpha.market import Lake


class TransformSpec(Kinded):
    """Pre-processing of features. What it learns from data it learns on training days only.

    Attributes
    ----------
    fits : whether :meth:`fit` learns anything
    alone : whether :meth:`apply` is all there is to it and works on each day alone, so that days
        can be transformed once for all folds
    """

    homes = ("intralpha.datasets",)
    fits: ClassVar[bool] = False
    alone: ClassVar[bool] = False

    @property
    def ratio_clip(self) -> float:
        """Bound of the z-scores of ratio windows (inf for none); 0: windows stay as they are."""
        return 0.0

    def reads(self) -> tuple[Read, ...]:
        """What :meth:`looks_up` reads, up to each day; most transforms: nothing."""
        return ()

    def looks_up(
        self, lake: Lake, dates: Shaped[ndarray, " D"], assets: Shaped[ndarray, " A"]
    ) -> dict[str, Float32[ndarray, "..."]]:
        """What the transform needs to know of the days besides the features.

        Only for transforms that are :attr:`alone`: :meth:`apply` then gets it as ``fitted``.

        Parameters
        ----------
        lake : with the tables of :meth:`reads`
        dates : datetime64[D], shape [D]; sessions
        assets : str, shape [A]

        Returns
        -------
        dict of float32 arrays by name
            Known at the close of each date. Empty for most.
        """
        del lake, dates, assets
        return {}

    def fit(
        self,
        features: Panel,
        days: Shaped[ndarray, " n_days"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> dict[str, Float32[ndarray, "..."]]:
        """What the transform learns.

        Parameters
        ----------
        features : Panel, [D, A, F] or [D, T, A, F]; where folds are trained, it ends with the last
            training day: what is later is not there to be read
        days : datetime64[D], training days; nothing else is read
        mask_DA : bool, shape [D, A]; stocks that count

        Returns
        -------
        dict of float32 arrays by name
            Empty unless :attr:`fits`. Known at the close of the last of ``days``.
        """
        del features, days, mask_DA
        return {}

    def apply(
        self,
        features: Panel,
        mask_DA: Bool[ndarray, "D A"],
        fitted: dict[str, Float32[ndarray, "..."]],
    ) -> Panel:
        """The transformed features.

        Parameters
        ----------
        features : Panel, [D, A, F] or [D, T, A, F]; any days, each is treated alone
        mask_DA : bool, shape [D, A]; stocks that count
        fitted : what :meth:`fit` or :meth:`looks_up` returned

        Returns
        -------
        Panel of the same shape, float32
            The same object where nothing is to do. Known when features and ``fitted`` are.
        """
        raise NotImplementedError
