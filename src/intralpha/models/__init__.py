"""Networks: windows ``[B, L, F]`` in, scores ``[B]`` out, one file each."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.models.attention import EncoderLayer, FeedForward, HeadsError, MultiHead
    from intralpha.models.crossformer import Crossformer, CrossformerSpec
    from intralpha.models.encoder import Encoded, Encoder, EncoderSpec
    from intralpha.models.gru import GRU, GRUSpec
    from intralpha.models.head import Head, HeadSpec
    from intralpha.models.itransformer import ITransformer, ITransformerSpec
    from intralpha.models.model import ModelSpec
    from intralpha.models.orthogonal import orthogonal_to
    from intralpha.models.output import PARTS, Output, column_names
    from intralpha.models.positions import Positions, fixed_positions
    from intralpha.models.rnn import RNN, RNNSpec
    from intralpha.models.shape import InputNamesError, Shapes, WindowShape, check_names, only
    from intralpha.models.tokens import TokenEncoder, TokenEncoderSpec
    from intralpha.models.transformer import Transformer, TransformerSpec

lazily(__name__)
