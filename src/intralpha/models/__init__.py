"""Networks: windows ``[B, L, F]`` in, scores ``[B]`` out, one file each."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.models.gru import GRU, GRUSpec
    from intralpha.models.model import ModelSpec
    from intralpha.models.rnn import RNN, RNNSpec

lazily(__name__)
