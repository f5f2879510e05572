"""multitask: signs and pairs [Spec 13]."""

import numpy as np
import pytest
import torch

from intralpha.models import Output
from intralpha.training import Truth
from intralpha.training.losses import MultitaskSpec


@pytest.mark.parametrize("tasks", [1, 3, 4])
def test_it_is_the_printed_sum(tasks: int) -> None:
    rng = np.random.default_rng(tasks)
    task, label = rng.standard_normal((120, tasks)), rng.standard_normal(120)
    rho = np.corrcoef(np.column_stack([task, label]).T)
    pairs = rho[:-1, :-1][np.triu_indices(tasks, 1)]
    assert len(pairs) == {1: 0, 3: 3, 4: 6}[tasks]
    output = Output(torch.zeros(120), {"task": torch.tensor(task)})
    found = MultitaskSpec(penalty=0.3).loss(output, Truth.of(torch.tensor(label))).item()
    assert found == pytest.approx(-rho[:-1, -1].sum() + 0.3 * pairs.sum(), abs=1e-12)


def test_tasks_are_drawn_to_the_label_and_away_from_each_other() -> None:
    torch.manual_seed(0)
    label = torch.randn(50)
    output = Output(label, {"task": torch.stack([label, label, label], 1)})
    assert MultitaskSpec().loss(output, Truth.of(label)).item() == pytest.approx(-3 + 0.03)
    against = Output(label, {"task": torch.stack([-label, -label, label], 1)})
    assert MultitaskSpec().loss(against, Truth.of(label)).item() == pytest.approx(1 - 0.01)
