"""conformer: its contract, and equality with the equations of the papers [Spec 12.15]."""

import numpy as np
import pytest
import torch

from intralpha.models import ConformerSpec, HeadsError, WindowShape
from intralpha.models import relative_attention as relative_attention_module
from intralpha.models.relative_attention import RelativeAttention

from .contract import Case, Contract
from .equations import (
    Weights,
    layer_norm,
    line,
    part,
    shaken,
    sigmoid,
    softmax,
    weights_of,
    with_dropout_times,
)

SMALL = ConformerSpec(width=8, heads=2, layers=1, kernel=3)


class TestConformer(Contract):
    cases = (
        Case("conformer", SMALL),
        Case("conformer-layer", SMALL.model_copy(update={"norm": "layer", "layers": 2})),
    )


def swish(x: np.ndarray) -> np.ndarray:
    return x * sigmoid(x)


def distance(m: int, waves: int) -> np.ndarray:
    """R_m: cos(w m), sin(w m) for w = 10000^(-2k/d) [Vaswani et al. 2017, 3.5]."""
    told = np.zeros(waves)
    for k in range(waves // 2):
        angle = m / 10000 ** (2 * k / waves)
        told[2 * k], told[2 * k + 1] = np.cos(angle), np.sin(angle)
    return told


def relative_attention(x: np.ndarray, weights: Weights, heads: int) -> np.ndarray:
    """Pair by pair with a vector of each distance [Dai et al. 2019, 3.3]."""
    query, key, value = (line(x, weights, n) for n in ("query", "key", "value"))
    length, width = x.shape
    size, waves = width // heads, weights["places.weight"].shape[1]
    found = np.zeros((length, width))
    for head in range(heads):
        cut = slice(head * size, (head + 1) * size)
        u, v = weights["content"][head], weights["place"][head]
        for i in range(length):
            scores = np.zeros(length)
            for j in range(length):
                r = weights["places.weight"][cut] @ distance(i - j, waves)
                scores[j] = (query[i, cut] + u) @ key[j, cut] + (query[i, cut] + v) @ r
            found[i, cut] = softmax(scores / np.sqrt(size)) @ value[:, cut]
    return line(found, weights, "out")


def convolution(x: np.ndarray, weights: Weights, norm: str, times: float) -> np.ndarray:
    """The convolution module [Gulati et al. 2020, 2.2]."""
    length, width = x.shape
    up = line(layer_norm(x, weights, "first"), weights, "up")
    gated = up[:, :width] * sigmoid(up[:, width:])
    taps = weights["depthwise.weight"][:, 0]
    half, mixed = taps.shape[1] // 2, np.zeros((length, width))
    for t in range(length):
        for k in range(taps.shape[1]):
            if 0 <= t + k - half < length:
                mixed[t] += taps[:, k] * gated[t + k - half]
    if norm == "layer":
        mixed = layer_norm(mixed, weights, "norm")
    else:
        spread = np.sqrt(weights["norm.running_var"] + 1e-5)
        mixed = (mixed - weights["norm.running_mean"]) / spread
        mixed = mixed * weights["norm.weight"] + weights["norm.bias"]
    return times * line(swish(mixed), weights, "down")


def feed_forward(x: np.ndarray, weights: Weights, times: float) -> np.ndarray:
    inner = times * swish(line(layer_norm(x, weights, "0"), weights, "1"))
    return times * line(inner, weights, "4")


@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize(("width", "heads", "times"), [(8, 2, 1), (9, 3, 1), (8, 2, 2)])
def test_tokens_equal_the_equations(norm: str, width: int, heads: int, times: float) -> None:
    """With dropout as the paper has it: where it is, numbers are multiplied."""
    spec = ConformerSpec(width=width, heads=heads, layers=2, kernel=5, norm=norm)
    encoder = with_dropout_times(shaken(spec.encoder(WindowShape(7, 3))), times)
    weights, x = weights_of(encoder.tokens), torch.randn(2, 7, 3, dtype=torch.float64)
    found = encoder.tokens(x).detach().numpy()
    for b, window in enumerate(x.numpy()):
        y = times * line(window, weights, "embedding")
        for at in range(2):
            block = part(weights, f"blocks.{at}")
            y = y + feed_forward(y, part(block, "before"), times) / 2
            normed = layer_norm(y, block, "attention_norm")
            y = y + times * relative_attention(normed, part(block, "attention"), heads)
            y = y + convolution(y, part(block, "convolution"), norm, times)
            y = layer_norm(y + feed_forward(y, part(block, "after"), times) / 2, block, "norm")
        np.testing.assert_allclose(found[b], y, atol=1e-6)
    assert torch.equal(encoder(x), encoder.tokens(x)[:, -1])


def test_long_windows_find_the_same_without_the_matrix_of_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Values and gradients."""
    torch.manual_seed(0)
    attention = shaken(RelativeAttention(9, 3, 7))
    x = torch.randn(2, 7, 9, dtype=torch.float64, requires_grad=True)
    found = {}
    for short in (7, 6):
        monkeypatch.setattr(relative_attention_module, "SHORT", short)
        score = attention(x)
        gradients = torch.autograd.grad(score.square().sum(), [x, *attention.parameters()])
        found[short] = score, *gradients
    for one, other in zip(found[7], found[6], strict=True):
        torch.testing.assert_close(one, other)


def test_convolutions_see_more_of_longer_windows() -> None:
    def seen(length: int) -> int:
        block = ConformerSpec(layers=1, width=4, heads=1).tokens(WindowShape(length, 1)).blocks[0]
        return block.convolution.depthwise.kernel_size[0]

    assert (seen(160), seen(161)) == (15, 31)


def test_the_sizes_of_the_specification() -> None:
    network = ConformerSpec().make({"x": WindowShape(40, 27)})
    # Of each block: two feed-forward networks (norm 128, 64 x 256 + 256, 256 x 64 + 64); attention
    # (norm 128; queries, keys, places 64 x 64, values and output 64 x 64 + 64, u and v 64 each);
    # convolution (norm 128, 64 x 128 + 128, 15 x 64, norm 128, 64 x 64 + 64); norm 128.
    feed = 128 + 64 * 256 + 256 + 256 * 64 + 64
    attention = 128 + 3 * 4096 + 2 * 4160 + 128
    convolution = 128 + 8320 + 960 + 128 + 4160
    block = 2 * feed + attention + convolution + 128
    assert sum(p.numel() for p in network.parameters()) == 28 * 64 + 2 * block + 65


def test_half_precision_is_near() -> None:
    torch.manual_seed(0)
    encoder = SMALL.encoder(WindowShape(7, 3)).eval()
    x = torch.randn(4, 7, 3)
    with torch.autocast("cpu", torch.bfloat16):
        found = encoder(x)
    torch.testing.assert_close(found.float(), encoder(x), rtol=0.05, atol=0.05)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(HeadsError, match="width 64 for 3 heads"):
        ConformerSpec().model_copy(update={"heads": 3}).encoder(WindowShape(7, 3))
    with pytest.raises(ValueError, match="found 4 steps; expected an odd number"):
        ConformerSpec(kernel=4)


def test_another_precision_keeps_every_wave() -> None:
    """A complex buffer would lose its sines on the way."""
    network = SMALL.make({"x": WindowShape(6, 3)}).eval()
    x = torch.randn(5, 6, 3)
    there_and_back = network.to(torch.float64)(x.double()).score.float()
    torch.testing.assert_close(network.to(torch.float32)(x).score, there_and_back)
    half = network.to(torch.bfloat16)(x.bfloat16()).score.float()
    torch.testing.assert_close(half, there_and_back, atol=0.05, rtol=0.05)
