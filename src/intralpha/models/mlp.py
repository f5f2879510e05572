"""mlp: two layers on the whole window, the baseline of networks that know time."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.dropout import Dropout
from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.shape import WindowShape


class MLPSpec(EncoderSpec):
    """score = w'ReLU(Wx + b) + c with x all numbers of the window, L F -> 64 -> 1.

    Our own, beside the kind ``linear``: what the order of steps and features is worth knowing for.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: int = Field(default=64, gt=0, description="width of the layer between")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="of the layer between")

    @property
    def reads_bars(self) -> bool:
        """To it all numbers of a window are alike."""
        return True

    def encoder(self, shape: WindowShape) -> "MLP":
        """See :meth:`EncoderSpec.encoder`."""
        return MLP(shape, self)


class MLP(Encoder):
    """One layer of ReLUs.

    Parameters
    ----------
    shape : sizes of the window
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` or ``[B, L, T, F]`` and returns ``[B, hidden]``.
    """

    def __init__(self, shape: WindowShape, spec: MLPSpec) -> None:
        super().__init__()
        self.width = spec.hidden
        numbers = shape.length * (shape.bars or 1) * shape.features
        self.line, self.dropout = nn.Linear(numbers, spec.hidden), Dropout(spec.dropout)

    def forward(self, x: Float[Tensor, "B *sizes"]) -> Float[Tensor, "B E"]:
        """State ``[B, hidden]`` of windows."""
        return self.dropout(self.line(x.flatten(1)).relu())
