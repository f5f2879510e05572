"""FusedGRU, FusedLSTM: torch's own layers, with a kernel of ours where it is faster."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

States = Float[Tensor, "layers B H"]


class FusedGRU(nn.GRU):
    r"""GRU of one direction, batch first.

    .. math::
        r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} \tilde h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} \tilde h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} \tilde h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    with :math:`\tilde h = m \odot h`, and m = 1 outside training. In training the neurons of a
    cell are dropped at ``cell_dropout`` p: m_j is 0 with probability p and 1 / (1 - p) else, drawn
    anew for every sample, layer and call, the same for all steps of a window and all gates.

    Parameters
    ----------
    n_features : F, numbers in one step
    hidden : H
    layers : stacked
    dropout : rate between layers, as of :class:`torch.nn.GRU`
    cell_dropout : rate inside the cells, p

    Notes
    -----
    It is a :class:`torch.nn.GRU` with its parameters, initial values and random numbers, so state
    dicts interchange. The kernel (:mod:`intralpha.models.recurrent.kernel`) does float32 and
    float64 on the CPU; torch does the rest: other devices, autocast, packed sequences.

    The rate inside the cell is research system 001's [Gap C-3], which says no more than that.
    Of the published forms this is the one whose mask lasts for the window, so that what the
    carry has learned to keep is not worn away step by step.

    References
    ----------
    Y. Gal and Z. Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent Neural
    Networks, 2016.
    """

    def __init__(
        self,
        n_features: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        cell_dropout: float = 0.0,
    ) -> None:
        between = dropout if layers > 1 else 0.0
        super().__init__(n_features, hidden, layers, batch_first=True, dropout=between)
        self.cell_dropout = cell_dropout

    def forward(  # type: ignore[override]
        self, x: Float[Tensor, "B L F"], state: States | None = None, sequence: bool = True
    ) -> tuple[Float[Tensor, "B L H"] | None, States]:
        """States of windows.

        Parameters
        ----------
        x : oldest step first
        state : [layers, B, H] before the first step; None: zeros
        sequence : give the last layer's states after all steps

        Returns
        -------
        out, state
            [B, L, H], None unless asked for by ``sequence``; and [layers, B, H] after the last
            step.
        """
        if _drops(self) or _in_kernel(self, x, state):
            out, h, _ = _run(self, x, state, None, sequence)
            return out, h
        out, h = super().forward(x, state)
        return out if sequence else None, h

    def extra_repr(self) -> str:
        """Sizes and rates."""
        return _described(super().extra_repr(), self.cell_dropout)


class FusedLSTM(nn.LSTM):
    r"""LSTM of one direction, batch first.

    .. math::
        i_t, f_t, o_t &= \sigma(W_i x_t + b_i + W_h \tilde h_{t-1} + b_h) \text{, each its rows} \\
        g_t &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} \tilde h_{t-1} + b_{hg}) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    with :math:`\tilde h = m \odot h` as of :class:`FusedGRU`, whose parameters and notes hold here.
    The cell c is never dropped. Under autocast on a processor without products of bfloat16, where
    torch's own raises, it works in float32.

    Parameters
    ----------
    n_features : F, numbers in one step
    hidden : H
    layers : stacked
    dropout : rate between layers, as of :class:`torch.nn.LSTM`
    cell_dropout : rate inside the cells, p
    """

    def __init__(
        self,
        n_features: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        cell_dropout: float = 0.0,
    ) -> None:
        between = dropout if layers > 1 else 0.0
        super().__init__(n_features, hidden, layers, batch_first=True, dropout=between)
        self.cell_dropout = cell_dropout

    def forward(  # type: ignore[override]
        self,
        x: Float[Tensor, "B L F"],
        state: tuple[States, States] | None = None,
        sequence: bool = True,
    ) -> tuple[Float[Tensor, "B L H"] | None, tuple[States, States]]:
        """States of windows; see :meth:`FusedGRU.forward`.

        Parameters
        ----------
        x : oldest step first
        state : h and c, each [layers, B, H], before the first step; None: zeros
        sequence : give the last layer's states after all steps

        Returns
        -------
        out, (h, c)
        """
        if _has_no_halves(x):
            with torch.autocast("cpu", enabled=False):
                ends = None if state is None else (state[0].float(), state[1].float())
                return self.forward(x.float(), ends, sequence)
        before = state or (None, None)
        if _drops(self) or _in_kernel(self, x, *before):
            out, h, c = _run(self, x, *before, sequence)
            assert c is not None
            return out, (h, c)
        out, ends = super().forward(x, state)
        return out if sequence else None, ends

    def extra_repr(self) -> str:
        """Sizes and rates."""
        return _described(super().extra_repr(), self.cell_dropout)


def _described(sizes: str, cell_dropout: float) -> str:
    return f"{sizes}, cell_dropout={cell_dropout}" if cell_dropout else sizes


def _drops(network: FusedGRU | FusedLSTM) -> bool:
    """Whether neurons are dropped now, which torch's own layers cannot."""
    return network.training and network.cell_dropout > 0


def _has_no_halves(x: object) -> bool:
    """Whether autocast asks for an LSTM of bfloat16 that this processor has not: torch raises."""
    return (
        isinstance(x, Tensor)
        and x.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def _in_kernel(network: FusedGRU | FusedLSTM, x: object, *states: Tensor | None) -> bool:
    """Whether the kernel can do it; the rest, wrong shapes too, is torch's to do or refuse."""
    if not isinstance(x, Tensor) or x.dim() != 3 or 0 in x.shape:
        return False
    ends = (network.num_layers, len(x), network.hidden_size)
    given = [state for state in states if state is not None]
    weight = network.weight_hh_l0
    return (
        x.shape[2] == network.input_size
        and all(tuple(state.shape) == ends for state in given)
        and {t.device.type for t in (x, weight, *given)} == {"cpu"}
        and {t.dtype for t in (x, weight, *given)} in ({torch.float32}, {torch.float64})
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def _run(
    network: FusedGRU | FusedLSTM,
    x: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    sequence: bool,
) -> tuple[Tensor | None, Tensor, Tensor | None]:
    # Imported when it is used: kernels are not compiled, nor their libraries read, for the rest.
    from intralpha.models.recurrent.stack import run_stack

    network.check_input(x, None)
    for state in (h, c):
        if state is not None:
            network.check_hidden_size(state, network.get_expected_hidden_size(x, None))
    drop = network.cell_dropout if _drops(network) else 0.0
    return run_stack(network, x, h, c, drop, sequence, _in_kernel(network, x, h, c))
