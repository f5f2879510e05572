"""Read: which part of a lake a computation needs, stated as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Read:
    """Rows of one table that are needed for a date.

    Parameters
    ----------
    table : table of the lake, such as ``daily``
    freq : minutes of a bar, for ``bars``; None for every other table
    back : sessions before the date that are needed; None for everything before it
    ahead : sessions after the date that are needed; 0 for whatever must not look ahead
    """

    table: str
    freq: int | None
    back: int | None
    ahead: int = 0
