"""Panel: a dense array of days, (bars,) assets and names, the shape that travels between folders.

Axis legend of the whole project, used as suffixes of array names: B batch, D days, T bars in a
day, A assets, F features, L window length, H horizons, K risk factors, S seeds, N book levels.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import polars as pl

from intralpha.base.columns import floats
from intralpha.base.errors import DataError
from intralpha.base.notebook import html_table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


Day = date | np.datetime64 | str
AXES = ("dates", "assets", "names", "times", "has_times")  # arrays of axes.npz


class PanelShapeError(DataError):
    """The values of a Panel do not fit its axes."""

    def __init__(self, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"values have shape {found}; the axes (dates, [times,] assets, names) ask for "
            f"{expected}.\nHint: time is the slowest axis, names the fastest."
        )


class UnknownNameError(DataError):
    """A Panel was asked for something that is not on its axes."""

    def __init__(self, axis: str, missing: Sequence[str], known: Sequence[str]) -> None:
        self.axis, self.missing, self.known = axis, list(missing), list(known)
        shown = ", ".join(map(str, self.known[:20])) + (" ..." if len(self.known) > 20 else "")
        super().__init__(f"no {axis} {', '.join(map(str, missing))}; this Panel has: {shown}")


class PanelFolderError(DataError):
    """A Panel is to be saved where something is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"found {path} already; a Panel is saved to a folder of its own.\n"
            "Hint: give another name, or remove it first."
        )


