"""What a check says when it fails: the place, the two values, and what it means."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.audit import compare_panels
from intralpha.base import IntralphaError, Panel


class CheckFailedError(IntralphaError, AssertionError):
    """A spec does not keep a promise of its family."""

    exit_code = 3

    def __init__(self, check: str, what: object, found: str, expected: str) -> None:
        self.check, self.what, self.found, self.expected = check, str(what), found, expected
        super().__init__(f"{check}: {what}: found {found}; expected {expected}.")


def require(fine: bool, check: str, what: object, found: str, expected: str) -> None:
    """Raise unless something holds.

    Parameters
    ----------
    fine : whether it holds
    check, what, found, expected : of the error

    Raises
    ------
    CheckFailedError
    """
    if not fine:
        raise CheckFailedError(check, what, found, expected)


def require_values(check: str, what: object, panel: Panel) -> None:
    """Raise if a name of a Panel has no finite value: a check that compares nothing proves nothing.

    Parameters
    ----------
    check, what : of the error
    panel : what a check is about to compare

    Raises
    ------
    CheckFailedError
    """
    empty = [name for name in panel.names if not np.isfinite(panel[name]).any()]
    found = f"no finite value of {', '.join(empty)}: nothing was compared"
    require(not empty, check, what, found, "values; choose a later date or another lake")


def require_same(check: str, what: object, before: Panel, after: Panel, why: str) -> None:
    """Raise unless two Panels are equal, number for number; NaN equals NaN.

    Parameters
    ----------
    check, what : of the error
    before, after : Panels on the same axes; the first must have a finite value for every name
    why : what was done between them

    Raises
    ------
    CheckFailedError
    """
    require_values(check, what, before)
    seen = compare_panels(str(what), before, after, before.dates[-1].item())
    found = f"{seen.changed:,} of {seen.compared:,} values changed when {why}; first {seen.first}"
    require(seen.changed == 0, check, what, found, "equal ones")


def largest_gap(before: Float[ndarray, "*axes"], after: Float[ndarray, "*axes"]) -> float:
    """Largest difference as a share of the larger value; inf where one of two is NaN."""
    if (np.isnan(before) != np.isnan(after)).any():
        return np.inf
    gap = np.abs(before - after) / np.maximum(np.maximum(np.abs(before), np.abs(after)), 1e-12)
    return float(np.nanmax(gap, initial=0.0))
