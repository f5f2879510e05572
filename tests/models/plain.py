"""The pieces of attention networks as their equations, window by window in NumPy."""

import math

import numpy as np
import torch
from torch import nn

Weights = dict[str, np.ndarray]


def shaken(module: nn.Module) -> nn.Module:
    """Weights away from their first values, so that biases and gains count; float64, eval mode."""
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.2 * torch.randn_like(p))
    return module.double().eval()


def weights_of(module: nn.Module) -> Weights:
    return {name: p.detach().numpy() for name, p in module.named_parameters()}


def below(weights: Weights, prefix: str) -> Weights:
    """The weights of a module inside."""
    return {name[len(prefix) :]: w for name, w in weights.items() if name.startswith(prefix)}


def line(x: np.ndarray, weights: Weights) -> np.ndarray:
    return x @ weights["weight"].T + weights["bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """x times the normal distribution function."""
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def norm(x: np.ndarray, weights: Weights) -> np.ndarray:
    """Each token to mean 0 and variance 1, then its gain and bias."""
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred / spread * weights["weight"] + weights["bias"]


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
            scores = [query @ (wk @ m + bk)[cut] / np.sqrt(size) for m in seen]
            shares = np.exp(scores) / np.exp(scores).sum()
            found[n, cut] = sum(
                share * (wv @ m + bv)[cut] for share, m in zip(shares, seen, strict=True)
            )
    return line(found, below(weights, "out_proj."))


def feed(x: np.ndarray, weights: Weights) -> np.ndarray:
    return line(gelu(line(x, below(weights, "linear1."))), below(weights, "linear2."))


def encoder_layer(x: np.ndarray, weights: Weights, heads: int) -> np.ndarray:
    """One window through LN(x + MHA), LN(y + FFN)."""
    found = attention_in_loops(x, x, below(weights, "attention."), heads)
    y = norm(x + found, below(weights, "norm1."))
    return norm(y + feed(y, below(weights, "feed.")), below(weights, "norm2."))
