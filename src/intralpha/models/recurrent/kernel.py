"""Kernel: one layer of GRU or LSTM, block after block of samples, forward and backward.

A block of samples goes through all steps of its window while its states and gates lie in the cache.
Forward keeps no gates: it leaves states at the ends of segments, and backward makes the gates of
a segment anew from the state before it. That costs a third more products, and saves what a layer
would write and read of gates (4 H numbers a sample and step), so memory does not grow with them.
"""

from typing import NamedTuple, no_type_check

from numba import njit
from numpy import ndarray

from intralpha.base.compiling import BARE, BARE_INNER
from intralpha.models.recurrent.gates import (
    add_product_of,
    add_to,
    gru_back,
    gru_gates,
    lstm_back,
    lstm_gates,
    multiply_into,
)
from intralpha.models.recurrent.tiles import ROWS, product


class Sizes(NamedTuple):
    """Whole numbers that a kernel needs."""

    lstm: int  # 1 for LSTM, 0 for GRU
    batch: int
    steps: int
    features: int
    hidden: int
    lanes: int  # numbers in a vector
    wide: int  # hidden, rounded up to vectors
    tall: int  # features, rounded up to rows of a tile
    block: int  # samples in a block
    segment: int  # steps whose gates are in the cache at once
    every: int  # steps between two states of h that are kept


class Weights(NamedTuple):
    """Weights in the order in which tiles read them, and the biases of the planes."""

    ih: ndarray  # [wide / lanes, F, gates, lanes]
    hh: ndarray  # [wide / lanes, H, gates, lanes]
    ih_back: ndarray  # [F in vectors, gates, H, lanes]; empty: no gradient of x
    hh_back: ndarray  # [wide / lanes, gates, H, lanes]
    bias: ndarray  # [4, wide]


class States(NamedTuple):
    """States before the window, the factors that drop them, and states that forward keeps."""

    h0: ndarray  # [B, H]
    c0: ndarray  # [B, H]; GRU: empty
    mask: ndarray  # [B, H]; empty: nothing is dropped
    h: ndarray  # [kept, B, H]: after steps every, 2 every, ...
    c: ndarray  # [kept, B, H]: after steps segment, 2 segment, ...; GRU: empty


class Sums(NamedTuple):
    """Gradients of weights and biases of one share of the blocks."""

    ih: ndarray  # [tall, gates, wide]
    hh: ndarray  # [H in rows of tiles, gates, wide]
    bias: ndarray  # [4, wide]


class Work(NamedTuple):
    """One worker's memory for a block: a matrix a row, [samples, wide] if not said otherwise."""

    x: ndarray  # [segment], [samples, tall]
    dx: ndarray  # [samples * F in vectors], flat
    planes: ndarray  # [4 segment]
    h: ndarray  # [segment + 1]
    c: ndarray  # [segment + 1]
    mask: ndarray  # [2]: the factors, and what they were multiplied with
    d: ndarray  # [2]: gradients of h and c
    d_bias: ndarray  # [4]: sums over steps


@njit(**BARE)
@no_type_check
def forward(x, x_at, weights, states, last_h, last_c, work, size, first, stop):
    """Run some blocks of samples through their windows.

    Parameters
    ----------
    x : flat array in which x[b, t, f] stands at b * x_at[0] + t * x_at[1] + f * x_at[2]
    x_at : three strides, in numbers
    weights : Weights
    states : States; ``h`` and ``c`` are written, as far as they have room
    last_h, last_c : [B, H], written: the states after the last step
    work : Work of one step, but for x, whose segments are read at once
    size : Sizes
    first, stop : blocks
    """
    for block in range(first, stop):
        b0 = block * size.block
        count = min(size.block, size.batch - b0)
        _read(states.h0, b0, count, work.h[0], size)
        _read(states.c0, b0, count, work.c[0], size)
        _read(states.mask, b0, count, work.mask[0], size)
        for t in range(size.steps):
            old, new, place = t & 1, 1 - (t & 1), t % size.segment
            if place == 0:
                _read_steps(x, x_at, b0, count, t, min(t + size.segment, size.steps), work, size)
            _step(weights, states, work, place, 0, old, new, count, size)
            _keep(states.h, size.every, t, work.h[new], b0, count, size)
            _keep(states.c, size.segment, t, work.c[new], b0, count, size)
        _write(work.h[size.steps & 1], last_h, b0, count, size)
        _write(work.c[size.steps & 1], last_c, b0, count, size)


