"""RNN + learnable attention of research system 000 [Spec 12.12]."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.models.additive_attention import AdditiveAttention
from intralpha.models.encoder import Encoder
from intralpha.models.recurrent_encoder import RecurrentSpec
from intralpha.models.recurrent_layers import states_of
from intralpha.models.shape import WindowShape


class RNNLearnableAttentionSpec(RecurrentSpec):
    """h_t = RNN(x)_t; a = softmax_t(v' tanh(W h_t + b)); state = sum_t a_t h_t.

    Source: named by 000 [Spec 12.12]; the form is the usual one. Our own: W is square.
    """

    kind: Literal["rnn_learnable_attention"] = "rnn_learnable_attention"

    def encoder(self, shape: WindowShape) -> "RNNLearnableAttention":
        """See :meth:`EncoderSpec.encoder`."""
        return RNNLearnableAttention(shape.features, self)


class RNNLearnableAttention(Encoder):
    """Weighted sum of the hidden states of each window.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : cell and sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, hidden]``.
    """

    def __init__(self, n_features: int, spec: RNNLearnableAttentionSpec) -> None:
        super().__init__()
        self.width = spec.hidden
        self.rnn = spec.recurrent(n_features)
        self.attention = AdditiveAttention(spec.hidden, spec.hidden)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, hidden]`` of windows ``[B, L, F]``."""
        states = states_of(self.rnn, x)
        return self.attention(states)
