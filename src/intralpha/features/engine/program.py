"""Program: a graph as a list of instructions that reuse few registers."""

from dataclasses import dataclass

import numpy as np

from intralpha.features.engine.codes import (
    CODES,
    I_A,
    I_B,
    I_C,
    I_CODE,
    I_D,
    I_DAY,
    I_HI,
    I_LEAST,
    I_LO,
    I_OUT,
    WIDTH,
)
from intralpha.features.language.graph import Graph

OPERANDS = (I_A, I_B, I_C, I_D)


@dataclass(frozen=True, eq=False)
class Program:
    """Instructions of a set of factors over one frame.

    A row register below ``len(rows)`` is an input that is read in place; the others are scratch.
    Numbers of the day are all scratch, and the first ``len(days)`` are loaded from inputs.

    Attributes
    ----------
    code : int64 [instructions, 10]; see ``codes``
    k : float64 [instructions], constant operands
    rows, days : names of the inputs
    row_registers, day_registers : scratch needed, inputs of rows not counted
    outputs : number of factors
    """

    code: np.ndarray
    k: np.ndarray
    rows: tuple[str, ...]
    days: tuple[str, ...]
    row_registers: int
    day_registers: int
    outputs: int


class _Registers:
    """Free registers are handed out again, lowest first."""

    def __init__(self, first: int) -> None:
        self._free: list[int] = []
        self.next = first

    def take(self) -> int:
        if self._free:
            self._free.sort(reverse=True)
            return self._free.pop()
        self.next += 1
        return self.next - 1

    def give(self, register: int) -> None:
        self._free.append(register)


def assemble(graph: Graph, outputs: list[int], inputs: tuple[str, ...] = ()) -> Program:
    """Lay a graph out so that every factor's operations come as late as they can.

    Parameters
    ----------
    graph : operations
    outputs : operation that holds each factor, in the order of the columns
    inputs : row inputs that come first whether they are used or not, so that an array that holds
        them in this order can be read as it is
    """
    order = _order(graph, outputs)
    given = [i for i in order if graph.ops[i].code == "input"]
    rows = list(inputs) + [
        graph.ops[i].name
        for i in given
        if graph.ops[i].on == "row" and graph.ops[i].name not in inputs
    ]
    days = [graph.ops[i].name for i in given if graph.ops[i].on == "day"]
    names = {"row": rows, "day": days}
    place = {i: names[graph.ops[i].on].index(graph.ops[i].name) for i in given}
    last = _last_use(graph, order, outputs)
    registers = {"row": _Registers(len(rows)), "day": _Registers(len(days))}
    columns: dict[int, list[int]] = {}
    for column, op in enumerate(outputs):
        columns.setdefault(op, []).append(column)
    code, k = [], []
    for step, i in enumerate(order):
        op = graph.ops[i]
        if op.code != "input":
            place[i] = registers[op.on].take()
            code.append(_instruction(op, place[i], [place[a] for a in op.args]))
            k.append(op.k)
        for column in columns.get(i, ()):
            code.append(_line("output", 1, column, [place[i]]))
            k.append(0.0)
        for a in {*op.args, i}:
            done = last.get(a, step) == step
            if done and graph.ops[a].code != "input":
                registers[graph.ops[a].on].give(place[a])
    return Program(
        np.array(code, dtype=np.int64).reshape(-1, WIDTH),
        np.array(k, dtype=np.float64),
        tuple(rows),
        tuple(days),
        registers["row"].next - len(rows),
        registers["day"].next,
        len(outputs),
    )


def _order(graph: Graph, outputs: list[int]) -> list[int]:
    """Depth first from each factor in turn, so that what one needs is dropped before the next."""
    done: dict[int, None] = {}
    for output in outputs:
        stack = [(output, False)]
        while stack:
            here, ready = stack.pop()
            if here in done:
                continue
            if ready:
                done[here] = None
                continue
            stack.append((here, True))
            stack += [(a, False) for a in reversed(graph.ops[here].args) if a not in done]
    return list(done)


def _last_use(graph: Graph, order: list[int], outputs: list[int]) -> dict[int, int]:
    """Step after which nobody reads an operation."""
    last = {i: step for step, i in enumerate(order) if i in outputs}
    for step, i in enumerate(order):
        for a in graph.ops[i].args:
            last[a] = max(step, last.get(a, 0))
    return last


def _instruction(op, out: int, args: list[int]) -> list[int]:
    row = _line(op.code, int(op.on == "day"), out, args)
    row[I_LO], row[I_HI], row[I_LEAST] = op.lo, op.hi, op.least
    return row


def _line(code: str, day: int, out: int, args: list[int]) -> list[int]:
    row = [0] * WIDTH
    row[I_CODE], row[I_DAY], row[I_OUT] = CODES[code], day, out
    for column, arg in zip(OPERANDS, args, strict=False):
        row[column] = arg
    return row