@njit(**BARE)
@no_type_check
def backward(x, x_at, weights, states, d_out, out_at, d_h, d_c, dx, sums, work, size, first, stop):
    """Add up the gradients of some blocks.

    Parameters
    ----------
    x, x_at, weights, states, size, first, stop : as :func:`forward` had and left them
    d_out, out_at : gradient of the states of all steps and its strides, as of x; empty: none
    d_h, d_c : [B, H], gradients of the last states; overwritten with those of the first ones
    dx : [L, B, F], written; empty: not asked for
    sums : Sums, added to
    work : Work of ``size.segment`` steps
    """
    segments = (size.steps + size.segment - 1) // size.segment
    for block in range(first, stop):
        b0 = block * size.block
        count = min(size.block, size.batch - b0)
        _read(d_h, b0, count, work.d[0], size)
        _read(d_c, b0, count, work.d[1], size)
        _read(states.mask, b0, count, work.mask[0], size)
        work.d_bias[:] = 0
        for segment in range(segments - 1, -1, -1):
            begin = segment * size.segment
            end = min(begin + size.segment, size.steps)
            _begin_segment(states, begin, b0, count, work, size)
            _read_steps(x, x_at, b0, count, begin, end, work, size)
            for i in range(end - begin):
                _step(weights, states, work, i, 4 * i, i, i + 1, count, size)
            for t in range(end - 1, begin - 1, -1):
                _add_step(d_out, out_at, b0, t, count, work.d[0], size)
                _step_back(weights, states, sums, work, t - begin, count, size)
                _step_dx(weights, dx, b0, t, work, t - begin, count, size)
        _write(work.d[0], d_h, b0, count, size)
        _write(work.d[1], d_c, b0, count, size)
        for plane in range(4):
            for i in range(count):
                add_to(sums.bias[plane], work.d_bias[plane, i * size.wide :], size.wide)


