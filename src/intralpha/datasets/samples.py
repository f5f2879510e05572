"""Samples: windows of history with their labels, cut from time-major Panels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.panel import Day, as_days
from intralpha.datasets.window import CutSpec, Moments, Window
from intralpha.labels import UnknownSampleDateError

MIN_PRESENT_SHARE = 0.5


class ShortHistoryError(DataError):
    """A sample date has fewer sessions before it than a window needs."""

    def __init__(self, day: Day, found: int, expected: int) -> None:
        self.day, self.found, self.expected = day, found, expected
        super().__init__(
            f"{day} is session {found} of the features; a window needs {expected}.\n"
            "Hint: start the samples later, or the data earlier."
        )


class SampleAxesError(DataError):
    """Masks or labels do not lie on the axes of the features."""

    def __init__(self, what: str, found: str, expected: str) -> None:
        self.what, self.found, self.expected = what, found, expected
        super().__init__(
            f"{what} of the samples: found {found}; the features ask for {expected}.\n"
            "Hint: lay everything onto the features' dates and assets with Panel.reindex."
        )


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of one date or of several.

    Parameters
    ----------
    dates : datetime64[D] [N], the dates in it, ascending
    days_B : int64 [B], ascending, each sample's date as a row of ``dates``
    columns : int64 [B], positions on the asset axis
    windows : float32 [B, L, F] (or [B, L, T, F]) by the name of the input, oldest step first
    y : float32 [B], or [B, H] of a label of H > 1 columns; NaN where there is none
    """

    dates: Shaped[ndarray, " N"]
    days_B: Int[ndarray, " B"]
    columns: Int[ndarray, " B"]
    windows: Mapping[str, Float32[ndarray, "B *sizes"]]
    y: Float32[ndarray, "B *H"]

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def x(self) -> Float32[ndarray, "B *sizes"]:
        """The windows of the only input."""
        (x,) = self.windows.values()
        return x


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows over features, one sample a stock and date [Spec 10.6].

    A window is the last L rows of a Panel up to and with a date; only the windows of a batch are
    ever written out, so memory is one batch. A stock is a sample on a date when the mask has it, it
    traded on the date and on at least half of the days that each of its windows spans; training
    batches also need a finite label in one column at least.

    Parameters
    ----------
    windows : an input each, by name; their Panels have the same dates and assets
    present_DA : bool, whether the stock traded that day; where all windows end before the close,
        what is known by then: both masks are those of the day before
    mask_DA : bool, the universe at the close of the date
    label : [D', A, H] on sample dates, or None
    valid_label : [D", A, H'] on validation dates, what scores are compared with there; None: the
        label
    rows : [D', A, M] on sample dates, masks (1 or 0) of the rows that are trained on: those that
        all of them have; None: all rows

    Raises
    ------
    SampleAxesError
        A mask has another shape than [D, A], an input other dates or assets than the first, or the
        label other assets than the features.
    """

    windows: Mapping[str, Window]
    present_DA: Bool[ndarray, "mask_D mask_A"]
    mask_DA: Bool[ndarray, "mask_D mask_A"]
    label: Panel | None = None
    valid_label: Panel | None = None
    rows: Panel | None = None

    def __post_init__(self) -> None:
        shape = (len(self.dates), len(self.assets))
        for what, mask in (("present_DA", self.present_DA), ("mask_DA", self.mask_DA)):
            if mask.shape != shape:
                raise SampleAxesError(what, f"shape {mask.shape}", f"shape {shape}")
        for name, window in self.windows.items():
            for axis in ("dates", "assets"):
                if not np.array_equal(getattr(window.panel, axis), getattr(self, axis)):
                    first = next(iter(self.windows))
                    raise SampleAxesError(f"input {name}", f"other {axis}", f"those of {first}")
        for name, label in (
            ("label", self.label),
            ("valid_label", self.valid_label),
            ("rows", self.rows),
        ):
            if label is not None and not np.array_equal(label.assets, self.assets):
                raise SampleAxesError(name, "other assets, or another order", "the same assets")

    @staticmethod
    def of(
        features: Panel,
        present_DA: Bool[ndarray, "D A"],
        mask_DA: Bool[ndarray, "D A"],
        window_days: int,
        label: Panel | None = None,
        ratio_clip: float = 0.0,
    ) -> "Samples":
        """Samples of one input, named ``x``, whose bars are laid end to end.

        Parameters
        ----------
        features : [D, A, F] or [D, T, A, F]
        present_DA, mask_DA : bool, who traded, and who is in the universe
        window_days : sessions in a window
        label : [D', A, H] on sample dates, or None
        ratio_clip : as of :class:`Window`
        """
        window = Window(features, CutSpec(window_days=window_days), ratio_clip)
        return Samples({"x": window}, present_DA, mask_DA, label)

    @property
    def dates(self) -> Shaped[ndarray, " D"]:
        """Sessions of the features."""
        return next(iter(self.windows.values())).panel.dates

    @property
    def assets(self) -> Shaped[ndarray, " A"]:
        """Symbols of the columns."""
        return next(iter(self.windows.values())).panel.assets

    @property
    def judged(self) -> "Samples":
        """The same samples with the label that validation compares scores with [gaps C-1]."""
        return self if self.valid_label is None else replace(self, label=self.valid_label)

    def learnt(self, dates: Shaped[ndarray, " n_dates"]) -> "Samples":
        """The same samples with labels on the rows that are trained on and no others.

        Parameters
        ----------
        dates : datetime64[D], training dates; other dates have no label then

        Memory: the labels of the dates, where rows are left out.
        """
        if self.rows is None or self.label is None:
            return self
        kept_DA = np.asarray((self.rows.at(dates).values > 0).all(axis=2))
        label = self.label.at(dates)
        values = np.where(kept_DA[:, :, None], label.values, np.float32(np.nan))
        return replace(self, label=replace(label, values=values), rows=None)

    @property
    def columns(self) -> int:
        """H, columns of the label; 1 where there is no label."""
        return 1 if self.label is None else len(self.label.names)

    def day(self, day: Day, labelled: bool) -> Batch:
        """The samples of a date; with ``labelled`` only those with a finite label.

        The windows are known at the close of the date, or when their last bar is over; the labels
        are not.

        Raises
        ------
        ShortHistoryError
            There is not enough history before the date.
        UnknownSampleDateError
            The date is no session of the features.
        """
        t, valid, y = self._of_day(day)
        kept = valid[has_label(y[valid])] if labelled else valid
        moments = self._moments([(t, valid)])
        rows = np.zeros(len(kept), np.int64)
        windows = self._windows(np.full(len(kept), t), kept, rows, moments)
        return Batch(as_days([day]), rows, kept, windows, y[kept])

    def labels(self, day: Day) -> Float32[ndarray, "B *H"]:
        """Labels of the samples of a date, NaN where there is none; no window is cut.

        Raises
        ------
        ShortHistoryError
            There is not enough history before the date.
        UnknownSampleDateError
            The date is no session of the features.
        """
        _, valid, y = self._of_day(day)
        return y[valid]

    def days(self, dates: Shaped[ndarray, " n_dates"], labelled: bool) -> Iterator[Batch]:
        """Batches of several dates, in order; dates without any sample are passed over."""
        for day in dates:
            batch = self.day(day, labelled)
            if len(batch):
                yield batch

    def pooled(
        self, dates: Shaped[ndarray, " n_dates"], size: int, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """Shuffled batches of ``size`` labelled samples that mix dates [Spec 14].

        Parameters
        ----------
        dates : datetime64[D], sample dates, ascending
        size : B; the last batch may be smaller
        rng : decides which samples a batch holds

        Which samples a batch holds is random; inside a batch they stand by date and stock. The
        index of all samples takes 28 bytes a sample; windows are cut a batch at a time.
        """
        found = [self._of_day(day) for day in dates]
        moments = self._moments([(t, valid) for t, valid, _ in found])
        kept = [valid[has_label(y[valid])] for _, valid, y in found]
        row = np.repeat(np.arange(len(found)), [len(k) for k in kept])
        column = np.concatenate(kept)
        t_N = np.array([t for t, _, _ in found], dtype=np.int64)[row]
        y_N = np.concatenate([y[k] for (_, _, y), k in zip(found, kept, strict=True)])
        order = rng.permutation(len(row)).astype(np.int32)
        for start in range(0, len(order), size):
            part = np.sort(order[start : start + size])  # neighbours in memory, one after another
            held, days_B = np.unique(row[part], return_inverse=True)
            windows = self._windows(t_N[part], column[part], row[part], moments)
            yield Batch(as_days(dates)[held], days_B, column[part], windows, y_N[part])

    def _of_day(self, day: Day) -> tuple[int, Int[ndarray, " B"], Float32[ndarray, "A *H"]]:
        """Position of the date, its valid columns, and the labels [A] or [A, H]."""
        wanted = as_days([day])
        t = _place(self.dates, wanted[0])
        if t is None:
            raise UnknownSampleDateError(wanted, self.dates)
        span = max(window.cut.span for window in self.windows.values())
        if t - span + 1 < 0:
            raise ShortHistoryError(day, t + 1, span)
        inside = self.present_DA[t] & self.mask_DA[t]
        for window in self.windows.values():
            inside &= window.present(self.present_DA, t) >= MIN_PRESENT_SHARE
        valid = np.flatnonzero(inside)
        for window in self.windows.values():
            valid = window.usable(t, valid)
        return t, valid, self._label_of(wanted[0])

    def _label_of(self, day: np.datetime64) -> Float32[ndarray, "A *H"]:
        """Labels of a date, NaN where there is none; one column is no axis of its own."""
        at = None if self.label is None else _place(self.label.dates, day)
        shape = (len(self.assets), self.columns)
        y = np.full(shape, np.nan, dtype=np.float32)
        if self.label is not None and at is not None:
            y = self.label.values[at].astype(np.float32)
        return y[:, 0] if self.columns == 1 else y

    def _moments(self, found: list[tuple[int, Int[ndarray, "..."]]]) -> dict[str, Moments | None]:
        return {name: window.moments(found) for name, window in self.windows.items()}

    def _windows(
        self,
        t_N: Int[ndarray, " N"],
        column_N: Int[ndarray, " N"],
        row_N: Int[ndarray, " N"],
        moments: Mapping[str, Moments | None],
    ) -> dict[str, Float32[ndarray, "N *sizes"]]:
        return {n: w.of(t_N, column_N, row_N, moments[n]) for n, w in self.windows.items()}


def has_label(y: Float32[ndarray, "B *H"]) -> Bool[ndarray, " B"]:
    """Which samples have a label that is a number, in one column at least.

    Parameters
    ----------
    y : [B] or [B, H]
    """
    known: Bool[ndarray, "B _"] = np.isfinite(y if y.ndim == 2 else y[:, None])
    return np.asarray(known.any(axis=1))


def _place(dates: Shaped[ndarray, " n_dates"], day: np.datetime64) -> int | None:
    """Position of a date among ascending ones; asked for at every step of a training."""
    at = int(np.searchsorted(dates, day))
    return at if at < len(dates) and dates[at] == day else None
