"""Plain: the equations of the cells with dropout inside, step by step, for any device."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from intralpha.models.recurrent.layer import After, Before
from intralpha.models.recurrent.panels import Four


def plain_layer(x: Float[Tensor, "B L F"], parameters: Four, before: Before, lstm: bool) -> After:
    """One layer of GRU or LSTM in operations of torch; see :func:`run_layer`.

    Parameters
    ----------
    x : windows
    parameters : weight_ih, weight_hh, bias_ih, bias_hh
    before : states and mask
    lstm : LSTM, else GRU
    """
    w_ih, w_hh, b_ih, b_hh = parameters
    zeros = x.new_zeros((len(x), w_hh.shape[1]))
    h, c = (zeros if state is None else state for state in (before.h, before.c))
    states = []
    for gx in functional.linear(x, w_ih, b_ih).unbind(1):
        seen = h if before.mask is None else h * before.mask
        gh = functional.linear(seen, w_hh, b_hh)
        if lstm:
            i, f, g, o = (gx + gh).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        else:
            (rx, zx, nx), (rh, zh, nh) = gx.chunk(3, dim=1), gh.chunk(3, dim=1)
            n, z = (nx + (rx + rh).sigmoid() * nh).tanh(), (zx + zh).sigmoid()
            h = n + z * (h - n)
        states.append(h)
    return After(torch.stack(states), h, c if lstm else None)
