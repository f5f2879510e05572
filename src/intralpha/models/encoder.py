"""EncoderSpec: networks that turn one window into a state, which a head turns into a score."""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.head import HeadSpec
from intralpha.models.heads.linear import LinearHeadSpec
from intralpha.models.model import ModelSpec
from intralpha.models.output import Output
from intralpha.models.shape import EXPOSURES, Shapes, StateWidthError, WindowShape, only


class Encoder(nn.Module):
    """A window ``[B, L, F]`` to a state ``[B, E]``; a base for those that have more to say.

    Attributes
    ----------
    width : E, numbers in a state
    earlier : M, layers before the last whose states follow the last one's, the first layer's first:
        then ``forward`` gives ``[B, (1 + M) E]``
    apart : whether in training, too, a state depends on its own window only (dropout aside), so
        that a batch may be encoded in pieces with the same gradient
    """

    width: int
    earlier: int = 0
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
        """What the head gives, and scores of earlier layers."""
        return (*self.head.gives, "layer") if self.earlier else self.head.gives

    @property
    def earlier(self) -> int:
        """M, layers before the last that say a score, too."""
        return 0

    @property
    def across(self) -> bool:
        """Whether the head looks at all samples of a day."""
        return self.head.across

    @property
    def whole_days(self) -> bool:
        """Whether the head's training needs all samples of a day."""
        return self.head.whole_days

    @property
    def reads_bars(self) -> bool:
        """Most encoders read one step after the other."""
        return False

    @property
    def label_columns(self) -> int | None:
        """One for each horizon of the head."""
        return self.head.label_columns

    @property
    def label_classes(self) -> int | None:
        """Those of the head."""
        return self.head.label_classes

    def encoder(self, shape: WindowShape) -> Encoder:
        """The encoder, with fresh weights.

        Parameters
        ----------
        shape : sizes of the window

        Returns
        -------
        Encoder
            ``forward`` takes ``[B, L, F]`` and returns ``[B, width]``, and states of
            :attr:`earlier` layers behind it.
        """
        raise NotImplementedError

    def misfits(self, shapes: Shapes) -> tuple[str, ...]:
        """Exposures with bars in their days: an orthogonal head takes out one number of each."""
        bars = shapes[EXPOSURES].bars if EXPOSURES in shapes else None
        if bars is None:
            return ()
        return (
            f"{EXPOSURES} have {bars} bars in a step; expected steps of numbers, [B, L, P].\n"
            f"Hint: step: day for {EXPOSURES}",
        )

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

    Notes
    -----
    Each earlier layer of the encoder has a Linear(E -> 1) of its own; their scores, the part
    ``layer``, are as they are, whatever the head does to the score.
    """

    wants: ClassVar[tuple[str, ...]] = ("days_B",)

    def __init__(self, encoder: Encoder, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head
        self.lines = nn.ModuleList(nn.Linear(encoder.width, 1) for _ in range(encoder.earlier))

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
        exposures : [B, 1, P], the last step of what an orthogonal head takes out; others need none
        days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day

        Raises
        ------
        MissingExposuresError
            The head is orthogonal, and there are none.
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
        state : [B, E], or [B, (1 + M) E] with M earlier layers
        exposures : as in :meth:`forward`
        days_B : as in :meth:`forward`

        Raises
        ------
        StateWidthError
        """
        expected = self.encoder.width * (1 + self.encoder.earlier)
        if state.shape[1] != expected:
            raise StateWidthError(state.shape[1], expected)
        last, *before = state.split(self.encoder.width, dim=1)
        out = self.head(last, exposures, days_B)
        if not before:
            return out
        scores = [line(layer) for line, layer in zip(self.lines, before, strict=True)]
        return Output(out.score, {**out.parts, "layer": torch.cat(scores, dim=1)})
