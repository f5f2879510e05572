"""Samples: windows of history with their labels, cut from a time-major Panel without copying it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.panel import Day, as_days
from intralpha.datasets.windows import gather, gather_ratio, has_base, ratio_moments
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
class DayBatch:
    """All samples of one date.

    Parameters
    ----------
    day : sample date
    columns : ndarray of int, shape [B], positions on the asset axis
    x : float32 [B, L, F], windows ending on the date, oldest first
    y : float32 [B], labels; NaN when there are none
    """

    day: np.datetime64
    columns: Int[ndarray, " B"]
    x: Float32[ndarray, "B L F"]
    y: Float32[ndarray, " B"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows over features, one sample a stock and date [Spec 10.6].

    A window is ``values[t - L + 1 : t + 1]`` of the Panel; only the windows of a batch are ever
    written out, so memory is one batch. A stock is a sample on a date when the mask has it, it
    traded on the date and on at least half of its window's days; training batches also need a
    finite label.

    Parameters
    ----------
    features : [D, A, F], or [D, T, A, F] whose bars are laid end to end
    present_DA : bool, whether the stock traded that day
    mask_DA : bool, the universe at the close of the date
    window_days : sessions in a window
    label : [D', A, 1] on sample dates, or None
    ratio_clip : if not 0, windows are divided by their last values and z-scored over the date's
        samples, labelled or not [Spec 10.3], with this bound (inf for none); a stock with a feature
        that is 0 or absent in all of its window is no sample then
    day_steps : a step of a window is a day with its T bars side by side, T x F numbers; else each
        bar is a step of F numbers

    Raises
    ------
    SampleAxesError
        A mask has another shape than [D, A], or the label other assets than the features.
    """

    features: Panel
    present_DA: Bool[ndarray, "mask_D mask_A"]
    mask_DA: Bool[ndarray, "mask_D mask_A"]
    window_days: int
    label: Panel | None = None
    ratio_clip: float = 0.0
    day_steps: bool = False

    def __post_init__(self) -> None:
        panel = self.features
        shape = (len(panel.dates), len(panel.assets))
        for what, mask in (("present_DA", self.present_DA), ("mask_DA", self.mask_DA)):
            if mask.shape != shape:
                raise SampleAxesError(what, f"shape {mask.shape}", f"shape {shape}")
        if self.label is not None and not np.array_equal(self.label.assets, panel.assets):
            raise SampleAxesError("label", "other assets, or another order", "the same assets")

    @property
    def n_features(self) -> int:
        """Numbers in one step of a window."""
        return len(self.features.names) * (self._bars if self.day_steps else 1)

    def day(self, day: Day, labelled: bool) -> DayBatch:
        """The samples of a date; with ``labelled`` only those with a finite label.

        The windows are known at the close of the date, the labels are not.

        Raises
        ------
        ShortHistoryError
            There is not enough history before the date.
        UnknownSampleDateError
            The date is no session of the features.
        """
        t, valid, y = self._of_day(day)
        kept = valid[np.isfinite(y[valid])] if labelled else valid
        moments = self._moments([(t, valid)])
        rows = np.zeros(len(kept), np.int64)
        x = self._windows(np.full(len(kept), t), kept, rows, moments)
        return DayBatch(as_days([day])[0], kept, x, y[kept])

    def labels(self, day: Day) -> Float32[ndarray, " B"]:
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

    def days(self, dates: Shaped[ndarray, " n_dates"], labelled: bool) -> Iterator[DayBatch]:
        """Batches of several dates, in order; dates without any sample are passed over."""
        for day in dates:
            batch = self.day(day, labelled)
            if len(batch.columns):
                yield batch

    def pooled(
        self, dates: Shaped[ndarray, " n_dates"], size: int, rng: np.random.Generator
    ) -> Iterator[tuple[Float32[ndarray, "B L F"], Float32[ndarray, " B"]]]:
        """Shuffled batches (x, y) of ``size`` samples that mix dates [Spec 14].

        Parameters
        ----------
        dates : datetime64[D], sample dates
        size : B; the last batch may be smaller
        rng : decides which samples a batch holds

        Which samples a batch holds is random; inside a batch they stand by date and stock. The
        index of all samples takes 28 bytes a sample; windows are cut a batch at a time.
        """
        found = [self._of_day(day) for day in dates]
        moments = self._moments([(t, valid) for t, valid, _ in found])
        kept = [valid[np.isfinite(y[valid])] for _, valid, y in found]
        row = np.repeat(np.arange(len(found)), [len(k) for k in kept])
        column = np.concatenate(kept)
        t_N = np.array([t for t, _, _ in found], dtype=np.int64)[row]
        y_N = np.concatenate([y[k] for (_, _, y), k in zip(found, kept, strict=True)])
        order = rng.permutation(len(row)).astype(np.int32)
        for start in range(0, len(order), size):
            part = np.sort(order[start : start + size])  # neighbours in memory, one after another
            yield self._windows(t_N[part], column[part], row[part], moments), y_N[part]

    def _of_day(self, day: Day) -> tuple[int, Int[ndarray, " B"], Float32[ndarray, " A"]]:
        """Position of the date, its valid columns, and the labels [A] (NaN where there is none)."""
        wanted = as_days([day])
        t = _place(self.features.dates, wanted[0])
        if t is None:
            raise UnknownSampleDateError(wanted, self.features.dates)
        first = t - self.window_days + 1
        if first < 0:
            raise ShortHistoryError(day, t + 1, self.window_days)
        present = self.present_DA[first : t + 1].mean(axis=0) >= MIN_PRESENT_SHARE
        y = np.full(len(present), np.nan, dtype=np.float32)
        at = None if self.label is None else _place(self.label.dates, wanted[0])
        if self.label is not None and at is not None:
            y = self.label.values[at, :, 0].astype(np.float32)
        valid = np.flatnonzero(present & self.present_DA[t] & self.mask_DA[t])
        if self.ratio_clip:
            valid = valid[has_base(self._steps, (t + 1) * self._bars, valid, self._length)]
        return t, valid, y

    @property
    def _steps(self) -> Float[ndarray, "S A F"]:
        """Features as steps [S, A, F]: days, or the bars of all days end to end; a view."""
        values = self.features.values
        if self.features.times is None:
            return values
        bars, assets, width = values.shape[1:]
        return values.reshape(len(values) * bars, assets, width)

    @property
    def _bars(self) -> int:
        return 1 if self.features.times is None else len(self.features.times)

    @property
    def _length(self) -> int:
        """Steps of a window, before the bars of a day are laid side by side."""
        return self.window_days * self._bars

    def _moments(
        self, found: list[tuple[int, Int[ndarray, "..."]]]
    ) -> tuple[Float[ndarray, "..."], Float[ndarray, "..."]]:
        """Moments of the ratio windows of each date [R, L, F]; nothing without ``ratio_clip``."""
        if not self.ratio_clip:
            return np.empty(0), np.empty(0)
        steps, bars, length = self._steps, self._bars, self._length
        pairs = [ratio_moments(steps, (t + 1) * bars, c, length) for t, c in found]
        return np.stack([m for m, _ in pairs]), np.stack([s for _, s in pairs])

    def _windows(
        self,
        t_N: Int[ndarray, " N"],
        column_N: Int[ndarray, " N"],
        row_N: Int[ndarray, " N"],
        moments: tuple[Float[ndarray, "..."], Float[ndarray, "..."]],
    ) -> Float32[ndarray, "N L F"]:
        stop = (t_N.astype(np.int64) + 1) * self._bars
        if self.ratio_clip:
            x = gather_ratio(self._steps, stop, column_N, row_N, moments, self.ratio_clip)
        else:
            x = gather(self._steps, stop, column_N, self._length)
        return x.reshape(len(x), self.window_days, self.n_features) if self.day_steps else x


def _place(dates: Shaped[ndarray, " n_dates"], day: np.datetime64) -> int | None:
    """Position of a date among ascending ones; asked for at every step of a training."""
    at = int(np.searchsorted(dates, day))
    return at if at < len(dates) and dates[at] == day else None
