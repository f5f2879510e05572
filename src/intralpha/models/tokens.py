"""TokenEncoderSpec: encoders that can also give the tokens that their state is made of."""

from jaxtyping import Float
from torch import Tensor

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.shape import WindowShape


class TokenEncoder(Encoder):
    """A window ``[B, L, F]`` to tokens ``[B, N, d]``, and these to a state ``[B, E]``.

    Attributes
    ----------
    token_width : d
    """

    token_width: int

    def tokens(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B N d"]:
        """Tokens of windows: what a decoder reads.

        Parameters
        ----------
        x : [B, L, F], oldest step first
        """
        raise NotImplementedError


class TokenEncoderSpec(EncoderSpec):
    """A network of one input whose encoder has tokens, so that a decoder may stand on it."""

    def encoder(self, shape: WindowShape) -> TokenEncoder:
        """See :meth:`EncoderSpec.encoder`; the encoder has tokens."""
        raise NotImplementedError
