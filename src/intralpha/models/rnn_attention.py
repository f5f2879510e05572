"""RNN + self-attention over the hidden states of all periods [Spec 12.10, 12.11]."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from intralpha.models.encoder import Encoder
from intralpha.models.recurrent_encoder import RecurrentSpec
from intralpha.models.recurrent_layers import states_of
from intralpha.models.shape import WindowShape

Residual = Literal["none", "last", "per_step"]


class RNNAttentionSpec(RecurrentSpec):
    """H = RNN(x); Z = softmax(QK'/sqrt(d))V with Q, K, V linear in H; state = mean_t Z_t.

    With ``residual: last`` state = LN(h_T + mean_t Z_t); ``per_step``: mean_t LN(H + Z)_t.

    Source: the attention of 004 [Spec 12.10], its residual form and that of the Transformer
    [Spec 12.11]; sizes of [Spec 12.9]. The mean over time and the place of the residual are our own
    reading: they order factors by autocorrelation as 004 reports.
    """

    kind: Literal["rnn_attention"] = "rnn_attention"
    residual: Residual = Field(
        default="none",
        description="what is added to the attention, then a layer norm: nothing; the last hidden "
        "state, to the mean over time; each step's, before the mean",
    )

    def encoder(self, shape: WindowShape) -> "RNNAttention":
        """See :meth:`EncoderSpec.encoder`."""
        return RNNAttention(shape.features, self)


class RNNAttention(Encoder):
    """Mean over time of what each hidden state finds in all of them.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : cell, sizes and residual

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, hidden]``.
    """

    def __init__(self, n_features: int, spec: RNNAttentionSpec) -> None:
        super().__init__()
        self.width, self.residual = spec.hidden, spec.residual
        self.rnn = spec.recurrent(n_features)
        self.attention = SelfAttention(spec.hidden)
        self.norm = nn.Identity() if spec.residual == "none" else nn.LayerNorm(spec.hidden)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, hidden]`` of windows ``[B, L, F]``."""
        states = states_of(self.rnn, x)
        if self.residual == "per_step":
            return self.norm(states + self.attention(states)).mean(1)
        found = self.attention.mean(states)
        return self.norm(states[:, -1] + found if self.residual == "last" else found)


class SelfAttention(nn.Module):
    """softmax(QK'/sqrt(d))V of one head; Q = HW_q + b_q, K = HW_k, V = HW_v + b_v.

    Parameters
    ----------
    width : d, of a state

    Notes
    -----
    Keys have no bias: it would add the same to all scores of a query, which softmax takes out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.value = nn.Linear(width, width), nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, states: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """Z, what each step finds."""
        query, key, value = (line(states)[:, None] for line in (self.query, self.key, self.value))
        return functional.scaled_dot_product_attention(query, key, value).squeeze(1)

    def mean(self, states: Float[Tensor, "B L d"]) -> Float[Tensor, "B d"]:
        """mean_t Z_t: W_v (sum_s a_s h_s) + b_v with a_s the mean over t of step t's weight of s.

        The same number as of :meth:`forward`, without making Z.
        """
        scale = states.shape[-1] ** -0.5
        query, key = self.query(states) * scale, self.key(states)
        weights = torch.bmm(query, key.transpose(1, 2)).softmax(-1).mean(1, keepdim=True)
        return self.value(torch.bmm(weights, states)).squeeze(1)
