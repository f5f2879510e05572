"""Objectives: what a network minimises."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from intralpha.base import Spec

EPSILON = 1e-8


class NegICSpec(Spec):
    """Minus the Pearson correlation of scores and labels in the batch [Spec 13]."""

    kind: Literal["neg_ic"] = "neg_ic"


class MseBnSpec(Spec):
    """Squared error between the batch-standardised scores and the labels [Spec 13]."""

    kind: Literal["mse_bn"] = "mse_bn"


ObjectiveSpec = Annotated[NegICSpec | MseBnSpec, Field(discriminator="kind")]


def standardise(score: torch.Tensor) -> torch.Tensor:
    """Batch norm without parameters: population z-score of ``[B]``; constant scores become 0."""
    centred = score - score.mean()
    return centred / (centred.square().mean() + EPSILON**2).sqrt()


def objective_value(spec: ObjectiveSpec, score: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """The loss of one batch, a scalar.

    Parameters
    ----------
    spec : which objective
    score : [B] output of the network
    label : [B] finite labels

    Notes
    -----
    With standardised labels ``mse_bn`` = 2 + 2 ``neg_ic``, so both have the same minimum.
    """
    if isinstance(spec, NegICSpec):
        return -(standardise(score) * standardise(label)).mean()
    return (standardise(score) - label).square().mean()
