"""Univariate RNN of research system 001: last hidden state to one number [Spec 12.1]."""

from typing import Literal

from pydantic import Field, field_validator

from intralpha.models.encoder import EncoderSpec
from intralpha.models.layer_scores import LayerScores, of_several_layers
from intralpha.models.recurrent_encoder import LastState
from intralpha.models.recurrent_layers import Cell, CellDropout, recurrent_layers
from intralpha.models.shape import WindowShape


class RNNSpec(EncoderSpec):
    """GRU or LSTM -> last hidden state -> head; ``mse_bn`` standardises the output.

    The batch norm of the paper is monotone, so it belongs to the objective and the score is left as
    it is.
    """

    kind: Literal["rnn"] = "rnn"
    hidden: int = Field(default=64, gt=0, description="width of the hidden state")
    layers: int = Field(default=2, gt=0, description="stacked layers")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="between layers")
    cell: Cell = Field(default="gru", description="of the recurrent layers")
    cell_dropout: CellDropout = 0.0
    layer_scores: LayerScores = False

    _of_several = field_validator("layer_scores")(of_several_layers)

    @property
    def earlier(self) -> int:
        """All layers before the last, if their scores are wanted."""
        return self.layers - 1 if self.layer_scores else 0

    def encoder(self, shape: WindowShape) -> LastState:
        """See :meth:`EncoderSpec.encoder`."""
        sizes = self.hidden, self.layers, self.dropout, self.cell_dropout
        return LastState(recurrent_layers(self.cell, shape.features, *sizes), self.earlier)
