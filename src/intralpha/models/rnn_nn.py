"""RNN + NN: the plain network of research systems 004 and 000 [Spec 12.9]."""

from typing import Literal

from pydantic import field_validator

from intralpha.models.layer_scores import LayerScores, of_several_layers
from intralpha.models.recurrent_encoder import LastState, RecurrentSpec
from intralpha.models.shape import WindowShape


class RNNNNSpec(RecurrentSpec):
    """h_1..h_T = RNN(x); score = Linear(ReLU(Linear(h_T))), 50 -> 10 -> 1.

    Source: [Spec 12.9], "GRU(50,2)+NN(10)". Our own: no dropout unless asked for.
    """

    kind: Literal["rnn_nn"] = "rnn_nn"
    layer_scores: LayerScores = False

    _of_several = field_validator("layer_scores")(of_several_layers)

    @property
    def earlier(self) -> int:
        """All layers before the last, if their scores are wanted."""
        return self.layers - 1 if self.layer_scores else 0

    def encoder(self, shape: WindowShape) -> LastState:
        """See :meth:`EncoderSpec.encoder`."""
        return LastState(self.recurrent(shape.features), self.earlier)
