"""Stack: layers one on the other, with dropout between them and inside."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from intralpha.models.recurrent.layer import After, Before, run_layer
from intralpha.models.recurrent.panels import Four
from intralpha.models.recurrent.plain import plain_layer

Ends = tuple[Tensor | None, Tensor, Tensor | None]


def run_stack(
    network: nn.RNNBase,
    x: Float[Tensor, "B L F"],
    h: Float[Tensor, "layers B H"] | None,
    c: Float[Tensor, "layers B H"] | None,
    cell_dropout: float,
    sequence: bool,
    in_kernel: bool,
) -> Ends:
    """All layers of a network.

    Parameters
    ----------
    network : torch's layer with the weights: one direction, batch first, with biases
    x : windows
    h, c : states before the first step; None: zeros
    cell_dropout : rate at which neurons are dropped inside the cells, now
    sequence : give the states of the last layer after all steps
    in_kernel : by the kernel, else by operations of torch

    Returns
    -------
    out, h, c
        [B, L, H] or None, [layers, B, H], and of LSTM [layers, B, H]. Dropout takes its numbers
        from torch's generator: layer by layer, the mask inside the cell, then the one above it.
    """
    between = network.dropout if network.training else 0.0
    ends: list[After] = []
    for layer in range(network.num_layers):
        top = layer == network.num_layers - 1
        before = Before(
            None if h is None else h[layer],
            None if c is None else c[layer],
            _kept_mask(x, network.hidden_size, cell_dropout),
        )
        lstm, parameters = network.mode == "LSTM", _parameters(network, layer)
        if in_kernel:
            after = run_layer(x, parameters, before, lstm, sequence or not top)
        else:
            after = plain_layer(x, parameters, before, lstm)
        ends.append(after)
        if after.out is not None and not top:
            x = nn.functional.dropout(after.out, between, training=between > 0).transpose(0, 1)
    out = ends[-1].out if sequence else None
    cells = [end.c for end in ends if end.c is not None]
    return (
        None if out is None else out.transpose(0, 1),
        torch.stack([end.h for end in ends]),
        torch.stack(cells) if cells else None,
    )


def _parameters(network: nn.RNNBase, layer: int) -> Four:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w_ih, w_hh, b_ih, b_hh = (getattr(network, f"{name}_l{layer}") for name in names)
    return w_ih, w_hh, b_ih, b_hh


def _kept_mask(x: Tensor, hidden: int, rate: float) -> Float[Tensor, "B H"] | None:
    """0 for a dropped neuron, 1 / (1 - rate) for the others."""
    if rate == 0:
        return None
    return x.new_empty((len(x), hidden)).bernoulli_(1 - rate).div_(1 - rate)
