"""seq_decoder: its contract, PyTorch's decoder, what is seen and what is fed back [Spec 12.8]."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from intralpha.models import (
    CrossformerSpec,
    DecoderLayer,
    HorizonsError,
    ITransformerSpec,
    Output,
    SeqDecoder,
    SeqDecoderSpec,
    TransformerSpec,
    WindowShape,
    fixed_positions,
)

from .contract import Case, Contract
from .equations import attention_in_loops as attention
from .equations import feed, layer_norm, line, part, shaken, weights_of, with_dropout_times

SIZES = {"width": 8, "heads": 2, "layers": 1, "inner": 12}
ENCODERS = {
    "transformer": TransformerSpec(**SIZES),
    "itransformer": ITransformerSpec(**SIZES),
    "crossformer": CrossformerSpec(**SIZES, segment=4, routers=3),
}


def decoder_on(encoder: str) -> SeqDecoderSpec:
    return SeqDecoderSpec(
        encoder=ENCODERS[encoder], heads=2, layers=2, inner=12, horizons=4, dropout=0.1
    )


def mean_neg_ic(output: Output, label_BH: Tensor) -> Tensor:
    """Minus the mean over steps of the correlation of the predicted with the true return."""
    h, label = output.parts["h"], label_BH - label_BH.mean(0)
    h = h - h.mean(0)
    return -((h * label).sum(0) / (h.square().sum(0) * label.square().sum(0)).sqrt()).mean()


class TestSeqDecoder(Contract):
    cases = tuple(
        Case(f"seq_decoder-{name}", decoder_on(name), parts={"h": 4}, horizons=4, loss=mean_neg_ic)
        for name in ENCODERS
    )


@pytest.fixture
def network() -> SeqDecoder:
    torch.manual_seed(0)
    return shaken(decoder_on("transformer").make({"x": WindowShape(5, 3)}))


def two_days() -> tuple[Tensor, Tensor, Tensor]:
    """Windows, days and targets of 4 and 5 stocks."""
    generator = torch.Generator().manual_seed(1)
    x, target = torch.randn(9, 5, 3, generator=generator), torch.randn(9, 4, generator=generator)
    return x.double(), torch.tensor([0] * 4 + [3] * 5), target.double()


def standardised(returns: np.ndarray, days: np.ndarray) -> np.ndarray:
    out = np.empty_like(returns)
    for day in set(days):
        own = returns[days == day]
        out[days == day] = (own - own.mean(0)) / own.std(0)
    return out


def predicted_by_hand(
    network: SeqDecoder, fed: np.ndarray, memory: np.ndarray, times: float = 1
) -> np.ndarray:
    """One stock's returns, of which [H - 1] are fed: all tokens anew, a causal attention."""
    weights = weights_of(network)
    tokens = [weights["start"]]
    for place, value in enumerate(fed, start=1):
        one = line(np.array([value]), weights, "embedding")
        tokens.append(one + fixed_positions(4, 8).numpy()[place])
    y = times * np.array(tokens)
    for at in range(2):
        own = part(weights, f"layers.{at}")
        y = layer_norm(y + times * attention(y, y, part(own, "attention"), 2, True), own, "norm1")
        y = layer_norm(y + times * attention(y, memory, part(own, "look"), 2), own, "norm2")
        y = layer_norm(y + times * feed(y, part(own, "feed")), own, "norm3")
    return line(y, weights, "line")[:, 0]


