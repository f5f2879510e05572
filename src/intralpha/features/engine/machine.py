"""Machine: runs a program over cache-sized blocks of stock-days, compiled once for all programs."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base import thread_count
from intralpha.base.arrays import check_count, check_edges, check_shape, read_only
from intralpha.features.engine import elementwise as el
from intralpha.features.engine import shifts as sh
from intralpha.features.engine import statistics as st
from intralpha.features.engine.codes import (
    BINARY,
    CODES,
    CONSTANT,
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
    UNARY,
)
from intralpha.features.engine.compiling import BARE, BARE_INNER, borrowed
from intralpha.features.engine.program import Program

BLOCK_ROWS = 32 * 240
PARTS_A_THREAD = 4
_LAST_BINARY = len(BINARY)
_LAST_CONSTANT = _LAST_BINARY + len(CONSTANT)
_LAST_UNARY = _LAST_CONSTANT + len(UNARY)
_WHERE, _EXPAND, _LAG, _LEAD, _PREV = (CODES[c] for c in ("where", "expand", "lag", "lead", "prev"))
_CROP, _CROPMASK, _TOP, _ROW, _LEFT = (
    CODES[c] for c in ("crop", "cropmask", "top", "row", "rows_left")
)
_LOCKED, _CONT, _OUTPUT, _CORR = (CODES[c] for c in ("locked", "cont", "output", "corr"))
_COUNT, _SUM, _MEAN, _STD = (CODES[c] for c in ("count", "sum", "mean", "std"))
_SKEW, _KURT, _MIN, _MAX = (CODES[c] for c in ("skew", "kurt", "min", "max"))
_FIRST, _LAST, _GROWTH, _MEDIAN = (CODES[c] for c in ("first", "last", "growth", "median"))


@dataclass(frozen=True, eq=False)
class Rows:
    """What a program reads: rows of many segments, one after another.

    Attributes
    ----------
    rows : float32 or float64 [F, N], the inputs in the order of the program
    days : float64 [G, S], one number a segment
    bounds : int64 [S + 1], where segments begin; the last is N
    day_rows : rows of a day if all days are alike, else 0
    lunch : row of a segment that begins the afternoon, 0 for none; one number for all segments, or
        int64 [S]

    Raises
    ------
    ArrayFormError
        Arrays of another shape or kind.
    """

    rows: np.ndarray
    days: np.ndarray
    bounds: np.ndarray
    day_rows: int
    lunch: int | np.ndarray

    def __post_init__(self) -> None:
        check_shape("rows", self.rows, (None, None), "f")
        check_edges("bounds", self.bounds, None, self.rows.shape[1])
        segments = len(self.bounds) - 1
        check_shape("days", self.days, (None, segments))
        if not isinstance(self.lunch, int | np.integer):
            check_shape("lunch", self.lunch, (segments,), "iu")


def run(
    program: Program, data: Rows, threads: int | None = None, block_rows: int = BLOCK_ROWS
) -> np.ndarray:
    """Factors of every segment.

    Parameters
    ----------
    program, data : see their classes
    threads : default: :func:`~intralpha.base.thread_count`
    block_rows : rows worked on at a time; the result does not depend on it

    Returns
    -------
    float array [S, outputs] of the type of ``data.rows``

    Raises
    ------
    ArrayFormError, CountError
        Fewer inputs than the program reads, or blocks without rows.
    """
    check_inputs(program, data)
    check_count("block_rows", block_rows, 1)
    segments = len(data.bounds) - 1
    out = np.empty((segments, program.outputs), data.rows.dtype)
    if not segments:
        return out
    table = np.array(_blocks(data, block_rows), dtype=np.int64)
    most, wide = int(np.diff(data.bounds[table]).max()), int(np.diff(table).max())
    threads = max(min(threads or thread_count(), len(table) - 1), 1)
    parts = min(len(table) - 1, threads * PARTS_A_THREAD if threads > 1 else 1)
    edges = np.linspace(0, len(table) - 1, parts + 1).astype(int)
    lunch = np.empty(segments, np.int64)
    lunch[:] = data.lunch
    todo = iter(range(parts))
    rows, days = read_only(data.rows), read_only(data.days)

    def work(_: int) -> None:
        registers = len(program.rows) + program.row_registers
        # The last row of scratch is for what sorts or counts.
        scratch = np.empty((program.row_registers + 1, max(most, 1)), data.rows.dtype)
        numbers = np.empty((max(program.day_registers, 1), wide))
        moments, work = np.empty((registers, 5, wide)), np.empty((6, wide))
        states, spans = np.zeros((registers + 1, 3), np.int64), np.empty((wide, 2), np.int64)
        bounds, found = np.empty(wide + 1, np.int64), np.empty((program.outputs, wide), out.dtype)
        for i in todo:
            part = table[edges[i] : edges[i + 1] + 1]
            _run(program.code, program.k, rows, days, data.bounds, data.day_rows, lunch,
                 part, bounds, scratch, numbers, moments, work, spans, states, found,
                 out)  # fmt: skip

    if threads == 1:
        work(0)
    else:
        list(_pool(threads, os.getpid()).map(work, range(threads)))
    return out


def check_inputs(program: Program, data: Rows) -> None:
    """Refuse rows that are not those of a program.

    Raises
    ------
    ArrayFormError
    """
    check_shape("rows", data.rows, (len(program.rows), None), "f")
    check_shape("days", data.days, (len(program.days), None))


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads that wait for the next call; a call is a few milliseconds. A fork has its own."""
    del process
    return ThreadPoolExecutor(threads, thread_name_prefix="machine")


