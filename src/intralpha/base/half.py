"""Half: values as float16 with a power of two a day and name, half the bytes of float32."""

from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int16, Shaped
from numpy import ndarray

from intralpha.base.errors import DataError
from intralpha.base.panel import Panel, read_axes, reading, write_axes

EXPONENTS = "exponents.npy"
LEAST, MOST = -126, 113  # of 2, as float32 holds both 2**k and what float16 times it may be
TOP = np.float32(32752.0)  # the largest float16 below 2**15


class HalfTypeError(DataError):
    """Values that are no float32 are to be kept as float16."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(
            f"found {found} to be kept as float16; expected float32.\n"
            "Hint: money is counted in float64, which has no place there."
        )


@dataclass(frozen=True, eq=False)
class HalfPanel:
    """A Panel whose value is ``halves * 2**exponent`` of its day and name.

    Attributes
    ----------
    halves : float16 [D, A, F], or [D, T, A, F] with ``times``; NaN is absent
    exponents_DF : int16 [D, F]
    dates, assets, names, times : as of :class:`Panel`
    """

    halves: ndarray
    exponents_DF: Int16[ndarray, "D F"]
    dates: Shaped[ndarray, " D"]
    assets: Shaped[ndarray, " A"]
    names: tuple[str, ...]
    times: tuple[time, ...] | None = None

    @property
    def scale_DF(self) -> Float32[ndarray, "D F"]:
        """What the halves are multiplied with."""
        return np.ldexp(np.float32(1), self.exponents_DF)

    def days(self, rows: slice) -> "HalfPanel":
        """Only these days (a view)."""
        halves, exponents_DF = self.halves[rows], self.exponents_DF[rows]
        return replace(self, halves=halves, exponents_DF=exponents_DF, dates=self.dates[rows])

    def widened(self) -> Panel:
        """The same values as float32 (a copy)."""
        values = np.empty(self.halves.shape, np.float32)
        for day, out in enumerate(values):
            out[...] = widened(self.halves[day], self.exponents_DF[day])
        return Panel(values, self.dates, self.assets, self.names, self.times)

    def save_axes(self, path: Path) -> None:
        """Write exponents and axes beside halves that are there already, the axes last."""
        np.save(path / EXPONENTS, self.exponents_DF)
        write_axes(path, self.dates, self.assets, self.names, self.times)

    @classmethod
    def load(cls, path: Path) -> "HalfPanel":
        """Open what is laid out in a folder, memory-mapped read-only.

        Raises
        ------
        PanelReadError
            Nothing is there, or it cannot be read.
        """
        with reading(path):
            halves = np.load(path / "values.npy", mmap_mode="r", allow_pickle=False)
            exponents_DF = np.load(path / EXPONENTS, allow_pickle=False)
        dates, assets, names, times = read_axes(path)
        return cls(halves, exponents_DF, dates, assets, names, times)


def is_half(path: Path) -> bool:
    """Whether a folder holds a :class:`HalfPanel`."""
    return (path / EXPONENTS).is_file()


def halved(values: Float[ndarray, "*T A F"]) -> tuple[ndarray, Int16[ndarray, " F"], int]:
    r"""One day as float16, the largest value of each name brought between 2**14 and 2**15.

    .. math:: |x - h 2^k| \le \max(2^{-11} |x|,\; 2^{-25} 2^k), \qquad 2^k \le 2^{-14} \max|x|

    Powers of two lose nothing, so this is the rounding of float16 itself, wherever values lie: no
    number becomes infinite, and one becomes 0 only below 2**-39 of the largest of its name and day.

    Parameters
    ----------
    values : float32 [A, F], or [T, A, F] of bars; NaN and infinities stay what they are

    Returns
    -------
    halves, exponents, lost
        float16 of the same shape, k of each name, and how many numbers became 0.

    Raises
    ------
    HalfTypeError

    Examples
    --------
    >>> halves, exponents_F, lost = halved(np.array([[1e9, 1e-9], [3e8, 0.0]], np.float32))
    >>> widened(halves, exponents_F).tolist(), lost
    ([[999817216.0, 1.000444171950221e-09], [299892736.0, 0.0]], 0)
    """
    if values.dtype != np.float32:
        raise HalfTypeError(str(values.dtype))
    finite = np.isfinite(values)
    exponents_F = _exponents(values, finite)
    scaled = values * np.ldexp(np.float32(1), -exponents_F)
    # Of the largest exponent what is rounded up would be infinite as float32.
    most_F = np.where(exponents_F == MOST, TOP, np.float32(np.inf))
    scaled = np.where(finite, np.clip(scaled, -most_F, most_F), scaled)
    halves = scaled.astype(np.float16)
    lost = int(((halves == 0) & (values != 0)).sum())
    return halves, exponents_F, lost


def widened(halves: ndarray, exponents_F: Int[ndarray, " F"]) -> Float32[ndarray, "*T A F"]:
    """What :func:`halved` gave as float32, exactly.

    Parameters
    ----------
    halves : float16 [A, F] or [T, A, F]
    exponents_F : of each name
    """
    return halves.astype(np.float32) * np.ldexp(np.float32(1), exponents_F)


def _exponents(
    values: Float32[ndarray, "*T A F"], finite: Bool[ndarray, "*T A F"]
) -> Int16[ndarray, " F"]:
    """Power of two of each name; 0 where nothing is finite, or all is 0."""
    others = tuple(range(values.ndim - 1))
    top_F = np.max(np.abs(values), axis=others, initial=0.0, where=finite)
    _, power_F = np.frexp(top_F)
    found = np.clip(power_F - 15, LEAST, MOST)
    return np.where(top_F > 0, found, 0).astype(np.int16)