@pytest.mark.parametrize("times", [1, 2])
def test_taught_predictions_equal_the_equations(network: SeqDecoder, times: float) -> None:
    """Where dropout is, numbers are multiplied."""
    x, days, target = two_days()
    with_dropout_times(network, times)
    memory = network.encoder.tokens(x).detach().numpy()
    output = network(x, days, target)
    expected = [
        predicted_by_hand(network, target[b, :-1].numpy(), memory[b], times) for b in range(len(x))
    ]
    np.testing.assert_allclose(output.parts["h"].detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("times", [1, 2])
def test_untaught_predictions_equal_the_equations(network: SeqDecoder, times: float) -> None:
    """What is fed back is standardised over the stocks of the day, and the score sums it up."""
    x, days, _ = two_days()
    with_dropout_times(network, times)
    memory = network.encoder.tokens(x).detach().numpy()
    fed = np.zeros((len(x), 0))
    for _ in range(4):
        h = np.array([predicted_by_hand(network, fed[b], memory[b], times) for b in range(len(x))])
        fed = standardised(h, days.numpy())
    output = network(x, days)
    np.testing.assert_allclose(output.parts["h"].detach().numpy(), h, atol=1e-10)
    np.testing.assert_allclose(output.score.detach().numpy(), fed.sum(1), atol=1e-10)


def test_teaching_what_it_would_say_changes_nothing(network: SeqDecoder) -> None:
    x, days, _ = two_days()
    untaught = network(x, days)
    said = standardised(untaught.parts["h"].detach().numpy(), days.numpy())
    taught = network(x, days, torch.from_numpy(said))
    torch.testing.assert_close(taught.parts["h"], untaught.parts["h"], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(taught.score, untaught.score, rtol=1e-9, atol=1e-9)


def test_a_step_sees_the_returns_before_it_only(network: SeqDecoder) -> None:
    x, days, target = two_days()
    before = network(x, days, target).parts["h"]
    for step in range(4):
        other = target.clone()
        other[:, step] += 1
        h = network(x, days, other).parts["h"]
        assert torch.equal(h[:, : step + 1], before[:, : step + 1])
        if step < 3:
            assert not torch.isclose(h[:, step + 1], before[:, step + 1], atol=1e-6).any()


def test_the_layer_equals_that_of_torch() -> None:
    torch.manual_seed(0)
    theirs = shaken(nn.TransformerDecoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True)).train()
    ours = DecoderLayer(8, 2, 12, 0.0).double()
    names = {"self_attn": "attention", "multihead_attn": "look"}
    names |= {name: f"feed.{name}" for name in ("linear1", "linear2")}
    given = {}
    for name, value in theirs.state_dict().items():
        first, _, rest = name.partition(".")
        given[f"{names.get(first, first)}.{rest}"] = value
    ours.load_state_dict(given)
    y, memory = torch.randn(3, 4, 8).double(), torch.randn(3, 6, 8).double()
    mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64)
    expected = theirs(y, memory, tgt_mask=mask, tgt_is_causal=True)
    found, _ = ours(y, None, ours.look.pairs(memory))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_steps_work_on_one_token_each(network: SeqDecoder) -> None:
    """Whatever came before: nothing is computed twice."""
    seen: list[int] = []
    for layer in network.layers:
        layer.feed.linear1.register_forward_hook(
            lambda _m, given, _o: seen.append(given[0].shape[1])
        )
    x, days, target = two_days()
    network(x, days)
    assert seen == [1] * 8
    seen.clear()
    network(x, days, target)
    assert seen == [4, 4]


def test_an_encoder_without_tokens_is_refused() -> None:
    with pytest.raises(ValidationError, match="gru has no tokens to decode; expected one of ") as e:
        SeqDecoderSpec.model_validate({"encoder": {"kind": "gru"}})
    assert all(name in str(e.value) for name in ("crossformer", "itransformer", "transformer"))
    assert "rnn" not in str(e.value)


def test_a_head_that_would_not_be_used_is_refused() -> None:
    encoder = {"kind": "transformer", "head": {"kind": "bn_sigmoid"}}
    with pytest.raises(ValidationError, match="a head bn_sigmoid of the encoder would not be used"):
        SeqDecoderSpec.model_validate({"encoder": encoder})
    whole = SeqDecoderSpec().model_dump()
    assert SeqDecoderSpec.model_validate(whole) == SeqDecoderSpec()


def test_a_label_of_other_length_is_refused(network: SeqDecoder) -> None:
    x, days, target = two_days()
    with pytest.raises(HorizonsError, match="the label has 3 columns; the decoder predicts 4"):
        network(x, days, target[:, :3])
