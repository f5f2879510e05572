"""multitask: every sub-prediction towards the label, and away from the others."""

from itertools import combinations
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import OVER, Groups, Over
from intralpha.training.groups import mean_correlations
from intralpha.training.objective import ObjectiveSpec, Truth, part_of, score_and_label


class MultitaskSpec(ObjectiveSpec):
    r"""Correlations of N sub-predictions with the label and with each other [Spec 13; 002 F50].

    .. math:: -\sum_k \rho(p_k, y) + \lambda \sum_{k<l} \rho(p_k, p_l)

    Three tasks have three pairs, four have six. The score itself is not trained. Insensitive to
    level and scale of each sub-prediction.
    """

    kind: Literal["multitask"] = "multitask"
    penalty: float = Field(
        default=0.01, ge=0, description="lambda, weight of the correlations between tasks"
    )
    over: Over = Field(default="batch", description=OVER)

    @property
    def needs(self) -> tuple[str, ...]:
        """Part ``task``."""
        return ("task",)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """Between -N and N plus the pairs. See :meth:`ObjectiveSpec.loss`."""
        _, label = score_and_label(output, truth)
        task = part_of(output, "task")
        groups = Groups.of(truth.days_B, self.over)
        fit = mean_correlations(task, label[:, None].expand_as(task), groups).sum()
        pairs = torch.tensor(list(combinations(range(task.shape[1]), 2)), dtype=torch.int64)
        left, right = pairs.view(-1, 2).to(task.device).unbind(1)
        alike = mean_correlations(task[:, left], task[:, right], groups).sum()
        return self.penalty * alike - fit
