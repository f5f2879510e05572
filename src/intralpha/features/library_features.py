"""LibraryFeatures: the factors of a library as a feature set, whatever rows they are over."""

from collections.abc import Iterator
from datetime import time

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from intralpha.features.factors import Factors, Made, Settings, read_ahead, windows
from intralpha.features.feature_set import FeatureSet, KnownAt
from intralpha.features.frames import frame_named
from intralpha.features.language.library import Library
from intralpha.features.language.units import Unit
from intralpha.features.session_blocks import session_rows
from intralpha.features.trailing import trailing_mean
from intralpha.market import Lake


class LibraryFeatures(FeatureSet):
    """Factors of one library, one number a stock and day, or one a stock and bar.

    Masks, minimum counts and the treatment of locked and suspended days are those of the factor
    language (docs/factor-language.md). With ``smooth_days`` a factor is the mean of its values on
    the last sessions, at least half of them, rounded up [Spec 2.7].

    Parameters
    ----------
    library : parameters chosen
    settings : where its rows come from, and what is made of its values

    Raises
    ------
    LibraryError, FrameFrequencyError, ExpressionError
        A setting or an expression does not fit the frame.

    Notes
    -----
    Known at 15:00. float32. A session without rows is NaN. Peak memory: with ``smooth_days`` so
    many sessions of values; and what the rows of the frame take, which their ``Maker`` says.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        self.library, self.settings = library, settings
        self.factors: Factors = frame_named(library.frame).factors(library, settings)

    @property
    def name(self) -> str:
        """The library's, with the minutes of a bar where there is one."""
        times = self.times
        return self.library.name if times is None else f"{self.library.name}_{240 // len(times)}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return self.factors.names

    @property
    def units(self) -> tuple[Unit, ...]:
        """Units of the factors."""
        return self.factors.units

    @property
    def times(self) -> tuple[time, ...] | None:
        """Ends of the bars, or None for daily factors."""
        return self.factors.times

    @property
    def lookback_days(self) -> int:
        """Sessions before a date that its values are made from."""
        return self.factors.lookback_days + self.settings.smooth_days - 1

    def known_at_slot(self, name: str) -> KnownAt:
        """``"bar end"`` for factors of bars that read nothing of the rest of the day."""
        super().known_at_slot(name)
        return self.factors.known_at_slot(name)

    def days(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """Values ``[A, F]`` or ``[T, A, F]``, float32.

        Raises
        ------
        MissingLevel2Error, OtherRuleError, MissingBarsError
            The lake has nothing of what the factors read.
        """
        self.factors.check(lake, dates, self.settings.smooth_days - 1)
        yield from self.checked(lake, dates, assets)

    def checked(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """What :meth:`days` gives, for a lake that was checked before.

        Parameters
        ----------
        lake, dates, assets : as for :meth:`days`

        Raises
        ------
        UnknownSessionError
            A date is no session of the lake.
        """
        sessions = lake.dates("daily")
        asked = session_rows(sessions, dates, "daily")
        smooth = self.settings.smooth_days
        wanted, ring, ends = windows(asked, smooth - 1), _Ring(smooth), set(asked.tolist())
        for number, values in self._sessions(lake, sessions, wanted, assets):
            mean = values if smooth == 1 else ring.mean(number, values, number in ends)
            if mean is not None and number in ends:
                yield sessions[number], mean[0] if self.times is None else mean

    def _sessions(
        self, lake: Lake, sessions: ndarray, wanted: ndarray, assets: ndarray
    ) -> Iterator[tuple[int, Float32[ndarray, "T A F"]]]:
        """Values of every session that is wanted; the next ones are being read meanwhile."""
        if not len(wanted):
            return
        maker = self.factors.maker(lake, sessions, wanted, assets)
        bars, inside = len(self.times or (0,)), set(wanted.tolist())
        for number, found in read_ahead(maker.steps, maker.read):
            made = maker.values(number, found)
            if number in inside:
                out = np.full((bars, len(assets), len(self.names)), np.nan, np.float32)
                if made is not None:
                    _place(out, assets, made)
                yield number, out
        maker.tell()


class _Ring:
    """Values of the last sessions, for their mean."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._held: dict[int, ndarray] = {}

    def mean(
        self, number: int, values: Float32[ndarray, "T A F"], wanted: bool
    ) -> Float32[ndarray, "T A F"] | None:
        """Remember a session; the mean of the last ones if it is wanted, oldest added first."""
        first = number - self._days + 1
        self._held = {n: v for n, v in self._held.items() if n >= first} | {number: values}
        if not wanted:
            return None
        out, least = np.empty(values.shape, np.float32), (self._days + 1) // 2
        for f in range(values.shape[-1]):
            part = np.full((self._days, values[..., f].size), np.nan)
            for n, held in self._held.items():
                part[n - first] = held[..., f].ravel()
            mean = trailing_mean(part, np.isfinite(part), self._days, least)
            out[..., f] = mean.reshape(values.shape[:-1])
        return out


def _place(out: Float32[ndarray, "T A F"], assets: ndarray, made: Made) -> None:
    """Values [S, T, F] of some symbols where those stand among sorted assets."""
    symbols, values = made
    if np.array_equal(symbols, assets):
        out[:] = values.transpose(1, 0, 2)
        return
    kept = np.isin(symbols, assets)
    out[:, np.searchsorted(assets, symbols[kept])] = values[kept].transpose(1, 0, 2)
