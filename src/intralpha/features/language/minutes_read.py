"""Minutes read: which minutes of a session a factor over ticks, or over bars, is made from."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from intralpha.features.language.graph import Graph, Op
from intralpha.market.hours import MINUTES

# Operations whose rows depend on other rows than the one they stand in.
ACROSS = {"lag", "lead", "prev", "row", "rows_left"}
# Where rows are bars these read so many rows before, and no others.
BEFORE = {"lag", "prev"}
# Those that may be there, or not 0, where an operand is not.
ANYWHERE = {"fill", "rsubk", "larger", "smaller", "where", "ne", "nek"}


class _Reach(NamedTuple):
    """Of a series: what it reads if all of it is read.

    Attributes
    ----------
    inside : minutes outside which it is absent or 0
    besides : minutes that it reads besides
    back : bars before its own that a bar of it reads
    """

    inside: Bool[ndarray, "T"]
    besides: Bool[ndarray, "T"]
    back: int = 0


def minutes_read(
    graph: Graph, outputs: list[int], whole_day: set[str], bar: int = 0
) -> Bool[ndarray, "F T"]:
    """Minutes of the session whose rows each factor reads.

    Ticks are stamped by a series ``minute`` (1 to 240), which ``clock`` cuts; rows that are bars
    are cut by their places. What is not cut is read whole. A row's difference to the row before
    counts as its own.

    Parameters
    ----------
    graph : operations
    outputs : operation that holds each factor
    whole_day : inputs whose value in one row is made from the whole day
    bar : minutes of a row; 0: rows are ticks

    Returns
    -------
    bool [F, 240]
        Not too few: what cannot be told is read. Whether a bar is locked counts for the minutes
        that are read; the rule that a day is locked for more than half asks for no more.
    """
    known: dict[int, _Reach] = {}
    wanted = [_unguarded(graph, o) for o in outputs] if bar else outputs
    for i in graph.used(wanted):
        op = graph.ops[i]
        known[i] = _reach(graph, op, [known[a] for a in op.args], whole_day, bar)
    return np.array([known[o].besides for o in wanted], bool).reshape(len(outputs), MINUTES)


def _unguarded(graph: Graph, output: int) -> int:
    """The number itself, without what makes it NaN on a locked or suspended day."""
    op = graph.ops[output]
    return op.args[0] if op.code == "select" and op.on == "day" else output


def _reach(graph: Graph, op: Op, args: list[_Reach], whole_day: set[str], bar: int) -> _Reach:
    every, nothing = np.ones(MINUTES, bool), np.zeros(MINUTES, bool)
    if op.code == "input":
        return _Reach(every, every if op.name in whole_day else nothing)
    besides = np.logical_or.reduce([a.besides for a in args]) if args else nothing
    if op.on == "day":  # a statistic reads the rows of its series, a number has none
        rows = [a for a, place in zip(args, op.args, strict=True) if graph.ops[place].on == "row"]
        return _Reach(every, besides | _rows_read(op, rows, bar))
    back = max((a.back for a in args), default=0)
    if op.code in ACROSS:
        return _across(op, besides, back, bar)
    inside = np.logical_and.reduce([every, *(a.inside for a in args)])
    if op.code in ("gtk", "lek") and graph.ops[op.args[0]].name == "minute":
        minute = np.arange(1, MINUTES + 1)
        inside = minute > op.k if op.code == "gtk" else minute <= op.k
    elif op.code in ("crop", "cropmask"):
        inside = inside & _window(op, bar)
    elif op.code in ANYWHERE:
        inside = every
    return _Reach(inside, besides | _before(inside, back) if op.code == "top" else besides, back)


def _across(op: Op, besides: Bool[ndarray, "T"], back: int, bar: int) -> _Reach:
    """Of an operation on other rows: which of them is known where rows are bars."""
    every = np.ones(MINUTES, bool)
    if bar and op.code in BEFORE:
        return _Reach(every, besides, back + bar * max(op.lo, 1))
    return _Reach(every, besides if bar and not op.args else every)


def _rows_read(op: Op, rows: list[_Reach], bar: int) -> Bool[ndarray, "T"]:
    """Minutes that a statistic reads of its series."""
    if not rows:
        return np.zeros(MINUTES, bool)
    read = np.logical_and.reduce([r.inside for r in rows]) & _window(op, bar)
    return _before(read, max(r.back for r in rows))


def _window(op: Op, bar: int) -> Bool[ndarray, "T"]:
    """Minutes of the bars from ``lo`` to ``hi`` of an operation; all where rows are ticks."""
    out = np.zeros(MINUTES, bool)
    out[op.lo * bar : op.hi * bar if bar and op.hi >= 0 else MINUTES] = True
    return out


def _before(read: Bool[ndarray, "T"], back: int) -> Bool[ndarray, "T"]:
    """These minutes and so many before each."""
    out = read.copy()
    for minute in np.flatnonzero(read):
        out[max(minute - back, 0) : minute] = True
    return out
