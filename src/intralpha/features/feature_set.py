"""FeatureSet: what every family of features states about itself and how it is computed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import time
from typing import Literal

import numpy as np

from intralpha.base import ConfigError, DataError, Panel
from intralpha.market import Lake

DAY_CLOSE = time(15, 0)

KnownAt = time | Literal["bar end"]


class UnknownFeatureError(ConfigError):
    """A feature set was asked for a name it does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"no feature {name}; this set has: {', '.join(known)}")


class UnknownSessionError(DataError):
    """Features or labels were asked for dates that are not sessions of the lake."""

    def __init__(self, table: str, missing: np.ndarray, first: str, last: str) -> None:
        self.table, self.missing = table, tuple(str(day) for day in missing)
        self.first, self.last = first, last
        shown = ", ".join(self.missing[:5]) + (" ..." if len(self.missing) > 5 else "")
        super().__init__(
            f"{len(self.missing)} of the requested dates are no sessions of the table {table}: "
            f"{shown}; it holds {first} .. {last}.\n"
            "Hint: ask for dates of `lake.dates(...)`, or ingest the missing days first."
        )


class FeatureSet(ABC):
    """A family of numbers per stock and day (or bar), each known at a stated time.

    A set is built from its spec by :func:`intralpha.features.build` and has no state: the same
    lake, dates and assets always give the same Panel.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Short name of the set, for logs and artifacts."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the features; fixed by the spec, never by the data."""

    @property
    @abstractmethod
    def times(self) -> tuple[time, ...] | None:
        """Ends of the bars of a day, or None for daily features."""

    @property
    @abstractmethod
    def lookback_days(self) -> int:
        """Sessions before a date from which its values are made (carried prices aside)."""

    @property
    def known_at(self) -> time:
        """When all values of a date are known (Asia/Shanghai)."""
        return DAY_CLOSE

    def known_at_slot(self, name: str) -> KnownAt:
        """When the value of one bar is known: ``"bar end"``, or a time of the day.

        Parameters
        ----------
        name : str
            One of :attr:`names`.

        Returns
        -------
        "bar end" or datetime.time
            ``"bar end"``: the value of each bar may be used as soon as that bar is over. A time:
            it may be used from then on, whatever the bar. Daily features: :attr:`known_at`.

        Raises
        ------
        UnknownFeatureError
            If the set has no such feature.
        """
        if name not in self.names:
            raise UnknownFeatureError(name, self.names)
        return self.known_at

    @abstractmethod
    def compute(self, lake: Lake, dates: np.ndarray, assets: np.ndarray) -> Panel:
        """Values of exactly these dates and assets.

        Parameters
        ----------
        lake : Lake
            Only rows up to each date are used; the set reads its own look-back.
        dates : ndarray of datetime64[D], shape [D]
            Sessions of the lake, strictly ascending, gaps allowed.
        assets : ndarray of str, shape [A]

        Returns
        -------
        Panel
            ``[D, A, F]``, or ``[D, T, A, F]`` when :attr:`times` is not None; float32 unless the
            set says otherwise; NaN where a value is not defined.

        Raises
        ------
        UnknownSessionError
            If a date is no session of the lake.
        """
