"""Time line: the folds of a schedule as a table and as a drawing of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Int, Shaped
from numpy import ndarray

from intralpha.datasets.schedule import Fold

ROLES = ("train", "purge", "valid", "purge", "predict")
MARKS = np.array(list("=.v.p"))
LEGEND = "= train, . purged, v validation, p predicted"
WIDTH = 52  # columns of the drawing; with the numbers a line stays under 100
DRAWN = 40  # folds of a schedule that are drawn
FINEST = 4  # columns a month at most


@dataclass(frozen=True, eq=False)
class Spell:
    """What a fold does from a session to another one, both included.

    Parameters
    ----------
    role : position in ``ROLES``
    first, last : sessions; a spell without any has its last before its first
    dates : sample or predicted dates in it; sessions of a purge
    """

    role: int
    first: np.datetime64
    last: np.datetime64
    dates: int


def spells(fold: Fold, sessions: Shaped[ndarray, " n_sessions"]) -> tuple[Spell, ...]:
    """Training, purge, validation, purge and prediction of a fold, in time order.

    Parameters
    ----------
    fold : one that can be trained, with a predicted date
    sessions : datetime64[D], all sessions, ascending
    """
    parts = (fold.train, fold.valid, fold.predict)
    named = [Spell(2 * i, part[0], part[-1], len(part)) for i, part in enumerate(parts)]
    gaps = []
    for role, before, after in ((1, named[0], named[1]), (3, named[1], named[2])):
        start = int(np.searchsorted(sessions, before.last)) + 1
        stop = int(np.searchsorted(sessions, after.first))
        first = sessions[min(start, len(sessions) - 1)]
        last = sessions[stop - 1] if stop > start else first - np.timedelta64(1, "D")
        gaps.append(Spell(role, first, last, stop - start))
    return named[0], gaps[0], named[1], gaps[1], named[2]


def timeline(folds: Sequence[Fold], sessions: Shaped[ndarray, " n_sessions"]) -> pl.DataFrame:
    """The folds as a table, one a row.

    Parameters
    ----------
    folds : of one schedule, in time order
    sessions : datetime64[D], all sessions, ascending

    Returns
    -------
    DataFrame
        ``fold``; of training, validation and prediction the first date, the last one and how many;
        of the two purges how many sessions.
    """
    rows = []
    for fold in folds:
        train, gap, valid, wait, predict = spells(fold, sessions)
        row: dict[str, object] = {"fold": fold.name}
        for name, one in (("train", train), ("valid", valid), ("predict", predict)):
            row |= {f"{name} from": str(one.first), f"{name} to": str(one.last), name: one.dates}
            if name != "predict":
                row["purged" if name == "train" else "purged again"] = (
                    gap if name == "train" else wait
                ).dates
        rows.append(row)
    return pl.DataFrame(rows)


def draw_timeline(
    folds: Sequence[Fold], sessions: Shaped[ndarray, " n_sessions"], drawn: int = DRAWN
) -> str:
    """The folds as lines of text over a scale of months, at most 100 columns wide.

    A line has the numbers of dates (of a purge: sessions) and what the fold does when. A column
    shows what takes most of its days; every part of a fold has a column where the scale allows it,
    and a purge gives way to what has dates.

    Parameters
    ----------
    folds : of one schedule, in time order, at least one
    sessions : datetime64[D], all sessions, ascending
    drawn : folds that get a line; of more the number is told

    Returns
    -------
    str
        The legend, the scale, and a line a fold. Where folds predict the same dates, as sample
        blocks do, how many of them there are for a date.
    """
    laid = [spells(fold, sessions) for fold in folds]
    edges, span = _edges(min(s[0].first for s in laid[:drawn]), laid[:drawn][-1][-1].last)
    several = _predicting(folds)
    first = "learns from" if several else "predicts from"
    head = f"{first:<13}" + "".join(f" {role:>6}" for role in ROLES)
    lines = [f"{LEGEND}; a column is {span}", f"{head} {_scale(edges)}".rstrip()]
    for fold, parts in list(zip(folds, laid, strict=True))[:drawn]:
        numbers = "".join(f" {one.dates:>6}" for one in parts)
        lines.append(f"{fold.name:<13}{numbers} {_bar(parts, edges)}".rstrip())
    if len(folds) > drawn:
        lines.append(f"and {len(folds) - drawn} more, the last of which is {folds[-1].name}")
    return "\n".join([*lines, *several])


def _predicting(folds: Sequence[Fold]) -> tuple[str, ...]:
    """How many folds predict a date, if that is ever more than one."""
    _, counts = np.unique(np.concatenate([fold.predict for fold in folds]), return_counts=True)
    if counts.max() == 1:
        return ()
    least, most = int(counts.min()), int(counts.max())
    return (f"{len(folds)} are trained, and {least} to {most} of them predict a date",)


def _edges(first: np.datetime64, last: np.datetime64) -> tuple[Shaped[ndarray, " E"], str]:
    """Starts of the columns, one more than there are columns, and how long one is."""
    start, stop = first.astype("datetime64[M]"), last.astype("datetime64[M]") + 1
    months = int((stop - start).astype(int))
    parts = next((p for p in (FINEST, 2) if months * p <= WIDTH), 1)
    if parts > 1:
        begins = np.arange(start, stop).astype("datetime64[D]")
        within = np.arange(parts) * (28 // parts)
        edges = (begins[:, None] + within).reshape(-1)
        return np.append(edges, stop.astype("datetime64[D]")), f"1/{parts} of a month"
    step = next(m for m in _lengths() if -(-months // m) <= WIDTH)
    edges = np.arange(start, stop + step, step)[: -(-months // step) + 1]
    return edges.astype("datetime64[D]"), "a month" if step == 1 else f"{step} months"


def _lengths() -> Iterator[int]:
    """Months that a column may stand for."""
    yield from (1, 2, 3, 6)
    years = 1
    while True:
        yield 12 * years
        years += 1


def _scale(edges: Shaped[ndarray, " E"]) -> str:
    """Months where there is room for them."""
    text, room = "", 0
    months = edges[:-1].astype("datetime64[M]")
    for at, month in enumerate(months):
        starts = at == 0 or month != months[at - 1]
        if starts and at >= room and at + 7 <= len(months):
            text = text.ljust(at) + str(month)
            room = at + 9
    return text


def _bar(parts: Sequence[Spell], edges: Shaped[ndarray, " E"]) -> str:
    """A fold's line: what takes most days of a column; the rest finds one where it has days."""
    days_RC = np.stack([_days(one, edges) for one in parts])
    shown = np.where(days_RC.any(axis=0), days_RC.argmax(axis=0), -1)
    for role in (4, 2, 0, 1, 3):  # dates are shown before purges, and in their place
        if role in shown:
            continue
        for at in np.argsort(-days_RC[role], kind="stable"):
            spare = (shown == shown[at]).sum() > 1 or (shown[at] % 2 == 1 and role % 2 == 0)
            if days_RC[role, at] and spare:
                shown[at] = role
                break
    return "".join(np.where(shown >= 0, MARKS[shown], " "))


def _days(one: Spell, edges: Shaped[ndarray, " E"]) -> Int[ndarray, " C"]:
    """Calendar days of a spell in each column."""
    after = one.last + np.timedelta64(1, "D")
    return np.diff(np.clip(edges, one.first, max(one.first, after))).astype(int)
