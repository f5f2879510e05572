"""Level-2 needs: an error where a lake has nothing of what factors read, a note where it has some.

A stock or a session without Level-2 data is NaN, as missing data are everywhere. A lake that has
none of it at all on the sessions asked for is a step that was forgotten.
"""

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import ConfigError, DataError
from intralpha.base.panel import as_days
from intralpha.features.level2.enrich import rules_used
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake
from intralpha.market.bar_columns import filled_columns

LOG = logging.getLogger(__name__)
MINUTE = 1
NO_THRESHOLD = (
    ": no stock had a threshold of big orders when the minutes were made, too few sessions with "
    "trades before. `big_order: {rule: day_mean}` of `enrich` and of the factors needs none"
)


class MissingLevel2Error(DataError):
    """No session asked for has what the factors are made from."""

    def __init__(
        self, library: str, needs: str, sessions: Sequence[date], root: Path, hint: str
    ) -> None:
        self.library, self.needs, self.sessions = library, needs, tuple(sessions)
        self.root = root
        super().__init__(
            f"library {library} needs {needs}; {root} has none on the {len(sessions):,} sessions "
            f"from {sessions[0]} to {sessions[-1]}, expected some.\nHint: {hint}."
        )


class OtherRuleError(ConfigError):
    """Orders counted as big by another rule when the minutes were made."""

    def __init__(
        self, library: str, asked: BigOrderSpec, used: BigOrderSpec, sessions: Sequence[date]
    ) -> None:
        self.library, self.asked, self.used = library, asked, used
        self.sessions = tuple(sessions)
        options = f"--rule {asked.rule} --days {asked.days} --min-days {asked.min_days}"
        super().__init__(
            f"library {library} reads big-order amounts of minutes, with big_order "
            f"{_shown(asked)}; those of {len(sessions):,} sessions from {sessions[0]} on were made "
            f"with {_shown(used)}.\nHint: set big_order: {_shown(used)}, or make the minutes again "
            f"with `intralpha level2 enrich LAKE {options}`."
        )


def check_ticks(
    lake: Lake, library: str, table: str, dates: Shaped[ndarray, "D"], lookback: int
) -> None:
    """Raise if no session has both a table of ticks and minutes; note how many have not.

    Parameters
    ----------
    lake : the factors come from
    library : for the message
    table : ``trades``, ``orders`` or ``snapshots``
    dates : sessions asked for
    lookback : sessions before that their values are made from, too

    Raises
    ------
    MissingLevel2Error
        None has.
    """
    around, asked = _sessions(lake, dates, lookback)
    ticks, minutes = (_present(lake, name, around) for name in (table, "bars"))
    if not around:
        return
    if not ticks:
        hint = f"`intralpha ingest` a source with {table}, or leave these factors out (`names`)"
        if table == "snapshots":
            hint += f"; `intralpha level2 snapshots {lake.root}` rebuilds them from orders"
        raise MissingLevel2Error(library, f"table {table}", around, lake.root, hint)
    if not ticks & minutes:
        needs = f"1-minute bars beside table {table}"
        hint = f"`intralpha level2 enrich {lake.root}` makes them from trades"
        if table == "snapshots":
            hint += ", `kind: minutes_of_snapshots` around the source of snapshots without them"
        raise MissingLevel2Error(library, needs, around, lake.root, hint)
    _note(library, f"table {table} with 1-minute bars", asked, ticks & minutes)


def check_minutes(
    lake: Lake,
    library: str,
    freq: int,
    columns: Sequence[str],
    dates: Shaped[ndarray, "D"],
    lookback: int,
) -> None:
    """Raise if bars have none of the nullable columns on any session; note what some lack.

    Parameters
    ----------
    lake, library, dates, lookback : as for :func:`check_ticks`
    freq : minutes of one bar
    columns : of ``bars`` that are made from trades and snapshots, and read

    Raises
    ------
    MissingLevel2Error
        All of them are null on all sessions.
    """
    around, asked = _sessions(lake, dates, lookback)
    if not around:
        return
    filled = {on: filled_columns(lake, on, freq) & {*columns} for on in around}
    anywhere = frozenset[str]().union(*filled.values())
    if not anywhere:
        needs = f"{', '.join(columns)} of {freq}-minute bars"
        hint = (
            f"`intralpha level2 enrich {lake.root}` makes them from trades, in bars of 1 minute; "
            "or leave the factors that read them out (`names`)"
        )
        raise MissingLevel2Error(library, needs, around, lake.root, hint)
    empty = [name for name in columns if name not in anywhere]
    if empty:
        why = NO_THRESHOLD if any(name.startswith("big_") for name in empty) else ""
        LOG.warning("%s: no session has %s; NaN is what reads it%s", library, ", ".join(empty), why)
    _note(library, f"{freq}-minute bars made from trades", asked, {d for d in asked if filled[d]})


def check_rule(
    lake: Lake,
    library: str,
    asked: BigOrderSpec,
    dates: Shaped[ndarray, "D"],
    lookback: int,
) -> None:
    """Raise if minutes were made with another rule for big orders than a recipe asks for.

    Parameters
    ----------
    lake, library, dates, lookback : as for :func:`check_ticks`
    asked : the recipe's rule

    Raises
    ------
    OtherRuleError
        They were. Minutes of which it is not known are taken as they are.
    """
    around, _ = _sessions(lake, dates, lookback)
    used = rules_used(lake, as_days(around))
    other = [on for on, rule in used.items() if _decisive(rule) != _decisive(asked)]
    if other:
        raise OtherRuleError(library, asked, used[other[0]], other)


def _sessions(lake: Lake, dates: ndarray, lookback: int) -> tuple[list[date], list[date]]:
    """Sessions from the first of the look-back to the last date; and the dates among them."""
    days, known = as_days(dates), lake.dates("daily")
    if not len(days):
        return [], []
    first = max(int(np.searchsorted(known, days[0])) - lookback, 0)
    around = known[first : int(np.searchsorted(known, days[-1], side="right"))]
    return around.tolist(), np.intersect1d(around, days).tolist()


def _present(lake: Lake, table: str, sessions: list[date]) -> set[date]:
    return {*lake.checksums(table, MINUTE if table == "bars" else None)} & {*sessions}


def _note(library: str, needs: str, asked: list[date], have: set[date]) -> None:
    """One line in the log for the sessions that will be NaN."""
    lacking = [on for on in asked if on not in have]
    if lacking:
        LOG.warning(
            "%s: %d of %d sessions have no %s and are NaN, the first %s",
            library, len(lacking), len(asked), needs, lacking[0],
        )  # fmt: skip


def _decisive(rule: BigOrderSpec) -> tuple[object, ...]:
    """What a threshold depends on."""
    if rule.rule in ("fixed_200k", "day_mean"):
        return (rule.rule,)
    return (rule.rule, rule.days, rule.min_days)


def _shown(rule: BigOrderSpec) -> str:
    """As it is written in a recipe."""
    return f"{{rule: {rule.rule}, days: {rule.days}, min_days: {rule.min_days}}}"
