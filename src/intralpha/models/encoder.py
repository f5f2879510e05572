"""EncoderSpec: networks that turn one window into a state, which a head turns into a score."""

from typing import ClassVar

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.head import HeadSpec
from intralpha.models.heads.linear import LinearHeadSpec
from intralpha.models.model import ModelSpec
from intralpha.models.output import Output
from intralpha.models.shape import EXPOSURES, Shapes, WindowShape, only


class Encoder(nn.Module):
    """A window ``[B, L, F]`` to a state ``[B, E]``; a base for those that have more to say.

    Attributes
    ----------
    width : E, numbers in a state
    apart : whether in training, too, a state depends on its own window only (dropout aside), so
        that a batch may be encoded in pieces with the same gradient
    """

    width: int
    apart: bool = True


class EncoderSpec(ModelSpec):
    """A network of one input that ends in a head; a kind declares :meth:`encoder`."""

    head: HeadSpec = Field(
        default_factory=LinearHeadSpec, description="from the encoder's state to scores"
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        """One input, whatever its name; with an orthogonal head its exposures too."""
        return ("x", EXPOSURES) if self.head.orthogonal else ()

    @property
    def gives(self) -> tuple[str, ...]:
        """What the head gives."""
        return self.head.gives

    @property
    def across(self) -> bool:
        """Whether the head looks at all samples of a day."""
        return self.head.across

    @property
    def whole_days(self) -> bool:
        """Whether the head's training needs all samples of a day."""
        return self.head.whole_days

    @property
    def label_columns(self) -> int | None:
        """One for each horizon of the head."""
        return self.head.label_columns

    def encoder(self, shape: WindowShape) -> Encoder:
        """The encoder, with fresh weights.

        Parameters
        ----------
        shape : sizes of the window

        Returns
        -------
        Encoder
            ``forward`` takes ``[B, L, F]`` and returns ``[B, width]``.
        """
        raise NotImplementedError

    def make(self, shapes: Shapes) -> "Encoded":
        """A fresh network; see :meth:`ModelSpec.make`."""
        windows = {name: shape for name, shape in shapes.items() if name != EXPOSURES}
        encoder = self.encoder(only(windows))
        return Encoded(encoder, self.head.make(encoder.width))


class Encoded(nn.Module):
    """Encoder and head: windows ``[B, L, F]`` to an :class:`Output`.

    Parameters
    ----------
    encoder : makes states
    head : makes scores of them
    """

    wants: ClassVar[tuple[str, ...]] = ("days_B",)

    def __init__(self, encoder: Encoder, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(
        self,
        x: Float[Tensor, "B *sizes"],
        exposures: Float[Tensor, "B _ P"] | None = None,
        days_B: Int[Tensor, " B"] | None = None,
    ) -> Output:
        """Scores of windows; see :class:`ModelSpec`.

        Parameters
        ----------
        x : [B, L, F] or [B, L, T, F], oldest step first
        exposures : [B, 1, P], the last step of what an orthogonal head takes out; others take none
        days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day
        """
        return self.finish(self.encoder(x), exposures, days_B)

    def finish(
        self,
        state: Float[Tensor, "B E"],
        exposures: Float[Tensor, "B _ P"] | None = None,
        days_B: Int[Tensor, " B"] | None = None,
    ) -> Output:
        """Scores of states: what is left to do when :attr:`encoder` has seen the windows.

        Parameters
        ----------
        state : [B, E]
        exposures : [B, 1, P], the last step of what an orthogonal head takes out; others take none
        days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day
        """
        return self.head(state, exposures, days_B)
