"""Gates: the element-wise half of a step, of GRU and LSTM, forward and backward.

A block keeps four matrices a step, one a gate, called planes. Before ``*_gates`` they hold what
the two products gave, after it the gates, after ``*_back`` the gradients of what the products gave.

GRU (r, z, n in torch's order)    planes: W_hn h + b_hn, r, z, n
LSTM (i, f, g, o in torch's order)  planes: i, f, g, o
"""

from typing import no_type_check

from numba import njit

from intralpha.base.compiling import BARE_INNER
from intralpha.models.recurrent.activations import sigmoid, tanh

FUSED = {"contract"}


@njit(fastmath=FUSED, **BARE_INNER)
@no_type_check
def gru_gates(hn, r, z, n, h, out, size):
    """Gates, and out = (1 - z) n + z h, with r = s(r), z = s(z), n = tanh(n + r hn).

    Parameters
    ----------
    hn, r, z, n : [N], planes; the last three are overwritten with the gates
    h : [N], the old state
    out : [N], written: the new state
    size : N
    """
    for i in range(size):
        r_i, z_i = sigmoid(r[i]), sigmoid(z[i])
        n_i = tanh(n[i] + r_i * hn[i])
        r[i], z[i], n[i] = r_i, z_i, n_i
        out[i] = n_i + z_i * (h[i] - n_i)


@njit(fastmath=FUSED, **BARE_INNER)
@no_type_check
def gru_back(hn, r, z, n, h, dh, size):
    """Gradients of what the products gave, and of the old state past the gates.

    Parameters
    ----------
    hn, r, z, n : [N], planes after :func:`gru_gates`; overwritten with their gradients
    h : [N], the old state
    dh : [N], gradient of the new state; becomes the old one's, less what comes through products
    size : N
    """
    one = dh.dtype.type(1)
    for i in range(size):
        r_i, z_i, n_i, g = r[i], z[i], n[i], dh[i]
        dn = g * (one - z_i) * (one - n_i * n_i)
        z[i] = g * (h[i] - n_i) * z_i * (one - z_i)
        r[i] = dn * hn[i] * r_i * (one - r_i)
        n[i], hn[i], dh[i] = dn, dn * r_i, g * z_i


@njit(fastmath=FUSED, **BARE_INNER)
@no_type_check
def lstm_gates(i, f, g, o, c, c_out, out, size):
    """Gates, c_out = f c + i g, and out = o tanh(c_out).

    Parameters
    ----------
    i, f, g, o : [N], planes; overwritten with the gates
    c : [N], the old cell
    c_out, out : [N], written: the new cell and state
    size : N
    """
    for k in range(size):
        i_k, f_k, g_k, o_k = sigmoid(i[k]), sigmoid(f[k]), tanh(g[k]), sigmoid(o[k])
        c_k = f_k * c[k] + i_k * g_k
        i[k], f[k], g[k], o[k] = i_k, f_k, g_k, o_k
        c_out[k], out[k] = c_k, o_k * tanh(c_k)


@njit(fastmath=FUSED, **BARE_INNER)
@no_type_check
def lstm_back(i, f, g, o, c, c_out, dh, dc, size):
    """Gradients of what the products gave, and of the old cell.

    Parameters
    ----------
    i, f, g, o : [N], planes after :func:`lstm_gates`; overwritten with their gradients
    c, c_out : [N], the old and the new cell
    dh : [N], gradient of the new state; used up, 0 afterwards
    dc : [N], gradient of the new cell; becomes that of the old one
    size : N
    """
    one = dh.dtype.type(1)
    for k in range(size):
        i_k, f_k, g_k, o_k, t = i[k], f[k], g[k], o[k], tanh(c_out[k])
        d = dc[k] + dh[k] * o_k * (one - t * t)
        o[k] = dh[k] * t * o_k * (one - o_k)
        i[k] = d * g_k * i_k * (one - i_k)
        f[k] = d * c[k] * f_k * (one - f_k)
        g[k] = d * i_k * (one - g_k * g_k)
        dc[k], dh[k] = d * f_k, dh.dtype.type(0)


@njit(**BARE_INNER)
@no_type_check
def add_to(total, part, size):
    """Total += part, element by element.

    Parameters
    ----------
    total, part : [N]
    size : N
    """
    for i in range(size):
        total[i] += part[i]


@njit(**BARE_INNER)
@no_type_check
def multiply_into(to, a, b, size):
    """To = a b, element by element.

    Parameters
    ----------
    to, a, b : [N]
    size : N
    """
    for i in range(size):
        to[i] = a[i] * b[i]


@njit(fastmath=FUSED, **BARE_INNER)
@no_type_check
def add_product_of(total, a, b, size):
    """Total += a b, element by element.

    Parameters
    ----------
    total, a, b : [N]
    size : N
    """
    for i in range(size):
        total[i] += a[i] * b[i]
