"""Torch machine: runs a program on tensors, one row a segment, on a processor or a GPU.

It knows the operations of :mod:`~intralpha.features.engine.machine` and means the same by them.
Segments of unequal length are padded to the longest of their block. What stands in the padding is
arbitrary: it is never counted, and nothing is shifted out of it. Tensors of rows are [S, T], S
segments of T rows; numbers of the day are float64 [S].
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

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
    REDUCE,
)
from intralpha.features.engine.machine import Rows
from intralpha.features.engine.program import Program
from intralpha.features.engine.statistics import FLAT, TINY
from intralpha.market.limits import HALF_TICK_YUAN

BLOCK_ROWS = 256 * 240
NAN, INF = float("nan"), float("inf")
_NAMES = tuple(CODES)
_FROM_ZERO = ("count", "sum", "mean", "prod", "growth")  # with least=0 also of no observation


class _Line(NamedTuple):
    """An instruction in words; ``a`` to ``d`` are registers."""

    name: str
    of_day: bool
    to: int
    a: int
    b: int
    c: int
    d: int
    lo: int
    hi: int
    least: int
    k: float


@dataclass(frozen=True, eq=False)
class _Block:
    """Some segments, and the registers of a program that works on them.

    Attributes
    ----------
    row, day : registers, [S, T] and float64 [S]
    at : int64 [T], 0, 1, ...
    length : int64 [S, 1], rows of each segment
    valid : bool [S, T], False in the padding; None where nothing is padded
    day_rows : see ``Rows``
    lunch : int64 [S, 1], see ``Rows``
    dtype : of the rows
    """

    row: list[Tensor]
    day: list[Tensor]
    at: Tensor
    length: Tensor
    valid: Tensor | None
    day_rows: int
    lunch: Tensor
    dtype: torch.dtype

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.length), len(self.at)


def run_torch(
    program: Program, data: Rows, device: str = "cpu", block_rows: int = BLOCK_ROWS
) -> np.ndarray:
    """Factors of every segment, as :func:`~intralpha.features.engine.machine.run` makes them.

    Parameters
    ----------
    program, data : see their classes. Where ``day_rows`` is set, segments have one length and
        whole days of them follow each other
    device : where to work, such as "cpu" or "cuda"; it needs float64
    block_rows : rows worked on at a time, padding counted, but at least a segment, or a day. The
        result does not depend on it; larger blocks keep a GPU busy

    Returns
    -------
    float array [S, outputs] of the type of ``data.rows``
    """
    cuts = _cuts(data, block_rows)
    lines = [_line(*pair) for pair in zip(program.code.tolist(), program.k.tolist(), strict=True)]
    parts = [
        _run_block(lines, _block(program, data, a, b, torch.device(device)), program.outputs)
        for a, b in pairwise(cuts)
    ]
    if not parts:
        return np.empty((0, program.outputs), data.rows.dtype)
    return torch.cat(parts).cpu().numpy()


def _line(row: list[int], k: float) -> _Line:
    to, a, b, c, d = (row[i] for i in (I_OUT, I_A, I_B, I_C, I_D))
    lo, hi, least = row[I_LO], row[I_HI], row[I_LEAST]
    return _Line(_NAMES[row[I_CODE]], row[I_DAY] == 1, to, a, b, c, d, lo, hi, least, k)


def _cuts(data: Rows, block_rows: int) -> list[int]:
    """Segments that begin a block; the last is their number."""
    bounds = data.bounds
    lengths = np.maximum(np.diff(bounds), 1)
    segments, together = len(lengths), 1
    if data.day_rows and segments:
        together = max(data.day_rows // int(lengths[0]), 1)
    cuts = [0]
    while cuts[-1] < segments:
        a = cuts[-1]
        ahead = lengths[a : int(np.searchsorted(bounds, bounds[a] + block_rows, side="right"))]
        padded = np.maximum.accumulate(ahead) * np.arange(1, len(ahead) + 1)
        fit = int(np.searchsorted(padded, block_rows, side="right"))
        cuts.append(min(a + max(fit // together, 1) * together, segments))
    return cuts


def _block(program: Program, data: Rows, a: int, b: int, device: torch.device) -> _Block:
    """The segments from ``a`` up to ``b``, inputs loaded."""
    lengths = np.diff(data.bounds[a : b + 1])
    first, last, width = int(data.bounds[a]), int(data.bounds[b]), int(lengths.max())
    flat = torch.tensor(data.rows[:, first:last], device=device)
    at = torch.arange(width, device=device)
    length = torch.tensor(lengths, device=device)[:, None]
    if lengths.min() == width:
        valid, rows = None, flat.reshape(len(flat), b - a, width)
    else:
        valid = at < length
        start = torch.tensor(data.bounds[a:b] - first, device=device)[:, None]
        rows = flat[:, (start + at).clamp(max=last - first - 1)].masked_fill(~valid, NAN)
    nothing = flat.new_empty(0)
    row = [*rows, *[nothing] * program.row_registers]
    day = [*torch.tensor(data.days[:, a:b], device=device)]
    day += [nothing] * (program.day_registers - len(day))
    lunch = torch.tensor(np.broadcast_to(data.lunch, len(data.bounds) - 1)[a:b].copy())
    lunch = lunch.to(device)[:, None]
    return _Block(row, day, at, length, valid, data.day_rows, lunch, flat.dtype)


def _run_block(lines: list[_Line], block: _Block, outputs: int) -> Tensor:
    """All instructions on one block: [S, outputs]."""
    out = block.at.new_empty((block.shape[0], outputs), dtype=block.dtype)
    for line in lines:
        if line.name == "output":
            out[:, line.to] = block.day[line.a]
        elif line.name in REDUCE:
            block.day[line.to] = _reduce(line, block)
        elif line.name in _SHAPED:
            block.row[line.to] = _SHAPED[line.name](line, block)
        else:
            registers = block.day if line.of_day else block.row
            registers[line.to] = _elementwise(line, block)
    return out


# --- row by row --------------------------------------------------------------------------------


def _kept(value: Tensor, where: Tensor) -> Tensor:
    """NaN elsewhere."""
    return value.masked_fill(~where, NAN)


def _sign(a: Tensor) -> Tensor:
    return torch.where(a.isnan(), a, a.sign())


def _logratio(a: Tensor, b: Tensor) -> Tensor:
    return _kept(torch.log1p((a - b) / b), (a > 0) & (b > 0))


_TWO: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": lambda a, b: _kept(a / b, b != 0),
    "reldiff": lambda a, b: _kept((a - b) / b, b != 0),
    "logratio": _logratio,
    "smaller": torch.minimum,
    "larger": torch.maximum,
    "lt": lambda a, b: (a < b).to(a.dtype),
    "le": lambda a, b: (a <= b).to(a.dtype),
    "eq": lambda a, b: (a == b).to(a.dtype),
    "ne": lambda a, b: ((a < b) | (a > b)).to(a.dtype),
    "select": lambda a, b: _kept(a, b != 0),
}
_WITH_CONSTANT: dict[str, Callable[[Tensor, float], Tensor]] = {
    "addk": lambda a, k: a + k,
    "mulk": lambda a, k: a * k,
    "rsubk": lambda a, k: k - a,
    "rdivk": lambda a, k: _kept(k / a, a != 0),
    "smallerk": lambda a, k: a.clamp(max=k),
    "largerk": lambda a, k: a.clamp(min=k),
    "ltk": lambda a, k: (a < k).to(a.dtype),
    "lek": lambda a, k: (a <= k).to(a.dtype),
    "gtk": lambda a, k: (a > k).to(a.dtype),
    "gek": lambda a, k: (a >= k).to(a.dtype),
    "eqk": lambda a, k: (a == k).to(a.dtype),
    "nek": lambda a, k: ((a < k) | (a > k)).to(a.dtype),
}
_ONE: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "sign": _sign,
    "sqrt": torch.sqrt,
    "ln": lambda a: _kept(a.log(), a > 0),
    "exp": torch.exp,
    "normal": lambda a: 0.5 * torch.erfc(-a * math.sqrt(0.5)),
}


def _elementwise(line: _Line, block: _Block) -> Tensor:
    registers = block.day if line.of_day else block.row
    if line.name == "fill":
        shape = block.shape[:1] if line.of_day else block.shape
        dtype = torch.float64 if line.of_day else block.dtype
        return torch.full(shape, line.k, dtype=dtype, device=block.at.device)
    a, b = registers[line.a], registers[line.b]
    if line.name == "where":
        return torch.where(a != 0, b, registers[line.c])
    if line.name in _TWO:
        return _TWO[line.name](a, b)
    if line.name in _ONE:
        return _ONE[line.name](a)
    return _WITH_CONSTANT[line.name](a, line.k)


# --- along the rows of a segment, or beside them at numbers of the day --------------------------


def _shift(x: Tensor, k: int, block: _Block) -> Tensor:
    """The row ``k`` before (after, if negative), absent across the ends of a segment and lunch."""
    source, end = block.at - k, len(block.at) if block.valid is None else block.length
    near = (source < block.lunch) == (block.at < block.lunch)
    return _kept(x.roll(k, 1), near & (source >= 0) & (source < end))


def _previous(x: Tensor, first: Tensor, block: _Block) -> Tensor:
    """The row before, across lunch and bars; in the first row of a day the other series."""
    days = (-1, block.day_rows) if block.day_rows and x.numel() else x.shape
    before = x.reshape(days).roll(1, 1)
    before[:, :1] = first.reshape(days)[:, :1]
    return before.reshape(x.shape)


def _crop(x: Tensor, line: _Line, block: _Block, outside: float) -> Tensor:
    inside = (block.at >= line.lo) & (block.at < line.hi)
    return x.masked_fill(~inside, outside)


def _expand(line: _Line, block: _Block) -> Tensor:
    return block.day[line.a].to(block.dtype)[:, None].expand(block.shape)


def _row_number(line: _Line, block: _Block) -> Tensor:
    """1, 2, ... in each segment; or how many rows follow."""
    number = block.at + 1 if line.name == "row" else block.length - 1 - block.at
    return number.to(block.dtype).expand(block.shape)


def _locked(line: _Line, block: _Block) -> Tensor:
    """1 where the row has one price and it is a limit of the day [Spec 2.2]."""
    high, low = block.row[line.a], block.row[line.b]
    at_limit = torch.zeros_like(high, dtype=torch.bool)
    for limit in (block.day[line.c], block.day[line.d]):
        least, most = (
            (limit + d).to(high.dtype)[:, None] for d in (-HALF_TICK_YUAN, HALF_TICK_YUAN)
        )
        at_limit |= (high >= least) & (high <= most)
    return ((high == low) & at_limit).to(high.dtype)


def _continuous(line: _Line, block: _Block) -> Tensor:
    """1 in rows of continuous trading: the first of a day with a closing auction."""
    segments, width = block.shape
    at = block.at
    if block.day_rows:
        first = torch.arange(segments, device=at.device)[:, None] * width
        at = first % block.day_rows + at
    closing = block.day[line.a][:, None] != 0
    late = (at >= line.lo) & (line.lo >= 0)
    return (~(closing & late)).to(block.dtype)


def _top(line: _Line, block: _Block) -> Tensor:
    """1 in the ceil(k n) rows with the largest values; the earlier of equal ones first."""
    x = block.row[line.a]
    seen = ~x.isnan() if block.valid is None else ~x.isnan() & block.valid
    n = seen.sum(1, keepdim=True)
    wanted = (line.k * n.double() - 1e-9).ceil() * (n >= max(line.least, 1))
    order = x.masked_fill(~seen, -INF).sort(dim=1, descending=True, stable=True).indices
    chosen = (block.at < wanted).to(x.dtype)
    return torch.empty_like(chosen).scatter_(1, order, chosen)


_Shaped = Callable[[_Line, _Block], Tensor]
_SHAPED: dict[str, _Shaped] = {
    "expand": _expand,
    "lag": lambda line, block: _shift(block.row[line.a], line.lo, block),
    "lead": lambda line, block: _shift(block.row[line.a], -line.lo, block),
    "prev": lambda line, block: _previous(block.row[line.a], block.row[line.b], block),
    "crop": lambda line, block: _crop(block.row[line.a], line, block, NAN),
    "cropmask": lambda line, block: _crop(block.row[line.a], line, block, 0.0),
    "top": _top,
    "row": _row_number,
    "rows_left": _row_number,
    "locked": _locked,
    "cont": _continuous,
}


# --- statistics: of x [S, T], NaN where there is no observation, with n float64 [S] of them -------


def _reduce(line: _Line, block: _Block) -> Tensor:
    """One number a segment from the rows that the line reads."""
    x = _observed(line.a, line, block)
    least = line.least if line.name in _FROM_ZERO else max(line.least, 1)
    if line.name == "corr":
        y = _observed(line.b, line, block)
        x, y = x.masked_fill(y.isnan(), NAN), y.masked_fill(x.isnan(), NAN)
        n = _number(x)
        value = _correlation(x, y, n)
    else:
        n = _number(x)
        value = _STATISTICS[line.name](x, n)
    return value.masked_fill(n < least, NAN)


def _observed(register: int, line: _Line, block: _Block) -> Tensor:
    """The rows that a statistic reads, NaN in the padding; at least one row."""
    window = slice(None) if line.hi < 0 else slice(line.lo, line.hi)
    x = block.row[register][:, window]
    if not x.shape[1]:
        return x.new_full((len(x), 1), NAN)
    return x if block.valid is None else _kept(x, block.valid[:, window])


def _number(x: Tensor) -> Tensor:
    return (~x.isnan()).sum(1).double()


def _filled(x: Tensor, empty: float) -> Tensor:
    """In float64, ``empty`` where there is no observation."""
    return x.double().nan_to_num(empty, INF, -INF)


def _mean(x: Tensor, n: Tensor) -> Tensor:
    return _filled(x, 0.0).sum(1) / n


def _away(x: Tensor, mean: Tensor) -> Tensor:
    """Distance from the mean; 0 where there is no observation."""
    return (x.double() - mean[:, None]).masked_fill(x.isnan(), 0.0)


def _varies(std: Tensor, mean: Tensor) -> Tensor:
    """Whether a standard deviation does not count as zero [Spec 1]."""
    return std > FLAT * mean.abs().clamp(min=TINY)


def _std(x: Tensor, n: Tensor) -> Tensor:
    return (_away(x, _mean(x, n)).square().sum(1) / n).sqrt()


def _shape(x: Tensor, n: Tensor, power: int) -> Tensor:
    """Mean of a power of the standardised values."""
    mean = _mean(x, n)
    away = _away(x, mean)
    square = away.square()
    std = (square.sum(1) / n).sqrt()
    moment = (square * (away if power == 3 else square)).sum(1) / n
    return _kept(moment / std**power, _varies(std, mean))


def _correlation(x: Tensor, y: Tensor, n: Tensor) -> Tensor:
    """Pearson over the rows that have both."""
    mean_x, mean_y = _mean(x, n), _mean(y, n)
    dx, dy = _away(x, mean_x), _away(y, mean_y)
    std_x, std_y = ((d.square().sum(1) / n).sqrt() for d in (dx, dy))
    found = ((dx * dy).sum(1) / n / (std_x * std_y)).clamp(-1.0, 1.0)
    return _kept(found, _varies(std_x, mean_x) & _varies(std_y, mean_y))


def _end(x: Tensor, last: bool) -> Tensor:
    """The first or the last observation."""
    at, seen = torch.arange(x.shape[1], device=x.device), ~x.isnan()
    if last:
        found = at.where(seen, 0).amax(1, keepdim=True)
    else:
        found = at.where(seen, x.shape[1] - 1).amin(1, keepdim=True)
    return x.gather(1, found)[:, 0].double()


def _median(x: Tensor, n: Tensor) -> Tensor:
    """The mean of the middle two of an even number."""
    ranked = x.sort(1).values  # NaN last
    whole = n.long()[:, None]
    middle = torch.cat([(whole - 1).clamp(min=0) // 2, (whole // 2).clamp(max=x.shape[1] - 1)], 1)
    return ranked.gather(1, middle).double().sum(1) * 0.5


def _drawdown(x: Tensor) -> Tensor:
    """Largest fall from the highest value so far, as a share of it."""
    highest = _filled(x, -INF).cummax(1).values
    return _filled(1.0 - x / highest, 0.0).amax(1).clamp(min=0.0)


_STATISTICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "count": lambda _x, n: n,
    "sum": lambda x, _n: _filled(x, 0.0).sum(1),
    "mean": _mean,
    "std": _std,
    "skew": lambda x, n: _shape(x, n, 3),
    "kurt": lambda x, n: _shape(x, n, 4) - 3.0,
    "min": lambda x, _n: _filled(x, INF).amin(1),
    "max": lambda x, _n: _filled(x, -INF).amax(1),
    "first": lambda x, _n: _end(x, last=False),
    "last": lambda x, _n: _end(x, last=True),
    "prod": lambda x, _n: _filled(x, 1.0).prod(1),
    "growth": lambda x, _n: (_filled(x, 0.0) + 1.0).prod(1),
    "median": _median,
    "drawdown": lambda x, _n: _drawdown(x),
}
