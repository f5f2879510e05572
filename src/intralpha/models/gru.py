"""GRU of research system 002: last hidden state, batch norm, linear, sigmoid [Spec 12.3]."""

from typing import Literal

from pydantic import Field, field_validator

from intralpha.models.encoder import EncoderSpec
from intralpha.models.head import HeadSpec
from intralpha.models.heads.bn_sigmoid import BnSigmoidHeadSpec
from intralpha.models.layer_scores import LayerScores, of_several_layers
from intralpha.models.recurrent_encoder import LastState
from intralpha.models.recurrent_layers import recurrent_layers
from intralpha.models.shape import WindowShape


class GRUSpec(EncoderSpec):
    """GRU -> last hidden state -> BatchNorm -> Linear -> Sigmoid."""

    kind: Literal["gru"] = "gru"
    hidden: int = Field(default=30, gt=0, description="width of the hidden state")
    layers: int = Field(default=1, gt=0, description="stacked GRU layers")
    layer_scores: LayerScores = False
    head: HeadSpec = Field(
        default_factory=BnSigmoidHeadSpec, description="from the last hidden state to scores"
    )

    _of_several = field_validator("layer_scores")(of_several_layers)

    @property
    def earlier(self) -> int:
        """All layers before the last, if their scores are wanted."""
        return self.layers - 1 if self.layer_scores else 0

    def encoder(self, shape: WindowShape) -> LastState:
        """See :meth:`EncoderSpec.encoder`."""
        return LastState(
            recurrent_layers("gru", shape.features, self.hidden, self.layers), self.earlier
        )
