"""FeatureSet: what every set of features states about itself and how it is computed."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import time
from pathlib import Path
from shutil import rmtree
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import ConfigError, DataError, Kinded, Panel
from intralpha.base.mapped import mapped
from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.market.hours import DAY_CLOSE

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


class FeatureSpec(Kinded):
    """The family of feature sets that a recipe can name."""

    homes = ("intralpha.features",)

    def make(self) -> "FeatureSet":
        """The set that the spec describes.

        Raises
        ------
        ConfigError
            If the settings contradict each other; the children say how.
        """
        raise NotImplementedError(f"kind {self!r} has no make")

    def reads(self) -> tuple[Read, ...]:
        """Tables and sessions of the lake that the values of a date are made from; no others."""
        raise NotImplementedError(f"kind {self!r} does not say what it reads")


class FeatureSet(ABC):
    """A family of numbers per stock and day (or bar), each known at a stated time.

    A set is made by its spec and has no state: the same lake, dates and assets always give the
    same values, in whatever order the assets are named and whoever stands beside them.
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
    def days(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """What :meth:`stream` gives, for assets that are sorted and stand there once each.

        The one method that makes values; a set that keeps to it has them placed by name.

        Parameters
        ----------
        lake, dates : as for :meth:`stream`
        assets : str [A], sorted, each once
        """

    def stream(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """Values of exactly these dates and assets, one date after another.

        Parameters
        ----------
        lake : Lake
            Only rows up to each date are used; the set reads its own look-back.
        dates : datetime64[D] [D]
            Sessions of the lake, strictly ascending, gaps allowed.
        assets : str [A]
            In any order; others of the lake change nothing.

        Yields
        ------
        date, values : datetime64[D], float32 [A, F] or [T, A, F]
            T where :attr:`times` is not None. NaN where a value is not defined. Known at
            :attr:`known_at` of the date, or as :meth:`known_at_slot` says.

        Raises
        ------
        UnknownSessionError
            If a date is no session of the lake.
        """
        named = np.asarray(assets, dtype=str)
        known, place = np.unique(named, return_inverse=True)
        sorted_already = np.array_equal(known, named)
        for day, values in self.days(lake, as_days(dates), known):
            yield day, values if sorted_already else np.take(values, place, axis=-2)

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        into: Path | None = None,
    ) -> Panel:
        """The values of :meth:`stream` as a Panel.

        Parameters
        ----------
        lake, dates, assets : as for :meth:`stream`
        into : folder; the values are written there while they are made, and the Panel is mapped
            from it, as :meth:`.Panel.load` opens it. It appears complete or not at all

        Returns
        -------
        Panel
            ``[D, A, F]``, or ``[D, T, A, F]`` when :attr:`times` is not None; float32; NaN where a
            value is not defined.

        Raises
        ------
        UnknownSessionError
            If a date is no session of the lake.

        Notes
        -----
        Peak memory: the Panel, or with ``into`` one date of it; and what the set itself says.
        """
        days = as_days(dates)
        if into is None:
            panel = Panel.full(days, assets, self.names, self.times)
            self._fill(panel.values, lake, days, assets)
            return panel
        partial = into.with_name(into.name + ".partial")
        rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        shape = self._shape(len(days), len(assets))
        values = mapped(partial / "values.npy", shape, np.float32)
        self._fill(values, lake, days, assets)
        values.flush()
        Panel(values, days, assets, self.names, self.times).save_axes(partial)
        partial.rename(into)
        return Panel.load(into)

    def _fill(
        self,
        values: Float[ndarray, "D *T A F"],
        lake: Lake,
        days: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
    ) -> None:
        for row, (_, made) in enumerate(self.stream(lake, days, assets)):
            values[row] = made

    def _shape(self, days: int, assets: int) -> tuple[int, ...]:
        bars = () if self.times is None else (len(self.times),)
        return (days, *bars, assets, len(self.names))
