"""TokenEncoderSpec: encoders whose state is made of tokens, which a decoder may read too."""

from jaxtyping import Float
from torch import Tensor, nn

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.shape import WindowShape


class Tokens(nn.Module):
    """A window ``[B, L, F]`` to tokens ``[B, N, d]``.

    Attributes
    ----------
    count, width : N, d
    apart : as in :class:`Encoder`
    """

    count: int
    width: int
    apart: bool = True

    def last(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B d"]:
        """The last token of windows; a kind may have a shorter way to it."""
        return self(x)[:, -1]

    def each_last(self, x: Float[Tensor, "B L F"]) -> list[Float[Tensor, "B d"]]:
        """The last token of every layer, the last layer's last; a kind with layers has its own."""
        return [self.last(x)]


class TokenEncoder(Encoder):
    """A state ``[B, E]`` that is made of tokens.

    Parameters
    ----------
    tokens : makes them
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens, self.apart = tokens, tokens.apart


class LastToken(TokenEncoder):
    """The last token: ``[B, L, F]`` to ``[B, d]``.

    Parameters
    ----------
    tokens : makes them
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.width = tokens.width

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B d"]:
        """State ``[B, d]`` of windows ``[B, L, F]``."""
        return self.tokens.last(x)


class PerToken(TokenEncoder):
    """Linear(d -> 1) of each token: ``[B, L, F]`` to ``[B, N]``.

    Parameters
    ----------
    tokens : makes them
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.width, self.line = tokens.count, nn.Linear(tokens.width, 1)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B N"]:
        """State ``[B, N]`` of windows ``[B, L, F]``."""
        return self.line(self.tokens(x)).squeeze(-1)


class TokenEncoderSpec(EncoderSpec):
    """A network of one input on which a decoder may stand; a kind declares :meth:`tokens` too."""

    def tokens(self, shape: WindowShape) -> Tokens:
        """What makes the tokens, with fresh weights, and nothing else.

        Parameters
        ----------
        shape : sizes of the window
        """
        raise NotImplementedError

    def encoder(self, shape: WindowShape) -> TokenEncoder:
        """See :meth:`EncoderSpec.encoder`; here :class:`PerToken`."""
        return PerToken(self.tokens(shape))
