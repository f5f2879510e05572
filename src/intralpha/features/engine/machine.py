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
from intralpha.features.engine.compiling import INNER, borrowed
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
_FIRST, _LAST, _PROD, _GROWTH = (CODES[c] for c in ("first", "last", "prod", "growth"))
_MEDIAN, _DRAWDOWN = CODES["median"], CODES["drawdown"]


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
    out = np.full((segments, program.outputs), np.nan, data.rows.dtype)
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
        scratch = np.empty((max(program.row_registers, 1), max(most, 1)), data.rows.dtype)
        numbers = np.empty((max(program.day_registers, 1), wide))
        registers = len(program.rows) + program.row_registers
        moments, work = np.empty((registers, 5, wide)), np.empty((6, wide))
        states, spans = np.zeros((registers, 3), np.int64), np.empty((wide, 2), np.int64)
        for i in todo:
            part = table[edges[i] : edges[i + 1] + 1]
            _run(program.code, program.k, rows, days, data.bounds, data.day_rows, lunch,
                 part, scratch, numbers, moments, work, spans, states, out)  # fmt: skip

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


@njit(**INNER)
@no_type_check
def _row(rows, scratch, i, lo, hi):
    """An operand: an input read in place, or scratch."""
    if i < len(rows):
        return rows[i, lo:hi]
    return scratch[i - len(rows), : hi - lo]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _run(
    code, k, rows, days, all_bounds, day_rows, lunch, blocks,
    scratch, numbers, moments, work, spans, states, out,
):  # fmt: skip
    """All instructions on one block after another."""
    code, k, blocks = borrowed(code), borrowed(k), borrowed(blocks)
    all_bounds, lunch = borrowed(all_bounds), borrowed(lunch)
    rows, days, out = borrowed(rows), borrowed(days), borrowed(out)
    scratch, numbers, moments = borrowed(scratch), borrowed(numbers), borrowed(moments)
    work, spans, states = borrowed(work), borrowed(spans), borrowed(states)
    for block in range(len(blocks) - 1):
        first, last = blocks[block], blocks[block + 1]
        lo, hi = all_bounds[first], all_bounds[last]
        bounds = all_bounds[first : last + 1] - lo
        states[:, 2] = 0
        for g in range(len(days)):
            for s in range(last - first):
                numbers[g, s] = days[g, first + s]
        for step in range(len(code)):
            line = code[step]
            c = line[I_CODE]
            if c == _OUTPUT:
                for s in range(last - first):
                    out[first + s, line[I_OUT]] = numbers[line[I_A], s]
            elif c >= _COUNT:
                a = _row(rows, scratch, line[I_A], lo, hi)
                b = _row(rows, scratch, line[I_B], lo, hi)  # of no meaning but for corr
                target = numbers[line[I_OUT], : last - first]
                _statistic(c, line, a, b, bounds, spans, moments, states, work, target)
            elif line[I_DAY] == 1:
                _of_day(c, line, k[step], numbers[:, : last - first])
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
                    _along(c, a, bounds, line, k[step], lunch[first:last], target)


@njit(**INNER)
@no_type_check
def _along(c, a, bounds, line, k, lunch, target):
    if c == _LAG:
        sh.shift(a, bounds, line[I_LO], lunch, target)
    elif c == _LEAD:
        sh.shift(a, bounds, -line[I_LO], lunch, target)
    elif c == _CROP:
        sh.crop(a, bounds, line[I_LO], line[I_HI], np.nan, target)
    elif c == _CROPMASK:
        sh.crop(a, bounds, line[I_LO], line[I_HI], 0.0, target)
    elif c == _TOP:
        sh.top(a, bounds, k, line[I_LEAST], target)
    else:
        sh.row_number(bounds, c == _LEFT, target)


@njit(**INNER)
@no_type_check
def _of_day(c, line, k, numbers):
    """Arithmetic of numbers of the day."""
    target, x, y = numbers[line[I_OUT]], numbers[line[I_A]], numbers[line[I_B]]
    if c < _LAST_BINARY:
        el.binary(c, x, y, target)
    elif c < _LAST_CONSTANT:
        el.with_constant(c, x, k, target)
    elif c < _LAST_UNARY:
        el.unary(c, x, target)
    else:
        el.where(x, y, numbers[line[I_C]], target)


@njit(**INNER)
@no_type_check
def _spans(bounds, line, out):
    """Rows of every segment that a statistic reads."""
    for s in range(len(out)):
        first, last = bounds[s], bounds[s + 1]
        part = line[I_HI] >= 0
        out[s, 0] = min(first + line[I_LO], last) if part else first
        out[s, 1] = min(first + line[I_HI], last) if part else last


@njit(**INNER)
@no_type_check
def _statistic(c, line, a, b, bounds, room, moments, states, work, target):
    """One number a segment."""
    least, spans = line[I_LEAST], room[: len(target)]
    _spans(bounds, line, spans)
    if c == _CORR:
        st.correlation(a, b, spans, least, work, target)
    elif c <= _KURT:
        operand = line[I_A]
        _from_moments(c, a, spans, line, moments[operand], states[operand], target)
    elif c <= _MAX:
        st.extremes(a, spans, least, c == _MAX, target)
    else:
        for s in range(len(target)):
            target[s] = _other(c, a[spans[s, 0] : spans[s, 1]], least)


@njit(**INNER)
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


@njit(**INNER)
@no_type_check
def _other(c, x, least):
    if c <= _LAST:
        return st.end(x, least, 1 if c == _FIRST else -1)
    if c <= _GROWTH:
        return st.product(x, least, 1.0 if c == _GROWTH else 0.0)
    if c == _MEDIAN:
        return st.median(x, least)
    return st.drawdown(x, least)
