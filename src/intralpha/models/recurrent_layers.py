"""Recurrent layers: which module runs a GRU or an LSTM over a window."""

from typing import Literal

from torch import nn

Cell = Literal["gru", "lstm"]


def recurrent_layers(
    cell: Cell, n_features: int, hidden: int, layers: int = 1, dropout: float = 0.0
) -> nn.GRU | nn.LSTM:
    """A GRU or an LSTM with fresh weights, called with ``[B, L, F]`` and giving (states, last).

    Parameters
    ----------
    cell : ``gru`` or ``lstm``
    n_features : F, numbers in one step
    hidden : H, width of the hidden state
    layers : stacked
    dropout : between layers; nothing with one layer
    """
    kind = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
    between = dropout if layers > 1 else 0.0
    return kind(n_features, hidden, layers, batch_first=True, dropout=between)
