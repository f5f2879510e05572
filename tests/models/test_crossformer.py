"""crossformer: its contract, its two stages and the merging of segments [Spec 12.7]."""

import numpy as np
import pytest
import torch

from intralpha.models import CrossformerSpec, WindowShape

from .contract import Case, Contract
from .equations import (
    Weights,
    attention_in_loops,
    feed,
    layer_norm,
    line,
    part,
    shaken,
    weights_of,
    with_dropout_times,
)

SMALL = CrossformerSpec(segment=4, width=8, heads=2, layers=2, inner=12, routers=3)


class TestCrossformer(Contract):
    cases = (
        Case("crossformer", SMALL),
        Case("crossformer-odd", SMALL.model_copy(update={"segment": 5}), {"x": WindowShape(11, 4)}),
    )


def added(z: np.ndarray, found: np.ndarray, weights: Weights, times: float) -> np.ndarray:
    y = layer_norm(z + times * found, weights, "norm1")
    return layer_norm(y + times * feed(y, part(weights, "feed")), weights, "norm2")


def two_stages(z: np.ndarray, weights: Weights, times: float) -> np.ndarray:
    """[F, S, d] to the same, variable by variable, then segment by segment."""
    time, across = part(weights, "across_time"), part(weights, "across_variables")
    inner = part(time, "attention")
    z = np.stack([added(own, attention_in_loops(own, own, inner, 2), time, times) for own in z])
    out = np.empty_like(z)
    for s in range(z.shape[1]):
        here, routers = z[:, s], weights["routers"][s]
        sent = attention_in_loops(routers, here, part(weights, "gather"), 2)
        found = attention_in_loops(here, sent, part(across, "attention"), 2)
        out[:, s] = added(here, found, across, times)
    return out


def merged(z: np.ndarray, weights: Weights) -> np.ndarray:
    pairs = []
    for first in range(0, z.shape[1], 2):
        second = min(first + 1, z.shape[1] - 1)
        pairs.append(np.concatenate([z[:, first], z[:, second]], axis=1))
    return line(layer_norm(np.stack(pairs, axis=1), weights, "norm"), weights, "line")


def score_by_hand(window: np.ndarray, weights: Weights, segment: int, times: float) -> float:
    missing = -len(window) % segment
    window = np.concatenate([np.repeat(window[:1], missing, axis=0), window])
    own = part(weights, "encoder.tokens.segments")
    z = np.stack(
        [
            [
                line(series[at : at + segment], own, "embedding")
                for at in range(0, len(window), segment)
            ]
            for series in window.T
        ]
    )
    z = layer_norm(z + own["places"], own, "norm")
    z = two_stages(z, part(weights, "encoder.tokens.layers.0"), times)
    z = merged(z, part(weights, "encoder.tokens.layers.1"))
    z = two_stages(z, part(weights, "encoder.tokens.layers.2"), times)
    state = line(z.mean(axis=1), weights, "encoder.line")[:, 0]
    return line(state, weights, "head.layers.line")[0]


@pytest.mark.parametrize("times", [1, 2])
def test_scores_equal_the_equations(times: float) -> None:
    """Three segments, of which the first is filled up and the last stands twice in the merging.

    Where dropout is, numbers are multiplied.
    """
    torch.manual_seed(0)
    network = with_dropout_times(shaken(SMALL.make({"x": WindowShape(10, 3)})), times)
    x = torch.randn(2, 10, 3, dtype=torch.float64)
    expected = [score_by_hand(window, weights_of(network), 4, times) for window in x.numpy()]
    np.testing.assert_allclose(network(x).score.detach().numpy(), expected, atol=1e-12)


def test_a_filled_window_is_one_whose_first_step_was_longer() -> None:
    torch.manual_seed(0)
    encoder = SMALL.encoder(WindowShape(10, 3)).eval()
    x = torch.randn(2, 10, 3)
    longer = torch.cat([x[:, :1], x[:, :1], x], dim=1)
    assert torch.equal(encoder(x), encoder(longer))


def test_variables_see_each_other_through_routers_only() -> None:
    """Without what the routers bring, a variable's number depends on its own series."""
    torch.manual_seed(0)
    encoder = SMALL.encoder(WindowShape(12, 6)).eval()
    x = torch.randn(1, 12, 6)
    other = x.clone()
    other[:, :, 0] += 1
    assert not torch.allclose(encoder(x)[:, 1:], encoder(other)[:, 1:], atol=1e-6)
    with torch.no_grad():
        for layer in (encoder.tokens.layers[0], encoder.tokens.layers[2]):
            layer.across_variables.attention.out_proj.weight.zero_()
    torch.testing.assert_close(encoder(x)[:, 1:], encoder(other)[:, 1:])
    assert not torch.allclose(encoder(x)[:, 0], encoder(other)[:, 0], atol=1e-3)


def test_the_sizes_of_research_system_003() -> None:
    network = CrossformerSpec().make({"x": WindowShape(40, 300)})
    # Embedding 5 x 64 + 64, places 300 x 8 x 64, norm; a layer: three attentions, two feed-forward
    # networks, four norms, routers; one merging; 65 numbers to a variable's, 301 to the score.
    attention, pass_on, norm = 4 * (64 * 64 + 64), 2 * 64 * 128 + 128 + 64, 2 * 64
    layer = 3 * attention + 2 * pass_on + 4 * norm
    expected = 384 + 300 * 8 * 64 + norm + 2 * layer + (8 + 4) * 10 * 64
    expected += 2 * 128 + 128 * 64 + 64 + 65 + 301
    assert sum(p.numel() for p in network.parameters()) == expected
