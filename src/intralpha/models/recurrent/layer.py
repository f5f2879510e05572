"""Layer: the kernel behind torch's differentiation, on as many threads as torch uses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor
from torch.autograd.function import once_differentiable

from intralpha.models.recurrent import kernel
from intralpha.models.recurrent.kernel import Sizes, States, Sums, Work
from intralpha.models.recurrent.panels import (
    Four,
    array,
    empty_sums,
    flat,
    gradients_of,
    weights_of,
)
from intralpha.models.recurrent.sizes import rounded, shares_of, sizes_of

Blocks = Callable[[Work, int, int, int], None]


class Before(NamedTuple):
    """What a layer starts from.

    Parameters
    ----------
    h, c : [B, H] states before the first step; None: zeros, and of GRU no c
    mask : [B, H] factors of the state where it enters the gates; None: 1
    """

    h: Float[Tensor, "B H"] | None = None
    c: Float[Tensor, "B H"] | None = None
    mask: Float[Tensor, "B H"] | None = None


class After(NamedTuple):
    """What a layer gives.

    Parameters
    ----------
    out : [L, B, H] states after every step, if they were wanted
    h, c : [B, H] states after the last step; of GRU no c
    """

    out: Float[Tensor, "L B H"] | None
    h: Float[Tensor, "B H"]
    c: Float[Tensor, "B H"] | None


def run_layer(
    x: Float[Tensor, "B L F"], parameters: Four, before: Before, lstm: bool, sequence: bool
) -> After:
    """One layer of GRU or LSTM on the CPU.

    Parameters
    ----------
    x : windows, oldest step first; any strides, so windows of a Panel need no copy
    parameters : weight_ih, weight_hh, bias_ih, bias_hh, as torch has them
    before : states and mask
    lstm : LSTM, else GRU
    sequence : give the states after all steps

    Returns
    -------
    After
        Does not depend, bit for bit, on the number of threads, nor a sample's states on the other
        samples. Without a gradient nothing is kept; with one, x and the states at the ends of
        segments, not the gates. NaN and infinity spread within a sample, as in torch.
    """
    tensors = (x, *parameters, *before)
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
    return After(*_Layer.apply(lstm, sequence, keep, *tensors))


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        lstm: bool,
        sequence: bool,
        keep: bool,
        x: Tensor,
        w_ih: Tensor,
        w_hh: Tensor,
        b_ih: Tensor,
        b_hh: Tensor,
        *start: Tensor | None,
    ) -> After:
        parameters, before = (w_ih, w_hh, b_ih, b_hh), Before(*start)
        size = sizes_of(x, w_hh, lstm, sequence)
        weights = weights_of(size, parameters, wants_x=False)
        kept = _kept(size, x, sequence, keep)
        states, (windows, strides) = _states(size, x, before, *kept), flat(x)
        last = x.new_empty((size.batch, size.hidden)), x.new_empty(_of_cell(size))
        ends = array(last[0]), array(last[1])

        def blocks(work: Work, share: int, first: int, stop: int) -> None:
            del share
            kernel.forward(windows, strides, weights, states, *ends, work, size, first, stop)

        _share_out(blocks, size, 1, x)
        if keep:
            ctx.save_for_backward(x, *parameters, *before, *kept)
            ctx.size = size
            ctx.set_materialize_grads(False)
        return After(kept[0] if sequence else None, last[0], last[1] if lstm else None)

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, d_out: Tensor | None, d_h: Tensor | None, d_c: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        size, saved = ctx.size, ctx.saved_tensors
        x, parameters, before, kept = saved[0], saved[1:5], Before(*saved[5:8]), saved[8:]
        wants_x, nothing = ctx.needs_input_grad[3], x.new_empty((0, 0, 0))
        weights = weights_of(size, parameters, wants_x)
        states, (windows, strides) = _states(size, x, before, *kept), flat(x)
        out, out_strides = flat(nothing if d_out is None else d_out.transpose(0, 1))
        d_h, d_c = _own(d_h, (size.batch, size.hidden), x), _own(d_c, _of_cell(size), x)
        dx = x.new_empty((size.steps, size.batch, size.features)) if wants_x else nothing
        to = array(d_h), array(d_c), array(dx)
        sums = empty_sums(size, len(shares_of(size)), x)
        arrays = [Sums(*(array(s[i]) for s in sums)) for i in range(len(sums[0]))]

        def blocks(work: Work, share: int, first: int, stop: int) -> None:
            given = (windows, strides, weights, states, out, out_strides)
            kernel.backward(*given, *to, arrays[share], work, size, first, stop)

        _share_out(blocks, size, size.segment, x)
        d_x = dx.transpose(0, 1) if wants_x else None
        d_h = d_h if before.h is not None else None
        d_c = d_c if before.c is not None else None
        return None, None, None, d_x, *gradients_of(size, sums), d_h, d_c, None


def _of_cell(size: Sizes) -> tuple[int, int]:
    """Shape of the state that only LSTM has."""
    return (size.batch, size.hidden) if size.lstm else (0, 0)


def _kept(size: Sizes, x: Tensor, sequence: bool, keep: bool) -> tuple[Tensor, Tensor]:
    """Room for the states of h and c that are to be kept."""
    ends = (size.steps - 1) // size.segment if keep else 0
    of_h = size.steps if sequence else ends
    shape = (size.batch, size.hidden)
    return x.new_empty((of_h, *shape)), x.new_empty((ends if size.lstm else 0, *shape))


def _states(size: Sizes, x: Tensor, before: Before, kept_h: Tensor, kept_c: Tensor) -> States:
    h0 = x.new_zeros((size.batch, size.hidden)) if before.h is None else before.h.contiguous()
    c0 = x.new_zeros(_of_cell(size)) if before.c is None else before.c.contiguous()
    mask = x.new_empty((0, 0)) if before.mask is None else before.mask.contiguous()
    return States(*map(array, (h0, c0, mask, kept_h, kept_c)))


def _own(gradient: Tensor | None, shape: tuple[int, int], x: Tensor) -> Tensor:
    """A copy that may be overwritten; zeros if there is no gradient."""
    if gradient is None:
        return x.new_zeros(shape)
    return gradient.clone(memory_format=torch.contiguous_format)


def _share_out(blocks: Blocks, size: Sizes, steps: int, x: Tensor) -> None:
    """Do all shares, each worker with memory of its own for the gates of so many steps."""
    shares = shares_of(size)
    workers = min(torch.get_num_threads(), len(shares))

    def work_on(worker: int) -> None:
        work = _work(size, steps, x)
        for share in range(worker, len(shares), workers):
            blocks(work, share, *shares[share])

    if workers == 1:
        work_on(0)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work_on, range(workers)))


def _work(size: Sizes, steps: int, x: Tensor) -> Work:
    plane, states = size.block * size.wide, steps + 1

    def zeros(*shape: int) -> ndarray:
        return array(x.new_zeros(shape))

    return Work(
        x=zeros(size.segment, size.block * size.tall),
        dx=zeros(size.block * rounded(size.features, size.lanes)),
        planes=zeros(4 * steps, plane),
        h=zeros(states, plane),
        c=zeros(states if size.lstm else 2, plane),
        mask=zeros(2, plane),
        d=zeros(2, plane),
        d_bias=zeros(4, plane),
    )
