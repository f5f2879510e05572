"""Certificate: how far an answer can be from the best one, over every name, by its own prices."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.portfolio.answer import Answer
from intralpha.portfolio.priced import Priced, curves_of
from intralpha.portfolio.program import LinearProgram

# A name is a violator if it could gain more than this share of the largest gain per unit of weight.
_WORTH = 1e-8


@dataclass(frozen=True)
class Residuals:
    """What an answer misses.

    Attributes
    ----------
    primal : largest violation of a row, a cone or a name's bounds, in their units (weights)
    dual : most that moving one name alone could add to the objective, at the answer's prices
    gap : no weights that meet the constraints have an objective higher by more than this
    violators : names that could add more than 1e-8 of ``scale``
    scale : the largest gain per unit of weight, what ``dual`` and ``gap`` are to be compared with
    choice_gap : where names are held or not: no choice of names has an objective higher by more
        than this; the other figures are those of the chosen names
    """

    primal: float
    dual: float
    gap: float
    violators: int
    scale: float
    choice_gap: float = 0.0


def certify(program: LinearProgram, answer: Answer) -> tuple[Residuals, Float[ndarray, "A"]]:
    r"""Residuals of an answer, and what each name could still add to its objective.

    With prices :math:`\lambda_r` of the rows' binding bounds :math:`b_r` and :math:`\nu` of a
    cone's variance, no weights that meet the constraints have an objective above

    .. math:: \sum_i \max_{l_i \le w_i \le u_i} \tilde v_i(w_i) + \sum_r \lambda_r b_r
              + \nu \rho^2

    whatever the prices are. Each name's own variance stays in its :math:`\tilde v_i`; that of the
    factors is replaced by its tangent, which is never above it. So every maximum is a name's own
    and exact, and a name that a reduced problem left out counts like any other. The gap is what
    lies between this and the objective of the answer.

    Parameters
    ----------
    program : the whole of it
    answer : weights of every name and the prices of rows and cones
    """
    w = answer.weights
    lower, upper, _ = program.box()
    duals = _possible(program, answer.duals)
    curves = curves_of(program, answer)
    priced = Priced.at(program, duals, curves)
    adds = np.maximum(priced.value(priced.best(lower, upper)) - priced.value(w), 0.0)
    gap, primal = float(adds.sum()), float(np.maximum(lower - w, w - upper).max(initial=0.0))
    traded = np.abs(w - program.past)
    for row, dual in zip(program.rows, duals, strict=True):
        value = float(row.coefficients @ (w if row.on == "weights" else traded))
        primal = max(primal, value - row.upper, row.lower - value)
        if dual != 0.0:
            gap += dual * ((row.upper if dual > 0 else row.lower) - value)
    for cone, curve in zip(program.cones, curves, strict=False):
        variance = cone.spread.variance(w)
        primal = max(primal, variance**0.5 - cone.radius)
        gap += 0.5 * curve.bend * (cone.radius**2 - variance)
    scale = float(np.abs(program.gain).max(initial=0.0)) or 1.0
    most = float(adds.max(initial=0.0))
    return Residuals(float(primal), most, float(gap), violators_of(adds, scale), scale), adds


def violators_of(adds: Float[ndarray, "N"], scale: float) -> int:
    """How many could add more than 1e-8 of the largest gain per unit of weight."""
    return int((adds > _WORTH * scale).sum())


def _possible(program: LinearProgram, duals: Float[ndarray, "R"]) -> Float[ndarray, "R"]:
    """Duals without those that would charge for a bound that does not exist."""
    lower = np.array([r.lower for r in program.rows], dtype=np.float64)
    upper = np.array([r.upper for r in program.rows], dtype=np.float64)
    none = ((duals > 0) & np.isinf(upper)) | ((duals < 0) & np.isinf(lower))
    return np.where(none, 0.0, duals)