@njit(**BARE_INNER)
@no_type_check
def _step(weights, states, work, place, p, old, new, count, size):
    """From x of a place and the old state to gates, in four planes from p on, and the new state."""
    rows, gates = _rows(count), 4 if size.lstm else 3
    n, plane = rows * size.wide, work.planes.shape[1]
    skip = 4 - gates  # GRU: the first plane is W_hn h + b_hn and has no part of x
    for i in range(rows * skip):
        for j in range(size.wide):
            work.planes[p, i * size.wide + j] = weights.bias[0, j]
    masked = states.mask.size > 0
    if masked:
        multiply_into(work.mask[1], work.mask[0], work.h[old], n)
    state = work.mask[1] if masked else work.h[old]
    x, features, hidden = (
        (work.x, place * work.x.shape[1], size.tall, 1),
        size.features,
        size.hidden,
    )
    part = gates * size.lanes
    for v in range(size.wide // size.lanes):
        lane = v * size.lanes
        bias = (weights.bias, skip * size.wide + lane, 0, size.wide)
        from_x = (work.planes, (p + skip) * plane + lane, size.wide, plane)
        product(
            from_x,
            bias,
            x,
            (weights.ih, v * features * part, part, size.lanes),
            features,
            rows,
            gates,
        )
        all_ = (work.planes, p * plane + lane, size.wide, plane)
        h = (state, 0, size.wide, 1)
        product(
            all_, all_, h, (weights.hh, v * hidden * part, part, size.lanes), hidden, rows, gates
        )
    a, b, c, d = work.planes[p], work.planes[p + 1], work.planes[p + 2], work.planes[p + 3]
    if size.lstm:
        lstm_gates(a, b, c, d, work.c[old], work.c[new], work.h[new], n)
    else:
        gru_gates(a, b, c, d, work.h[old], work.h[new], n)


@njit(**BARE_INNER)
@no_type_check
def _step_back(weights, states, sums, work, place, count, size):
    """From gates to their gradients, and from the gradient of the new state to the old one's."""
    rows, gates, p = _rows(count), 4 if size.lstm else 3, 4 * place
    n, plane = rows * size.wide, work.planes.shape[1]
    a, b, c, d = work.planes[p], work.planes[p + 1], work.planes[p + 2], work.planes[p + 3]
    if size.lstm:
        lstm_back(a, b, c, d, work.c[place], work.c[place + 1], work.d[0], work.d[1], n)
    else:
        gru_back(a, b, c, d, work.h[place], work.d[0], n)
    for gate in range(4):
        add_to(work.d_bias[gate], work.planes[p + gate], n)
    masked = states.mask.size > 0
    if masked:
        multiply_into(work.mask[1], work.mask[0], work.h[place], n)
    state = work.mask[1] if masked else work.h[place]
    h, x = (state, 0, 1, size.wide), (work.x, place * work.x.shape[1], 1, size.tall)
    for v in range(size.wide // size.lanes):
        lane = v * size.lanes
        from_h = (work.planes, p * plane + lane, size.wide, plane)
        from_x = (work.planes, (p + 4 - gates) * plane + lane, size.wide, plane)
        to_h = (sums.hh, lane, gates * size.wide, size.wide)
        to_x = (sums.ih, lane, gates * size.wide, size.wide)
        product(to_h, to_h, h, from_h, count, _rows(size.hidden), gates)
        product(to_x, to_x, x, from_x, count, size.tall, gates)
    to = work.mask[1] if masked else work.d[0]
    if masked:
        to[:] = 0
    _back(to, size.wide, work.planes, p * plane, weights.hh_back, gates, rows, size)
    if masked:
        add_product_of(work.d[0], work.mask[0], to, n)


@njit(**BARE_INNER)
@no_type_check
def _back(to, wide, planes, start, panels, gates, rows, size):
    """Add the product of gradients in planes with weights, [rows, wide]."""
    part = size.hidden * size.lanes
    c = (to, 0, wide, size.lanes)
    for gate in range(gates):
        a = (planes, start + gate * planes.shape[1], size.wide, 1)
        b = (panels, gate * part, size.lanes, gates * part)
        product(c, c, a, b, size.hidden, rows, wide // size.lanes)


@njit(**BARE_INNER)
@no_type_check
def _step_dx(weights, dx, b0, t, work, place, count, size):
    """Gradient of x of one step, if it is asked for."""
    if dx.size == 0:
        return
    gates = 4 if size.lstm else 3
    wide = (size.features + size.lanes - 1) // size.lanes * size.lanes
    work.dx[:] = 0
    start = (4 * place + 4 - gates) * work.planes.shape[1]
    _back(work.dx, wide, work.planes, start, weights.ih_back, gates, _rows(count), size)
    for i in range(count):
        for j in range(size.features):
            dx[t, b0 + i, j] = work.dx[i * wide + j]


@njit(**BARE_INNER)
@no_type_check
def _rows(count):
    """A number of rows, rounded up to tiles."""
    return (count + ROWS - 1) // ROWS * ROWS


@njit(**BARE_INNER)
@no_type_check
def _begin_segment(states, begin, b0, count, work, size):
    """Read the states before a segment."""
    if begin == 0:
        _read(states.h0, b0, count, work.h[0], size)
        _read(states.c0, b0, count, work.c[0], size)
    else:
        _read(states.h[begin // size.every - 1], b0, count, work.h[0], size)
        if size.lstm:
            _read(states.c[begin // size.segment - 1], b0, count, work.c[0], size)


@njit(**BARE_INNER)
@no_type_check
def _read(source, b0, count, to, size):
    """Rows of [B, H] into a matrix of the block; nothing of an empty one."""
    if source.size:
        for i in range(count):
            for j in range(size.hidden):
                to[i * size.wide + j] = source[b0 + i, j]


@njit(**BARE_INNER)
@no_type_check
def _write(source, to, b0, count, size):
    """The other way."""
    if to.size:
        for i in range(count):
            for j in range(size.hidden):
                to[b0 + i, j] = source[i * size.wide + j]


@njit(**BARE_INNER)
@no_type_check
def _keep(kept, every, t, state, b0, count, size):
    """Keep the state after step t where there is room for it."""
    place = (t + 1) // every - 1
    if (t + 1) % every == 0 and place < len(kept):
        _write(state, kept[place], b0, count, size)


@njit(**BARE_INNER)
@no_type_check
def _read_steps(x, x_at, b0, count, begin, end, work, size):
    """Some steps of x into the block, in the order in which they stand in memory."""
    steps = end - begin
    by_sample = x_at[0] > x_at[1]
    for k in range(count * steps):
        i, t = (k // steps, k % steps) if by_sample else (k % count, k // count)
        to, start = work.x[t], (b0 + i) * x_at[0] + (begin + t) * x_at[1]
        if x_at[2] == 1:  # a loop that the compiler knows to be a copy
            for j in range(size.features):
                to[i * size.tall + j] = x[start + j]
        else:
            for j in range(size.features):
                to[i * size.tall + j] = x[start + j * x_at[2]]


@njit(**BARE_INNER)
@no_type_check
def _add_step(d_out, out_at, b0, t, count, to, size):
    """Add the gradient of the state after step t, if there is one."""
    if d_out.size == 0:
        return
    for i in range(count):
        start = (b0 + i) * out_at[0] + t * out_at[1]
        for j in range(size.hidden):
            to[i * size.wide + j] += d_out[start + j * out_at[2]]
