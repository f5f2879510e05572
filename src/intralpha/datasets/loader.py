"""Loader: opens what a training or a prediction needs, in the process that needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.half import HalfPanel, is_half
from intralpha.base.panel import as_days
from intralpha.datasets.samples import Samples
from intralpha.datasets.schedule import Fold
from intralpha.datasets.transform import TransformSpec
from intralpha.datasets.window import CutSpec, Window
from intralpha.labels.windows import session_places

Fitted = dict[str, Float32[ndarray, "..."]]  # "INPUT.ARRAY" -> what a transform learned


class LoaderAxesError(DataError):
    """The Panels of a Loader do not lie on the same axes."""

    def __init__(self, axis: str, features: Path, universe: Path) -> None:
        self.axis, self.features, self.universe = axis, features, universe
        super().__init__(
            f"the {axis} of {features} are not those of {universe}.\n"
            "Hint: compute both on the same dates and assets, in the same order."
        )


@dataclass(frozen=True)
class View:
    """What a network sees under one name: where it is saved and how windows are made of it.

    Parameters
    ----------
    path : Panel [D, A, F] or [D, T, A, F] of successive sessions, or one of float16
    cut : which sessions a window holds, and how their bars stand
    transform : pre-processing; None where the Panel has been through it already
    """

    path: Path
    cut: CutSpec
    transform: TransformSpec | None

    @property
    def ratio_clip(self) -> float:
        """Bound of the z-scores of ratio windows; 0: windows stay as they are."""
        return 0.0 if self.transform is None else self.transform.ratio_clip


@dataclass(frozen=True)
class Loader:
    """Paths of saved Panels and how windows are made of them; sent to processes instead of data.

    Parameters
    ----------
    views : the inputs by name, all of the same dates and assets
    universe : Panel [D, A, 2] of the same dates and assets, with ``universe`` (1: in the universe
        at the close) and ``traded`` (1: traded that day); of the day before where all windows end
        before the close
    label : Panel [D', A, H] on sample dates; None where nothing is trained
    valid_label : Panel [D", A, H'] on validation dates, if scores are compared with another label
        there; else None
    rows : Panels [D', A, 1] on sample dates, each a mask of the rows that are trained on; empty:
        all rows
    """

    views: Mapping[str, View]
    universe: Path
    label: Path | None
    valid_label: Path | None = None
    rows: tuple[Path, ...] = ()

    @staticmethod
    def of(
        features: Path,
        universe: Path,
        label: Path | None,
        transform: TransformSpec | None,
        cut: CutSpec,
    ) -> "Loader":
        """A loader of one input, named ``x``.

        Parameters
        ----------
        features, universe, label : saved Panels, as of the class
        transform : pre-processing; None where the features have been through it already
        cut : how windows are made
        """
        return Loader({"x": View(features, cut, transform)}, universe, label)

    @property
    def span(self) -> int:
        """Sessions from the first of the longest window to its last."""
        return max(view.cut.span for view in self.views.values())

    def fit(self, fold: Fold) -> Fitted:
        """What the transforms learn from every session up to the last training date.

        Parameters
        ----------
        fold : its last training date ends what is read

        Returns
        -------
        dict of float32 arrays
            ``INPUT.ARRAY``; empty for transforms that learn nothing. Known at the close of
            ``fold.train[-1]``.

        Raises
        ------
        LoaderAxesError
        """
        fitted: Fitted = {}
        masks = Panel.load(self.universe)
        for name, view in self.views.items():
            if view.transform is None or not view.transform.fits:
                continue
            features = _wide(self._features(view, masks))
            n = int(np.searchsorted(features.dates, fold.train[-1], side="right"))
            known = features.days(slice(n))
            learned = view.transform.fit(known, known.dates, masks["universe"][:n] > 0)
            fitted |= {f"{name}.{array}": values for array, values in learned.items()}
        return fitted

    def samples(self, fitted: Fitted, dates: Shaped[ndarray, " n_dates"]) -> Samples:
        """Samples of the dates, with their features transformed.

        Parameters
        ----------
        fitted : what :meth:`fit` returned, for this fold or for the one whose weights are used
        dates : datetime64[D], sample dates, any order

        Returns
        -------
        Samples
            Its Panels hold the sessions from the first window to the last date and no others:
            memory-mapped where the transform leaves values as they are, float16 where that is
            kept, else their float32 copy.

        Raises
        ------
        LoaderAxesError
        UnknownSampleDateError
            A date is no session of the features.
        """
        masks = Panel.load(self.universe)
        places = session_places(masks.dates, as_days(dates))
        first = max(int(places.min(initial=len(masks.dates))) - self.span + 1, 0)
        rows = slice(first, int(places.max(initial=-1)) + 1)
        mask_DA = masks["universe"][rows] > 0
        return Samples(
            {name: self._window(name, rows, masks, fitted) for name in self.views},
            present_DA=masks["traded"][rows] > 0,
            mask_DA=mask_DA,
            label=None if self.label is None else Panel.load(self.label),
            valid_label=None if self.valid_label is None else Panel.load(self.valid_label),
            rows=self._rows(),
        )

    def _rows(self) -> Panel | None:
        """The masks beside each other; None where all rows are trained on."""
        masks = [Panel.load(path) for path in self.rows]
        if not masks:
            return None
        names = tuple(name for mask in masks for name in mask.names)
        return replace(masks[0], values=np.concatenate([m.values for m in masks], 2), names=names)

    def _window(self, name: str, rows: slice, masks: Panel, fitted: Fitted) -> Window:
        view = self.views[name]
        features = self._features(view, masks)
        part = features.days(rows)
        if view.transform is not None:
            part = _wide(part)
            mine = {k.removeprefix(f"{name}."): v for k, v in fitted.items() if _owner(k) == name}
            part = view.transform.apply(part, masks["universe"][rows] > 0, mine)
        return Window(part, view.cut, view.ratio_clip)

    def _features(self, view: View, masks: Panel) -> Panel | HalfPanel:
        features = HalfPanel.load(view.path) if is_half(view.path) else Panel.load(view.path)
        for axis in ("dates", "assets"):
            if not np.array_equal(getattr(features, axis), getattr(masks, axis)):
                raise LoaderAxesError(axis, view.path, self.universe)
        return features


def _wide(panel: Panel | HalfPanel) -> Panel:
    return panel.widened() if isinstance(panel, HalfPanel) else panel


def _owner(name: str) -> str:
    """Input whose transform learned an array."""
    return name.partition(".")[0]
