"""Loader: opens what a training or a prediction needs, in the process that needs it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.panel import as_days
from intralpha.datasets.samples import Samples
from intralpha.datasets.schedule import Fold
from intralpha.datasets.transform import TransformSpec
from intralpha.labels.windows import session_places

Fitted = dict[str, Float32[ndarray, "..."]]


class LoaderAxesError(DataError):
    """The Panels of a Loader do not lie on the same axes."""

    def __init__(self, axis: str, features: Path, universe: Path) -> None:
        self.axis, self.features, self.universe = axis, features, universe
        super().__init__(
            f"the {axis} of {features} are not those of {universe}.\n"
            "Hint: compute both on the same dates and assets, in the same order."
        )


@dataclass(frozen=True)
class Loader:
    """Paths of saved Panels and how windows are made of them; sent to processes instead of data.

    Parameters
    ----------
    features : Panel [D, A, F] or [D, T, A, F] of successive sessions: a window is L rows of it
    universe : Panel [D, A, 2] of the same dates and assets, with ``universe`` (1: in the universe
        at the close) and ``traded`` (1: traded that day)
    label : Panel [D', A, 1] on sample dates; None where nothing is trained
    transform : pre-processing of the features; None where they have been through it already
    window_days : L, sessions in a window
    step : ``bar``: a step of a window is a bar of F numbers; ``day``: a day's T bars side by side
    """

    features: Path
    universe: Path
    label: Path | None
    transform: TransformSpec | None
    window_days: int
    step: Literal["bar", "day"] = "bar"

    def fit(self, fold: Fold) -> Fitted:
        """What the transform learns from every session up to the last training date.

        Parameters
        ----------
        fold : its last training date ends what is read

        Returns
        -------
        dict of float32 arrays
            Empty for a transform that learns nothing. Known at the close of ``fold.train[-1]``.

        Raises
        ------
        LoaderAxesError
        """
        if self.transform is None or not self.transform.fits:
            return {}
        features, masks = self._open()
        days = features.dates[features.dates <= fold.train[-1]]
        return self.transform.fit(features, days, masks["universe"] > 0)

    def samples(self, fitted: Fitted, dates: Shaped[ndarray, " n_dates"]) -> Samples:
        """Samples of the dates, with their features transformed.

        Parameters
        ----------
        fitted : what :meth:`fit` returned, for this fold or for the one whose weights are used
        dates : datetime64[D], sample dates, any order

        Returns
        -------
        Samples
            Its Panel holds the sessions from the first window to the last date and no others:
            memory-mapped where the transform leaves values as they are, else their float32 copy.

        Raises
        ------
        LoaderAxesError
        UnknownSampleDateError
            A date is no session of the features.
        """
        features, masks = self._open()
        places = session_places(features.dates, as_days(dates))
        first = max(int(places.min(initial=len(features.dates))) - self.window_days + 1, 0)
        rows = slice(first, int(places.max(initial=-1)) + 1)
        part = replace(features, values=features.values[rows], dates=features.dates[rows])
        mask_DA = masks["universe"][rows] > 0
        transform = self.transform
        return Samples(
            features=part if transform is None else transform.apply(part, mask_DA, fitted),
            present_DA=masks["traded"][rows] > 0,
            mask_DA=mask_DA,
            window_days=self.window_days,
            label=None if self.label is None else Panel.load(self.label),
            ratio_clip=0.0 if transform is None else transform.ratio_clip,
            day_steps=self.step == "day",
        )

    def _open(self) -> tuple[Panel, Panel]:
        features, masks = Panel.load(self.features), Panel.load(self.universe)
        for axis in ("dates", "assets"):
            if not np.array_equal(getattr(features, axis), getattr(masks, axis)):
                raise LoaderAxesError(axis, self.features, self.universe)
        return features, masks
