"""Minutes read: which minutes of a session a factor over ticks is made from."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from intralpha.features.language.graph import Graph, Op
from intralpha.market.hours import MINUTES

# Operations whose rows depend on other rows than the one they stand in.
ACROSS = {"lag", "lead", "prev", "row", "rows_left"}
# Those that may be there, or not 0, where an operand is not.
ANYWHERE = {"fill", "rsubk", "larger", "smaller", "where", "ne", "nek"}


class _Reach(NamedTuple):
    """Of a series: minutes outside which it is absent or 0, and minutes that it reads besides."""

    inside: Bool[ndarray, "T"]
    besides: Bool[ndarray, "T"]


def minutes_read(graph: Graph, outputs: list[int], whole_day: set[str]) -> Bool[ndarray, "F T"]:
    """Minutes of the session whose rows each factor reads.

    Rows that are stamped by a series ``minute`` (1 to 240) are cut by ``clock``; what is not cut
    is read whole. A row's difference to the row before counts as its own.

    Parameters
    ----------
    graph : operations
    outputs : operation that holds each factor
    whole_day : inputs whose value in one row is made from the whole day

    Returns
    -------
    bool [F, 240]
        Not too few: what cannot be told is read.
    """
    known: dict[int, _Reach] = {}
    for i in graph.used(outputs):
        op = graph.ops[i]
        known[i] = _reach(graph, op, [known[a] for a in op.args], whole_day)
    return np.array([known[o].besides for o in outputs], bool).reshape(len(outputs), MINUTES)


def _reach(graph: Graph, op: Op, args: list[_Reach], whole_day: set[str]) -> _Reach:
    every, nothing = np.ones(MINUTES, bool), np.zeros(MINUTES, bool)
    if op.code == "input":
        return _Reach(every, every if op.name in whole_day else nothing)
    besides = np.logical_or.reduce([a.besides for a in args]) if args else nothing
    if op.on == "day":  # a statistic reads the rows of its series, a number has none
        rows = [a.inside for a, place in zip(args, op.args, strict=True)
                if graph.ops[place].on == "row"]  # fmt: skip
        read = np.logical_and.reduce(rows) if rows else nothing
        return _Reach(every, besides | read)
    if op.code in ACROSS:
        return _Reach(every, every)
    if op.code in ("gtk", "lek") and graph.ops[op.args[0]].name == "minute":
        minute = np.arange(1, MINUTES + 1)
        return _Reach(minute > op.k if op.code == "gtk" else minute <= op.k, besides)
    if op.code in ANYWHERE or not args:
        return _Reach(every, besides)
    inside = np.logical_and.reduce([a.inside for a in args])
    return _Reach(inside, besides | inside if op.code == "top" else besides)
