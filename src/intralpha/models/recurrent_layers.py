"""Recurrent layers: which module runs a GRU or an LSTM over a window, and what it gives."""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

if TYPE_CHECKING:
    from intralpha.models.recurrent import FusedGRU, FusedLSTM

Cell = Literal["gru", "lstm"]
Layers: TypeAlias = "FusedGRU | FusedLSTM"
CellDropout = Annotated[
    float,
    Field(
        ge=0,
        lt=1,
        description="of the hidden state where cells read it again, one choice a window",
    ),
]


def recurrent_layers(
    cell: Cell,
    n_features: int,
    hidden: int,
    layers: int = 1,
    dropout: float = 0.0,
    cell_dropout: float = 0.0,
) -> Layers:
    """A GRU or an LSTM with fresh weights, called with ``[B, L, F]`` and giving (states, last).

    Parameters
    ----------
    cell : ``gru`` or ``lstm``
    n_features : F, numbers in one step
    hidden : H, width of the hidden state
    layers : stacked
    dropout : between layers; nothing with one layer
    cell_dropout : of the hidden state where a cell reads it again, one mask a window
    """
    # Specs are looked at by commands that run no network, and the kernel takes Numba along.
    from intralpha.models.recurrent import FusedGRU, FusedLSTM

    kind = FusedGRU if cell == "gru" else FusedLSTM
    return kind(n_features, hidden, layers, dropout, cell_dropout)


def states_of(rnn: Layers, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B L H"]:
    """States of the last layer after every step.

    Parameters
    ----------
    rnn : of :func:`recurrent_layers`
    x : [B, L, F], oldest step first
    """
    states, _ = rnn(x)
    assert states is not None
    return states


def last_state(rnn: Layers, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B H"]:
    """State of the last layer after the last step; the others are not kept.

    Parameters
    ----------
    rnn : of :func:`recurrent_layers`
    x : [B, L, F], oldest step first
    """
    return last_states(rnn, x)[-1]


def last_states(rnn: Layers, x: Float[Tensor, "B L F"]) -> Float[Tensor, "layers B H"]:
    """States of all layers after the last step.

    Parameters
    ----------
    rnn : of :func:`recurrent_layers`
    x : [B, L, F], oldest step first
    """
    _, last = rnn(x, sequence=False)
    return last if isinstance(last, Tensor) else last[0]
