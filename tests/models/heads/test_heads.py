"""Heads: their contract behind a plain encoder, and equality with their formulas."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from intralpha.models import HeadSpec, LinearSpec, Output, WindowShape
from intralpha.models.heads import (
    BnSigmoidHeadSpec,
    ClassesHeadSpec,
    HorizonsHeadSpec,
    LinearHeadSpec,
    NNHeadSpec,
    UnitsHeadSpec,
)

from ..contract import Case, Contract
from ..equations import line, shaken, softmax, weights_of

SHAPES = {"x": WindowShape(3, 2)}
DAYS = torch.tensor([0] * 5 + [1] * 4)


def squared(output: Output, label_BH: Tensor) -> Tensor:
    """Reaches the levels of predictions."""
    return (output.parts["h"] - label_BH).square().mean()


class TestHeads(Contract):
    cases = (
        Case("head-bn_sigmoid", LinearSpec(head=BnSigmoidHeadSpec()), SHAPES),
        Case("head-classes", LinearSpec(head=ClassesHeadSpec(classes=3)), SHAPES, {"class": 3}),
        Case(
            "head-horizons",
            LinearSpec(head=HorizonsHeadSpec(horizons=4)),
            SHAPES,
            {"h": 4},
            horizons=4,
            loss=squared,
        ),
        Case("head-linear", LinearSpec(head=LinearHeadSpec()), SHAPES),
        Case("head-nn", LinearSpec(head=NNHeadSpec()), SHAPES),
        Case("head-units", LinearSpec(head=UnitsHeadSpec(units=4)), SHAPES, {"unit": 4}),
        Case(
            "head-units-running",
            LinearSpec(head=UnitsHeadSpec(units=4, bn_eval="running")),
            SHAPES,
            {"unit": 4},
        ),
    )


def head(spec: HeadSpec, width: int = 6) -> nn.Module:
    torch.manual_seed(0)
    return shaken(spec.layers(width))


def z(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(0)) / x.std(0)


def test_nn_is_two_layers_with_a_relu() -> None:
    layers, state = head(NNHeadSpec()), torch.randn(9, 6).double()
    weights = weights_of(layers)
    assert weights["first.weight"].shape == (10, 6)
    inner = np.maximum(line(state.numpy(), weights, "first"), 0)
    found = layers(state).score.detach().numpy()
    np.testing.assert_allclose(found, line(inner, weights, "last")[:, 0], atol=1e-12)


def test_the_score_of_classes_is_the_expected_class() -> None:
    layers, state = head(ClassesHeadSpec()), torch.randn(9, 6).double()
    out = layers(state)
    logits = line(state.numpy(), weights_of(layers), "line")
    np.testing.assert_allclose(out.parts["class"].detach().numpy(), logits, atol=1e-12)
    expected = [softmax(row) @ [-2, -1, 0, 1, 2] for row in logits]
    np.testing.assert_allclose(out.score.detach().numpy(), expected, atol=1e-12)


def test_values_of_an_even_number_of_classes_lie_around_0() -> None:
    assert head(ClassesHeadSpec(classes=4)).values.tolist() == [-1.5, -0.5, 0.5, 1.5]


@pytest.mark.parametrize("weights", [None, (1.0, 0.0, 3.0)])
def test_the_score_of_horizons_weighs_columns_standardised_by_day(weights: object) -> None:
    layers = head(HorizonsHeadSpec(horizons=3, weights=weights))
    state = torch.randn(9, 6).double()
    out = layers(state, DAYS)
    h = line(state.numpy(), weights_of(layers), "line")
    np.testing.assert_allclose(out.parts["h"].detach().numpy(), h, atol=1e-12)
    standard = np.concatenate([z(h[:5]), z(h[5:])])
    expected = np.average(standard, axis=1, weights=weights)
    np.testing.assert_allclose(out.score.detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "found"),
    [((1.0,), "found 1 weights"), ((0.0, 0.0), "none below 0"), ((2.0, -1.0), "none below 0")],
)
def test_weights_that_do_not_fit_are_refused(weights: tuple[float, ...], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        HorizonsHeadSpec(horizons=2, weights=weights)


@pytest.mark.parametrize("training", [True, False])
def test_units_are_standardised_by_day_and_so_is_their_mean(training: bool) -> None:
    layers, state = head(UnitsHeadSpec(units=3)).train(training), torch.randn(9, 6).double()
    out = layers(state, DAYS)
    h = line(state.numpy(), weights_of(layers), "line")

    def norm(x: np.ndarray) -> np.ndarray:
        return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)

    for day in (slice(0, 5), slice(5, 9)):
        units = norm(h[day])
        np.testing.assert_allclose(out.parts["unit"][day].detach().numpy(), units, atol=1e-9)
        np.testing.assert_allclose(out.score[day].detach().numpy(), norm(units.mean(1)), atol=1e-9)


def test_units_with_running_statistics_are_those_of_torch() -> None:
    """In training on one day a batch, and in eval mode."""
    layers = head(UnitsHeadSpec(units=3, bn_eval="running"))
    first, last = (nn.BatchNorm1d(n, affine=False).double() for n in (3, 1))
    start = {n: torch.tensor(w) for n, w in weights_of(layers).items()}
    for norm, name in ((first, "norm"), (last, "last")):
        norm.running_mean.copy_(start[f"{name}.running_mean"])
        norm.running_var.copy_(start[f"{name}.running_var"])
    for step in range(3):
        training = step < 2
        state = torch.randn(9, 6).double()
        out = layers.train(training)(state)
        units = first.train(training)(functional.linear(state, start["line.weight"]))
        score = last.train(training)(units.mean(1, keepdim=True))[:, 0]
        torch.testing.assert_close(out.parts["unit"], units)
        torch.testing.assert_close(out.score, score)


def test_running_statistics_carry_no_gradient_to_the_next_step() -> None:
    layers = head(UnitsHeadSpec(units=3, bn_eval="running")).train()
    for _ in range(2):
        layers(torch.randn(9, 6).double()).score.square().sum().backward()
    assert not any(b.requires_grad for b in layers.buffers())


def test_running_statistics_move_by_the_mean_of_days() -> None:
    layers, state = head(UnitsHeadSpec(units=2, bn_eval="running")), torch.randn(9, 6).double()
    before = weights_of(layers)
    layers.train()(state, DAYS)
    h = line(state.numpy(), before, "line")
    mean = (h[:5].mean(0) + h[5:].mean(0)) / 2
    variance = (h[:5].var(0, ddof=1) + h[5:].var(0, ddof=1)) / 2
    after = weights_of(layers)
    for name, expected in (("mean", mean), ("var", variance)):
        moved = 0.9 * before[f"norm.running_{name}"] + 0.1 * expected
        np.testing.assert_allclose(after[f"norm.running_{name}"], moved, atol=1e-9)


def test_heads_say_whether_they_look_across_the_day() -> None:
    across = {
        "linear": False, "nn": False, "bn_sigmoid": False, "classes": False, "horizons": True,
        "units": True,
    }  # fmt: skip
    assert set(across) == set(HeadSpec.kinds())
    for kind, expected in across.items():
        assert HeadSpec.of_kind(kind)().across is expected
        assert HeadSpec.of_kind(kind)(orthogonal=True).across
    assert not UnitsHeadSpec(bn_eval="running").across
