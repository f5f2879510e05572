"""Attention and its layer: equality with PyTorch's own and with the equation in loops."""

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.models import (
    ConformerSpec,
    CrossformerSpec,
    EncoderLayer,
    HeadsError,
    ITransformerSpec,
    ModelSpec,
    MultiHead,
    PatchTSTSpec,
    SeqDecoderSpec,
    TransformerSpec,
)

from .equations import attention_in_loops, shaken, weights_of


def test_attention_equals_the_equation() -> None:
    torch.manual_seed(0)
    attention = shaken(MultiHead(6, 3))
    asked, memory = torch.randn(2, 4, 6).double(), torch.randn(2, 5, 6).double()
    weights = weights_of(attention)
    for one, other in ((asked, memory), (asked, asked)):
        found = attention(one, other).detach().numpy()
        for b in range(2):
            expected = attention_in_loops(one[b].numpy(), other[b].numpy(), weights, 3)
            np.testing.assert_allclose(found[b], expected, atol=1e-12)


def test_a_further_axis_is_a_matter_of_its_own() -> None:
    torch.manual_seed(0)
    attention = shaken(MultiHead(6, 2))
    asked, memory = torch.randn(2, 4, 3, 6).double(), torch.randn(2, 5, 3, 6).double()
    for one, other in ((asked, memory), (memory, memory)):
        found = attention(one, other)
        for s in range(3):
            torch.testing.assert_close(found[:, :, s], attention(one[:, :, s], other[:, :, s]))


def test_what_all_windows_ask_is_projected_once() -> None:
    torch.manual_seed(0)
    attention = shaken(MultiHead(6, 2))
    asked, memory = torch.randn(1, 4, 6).double(), torch.randn(3, 5, 6).double()
    expected = attention(asked.expand(3, -1, -1), memory)
    torch.testing.assert_close(attention(asked, memory), expected)


def test_a_causal_token_sees_no_later_one() -> None:
    torch.manual_seed(0)
    attention = shaken(MultiHead(6, 2))
    x = torch.randn(2, 5, 6).double()
    whole = attention(x, x, causal=True)
    for n in range(1, 6):
        past = x[:, :n]
        torch.testing.assert_close(whole[:, n - 1 : n], attention(past[:, -1:], past))


def test_weights_of_torch_give_what_torch_gives() -> None:
    """State dicts interchange; the seed decides the same first weights."""
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(8, 4, batch_first=True)
    torch.manual_seed(0)
    ours = MultiHead(8, 4)
    for mine, its in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert mine[0] == its[0]
        assert torch.equal(mine[1], its[1])
    shaken(theirs)
    ours.double().load_state_dict(theirs.state_dict())
    asked, memory = torch.randn(3, 4, 8).double(), torch.randn(3, 7, 8).double()
    expected = theirs(asked, memory, memory, need_weights=False)[0]
    torch.testing.assert_close(ours(asked, memory), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_layer_equals_that_of_torch(dtype: torch.dtype) -> None:
    """Values and all gradients, in training mode without dropout."""
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True).to(dtype)
    shaken(theirs).to(dtype).train()
    ours = EncoderLayer(8, 2, 12, 0.0).to(dtype)
    renamed = {"self_attn": "attention", "linear1": "feed.linear1", "linear2": "feed.linear2"}
    given = {}
    for name, value in theirs.state_dict().items():
        first, _, rest = name.partition(".")
        given[f"{renamed.get(first, first)}.{rest}"] = value
    ours.load_state_dict(given)
    x = torch.randn(5, 7, 8, dtype=dtype, requires_grad=True)
    weight = torch.randn(5, 7, 8, dtype=dtype)
    found, expected = ours(x), theirs(x)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ours(x[:, 2:4], x), expected[:, 2:4], rtol=1e-6, atol=1e-6)
    mine = torch.autograd.grad((found * weight).sum(), [x, *ours.parameters()])
    its = torch.autograd.grad((expected * weight).sum(), [x, *theirs.parameters()])
    gradients = dict(zip(dict(ours.named_parameters()), mine[1:], strict=True))
    for name, gradient in zip(dict(theirs.named_parameters()), its[1:], strict=True):
        first, _, rest = name.partition(".")
        found = gradients[f"{renamed.get(first, first)}.{rest}"]
        torch.testing.assert_close(found, gradient, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(mine[0], its[0], rtol=1e-5, atol=1e-5)


def test_dropout_leaves_out_what_is_added() -> None:
    """At a rate of nearly 1 nothing is added: LN(LN(x)) is left."""
    torch.manual_seed(0)
    layer = EncoderLayer(8, 2, 12, 0.999999).train()
    x = torch.randn(5, 7, 8)
    plain = nn.functional.layer_norm(nn.functional.layer_norm(x, (8,)), (8,))
    torch.testing.assert_close(layer(x), plain)
    assert not torch.allclose(layer.eval()(x), plain)


@pytest.mark.parametrize(
    "cls", [TransformerSpec, ITransformerSpec, CrossformerSpec, PatchTSTSpec, ConformerSpec]
)
def test_a_recipe_whose_heads_cannot_share_the_width_is_refused(cls: type[ModelSpec]) -> None:
    with pytest.raises(ValueError, match="width 10 for 4 heads; expected a multiple of 4"):
        cls.model_validate({"width": 10, "heads": 4})
    cls.model_validate({"width": 12, "heads": 4})
    with pytest.raises(ValueError, match="width 9 for "):  # of the heads by default
        cls.model_validate({"width": 9})


def test_nor_may_those_of_a_decoder() -> None:
    """The width is that of the encoder's tokens."""
    encoder = TransformerSpec(width=12, heads=4)
    with pytest.raises(ValueError, match="width 12 for 8 heads"):
        SeqDecoderSpec(encoder=encoder)
    SeqDecoderSpec(encoder=encoder, heads=6)


def test_a_width_that_heads_cannot_share_is_refused() -> None:
    with pytest.raises(HeadsError, match=r"width 10 for 4 heads; expected a multiple of 4"):
        MultiHead(10, 4)
