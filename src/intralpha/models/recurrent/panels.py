"""Panels: weights in the order in which tiles read them, and gradients back in torch's order."""

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor
from torch.nn import functional

from intralpha.models.recurrent.kernel import Sizes, Weights
from intralpha.models.recurrent.sizes import gates_of, rounded
from intralpha.models.recurrent.tiles import ROWS

Four = tuple[Tensor, Tensor, Tensor, Tensor]
Three = tuple[Tensor, Tensor, Tensor]  # as of Sums, with the shares before


def array(t: Float[Tensor, "..."]) -> Float[ndarray, "..."]:
    """The same memory as a NumPy array."""
    return t.detach().numpy()


def flat(x: Float[Tensor, "I J K"]) -> tuple[Float[ndarray, " N"], tuple[int, int, int]]:
    """All memory from a tensor's first number to its last one, and its strides; no copy."""
    if x.numel() == 0:
        return array(x).reshape(-1), (0, 0, 0)
    extent = 1 + sum((n - 1) * s for n, s in zip(x.shape, x.stride(), strict=True))
    i, j, k = x.stride()
    return array(x.detach().as_strided((extent,), (1,), x.storage_offset())), (i, j, k)


def weights_of(size: Sizes, parameters: Four, wants_x: bool) -> Weights:
    """Weights and biases for a kernel.

    Parameters
    ----------
    size : of the layer
    parameters : weight_ih [G H, F], weight_hh [G H, H], bias_ih [G H], bias_hh [G H], in torch's
        order of gates: r, z, n of GRU, i, f, g, o of LSTM
    wants_x : the gradient of x will be asked for
    """
    gates, lanes = gates_of(size), size.lanes
    ih, hh, bi, bh = (p.detach().reshape(gates, size.hidden, *p.shape[1:]) for p in parameters)
    if size.lstm:
        bias = bi + bh
    else:
        hh = hh[[2, 0, 1]]  # planes are W_hn h, r, z, n
        bias = torch.stack([bh[2], bi[0] + bh[0], bi[1] + bh[1], bi[2]])
    bias = functional.pad(bias, (0, size.wide - size.hidden))
    back = _panels_back(ih, lanes) if wants_x else ih.new_empty((0, 0, 0, 0))
    made = _panels(ih, lanes), _panels(hh, lanes), back, _panels_back(hh, lanes), bias
    return Weights(*map(array, made))


def _panels(w: Float[Tensor, "G out in"], lanes: int) -> Float[Tensor, "V in G lanes"]:
    """Vectors of what goes out."""
    w = functional.pad(w, (0, 0, 0, -w.shape[1] % lanes))
    return w.reshape(len(w), -1, lanes, w.shape[2]).permute(1, 3, 0, 2).contiguous()


def _panels_back(w: Float[Tensor, "G out in"], lanes: int) -> Float[Tensor, "V G out lanes"]:
    """Vectors of what came in."""
    w = functional.pad(w, (0, -w.shape[2] % lanes))
    return w.reshape(len(w), w.shape[1], -1, lanes).permute(2, 0, 1, 3).contiguous()


def empty_sums(size: Sizes, shares: int, like: Float[Tensor, "..."]) -> Three:
    """Zeros for the gradients of each share.

    Parameters
    ----------
    size : of the layer
    shares : how many
    like : of the type wanted
    """
    gates = gates_of(size)
    ih = like.new_zeros((shares, size.tall, gates, size.wide))
    hh = like.new_zeros((shares, rounded(size.hidden, ROWS), gates, size.wide))
    return ih, hh, like.new_zeros((shares, 4, size.wide))


def gradients_of(size: Sizes, sums: Three) -> Four:
    """Gradients of the four parameters, in torch's order, from those of shares; uses them up."""
    ih, hh = (_total(s).permute(1, 2, 0)[:, : size.hidden] for s in sums[:2])
    ih, hh = ih[..., : size.features], hh[..., : size.hidden]
    bias = _total(sums[2])[:, : size.hidden]
    if size.lstm:
        bi = bh = bias
    else:
        hh, bi, bh = hh[[1, 2, 0]], bias[[1, 2, 3]], bias[[1, 2, 0]]
    bi, bh = bi.flatten(), bh.flatten()
    return ih.reshape(len(bi), -1), hh.reshape(len(bi), -1), bi, bh.clone()


def _total(parts: Float[Tensor, "S ..."]) -> Float[Tensor, "..."]:
    """One after another: torch's own sum may cut the work by threads."""
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total
