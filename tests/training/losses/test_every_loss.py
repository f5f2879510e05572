"""What every loss keeps: gradients, days, order of samples, refused shapes."""

import pytest
import torch
from pydantic import ValidationError

from intralpha.models import Output
from intralpha.training import LossShapeError, ObjectiveSpec, Truth
from intralpha.training.losses import HorizonsSpec, LayerwiseSpec, MultitaskSpec, RobustSpec

from .examples import example, part

OURS = {kind: cls for kind, cls in ObjectiveSpec.kinds().items() if "." not in kind}
BY_DAY = [kind for kind, cls in OURS.items() if "over" in cls.model_fields]


@pytest.fixture(params=OURS)
def spec(request: pytest.FixtureRequest) -> ObjectiveSpec:
    return OURS[request.param]()


def test_the_fourteen_losses_are_found() -> None:
    assert set(OURS) == {
        *("mse", "mse_bn", "mse_bn_orth", "neg_ic", "multitask", "seq_neg_ic", "horizons"),
        *("cross_entropy", "long_weighted", "ccc", "rank_ic", "list_mle", "layerwise", "robust"),
    }


@pytest.mark.one_in(2)
def test_gradients_agree_with_finite_differences(spec: ObjectiveSpec) -> None:
    output, truth = example(spec)
    inputs = [output.score, *output.parts.values()]
    for values in inputs:
        values.requires_grad_()

    def loss(score: torch.Tensor, *parts: torch.Tensor) -> torch.Tensor:
        return spec.loss(Output(score, dict(zip(output.parts, parts, strict=True))), truth)

    assert torch.autograd.gradcheck(loss, inputs, atol=1e-7)
    grads = torch.autograd.grad(loss(*inputs), inputs, allow_unused=True)
    assert any(grad is not None and grad.abs().max() > 1e-4 for grad in grads)


def test_the_order_of_a_days_samples_changes_nothing(spec: ObjectiveSpec) -> None:
    output, truth = example(spec)
    noise = torch.rand(len(truth.days_B), dtype=torch.float64)
    shuffled = torch.argsort(truth.days_B + noise / 2)
    other = spec.loss(*part(output, truth, shuffled))
    torch.testing.assert_close(other, spec.loss(output, truth), atol=1e-12, rtol=0)


@pytest.mark.parametrize("kind", BY_DAY)
def test_over_days_equals_a_loop_over_days(kind: str) -> None:
    by_day, pooled = OURS[kind](over="day"), OURS[kind](over="batch")
    output, truth = example(by_day)
    days = [
        pooled.loss(*part(output, truth, torch.nonzero(truth.days_B == day)[:, 0]))
        for day in truth.days_B.unique()
    ]
    torch.testing.assert_close(by_day.loss(output, truth), torch.stack(days).mean())
    assert (by_day.loss(output, truth) - pooled.loss(output, truth)).abs() > 1e-3


@pytest.mark.parametrize("kind", BY_DAY)
def test_numbers_of_days_need_not_follow_each_other(kind: str) -> None:
    spec = OURS[kind](over="day")
    output, truth = example(spec)
    far = Truth(truth.label_BH, truth.known_BH, truth.days_B * 1000 + 5)
    assert spec.loss(output, far) == spec.loss(output, truth)


def test_constant_scores_give_finite_losses_and_gradients(spec: ObjectiveSpec) -> None:
    output, truth = example(spec)
    score = torch.zeros(21, requires_grad=True)
    parts = {name: torch.zeros_like(values).float() for name, values in output.parts.items()}
    for values in parts.values():
        values.requires_grad_()
    label = truth.label_BH.float()
    loss = spec.loss(Output(score, parts), Truth(label, truth.known_BH, truth.days_B))
    loss.backward()
    assert torch.isfinite(loss)
    for values in (score, *parts.values()):
        assert values.grad is None or torch.isfinite(values.grad).all()


