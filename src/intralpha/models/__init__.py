"""Networks: windows ``[B, L, F]`` in, scores ``[B]`` out, one file each."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.models.alstm import ALSTM, ALSTMSpec
    from intralpha.models.attention import EncoderLayer, FeedForward, HeadsError, MultiHead
    from intralpha.models.autoformer import Autoformer, AutoformerSpec
    from intralpha.models.by_day import day_groups, standardised_by_day
    from intralpha.models.conformer import Conformer, ConformerSpec
    from intralpha.models.crossformer import Crossformer, CrossformerSpec
    from intralpha.models.dropout import Dropout
    from intralpha.models.encoder import Encoded, Encoder, EncoderSpec
    from intralpha.models.groups import Groups, standardise
    from intralpha.models.gru import GRUSpec
    from intralpha.models.head import Head, HeadSpec, MissingExposuresError
    from intralpha.models.itransformer import ITransformer, ITransformerSpec
    from intralpha.models.linear import Flat, LinearSpec
    from intralpha.models.mlp import MLP, MLPSpec
    from intralpha.models.model import ModelSpec
    from intralpha.models.multitask_gru import MultitaskGRU, MultitaskGRUSpec, SharedFeaturesError
    from intralpha.models.orthogonal import orthogonal_to
    from intralpha.models.output import GIVERS, PARTS, Output, column_names, wants_of
    from intralpha.models.patchtst import PatchTST, PatchTSTSpec
    from intralpha.models.positions import Positions, fixed_positions
    from intralpha.models.recurrent_encoder import LastState, RecurrentSpec
    from intralpha.models.rnn import RNNSpec
    from intralpha.models.rnn_attention import RNNAttention, RNNAttentionSpec
    from intralpha.models.rnn_learnable_attention import (
        RNNLearnableAttention,
        RNNLearnableAttentionSpec,
    )
    from intralpha.models.rnn_nn import RNNNNSpec
    from intralpha.models.seq_decoder import (
        DecoderLayer,
        HorizonsError,
        SeqDecoder,
        SeqDecoderSpec,
    )
    from intralpha.models.shape import (
        EXPOSURES,
        InputNamesError,
        Shapes,
        ShapesError,
        StateWidthError,
        WindowShape,
        check_names,
        only,
    )
    from intralpha.models.tcn import TCN, TCNSpec
    from intralpha.models.tokens import LastToken, PerToken, TokenEncoder, TokenEncoderSpec, Tokens
    from intralpha.models.transformer import Transformer, TransformerSpec

lazily(__name__)
