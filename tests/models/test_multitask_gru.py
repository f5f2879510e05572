"""multitask_gru: its contract, sharing, ablations and equality with the equations [Spec 12.4]."""

import numpy as np
import pytest
import torch
from torch import Tensor

from intralpha.models import (
    InputNamesError,
    MultitaskGRUSpec,
    Output,
    SharedFeaturesError,
    WindowShape,
)

from .contract import Case, Contract
from .equations import line, recurrent, shaken, weights_of

SHAPES = {"day": WindowShape(8, 4), "week": WindowShape(5, 4), "month": WindowShape(3, 4)}
JOINT = {**SHAPES, "high": WindowShape(8, 6)}


def squared(output: Output, label_BH: Tensor) -> Tensor:
    """Reaches the levels of predictions, which losses of correlation leave free."""
    return (output.parts["task"] - label_BH).square().mean()


class TestMultitaskGRU(Contract):
    cases = (
        Case("multitask_gru", MultitaskGRUSpec(hidden=6), SHAPES, {"task": 3}, loss=squared),
        Case(
            "multitask_gru-apart",
            MultitaskGRUSpec(hidden=6, share=False),
            {**SHAPES, "week": WindowShape(5, 3)},
            {"task": 3},
            loss=squared,
        ),
        Case(
            "multitask_gru-joint",
            MultitaskGRUSpec(hidden=6, tasks=("day", "week", "month", "high")),
            JOINT,
            {"task": 4},
            loss=squared,
        ),
        Case(
            "multitask_gru-week",
            MultitaskGRUSpec(hidden=6, tasks=("week",)),
            {"week": WindowShape(5, 4)},
            {"task": 1},
            loss=squared,
        ),
    )


def test_predictions_and_scores_equal_the_equations() -> None:
    spec = MultitaskGRUSpec(hidden=5, tasks=("day", "week", "month", "high"))
    network = shaken(spec.make(JOINT))
    weights = weights_of(network)
    x = {name: torch.randn(6, *shape.sizes).double() for name, shape in JOINT.items()}
    out = network(**x, days_B=torch.tensor([3, 3, 3, 4, 4, 4]))
    expected = np.zeros((6, 4))
    for k, (name, windows) in enumerate(x.items()):
        gru = "encoder.gru.high" if name == "high" else "encoder.gru.shared"
        for b, window in enumerate(windows.numpy()):
            state = recurrent(window, weights, gru, "gru", 1)[-1]
            norm = {n: weights[f"norm.{name}.{n}"] for n in ("weight", "bias")}
            mean, var = (weights[f"norm.{name}.running_{n}"] for n in ("mean", "var"))
            state = (state - mean) / np.sqrt(var + 1e-5) * norm["weight"] + norm["bias"]
            expected[b, k] = line(state, weights, f"line.{name}")[0]
    np.testing.assert_allclose(out.parts["task"].detach().numpy(), expected, atol=1e-12)
    days = expected.reshape(2, 3, 4)
    z = (days - days.mean(1, keepdims=True)) / days.std(1, keepdims=True)
    np.testing.assert_allclose(out.score.detach().numpy(), z.mean(2).ravel(), atol=1e-9)


def test_one_gru_reads_day_week_and_month_unless_they_are_told_apart() -> None:
    def readers(spec: MultitaskGRUSpec) -> set[str]:
        return set(spec.make({name: JOINT[name] for name in spec.tasks}).encoder.gru)

    joint = ("day", "week", "month", "high")
    assert readers(MultitaskGRUSpec()) == {"shared"}
    assert readers(MultitaskGRUSpec(tasks=joint)) == {"shared", "high"}
    assert readers(MultitaskGRUSpec(tasks=joint, share=False)) == set(joint)


def test_the_shared_gru_learns_from_every_task() -> None:
    torch.manual_seed(0)
    network = MultitaskGRUSpec(hidden=4).make(SHAPES)
    x = [torch.randn(6, *shape.sizes) for shape in SHAPES.values()]
    for k in range(3):
        network.zero_grad()
        network(*x).parts["task"][:, k].square().sum().backward()
        assert network.encoder.gru["shared"].weight_ih_l0.grad.abs().max() > 0


def test_a_single_task_is_the_score_itself() -> None:
    spec = MultitaskGRUSpec(tasks=("month",))
    out = spec.make(SHAPES).eval()(torch.randn(6, 3, 4))
    assert torch.equal(out.score, out.parts["task"][:, 0])
    assert not spec.across
    assert MultitaskGRUSpec().across


def test_the_sizes_of_research_system_002() -> None:
    shapes = {n: WindowShape(length, 6) for n, length in (("day", 40), ("week", 20), ("month", 12))}
    network = MultitaskGRUSpec().make(shapes)
    # One GRU(6 -> 30): 3 x 30 x (6 + 30 + 2); for each task BN(30) and 30 -> 1.
    assert sum(p.numel() for p in network.parameters()) == 90 * 38 + 3 * (60 + 31)


def test_a_shared_gru_refuses_other_features() -> None:
    shapes = {**SHAPES, "week": WindowShape(5, 3)}
    with pytest.raises(SharedFeaturesError, match=r"day has 4, week has 3, month has 4 features"):
        MultitaskGRUSpec().make(shapes)
    MultitaskGRUSpec(share=False).make(shapes)


def test_a_task_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="found day, day; expected each task once"):
        MultitaskGRUSpec(tasks=("day", "day"))


def test_windows_come_in_the_order_of_the_tasks_or_by_name() -> None:
    network = MultitaskGRUSpec(hidden=5).make(SHAPES).eval()
    x = {name: torch.randn(6, *shape.sizes) for name, shape in SHAPES.items()}
    assert torch.equal(network(*x.values()).score, network(**x).score)


@pytest.mark.parametrize("count", [2, 4])
def test_other_windows_than_the_tasks_are_named(count: int) -> None:
    network = MultitaskGRUSpec(hidden=5).make(SHAPES)
    with pytest.raises(InputNamesError, match="wants inputs day, week, month"):
        network(*[torch.randn(6, 8, 4)] * count)
    with pytest.raises(InputNamesError, match="given day"):
        network(day=torch.randn(6, 8, 4))
