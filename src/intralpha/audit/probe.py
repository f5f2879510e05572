"""Compare what was known by a date in two worlds that share only their past."""

from dataclasses import dataclass
from datetime import date, time

import numpy as np

from intralpha.base import LookAheadError, Panel

CHANGES = {
    "noise": "replaced by noise",
    "removed": "taken away",
    "shifted": "put off by a session",
    "noon": "replaced by noise from its noon on",
}


@dataclass(frozen=True)
class Finding:
    """What one comparison saw.

    Attributes
    ----------
    what : the thing compared, such as ``features of gru``
    compared : finite values compared, up to the date
    changed : values that differ
    first : the first difference as ``date symbol name: value -> value``, empty if none
    later : values after the date that differ: what a look ahead would have shown
    """

    what: str
    compared: int
    changed: int
    first: str
    later: int = 0

    @property
    def clean(self) -> bool:
        """True when something was compared and nothing differed."""
        return self.compared > 0 and self.changed == 0

    def __add__(self, other: "Finding") -> "Finding":
        """Both together; the first difference is that of the earlier one."""
        return Finding(
            self.what,
            self.compared + other.compared,
            self.changed + other.changed,
            self.first or other.first,
            self.later + other.later,
        )


class FutureLeakError(LookAheadError):
    """Values up to a date changed when only later data did."""

    def __init__(
        self, date_: date, findings: tuple[Finding, ...], change: str = CHANGES["noise"]
    ) -> None:
        self.date, self.findings, self.change = date_, findings, change
        lines = [
            f"  {f.what}: {f.changed:,} of {f.compared:,} values; first {f.first}" for f in findings
        ]
        super().__init__(
            f"data after {date_} were {change} and values up to it changed:\n"
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


def compare_panels(
    what: str, before: Panel, after: Panel, upto: date, noon: time | None = None
) -> Finding:
    """Count values up to ``upto`` that differ between two runs; NaN equals NaN.

    Parameters
    ----------
    what : name used in the finding
    before, after : Panels of the true and the other world; axes may differ in length
    upto : last session compared, included
    noon : of Panels with times, only values of bars that end by then are compared
    """
    old = before.between("1900-01-01", upto)
    new = after.reindex(old.dates, old.assets).select(old.names)
    same = (old.values == new.values) | (np.isnan(old.values) & np.isnan(new.values))
    known = np.isfinite(old.values)
    if noon is not None and old.times is not None:
        early = (np.array(old.times) <= noon)[:, None, None]
        same, known = same | ~early, known & early
    where = np.argwhere(~same)
    first = ""
    if len(where):
        at = tuple(where[0])
        label = f"{old.dates[at[0]]} {old.assets[at[-2]]} {old.names[at[-1]]}"
        first = f"{label}: {old.values[at]:.6g} -> {new.values[at]:.6g}"
    return Finding(what, int(known.sum()), len(where), first)


def assert_same_past(findings: tuple[Finding, ...], upto: date, future: str = "noise") -> None:
    """Raise if anything up to the date differed, or if any comparison was empty.

    Parameters
    ----------
    findings : of the comparisons
    upto : last date of the common past
    future : what the other world was, a name in ``CHANGES``, or the clock time of the date from
        which on it was noise

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
        change = CHANGES.get(future, f"replaced by noise from its {future} on")
        raise FutureLeakError(upto, leaks, change)
