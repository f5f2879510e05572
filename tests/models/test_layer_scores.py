"""Scores of layers before the last: a line on each, and nothing else changes."""

import numpy as np
import pytest
import torch

from intralpha.models import (
    EncoderSpec,
    GRUSpec,
    ModelSpec,
    RNNNNSpec,
    RNNSpec,
    SeqDecoderSpec,
    TransformerSpec,
    WindowShape,
)
from intralpha.models.heads import UnitsHeadSpec
from intralpha.training import Truth
from intralpha.training.losses import LayerwiseSpec

from .equations import encoder_layer, line, part, recurrent, shaken, weights_of

SHAPES = {"x": WindowShape(7, 3)}
SPECS = (
    GRUSpec(hidden=5, layers=3),
    RNNSpec(hidden=5, layers=3),
    RNNSpec(hidden=5, layers=3, cell="lstm"),
    RNNNNSpec(hidden=5, layers=3),
    TransformerSpec(width=8, heads=2, layers=3, inner=12),
)


def with_layers(spec: EncoderSpec) -> EncoderSpec:
    return type(spec).model_validate({**dict(spec), "layer_scores": True})


@pytest.mark.parametrize("spec", SPECS[:4], ids=repr)
def test_each_recurrent_layer_is_scored_by_its_last_state(spec: RNNSpec) -> None:
    network = shaken(with_layers(spec).make(SHAPES))
    weights, x = weights_of(network), torch.randn(4, 7, 3, dtype=torch.float64)
    cell = getattr(spec, "cell", "gru")
    found = network(x).parts["layer"].detach().numpy()
    assert found.shape == (4, 2)
    for b, window in enumerate(x.numpy()):
        for at in range(2):
            state = recurrent(window, weights, "encoder.rnn", cell, at + 1)[-1]
            expected = line(state, weights, f"lines.{at}")
            np.testing.assert_allclose(found[b, at : at + 1], expected, atol=1e-12)


def test_each_layer_of_attention_is_scored_by_its_last_token() -> None:
    network = shaken(with_layers(SPECS[4]).make(SHAPES))
    weights, x = weights_of(network), torch.randn(2, 7, 3, dtype=torch.float64)
    found = network(x).parts["layer"].detach().numpy()
    tokens = part(weights, "encoder.tokens")
    places = network.get_submodule("encoder.tokens.positions").table.numpy()
    for b, window in enumerate(x.numpy()):
        y = line(window, tokens, "embedding") + places
        for at in range(2):
            y = encoder_layer(y, part(tokens, f"layers.{at}"), 2)
            expected = line(y[-1], weights, f"lines.{at}")
            np.testing.assert_allclose(found[b, at : at + 1], expected, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_score_and_the_weights_before_are_those_without(spec: EncoderSpec) -> None:
    more = with_layers(spec)
    assert (spec.gives, more.gives) == ((), ("layer",))
    networks = []
    for one in (spec, more):
        torch.manual_seed(0)
        networks.append(one.make(SHAPES).eval())
    x = torch.randn(6, 7, 3)
    plain, layered = (network(x) for network in networks)
    torch.testing.assert_close(layered.score, plain.score)


def test_parts_of_the_head_are_given_beside() -> None:
    spec = GRUSpec(hidden=5, layers=2, layer_scores=True, head=UnitsHeadSpec(units=3))
    assert spec.gives == ("unit", "layer")
    out = spec.make(SHAPES)(torch.randn(6, 7, 3))
    assert {name: tuple(x.shape) for name, x in out.parts.items()} == {
        "unit": (6, 3),
        "layer": (6, 1),
    }


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_loss_of_earlier_layers_teaches_them_and_no_later_one(spec: EncoderSpec) -> None:
    """With the score's own loss left out, the last layer learns nothing."""
    network = with_layers(spec).make(SHAPES).train()
    out = network(torch.randn(20, 7, 3))
    truth = Truth.of(torch.randn(20))
    whole = LayerwiseSpec(weight=1.0).loss(out, truth)
    (whole - LayerwiseSpec(weight=0.0).loss(out, truth)).backward()
    taught = {n for n, p in network.named_parameters() if p.grad is not None and p.grad.any()}
    assert {"lines.0.weight", "lines.1.weight"} <= taught
    layers = [n for n, _ in network.named_parameters() if n.endswith("_l2") or ".layers.2." in n]
    assert layers
    assert not taught & set(layers)
    assert not any(name.startswith("head") for name in taught)


@pytest.mark.parametrize("cls", [GRUSpec, RNNSpec, RNNNNSpec, TransformerSpec])
def test_one_layer_has_none_before_it(cls: type[ModelSpec]) -> None:
    with pytest.raises(ValueError, match="found layers: 1; expected 2 or more"):
        cls.model_validate({"layers": 1, "layer_scores": True})


def test_a_decoder_has_no_use_for_them() -> None:
    with pytest.raises(ValueError, match="layer_scores of the encoder would not be used"):
        SeqDecoderSpec(encoder=TransformerSpec(layer_scores=True))
