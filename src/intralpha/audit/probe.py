"""Compare what was known by a date in two worlds that share only their past."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from intralpha.base import LookAheadError, Panel


@dataclass(frozen=True)
class Finding:
    """What one comparison saw.

    Attributes
    ----------
    what : the thing compared, such as ``features of gru``
    compared : finite values compared, up to the date
    changed : values that differ
    first : the first difference as ``date symbol name: value -> value``, empty if none
    """

    what: str
    compared: int
    changed: int
    first: str

    @property
    def clean(self) -> bool:
        """True when something was compared and nothing differed."""
        return self.compared > 0 and self.changed == 0


class FutureLeakError(LookAheadError):
    """Values up to a date changed when only later data were scrambled."""

    def __init__(self, date_: date, findings: tuple[Finding, ...]) -> None:
        self.date, self.findings = date_, findings
        lines = [
            f"  {f.what}: {f.changed:,} of {f.compared:,} values; first {f.first}" for f in findings
        ]
        super().__init__(
            f"data after {date_} were replaced by noise and values up to it changed:\n"
            + "\n".join(lines)
            + "\nHint: the first of these in the flow of data is the place that looks ahead."
        )


class NothingComparedError(LookAheadError):
    """A look-ahead check found no value to compare, so it proved nothing."""

    def __init__(self, date_: date, what: str) -> None:
        self.date, self.what = date_, what
        super().__init__(
            f"{what} has no finite value up to {date_}: the check compared nothing.\n"
            "Hint: choose a later date or a longer sample."
        )


def compare_panels(what: str, before: Panel, after: Panel, upto: date) -> Finding:
    """Count values up to ``upto`` that differ between two runs; NaN equals NaN.

    Parameters
    ----------
    what : name used in the finding
    before, after : Panels of the true and the scrambled world; axes may differ in length
    upto : last session compared, included
    """
    old = before.between("1900-01-01", upto)
    new = after.reindex(old.dates, old.assets).select(old.names)
    same = (old.values == new.values) | (np.isnan(old.values) & np.isnan(new.values))
    where = np.argwhere(~same)
    first = ""
    if len(where):
        at = tuple(where[0])
        label = f"{old.dates[at[0]]} {old.assets[at[-2]]} {old.names[at[-1]]}"
        first = f"{label}: {old.values[at]:.6g} -> {new.values[at]:.6g}"
    return Finding(what, int(np.isfinite(old.values).sum()), len(where), first)


def assert_same_past(findings: tuple[Finding, ...], upto: date) -> None:
    """Raise if anything up to the date differed, or if any comparison was empty.

    Raises
    ------
    NothingComparedError
        A finding compared no finite value.
    FutureLeakError
        A finding saw a difference.
    """
    for finding in findings:
        if finding.compared == 0 and finding.changed == 0:
            raise NothingComparedError(upto, finding.what)
    leaks = tuple(f for f in findings if f.changed)
    if leaks:
        raise FutureLeakError(upto, leaks)
