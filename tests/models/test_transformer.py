"""transformer: its contract, PyTorch's own layers, and positions [Spec 12.5]."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from intralpha.models import Positions, TransformerSpec, WindowShape, fixed_positions

from .contract import Case, Contract

SMALL = TransformerSpec(width=8, heads=2, layers=2, inner=12)


class TestTransformer(Contract):
    cases = (
        Case("transformer", SMALL),
        Case(
            "transformer-each-layer",
            SMALL.model_copy(update={"each_layer": True, "layers": 3}),
            parts={"layer": 2},
        ),
        Case("transformer-learned", SMALL.model_copy(update={"positions": "learned", "layers": 1})),
    )


def with_torch(ours: nn.Module, spec: TransformerSpec) -> nn.TransformerEncoder:
    """PyTorch's own stack with the weights of ours."""
    layer = nn.TransformerEncoderLayer(
        spec.width, spec.heads, spec.inner, 0.0, "gelu", batch_first=True
    )
    theirs = nn.TransformerEncoder(layer, spec.layers, enable_nested_tensor=False)
    renamed = {
        name.replace("attention.", "self_attn.").replace("feed.", ""): value
        for name, value in ours.layers.state_dict().items()
    }
    theirs.layers.load_state_dict(renamed)
    return theirs.train()


def test_states_and_tokens_are_those_of_torch() -> None:
    torch.manual_seed(0)
    spec = SMALL.model_copy(update={"dropout": 0.0})
    encoder = spec.encoder(WindowShape(12, 6)).train()
    x = torch.randn(5, 12, 6)
    expected = with_torch(encoder.tokens, spec)(
        encoder.tokens.embedding(x) + fixed_positions(12, 8)
    )
    torch.testing.assert_close(encoder.tokens(x), expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(encoder(x), expected[:, -1], rtol=1e-6, atol=1e-6)


def test_fixed_positions_equal_the_equation() -> None:
    expected = np.zeros((4, 5))
    for place in range(4):
        for k in range(3):
            angle = place / 10000 ** (2 * k / 5)
            expected[place, 2 * k] = np.sin(angle)
            if 2 * k + 1 < 5:
                expected[place, 2 * k + 1] = np.cos(angle)
    np.testing.assert_allclose(fixed_positions(4, 5).numpy(), expected, atol=1e-7)


def test_without_positions_the_order_of_earlier_steps_says_nothing() -> None:
    """And with them it does."""
    x = torch.randn(3, 12, 6, generator=torch.Generator().manual_seed(0))
    turned = torch.cat([x[:, :-1].flip(1), x[:, -1:]], dim=1)
    for how in ("none", "fixed", "learned"):
        torch.manual_seed(0)
        encoder = SMALL.model_copy(update={"positions": how}).encoder(WindowShape(12, 6)).eval()
        same = torch.allclose(encoder(x), encoder(turned), atol=1e-5)
        assert same is (how == "none")


def test_learned_positions_begin_as_the_specification_says() -> None:
    torch.manual_seed(0)
    table = Positions("learned", 400, 100).table.detach()
    assert tuple(table.shape) == (400, 100)
    assert float(table.std()) == pytest.approx(0.02, rel=0.02)
    assert float(table.mean()) == pytest.approx(0.0, abs=0.0005)


def test_the_sizes_of_research_system_003() -> None:
    network = TransformerSpec().make({"x": WindowShape(40, 300)})
    # Embedding 300 x 128 + 128; in each of two layers attention 4 x (128 x 128 + 128), feed-forward
    # 2 x 128 x 256 + 256 + 128, two norms of 2 x 128; head 128 + 1.
    layer = 4 * (128 * 128 + 128) + 2 * 128 * 256 + 256 + 128 + 2 * 2 * 128
    assert sum(p.numel() for p in network.parameters()) == 38_528 + 2 * layer + 129


def test_each_layer_has_a_line_and_the_last_the_head() -> None:
    """By PyTorch's own layers, one after another."""
    torch.manual_seed(0)
    spec = SMALL.model_copy(update={"dropout": 0.0, "layers": 3, "each_layer": True})
    network = spec.make({"x": WindowShape(12, 6)})
    ours, head = network.encoder.tokens, network.head
    x = torch.randn(5, 12, 6)
    y = ours.embedding(x) + fixed_positions(12, 8)
    states = []
    for layer in with_torch(ours, spec).layers:
        y = layer(y)
        states.append(y[:, -1])
    out = network(x)
    earlier = [line(state) for line, state in zip(head.lines, states[:2], strict=True)]
    torch.testing.assert_close(out.parts["layer"], torch.cat(earlier, 1), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(out.score, head.head(states[2]).score, rtol=1e-5, atol=1e-6)


def test_its_score_is_that_of_the_network_without() -> None:
    plain = SMALL.make({"x": WindowShape(12, 6)}).eval()
    spec = SMALL.model_copy(update={"each_layer": True})
    each = spec.make({"x": WindowShape(12, 6)}).eval()
    each.encoder.tokens.load_state_dict(plain.encoder.tokens.state_dict())
    each.head.head.load_state_dict(plain.head.state_dict())
    x = torch.randn(4, 12, 6)
    torch.testing.assert_close(each(x).score, plain(x).score)


def test_one_layer_has_none_before() -> None:
    with pytest.raises(ValidationError, match="layers before the last: found layers 1"):
        TransformerSpec(layers=1, each_layer=True)
