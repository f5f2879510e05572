"""Networks: windows ``[B, L, F]`` in, scores ``[B]`` out, one file each."""

from intralpha.models.gru import GRU, GRUSpec
from intralpha.models.model import ModelSpec
from intralpha.models.rnn import RNN, RNNSpec

__all__ = ["GRU", "RNN", "GRUSpec", "ModelSpec", "RNNSpec"]