@pytest.mark.parametrize("level", [0.1, -5.3, 1e3])
@pytest.mark.parametrize("kind", ["mse_bn", "mse_bn_orth", "neg_ic", "ccc", "rank_ic"])
def test_constant_scores_of_any_level_are_no_forecast(kind: str, level: float) -> None:
    """Their rounded mean is another number than they are; what is left must not be blown up."""
    for n in range(2, 40):
        label = torch.randn(n, generator=torch.Generator().manual_seed(n))
        label = (label - label.mean()) / label.std(correction=0)
        flat = torch.full((n,), level)
        parts = {"unit": torch.full((n, 3), level)} if kind == "mse_bn_orth" else {}
        found = OURS[kind]().loss(Output(flat, parts), Truth.of(label)).item()
        assert found == pytest.approx(1.0 if kind.startswith("mse") else 0.0, abs=1e-3), n


def test_one_sample_gives_a_finite_loss_and_gradient(spec: ObjectiveSpec) -> None:
    output, truth = part(*example(spec), torch.tensor([3]))
    leaves = [output.score, *output.parts.values()]
    for values in leaves:
        values.requires_grad_()
    loss = spec.loss(output, truth)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(leaf.grad is None or torch.isfinite(leaf.grad).all() for leaf in leaves)


@pytest.mark.parametrize("kind", BY_DAY)
def test_a_day_of_one_sample_has_no_say(kind: str) -> None:
    """Nothing can be compared within it: it must not make the loss of the others look smaller."""
    spec = OURS[kind](over="day")
    output, truth = example(spec)
    last = truth.days_B.max()
    alone = torch.cat([torch.nonzero(truth.days_B < last)[:, 0], torch.tensor([20])])
    others = alone[:-1]
    assert len(others) < 20
    torch.testing.assert_close(
        spec.loss(*part(output, truth, alone)), spec.loss(*part(output, truth, others))
    )


@pytest.mark.parametrize("kind", ["neg_ic", "rank_ic", "ccc"])
def test_constant_scores_are_no_forecast_of_constant_labels(kind: str) -> None:
    for n in range(2, 60):
        flat = torch.full((n,), 1000.1)
        assert OURS[kind]().loss(Output(flat), Truth.of(flat / 7)).item() == pytest.approx(
            0, abs=1e-3
        ), n


def test_scores_of_another_number_of_samples_are_refused(spec: ObjectiveSpec) -> None:
    output, truth = example(spec)
    first, _ = part(output, truth, torch.tensor([0]))
    with pytest.raises(LossShapeError, match=r"shape \(1,"):
        spec.loss(first, truth)


def test_scores_that_would_spread_are_refused(spec: ObjectiveSpec) -> None:
    """Outside of tests nobody checks the annotations of an Output."""
    output, truth = example(spec)
    if {"h"} & set(spec.needs):
        wide = {name: values[:, :1] for name, values in output.parts.items()}
        refused = Output(output.score, wide)
    else:
        refused = Output(output.score, output.parts)
        object.__setattr__(refused, "score", output.score[:, None])
    with pytest.raises(LossShapeError):
        spec.loss(refused, truth)


def test_labels_of_other_columns_are_refused(spec: ObjectiveSpec) -> None:
    output, truth = example(spec)
    n = truth.label_BH.shape[1]
    wide = torch.cat([truth.label_BH] * 2, 1)
    known = torch.ones_like(wide, dtype=torch.bool)
    with pytest.raises(LossShapeError, match=f"{2 * n} columns|{2 * n}"):
        spec.loss(output, Truth(wide, known, truth.days_B))


def test_a_missing_part_is_named(spec: ObjectiveSpec) -> None:
    output, truth = example(spec)
    if spec.needs:
        with pytest.raises(LossShapeError, match=spec.needs[0]):
            spec.loss(Output(output.score), truth)


def test_every_loss_says_what_it_is_insensitive_to(spec: ObjectiveSpec) -> None:
    assert "Insensitive to" in str(type(spec).__doc__)


@pytest.mark.parametrize("cls", [HorizonsSpec, LayerwiseSpec])
def test_losses_of_losses_take_those_of_scores_only(cls: type[ObjectiveSpec]) -> None:
    assert cls.model_validate({"of": {"kind": "robust"}}).of == RobustSpec()  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="multitask looks at task"):
        cls(of=MultitaskSpec())  # type: ignore[call-arg]
