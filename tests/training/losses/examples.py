"""Outputs and truths that suit each loss."""

import torch

from intralpha.models import Output
from intralpha.training import ObjectiveSpec, Truth

COLUMNS = {"unit": 6, "task": 3, "h": 4, "class": 5, "layer": 2}


def example(spec: ObjectiveSpec, sizes: tuple[int, ...] = (7, 5, 9)) -> tuple[Output, Truth]:
    """Random scores and labels in float64, some of several missing, of days with such sizes."""
    torch.manual_seed(0)
    n = sum(sizes)
    days = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    parts = {name: torch.randn(n, COLUMNS[name], dtype=torch.float64) for name in spec.needs}
    if "h" in spec.needs:
        label = torch.randn(n, COLUMNS["h"], dtype=torch.float64)
        label[torch.rand_like(label) < 0.2] = torch.nan
        label[label.isnan().all(1), 0] = 0.3
    elif "class" in spec.needs:
        label = torch.randint(-2, 3, (n,)).double()
    else:
        label = torch.randn(n, dtype=torch.float64)
    return Output(torch.randn(n, dtype=torch.float64), parts), Truth.of(label, days)


def part(output: Output, truth: Truth, samples: torch.Tensor) -> tuple[Output, Truth]:
    """Some samples of a batch, in the order of their numbers."""
    parts = {name: values[samples] for name, values in output.parts.items()}
    truth = Truth(truth.label_BH[samples], truth.known_BH[samples], truth.days_B[samples])
    return Output(output.score[samples], parts), truth


def of_score(score: torch.Tensor, label: torch.Tensor, days: torch.Tensor | None = None):
    """An output that is a score alone, and its truth."""
    return Output(score), Truth.of(label, days)
