"""Clean-up of a solution: no dust positions."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.portfolio.program import LinearProgram


def without_dust(
    exact: Float[ndarray, "A"], program: LinearProgram, min_weight: float
) -> tuple[Float[ndarray, "A"], float]:
    r"""Weights below a minimum become 0 and the rest is scaled back to the same sum.

    A name that cannot be sold keeps its weight however small it is, and only names that may be
    bought are scaled up, so blocked names stay exactly where they are. With the dropped weight
    :math:`\varepsilon` and the scaled names' weight :math:`S` every scaled weight grows by the
    factor :math:`1 + \varepsilon / S`. That is also how far a bound may be exceeded: a weight
    :math:`w_i` by :math:`w_i \varepsilon / S`, an industry by at most :math:`\varepsilon`, an
    exposure by at most :math:`2 \varepsilon \max_i |x_i|`, the turnover by at most
    :math:`2 \varepsilon`; a dropped name may fall below its band by less than the minimum.

    Parameters
    ----------
    exact : weights as solved, shape [A]
    program : tells what may be bought and sold
    min_weight : smaller weights become 0

    Returns
    -------
    (weights, dropped weight)
        The exact weights and 0 if no name may be scaled up. Spec 18.2.
    """
    dust = (exact < min_weight) & (exact > 0) & program.can_sell
    dropped = float(exact[dust].sum())
    scaled = ~dust & program.growable() & (exact > 0)
    base = float(exact[scaled].sum())
    if dropped == 0.0 or base <= 0.0:
        return exact.copy(), 0.0
    weights = np.where(dust, 0.0, exact)
    weights[scaled] *= 1.0 + dropped / base
    return weights, dropped
