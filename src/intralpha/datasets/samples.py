"""Samples: windows of history with their labels, cut from a time-major Panel without copying it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from intralpha.base import DataError, Panel
from intralpha.base.panel import Day, as_days
from intralpha.datasets.transform import window_ratio

MIN_PRESENT_SHARE = 0.5


class ShortHistoryError(DataError):
    """A sample date has fewer sessions before it than a window needs."""

    def __init__(self, day: Day, found: int, expected: int) -> None:
        self.day, self.found, self.expected = day, found, expected
        super().__init__(
            f"{day} is session {found} of the features; a window needs {expected}.\n"
            "Hint: start the samples later, or the data earlier."
        )


@dataclass(frozen=True, eq=False)
class DayBatch:
    """All samples of one date.

    Attributes
    ----------
    day : sample date
    columns : ndarray of int, shape [B], positions on the asset axis
    x : float32 [B, L, F], windows ending on the date, oldest first
    y : float32 [B], labels; NaN when there are none
    """

    day: np.datetime64
    columns: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows over features, one sample a stock and date [Spec 10.6].

    A window is ``values[t - L + 1 : t + 1]`` of the Panel; only the columns of valid stocks are
    gathered, so memory is one batch. A stock is a sample on a date when the mask has it, and at
    least half of its window's days are present; training batches also need a finite label.

    Parameters
    ----------
    features : [D, A, F], or [D, T, A, F] whose bars are laid end to end
    present_DA : bool, whether the stock traded that day
    mask_DA : bool, the universe at the close of the date
    window_days : sessions in a window
    label : [D', A, 1] on sample dates, or None
    ratio_clip : if not 0, windows are divided by their last values and z-scored [Spec 10.3] with
        this bound (inf for none)
    """

    features: Panel
    present_DA: np.ndarray
    mask_DA: np.ndarray
    window_days: int
    label: Panel | None = None
    ratio_clip: float = 0.0

    @property
    def n_features(self) -> int:
        """F."""
        return len(self.features.names)

    def day(self, day: Day, labelled: bool) -> DayBatch:
        """The samples of a date; with ``labelled`` only those with a finite label.

        Raises
        ------
        ShortHistoryError
            There is not enough history before the date.
        """
        t = int(np.searchsorted(self.features.dates, as_days([day])[0]))
        first = t - self.window_days + 1
        if first < 0:
            raise ShortHistoryError(day, t + 1, self.window_days)
        valid = self.mask_DA[t].copy()
        valid &= self.present_DA[first : t + 1].mean(axis=0) >= MIN_PRESENT_SHARE
        y = np.full(len(valid), np.nan, dtype=np.float32)
        if self.label is not None:
            at = int(np.searchsorted(self.label.dates, as_days([day])[0]))
            if at < len(self.label.dates) and self.label.dates[at] == as_days([day])[0]:
                y = self.label.values[at, :, 0].astype(np.float32)
        if labelled:
            valid &= np.isfinite(y)
        columns = np.flatnonzero(valid)
        return DayBatch(
            as_days([day])[0], columns, self._windows(first, t + 1, columns), y[columns]
        )

    def days(self, dates: np.ndarray, labelled: bool) -> Iterator[DayBatch]:
        """Batches of several dates, in order; dates without any sample are passed over."""
        for day in dates:
            batch = self.day(day, labelled)
            if len(batch.columns):
                yield batch

    def pooled(
        self, dates: np.ndarray, size: int, rng: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Shuffled batches (x, y) of ``size`` samples that mix dates [Spec 14].

        Windows of one date are gathered together, so there is no Python per sample.
        """
        index = [(i, self.day(day, labelled=True).columns) for i, day in enumerate(dates)]
        pairs = np.concatenate([np.column_stack([np.full(len(c), i), c]) for i, c in index])
        rng.shuffle(pairs)
        for start in range(0, len(pairs), size):
            yield self._gather(dates, pairs[start : start + size])

    def _gather(self, dates: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(pairs[:, 0], kind="stable")
        xs, ys = [], []
        for i in np.unique(pairs[:, 0]):
            columns = pairs[order][pairs[order, 0] == i, 1]
            batch = self.day(dates[i].item(), labelled=True)
            place = np.searchsorted(batch.columns, columns)
            xs.append(batch.x[place])
            ys.append(batch.y[place])
        back = np.argsort(order, kind="stable")
        return np.concatenate(xs)[back], np.concatenate(ys)[back]

    def _windows(self, first: int, stop: int, columns: np.ndarray) -> np.ndarray:
        window = self.features.values[first:stop]
        if self.features.times is not None:
            window = window.reshape(-1, *window.shape[2:])
        picked = window[:, columns]
        if self.ratio_clip:
            clip = None if np.isinf(self.ratio_clip) else self.ratio_clip
            picked = window_ratio(picked, clip)
        return np.ascontiguousarray(picked.transpose(1, 0, 2), dtype=np.float32)
