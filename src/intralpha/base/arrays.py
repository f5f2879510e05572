"""Array forms: what is asked of arrays before compiled code reads them, in every folder.

Compiled code checks nothing: it reads whatever memory a wrong shape sends it to.
"""

import numpy as np
from numpy import ndarray

from intralpha.base.errors import ConfigError, DataError

REAL_KINDS = "biuf"
LARGEST = 2**63 - 1  # of compiled code's whole numbers
KINDS = {
    "b": "bool",
    "i": "whole numbers",
    "u": "unsigned whole numbers",
    "f": "floating point numbers",
}


class ArrayFormError(DataError):
    """An array has another shape or another type than its neighbours ask for."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(
            f"{name} is {found}; expected {expected}.\n"
            "Hint: lay everything on the same dates and assets, for example with Panel.reindex."
        )


class CountError(ConfigError):
    """A lag or a number of stocks that cannot be."""

    def __init__(self, name: str, found: object, least: int, most: int = LARGEST) -> None:
        self.name, self.found, self.least, self.most = name, found, least, most
        wanted = f"of at least {least}"
        if most < LARGEST or (isinstance(found, int | np.integer) and found > most):
            wanted = f"from {least} to {most}"
        super().__init__(f"{name} is {found!r}; expected a whole number {wanted}")


def check_arrays(ndim: int = 2, **arrays: object) -> None:
    """Refuse arrays of numbers that do not have one shape.

    Parameters
    ----------
    ndim : axes that each must have
    **arrays : by the name of the argument; the first one gives the shape, None is passed over

    Raises
    ------
    ArrayFormError
        No array, another number of axes, another shape, or values that are no real numbers.
    """
    shape: tuple[int, ...] | None = None
    for name, array in arrays.items():
        if array is None:
            continue
        if not isinstance(array, ndarray):
            raise ArrayFormError(name, f"a {type(array).__name__}", "a NumPy array")
        if array.ndim != ndim or (shape is not None and array.shape != shape):
            wanted = f"shape {shape}" if shape is not None else f"{ndim} axes"
            raise ArrayFormError(name, f"of shape {array.shape}", wanted)
        if array.dtype.kind not in REAL_KINDS:
            raise ArrayFormError(name, f"of type {array.dtype}", "real numbers")
        shape = array.shape


def check_shape(
    name: str, array: object, shape: tuple[int | None, ...], kinds: str = REAL_KINDS
) -> None:
    """Refuse what is not an array of one shape and kind of numbers that compiled code knows.

    Numbers in the byte order of another machine and floating point numbers of other sizes than 4
    and 8 bytes are refused.

    Parameters
    ----------
    name : of the argument
    array : what was given
    shape : length of each axis; None for any
    kinds : letters of ``dtype.kind`` that are taken

    Raises
    ------
    ArrayFormError
    """
    if not isinstance(array, ndarray):
        raise ArrayFormError(name, f"a {type(array).__name__}", "a NumPy array")
    pairs = zip(array.shape, shape, strict=False)
    if array.ndim != len(shape) or any(n is not None and found != n for found, n in pairs):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ArrayFormError(name, f"of shape {array.shape}", f"shape ({wanted})")
    if array.dtype.kind not in kinds:
        wanted = " or ".join(KINDS[k] for k in kinds)
        raise ArrayFormError(name, f"of type {array.dtype}", wanted)
    if not array.dtype.isnative or (array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8)):
        wanted = "float32 or float64" if array.dtype.kind == "f" else "whole numbers"
        raise ArrayFormError(name, f"of type {array.dtype}", f"{wanted}, as this machine has them")


def read_only(array: ndarray, packed: bool = True) -> ndarray:
    """What a kernel only reads, as one type for the compiler, whether it came from a mapped file, a
    table or a computation: it would compile the kernel for every type anew.

    Parameters
    ----------
    array : what the kernel is to read; not copied unless it must be packed
    packed : side by side in memory too, which copies a view that is not
    """
    seen = (np.ascontiguousarray(array) if packed else np.asarray(array)).view()
    seen.flags.writeable = False
    return seen


def check_places(name: str, places: object, count: int, least: int = 0) -> None:
    """Refuse what is not a one-dimensional array of places on an axis.

    Parameters
    ----------
    name : of the argument
    places : what was given
    count : length of the axis
    least : smallest place; -1 where that stands for none

    Raises
    ------
    ArrayFormError
    """
    check_shape(name, places, (None,), "iu")
    assert isinstance(places, ndarray)
    if len(places) and not least <= places.min() <= places.max() < count:
        found = f"from {places.min()} to {places.max()}"
        raise ArrayFormError(name, found, f"places from {least} to {count - 1}")


def check_edges(name: str, edges: object, parts: int | None, last: int) -> None:
    """Refuse what does not say where parts begin that follow each other.

    Parameters
    ----------
    name : of the argument
    edges : what was given: whole numbers from 0 that never fall, one more than parts
    parts : number of them; None for any
    last : the last edge, the number of rows

    Raises
    ------
    ArrayFormError
    """
    check_shape(name, edges, (None if parts is None else parts + 1,), "iu")
    assert isinstance(edges, ndarray)
    if not len(edges) or edges[0] != 0 or edges[-1] != last or (edges[1:] < edges[:-1]).any():
        found = f"{edges[:3].tolist()} ... {edges[-1:].tolist()}"
        raise ArrayFormError(name, found, f"edges that rise from 0 to {last}")


def check_count(name: str, value: object, least: int, most: int = LARGEST) -> None:
    """Refuse what is not a whole number of at least ``least`` and at most ``most``.

    A number of more than 64 bits is no number to compiled code.

    Parameters
    ----------
    name : of the argument
    value : what was given
    least, most : smallest and largest allowed; by default all that compiled code can hold

    Raises
    ------
    CountError
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise CountError(name, value, least, most)
    if not least <= value <= most:
        raise CountError(name, value, least, most)
