"""Published equations in plain NumPy, one window at a time, for references of networks."""

import math
from typing import Literal

import numpy as np
import torch
from torch import nn

from intralpha.models import Dropout

Weights = dict[str, np.ndarray]


def shaken(module: nn.Module) -> nn.Module:
    """In float64 and eval mode, weights away from their first values, so that all of them count."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.2 * torch.randn(p.shape, generator=generator))
        for name, b in module.named_buffers():
            if "running" in name:
                b.add_(0.5 * torch.rand(b.shape, generator=generator))
    return module.double().eval()


def with_dropout_times(module: nn.Module, times: float) -> nn.Module:
    """Each dropout multiplies by a number instead of drawing, so that equations can hold it."""
    for inside in module.modules():
        if isinstance(inside, Dropout):
            inside.forward = lambda x: times * x
    return module


def weights_of(module: nn.Module) -> Weights:
    return {name: x.detach().numpy().copy() for name, x in module.state_dict().items()}


def part(weights: Weights, name: str) -> Weights:
    """Weights of a module inside."""
    return {n.removeprefix(f"{name}."): w for n, w in weights.items() if n.startswith(f"{name}.")}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum()


def line(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    """W x + b of nn.Linear, of one vector or of each row."""
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)


def layer_norm(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    """Of each token, along the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    normed = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return normed * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def recurrent(
    x: np.ndarray, weights: Weights, name: str, cell: Literal["gru", "lstm"], layers: int
) -> np.ndarray:
    """States [L, H] of stacked layers: GRU of Cho et al. 2014 as in PyTorch, or LSTM."""
    for layer in range(layers):
        w_x, w_h, b_x, b_h = (
            weights[f"{name}.{what}_l{layer}"]
            for what in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h = c = np.zeros(w_h.shape[1])
        states = []
        for step in x:
            gx, gh = w_x @ step + b_x, w_h @ h + b_h
            if cell == "gru":
                (rx, zx, nx), (rh, zh, nh) = np.split(gx, 3), np.split(gh, 3)
                z = sigmoid(zx + zh)
                h = (1 - z) * np.tanh(nx + sigmoid(rx + rh) * nh) + z * h
            else:
                i, f, g, o = np.split(gx + gh, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            states.append(h)
        x = np.stack(states)
    return x


def gelu(x: np.ndarray) -> np.ndarray:
    """x times the normal distribution function."""
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def attention_in_loops(
    asked: np.ndarray, memory: np.ndarray, weights: Weights, heads: int, causal: bool = False
) -> np.ndarray:
    """One window's attention, head by head and token by token [Vaswani et al. 2017, 3.2]."""
    width = asked.shape[1]
    size = width // heads
    names = ("in_proj_weight", "in_proj_bias")
    (wq, bq), (wk, bk), (wv, bv) = [
        [weights[n][i * width : (i + 1) * width] for n in names] for i in range(3)
    ]
    found = np.zeros((len(asked), width))
    for head in range(heads):
        cut = slice(head * size, (head + 1) * size)
        for n, token in enumerate(asked):
            seen = memory[: n + 1] if causal else memory
            query = (wq @ token + bq)[cut]
            scores = np.array([query @ (wk @ m + bk)[cut] / np.sqrt(size) for m in seen])
            shares = softmax(scores)
            found[n, cut] = sum(
                share * (wv @ m + bv)[cut] for share, m in zip(shares, seen, strict=True)
            )
    return line(found, weights, "out_proj")


def feed(x: np.ndarray, weights: Weights) -> np.ndarray:
    return line(gelu(line(x, weights, "linear1")), weights, "linear2")


def encoder_layer(x: np.ndarray, weights: Weights, heads: int, times: float = 1) -> np.ndarray:
    """One window through LN(x + MHA), LN(y + FFN); ``times`` is what dropout does to each sum."""
    found = attention_in_loops(x, x, part(weights, "attention"), heads)
    y = layer_norm(x + times * found, weights, "norm1")
    return layer_norm(y + times * feed(y, part(weights, "feed")), weights, "norm2")
