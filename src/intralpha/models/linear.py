"""linear: one linear map of the whole window, the baseline of every network."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.shape import WindowShape


class LinearSpec(EncoderSpec):
    """score = w'x + b with x all numbers of the window: Linear(L F -> 1).

    Our own: no network is interesting that does not beat it on the same windows.
    """

    kind: Literal["linear"] = "linear"

    @property
    def reads_bars(self) -> bool:
        """To it all numbers of a window are alike."""
        return True

    def encoder(self, shape: WindowShape) -> "Flat":
        """See :meth:`EncoderSpec.encoder`."""
        return Flat(shape)


class Flat(Encoder):
    """All numbers of each window side by side.

    Parameters
    ----------
    shape : sizes of the window

    Notes
    -----
    forward takes x ``[B, L, F]`` or ``[B, L, T, F]`` and returns ``[B, L F]`` or ``[B, L T F]``. It
    has no weights.
    """

    def __init__(self, shape: WindowShape) -> None:
        super().__init__()
        self.width = shape.length * (shape.bars or 1) * shape.features

    def forward(self, x: Float[Tensor, "B *sizes"]) -> Float[Tensor, "B E"]:
        """State ``[B, E]`` of windows."""
        return x.flatten(1)
