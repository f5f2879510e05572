"""What every function of this folder asks of its arrays before compiled code reads them."""

import numpy as np
from numpy import ndarray

from intralpha.base import ConfigError, DataError

REAL_KINDS = "biuf"


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

    def __init__(self, name: str, found: object, least: int, most: int | None = None) -> None:
        self.name, self.found, self.least, self.most = name, found, least, most
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
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


def check_count(name: str, value: object, least: int, most: int | None = None) -> None:
    """Refuse what is not a whole number of at least ``least`` and at most ``most``.

    Parameters
    ----------
    name : of the argument
    value : what was given
    least, most : smallest and largest allowed; None: any

    Raises
    ------
    CountError
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        raise CountError(name, value, least, most)
