"""A module beside mine.py that it imports; no kind is defined here."""

from numpy import ndarray


def fall(close: ndarray, preclose: ndarray) -> ndarray:
    """Loss of the day, a fraction."""
    return 1 - close / preclose
