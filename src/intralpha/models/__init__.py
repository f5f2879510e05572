"""Networks: windows ``[B, L, F]`` in, scores ``[B]`` out, one file each."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.models.encoder import Encoded, Encoder, EncoderSpec
    from intralpha.models.gru import GRU, GRUSpec
    from intralpha.models.head import Head, HeadSpec
    from intralpha.models.model import ModelSpec
    from intralpha.models.orthogonal import orthogonal_to
    from intralpha.models.output import PARTS, Output, column_names
    from intralpha.models.rnn import RNN, RNNSpec
    from intralpha.models.shape import InputNamesError, Shapes, WindowShape, check_names, only

lazily(__name__)
