"""GRU of research system 002: last hidden state, batch norm, linear, sigmoid [Spec 12.3]."""

from typing import Literal

from pydantic import Field

from intralpha.models.encoder import EncoderSpec
from intralpha.models.head import HeadSpec
from intralpha.models.heads.bn_sigmoid import BnSigmoidHeadSpec
from intralpha.models.recurrent_encoder import LastState
from intralpha.models.recurrent_layers import recurrent_layers
from intralpha.models.shape import WindowShape


class GRUSpec(EncoderSpec):
    """GRU -> last hidden state -> BatchNorm -> Linear -> Sigmoid."""

    kind: Literal["gru"] = "gru"
    hidden: int = Field(default=30, gt=0, description="width of the hidden state")
    layers: int = Field(default=1, gt=0, description="stacked GRU layers")
    head: HeadSpec = Field(
        default_factory=BnSigmoidHeadSpec, description="from the last hidden state to scores"
    )

    def encoder(self, shape: WindowShape) -> LastState:
        """See :meth:`EncoderSpec.encoder`."""
        return LastState(recurrent_layers("gru", shape.features, self.hidden, self.layers))
