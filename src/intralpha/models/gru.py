"""GRU of research system 002: last hidden state, batch norm, linear, sigmoid [Spec 12.3]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.head import HeadSpec
from intralpha.models.heads.bn_sigmoid import BnSigmoidHeadSpec
from intralpha.models.recurrent_layers import last_state, recurrent_layers
from intralpha.models.shape import WindowShape


class GRUSpec(EncoderSpec):
    """GRU -> last hidden state -> BatchNorm -> Linear -> Sigmoid."""

    kind: Literal["gru"] = "gru"
    hidden: int = Field(default=30, gt=0, description="width of the hidden state")
    layers: int = Field(default=1, gt=0, description="stacked GRU layers")
    head: HeadSpec = Field(
        default_factory=BnSigmoidHeadSpec, description="from the last hidden state to scores"
    )

    def encoder(self, shape: WindowShape) -> "GRU":
        """See :meth:`EncoderSpec.encoder`."""
        return GRU(shape.features, self)


class GRU(Encoder):
    """Last hidden state of each window.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, hidden]``.
    """

    def __init__(self, n_features: int, spec: GRUSpec) -> None:
        super().__init__()
        self.width = spec.hidden
        self.rnn = recurrent_layers("gru", n_features, spec.hidden, spec.layers)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, hidden]`` of windows ``[B, L, F]``."""
        return last_state(self.rnn, x)
