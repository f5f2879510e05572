"""From a spec to a network."""

from typing import Annotated

from pydantic import Field
from torch import nn

from intralpha.models.gru import GRU, GRUSpec
from intralpha.models.rnn import RNN, RNNSpec

ModelSpec = Annotated[GRUSpec | RNNSpec, Field(discriminator="kind")]


def build(spec: ModelSpec, n_features: int) -> nn.Module:
    """A network with fresh weights; seed torch first to make them repeatable."""
    return GRU(n_features, spec) if isinstance(spec, GRUSpec) else RNN(n_features, spec)