def _blocks(data: Rows, block_rows: int) -> list[int]:
    """Segments that begin a block; whole days, at least one, and at most ``block_rows`` rows."""
    bounds, segments = data.bounds, len(data.bounds) - 1
    if data.day_rows:
        per_segment = int(bounds[1] - bounds[0])
        per_day = max(data.day_rows // max(per_segment, 1), 1)
        step = max(block_rows // data.day_rows, 1) * per_day
        return [*range(0, segments, step), segments]
    out = [0]
    while out[-1] < segments:
        at = int(np.searchsorted(bounds, bounds[out[-1]] + block_rows, side="right")) - 1
        out.append(min(max(at, out[-1] + 1), segments))
    return out


@njit(inline="always")
@no_type_check
def _row(rows, scratch, i, lo, hi):
    """An operand: an input read in place, or scratch."""
    if i < len(rows):
        return rows[i, lo:hi]
    return scratch[i - len(rows), : hi - lo]


@njit(**BARE)
@no_type_check
def _run(
    code, k, given, days, all_bounds, day_rows, all_lunch, blocks,
    all_here, scratch, numbers, moments, work, spans, states, found, out,
):  # fmt: skip
    """All instructions on one block after another; what comes after ``blocks`` is written over."""
    rows = borrowed(given)
    for block in range(len(blocks) - 1):
        first, last = blocks[block], blocks[block + 1]
        lo, hi, n = all_bounds[first], all_bounds[last], last - first
        bounds, lunch = all_here[: n + 1], all_lunch[first:last]
        for s in range(n + 1):
            bounds[s] = all_bounds[first + s] - lo
        states[:, 2], room = 0, scratch[-1, : hi - lo]
        for g in range(len(days)):
            for s in range(n):
                numbers[g, s] = days[g, first + s]
        for step in range(len(code)):
            line = code[step]
            c = line[I_CODE]
            if c == _OUTPUT:
                factor, number = found[line[I_OUT], :n], numbers[line[I_A], :n]
                for s in range(n):
                    factor[s] = number[s]
            elif c >= _COUNT:
                a = _row(rows, scratch, line[I_A], lo, hi)
                b = _row(rows, scratch, line[I_B], lo, hi)  # of no meaning but for corr
                target = numbers[line[I_OUT], :n]
                _statistic(c, line, a, b, bounds, spans[:n], moments, states, work, room, target)
            elif line[I_DAY] == 1:
                _of_day(c, line, k[step], numbers, n)
            else:
                target = scratch[line[I_OUT] - len(rows), : hi - lo]
                states[line[I_OUT], 2] = 0
                i = line[I_A] if line[I_A] < len(rows) + len(scratch) else 0
                a = _row(rows, scratch, i, lo, hi)  # of no meaning where the operand is of the day
                if c < _LAST_BINARY:
                    el.binary(c, a, _row(rows, scratch, line[I_B], lo, hi), target)
                elif c < _LAST_CONSTANT:
                    el.with_constant(c, a, k[step], target)
                elif c < _LAST_UNARY:
                    el.unary(c, a, target)
                elif c == _EXPAND:
                    sh.expand(numbers[line[I_A]], bounds, target)
                elif c == _CONT:
                    sh.continuous(numbers[line[I_A]], bounds, line[I_LO], day_rows, target)
                elif c == _WHERE:
                    b = _row(rows, scratch, line[I_B], lo, hi)
                    el.where(a, b, _row(rows, scratch, line[I_C], lo, hi), target)
                elif c == _LOCKED:
                    b = _row(rows, scratch, line[I_B], lo, hi)
                    up, down = numbers[line[I_C]], numbers[line[I_D]]
                    sh.locked(a, b, up, down, bounds, target)
                elif c == _PREV:
                    b = _row(rows, scratch, line[I_B], lo, hi)
                    sh.previous(a, b, bounds, day_rows, target)
                else:
                    _along(c, a, bounds, line, k[step], lunch, room, target)
        for s in range(n):
            for column in range(len(found)):
                out[first + s, column] = found[column, s]


@njit(**BARE_INNER)
@no_type_check
def _along(c, a, bounds, line, k, lunch, room, target):
    if c == _LAG:
        sh.shift(a, bounds, line[I_LO], lunch, target)
    elif c == _LEAD:
        sh.shift(a, bounds, -line[I_LO], lunch, target)
    elif c == _CROP:
        sh.crop(a, bounds, line[I_LO], line[I_HI], np.nan, target)
    elif c == _CROPMASK:
        sh.crop(a, bounds, line[I_LO], line[I_HI], 0.0, target)
    elif c == _TOP:
        sh.top(a, bounds, k, line[I_LEAST], room, target)
    else:
        sh.row_number(bounds, c == _LEFT, target)


@njit(**BARE_INNER)
@no_type_check
def _of_day(c, line, k, numbers, n):
    """Arithmetic of the first ``n`` numbers of the day, each row of them without gaps."""
    target, x, y = numbers[line[I_OUT], :n], numbers[line[I_A], :n], numbers[line[I_B], :n]
    if c < _LAST_BINARY:
        el.binary(c, x, y, target)
    elif c < _LAST_CONSTANT:
        el.with_constant(c, x, k, target)
    elif c < _LAST_UNARY:
        el.unary(c, x, target)
    else:
        el.where(x, y, numbers[line[I_C], :n], target)


@njit(**BARE_INNER)
@no_type_check
def _spans(bounds, line, state, out):
    """Rows of every segment that a statistic reads; ``state`` says which ``out`` holds."""
    lo, hi = line[I_LO], line[I_HI]
    if state[2] == 1 and state[0] == lo and state[1] == hi:
        return
    for s in range(len(out)):
        first, last = bounds[s], bounds[s + 1]
        out[s, 0] = min(first + lo, last) if hi >= 0 else first
        out[s, 1] = min(first + hi, last) if hi >= 0 else last
    state[0], state[1], state[2] = lo, hi, 1


@njit(**BARE_INNER)
@no_type_check
def _statistic(c, line, a, b, bounds, spans, moments, states, work, room, target):
    """One number a segment; the last of ``states`` is of the spans."""
    least = line[I_LEAST]
    _spans(bounds, line, states[len(moments)], spans)
    if c == _CORR:
        st.correlation(a, b, spans, least, work, target)
    elif c <= _KURT:
        operand = line[I_A]
        _from_moments(c, a, spans, line, moments[operand], states[operand], target)
    elif c <= _MAX:
        st.extremes(a, spans, least, c == _MAX, target)
    elif c <= _LAST:
        st.ends(a, spans, least, 1 if c == _FIRST else -1, target)
    elif c <= _GROWTH:
        st.products(a, spans, least, 1.0 if c == _GROWTH else 0.0, target)
    elif c == _MEDIAN:
        st.medians(a, spans, least, room, target)
    else:
        st.drawdowns(a, spans, least, target)


@njit(**BARE_INNER)
@no_type_check
def _from_moments(c, a, spans, line, known, state, target):
    """Statistics that follow from moments, which several ask for and are worked out once.

    ``state`` holds what ``known`` has of the operand: the range of rows, and how many of sums and
    powers.
    """
    same = (state[0] == line[I_LO]) & (state[1] == line[I_HI])
    if not same or state[2] < 1:
        st.sums(a, spans, known)
        state[0], state[1], state[2] = line[I_LO], line[I_HI], 1
    if c <= _MEAN:
        st.counted(known, c - _COUNT, line[I_LEAST], target)
        return
    if state[2] < 2:
        st.powers(a, spans, known)
        state[2] = 2
    if c == _STD:
        st.spread(known, line[I_LEAST], target)
    else:
        st.shape(known, line[I_LEAST], c == _KURT, target)