class PanelReadError(DataError):
    """A folder holds no Panel that can be read."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"no Panel can be read from {path}: {why}.\n"
            "Hint: Panel.save writes values.npy and axes.npz; Python objects are never loaded."
        )


def as_days(dates: Sequence[Day] | np.ndarray | pl.Series) -> np.ndarray:
    """Dates as a ``datetime64[D]`` array."""
    return np.asarray(dates, dtype="datetime64[D]")


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """Dense values with named axes; missing is NaN, time is the slowest axis.

    The window of the last L days of a whole cross-section is the contiguous slice
    ``values[t - L + 1 : t + 1]``.

    Parameters
    ----------
    values : ndarray, shape [D, A, F], or [D, T, A, F] with ``times``
        float32 for features and factors; float64 where money is counted (prices, weights).
    dates : ndarray of datetime64[D], shape [D]
        Sessions, strictly ascending.
    assets : ndarray of str, shape [A]
        Symbols such as ``600519.SH``, no duplicates.
    names : tuple of str, length F
    times : tuple of datetime.time, length T, optional
        Ends of the bars of a day, Asia/Shanghai.

    Raises
    ------
    PanelShapeError
        If the values do not fit the axes.
    """

    values: np.ndarray
    dates: np.ndarray
    assets: np.ndarray
    names: tuple[str, ...]
    times: tuple[time, ...] | None = None

    def __post_init__(self) -> None:
        bars = () if self.times is None else (len(self.times),)
        expected = (len(self.dates), *bars, len(self.assets), len(self.names))
        if self.values.shape != expected:
            raise PanelShapeError(self.values.shape, expected)
        if self.values.dtype not in (np.float32, np.float64):
            raise DataError(f"values are {self.values.dtype}; a Panel holds float32 or float64")
        if len(self.dates) > 1 and not (np.diff(self.dates) > np.timedelta64(0, "D")).all():
            raise DataError("the dates of a Panel must ascend strictly; sort them first")
        for axis, labels in (("assets", self.assets), ("names", self.names)):
            if len(set(labels)) != len(labels):
                raise DataError(f"the {axis} of a Panel must be unique")

    @classmethod
    def full(
        cls,
        dates: np.ndarray,
        assets: np.ndarray,
        names: Sequence[str],
        times: tuple[time, ...] | None = None,
        dtype: type = np.float32,
        fill: float = np.nan,
    ) -> "Panel":
        """A Panel of one repeated value, NaN by default.

        Parameters
        ----------
        dates : D sessions, strictly ascending; whatever :func:`as_days` takes
        assets : ndarray of str, shape [A], no duplicates
        names : of length F, no duplicates
        times : ends of the T bars of a day, Asia/Shanghai; None for one value a day
        dtype : float32 or float64
        fill : the value of every cell

        Returns
        -------
        Panel, shape [D, A, F], or [D, T, A, F] with ``times``

        Raises
        ------
        DataError
            Dates that do not ascend, names or assets twice, or another type.
        """
        bars = () if times is None else (len(times),)
        shape = (len(dates), *bars, len(assets), len(names))
        return cls(np.full(shape, fill, dtype), as_days(dates), assets, tuple(names), times)

    def __getitem__(self, name: str) -> np.ndarray:
        """Values of one name, ``[D, A]`` or ``[D, T, A]``: a view, not a copy."""
        return self.values[..., self._index("name", self.names, [name])[0]]

    def select(self, names: Sequence[str]) -> "Panel":
        """Only these names, in this order (a copy)."""
        columns = self._index("name", self.names, names)
        return replace(self, values=self.values[..., columns], names=tuple(names))

    def between(
        self, start: date | np.datetime64 | str, end: date | np.datetime64 | str
    ) -> "Panel":
        """Only the sessions from ``start`` to ``end``, both included (a view)."""
        first, last = as_days([start, end])
        lo = int(np.searchsorted(self.dates, first, side="left"))
        hi = int(np.searchsorted(self.dates, last, side="right"))
        return self.days(slice(lo, hi))

    def at(self, dates: np.ndarray) -> "Panel":
        """Only these sessions (a copy); all of them must be present."""
        rows = self._index("date", [str(d) for d in self.dates], [str(d) for d in as_days(dates)])
        return replace(self, values=self.values[rows], dates=self.dates[rows])

    def days(self, rows: slice) -> "Panel":
        """Only the sessions in these rows (a view)."""
        return replace(self, values=self.values[rows], dates=self.dates[rows])

    def reindex(self, dates: np.ndarray, assets: np.ndarray) -> "Panel":
        """Lay the values onto other axes; what is not here becomes NaN (a copy)."""
        out = type(self).full(
            as_days(dates), assets, self.names, self.times, dtype=self.values.dtype.type
        )
        _, rows_to, rows_from = np.intersect1d(out.dates, self.dates, return_indices=True)
        _, cols_to, cols_from = np.intersect1d(out.assets, self.assets, return_indices=True)
        middle = () if self.times is None else (np.arange(len(self.times)),)
        to = np.ix_(rows_to, *middle, cols_to)
        out.values[to] = self.values[np.ix_(rows_from, *middle, cols_from)]
        return out

    def __repr__(self) -> str:
        return f"Panel of {self._described()}"

    def _repr_html_(self) -> str:
        caption = f"Panel of {self._described()}; the last day"
        last = self.values[-1:].reshape(-1, len(self.assets), len(self.names))[-1:]
        some, shown = min(len(self.assets), 5), self.names[:8]
        header = ("symbol", *shown, *(["..."] if len(self.names) > len(shown) else []))
        rows = [
            (str(self.assets[a]), *(float(v) for v in last[0, a, : len(shown)]))
            for a in range(some if len(last) else 0)
        ]
        return html_table(header, rows, caption)

    def _described(self) -> str:
        """Axes in words; reads no value."""
        days = f"{self.dates[0]} to {self.dates[-1]}" if len(self.dates) else "none"
        bars = "" if self.times is None else f", {len(self.times)} bars"
        names = ", ".join(self.names[:5]) + (", ..." if len(self.names) > 5 else "")
        return (
            f"{len(self.dates):,} days ({days}){bars}, {len(self.assets):,} assets, "
            f"{len(self.names):,} names ({names}), {self.values.dtype}"
        )

    def to_polars(self, drop_null: bool = False) -> pl.DataFrame:
        """Long table: ``date``, (``time``,) ``symbol`` and one column a name; NaN becomes null."""
        days, assets = len(self.dates), len(self.assets)
        bars = 1 if self.times is None else len(self.times)
        columns: dict[str, object] = {
            "date": np.repeat(self.dates, bars * assets),
            "symbol": np.tile(self.assets, days * bars),
        }
        if self.times is not None:
            one_day = np.repeat(np.arange(bars), assets)
            columns["time"] = pl.Series(self.times).gather(np.tile(one_day, days))
        flat = self.values.reshape(-1, len(self.names))
        columns |= {name: flat[:, i] for i, name in enumerate(self.names)}
        frame = pl.DataFrame(columns).with_columns(pl.col(self.names).fill_nan(None))
        return frame.drop_nulls(self.names) if drop_null else frame

    def to_pandas(self) -> "pd.DataFrame":
        """Like :meth:`to_polars`, indexed by date, (time,) and symbol."""
        keys = ["date", *(["time"] if self.times else []), "symbol"]
        return self.to_polars().to_pandas().set_index(keys)

    def to_xarray(self) -> "xr.DataArray":
        """The same values as an ``xarray.DataArray`` (needs xarray installed)."""
        import xarray

        coords = {"date": self.dates.astype("datetime64[ns]")}
        if self.times is not None:
            coords["time"] = np.array([t.strftime("%H:%M") for t in self.times])
        coords |= {"asset": self.assets, "name": np.array(self.names)}
        return xarray.DataArray(self.values, coords=coords, dims=list(coords))

    @classmethod
    def from_polars(
        cls,
        frame: pl.DataFrame,
        names: Sequence[str],
        dates: np.ndarray | None = None,
        assets: np.ndarray | None = None,
        dtype: type = np.float32,
    ) -> "Panel":
        """Dense Panel of a long table with ``date`` and ``symbol``; absent rows become NaN.

        Parameters
        ----------
        frame : DataFrame, one row per (date, symbol)
        names : the columns to keep
        dates, assets : the axes; default: those of the table, sorted
            Rows outside given axes are left out.
        dtype : float32 (default) or float64

        Raises
        ------
        DataError
            If a (date, symbol) pair stands twice.
        """
        days = as_days(frame["date"].unique().sort().to_numpy() if dates is None else dates)
        symbols = frame["symbol"].unique().sort() if assets is None else assets
        assets = np.asarray(symbols).astype(str)
        row = _positions(days, frame["date"].to_numpy().astype("datetime64[D]"))
        codes = frame["symbol"].cast(pl.Enum(assets.tolist()), strict=False).to_physical()
        column = codes.cast(pl.Int64).fill_null(-1).to_numpy()
        keep = (row >= 0) & (column >= 0)
        cell = row[keep] * len(assets) + column[keep]
        if len(cell) and np.bincount(cell).max() > 1:
            raise DataError("a (date, symbol) pair stands twice; remove duplicates first")
        out = cls.full(days, assets, names, dtype=dtype)
        flat = out.values.reshape(len(days) * len(assets), len(out.names))
        for i, name in enumerate(out.names):
            flat[cell, i] = floats(frame[name])[keep]
        return out

    def save(self, path: str | Path) -> None:
        """Write ``path/values.npy`` and ``path/axes.npz``; the folder appears complete or not.

        Raises
        ------
        PanelFolderError
            There is a file or a folder that is not empty: nothing is replaced.
        """
        path = Path(path)
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise PanelFolderError(path)
        partial = path.with_name(path.name + ".partial")
        partial.mkdir(parents=True, exist_ok=True)
        np.save(partial / "values.npy", self.values)
        self.save_axes(partial)
        partial.rename(path)

    def save_axes(self, path: Path) -> None:
        """Write ``path/axes.npz`` beside values that are there already."""
        write_axes(path, self.dates, self.assets, self.names, self.times)

    @classmethod
    def load(cls, path: str | Path, mmap: bool = True) -> "Panel":
        """Open a saved Panel, memory-mapped read-only by default.

        Raises
        ------
        PanelReadError
            Nothing is there, or it cannot be read; Python objects (pickles) are refused.
        """
        path = Path(path)
        mode = "r" if mmap else None
        with reading(path):
            values = np.load(path / "values.npy", mmap_mode=mode, allow_pickle=False)
        return cls(values, *read_axes(path))

    @staticmethod
    def _index(axis: str, known: Sequence[str], wanted: Sequence[str]) -> list[int]:
        place = {name: i for i, name in enumerate(known)}
        missing = [name for name in wanted if name not in place]
        if missing:
            raise UnknownNameError(axis, missing, known)
        return [place[name] for name in wanted]


def write_axes(
    path: Path,
    dates: np.ndarray,
    assets: np.ndarray,
    names: tuple[str, ...],
    times: tuple[time, ...] | None,
) -> None:
    """Write ``path/axes.npz``.

    Parameters
    ----------
    path : folder
    dates, assets, names, times : as of :class:`Panel`
    """
    np.savez(
        path / "axes.npz",
        dates=dates,
        assets=assets.astype(str),
        names=np.array(names, dtype=str),
        times=np.array([t.isoformat() for t in times or ()], dtype=str),
        has_times=np.array(times is not None),
    )


def read_axes(
    path: Path,
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], tuple[time, ...] | None]:
    """Dates, assets, names and times of what :func:`write_axes` wrote.

    Raises
    ------
    PanelReadError
    """
    with reading(path), np.load(path / "axes.npz", allow_pickle=False) as held:
        axes = {name: held[name] for name in AXES}
    times = tuple(time.fromisoformat(t) for t in axes["times"])
    names = tuple(str(n) for n in axes["names"])
    return axes["dates"], axes["assets"], names, times if bool(axes["has_times"]) else None


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of a folder that it holds no Panel, where NumPy says anything else."""
    try:
        yield
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise PanelReadError(path, str(error).rstrip(".")) from error


def _positions(axis: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Index of every wanted label on an axis, -1 where it is absent."""
    order = np.argsort(axis)
    place = np.searchsorted(axis[order], wanted).clip(max=max(len(axis) - 1, 0))
    if len(axis) == 0:
        return np.full(len(wanted), -1)
    found = order[place]
    return np.where(axis[found] == wanted, found, -1)
