"""The orthogonal layer: what a day's exposures do not explain of its scores [Spec 12.16]."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

RIDGE = 1e-6
SPARE = 30  # stocks more than exposures that a day needs


def orthogonal_to(
    score: Float[Tensor, " B"],
    exposures: Float[Tensor, "B P"],
    days_B: Int[Tensor, " B"] | None = None,
) -> Float[Tensor, " B"]:
    """Residuals of each day's scores on its exposures, s - X (X'X + 1e-6 I)^-1 X's.

    Parameters
    ----------
    score : [B], of one or several whole days
    exposures : [B, P], no NaN; an intercept is added. Exposures that are equal for all stocks of a
        day are harmless
    days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day

    Returns
    -------
    Tensor [B], float32 or float64 as ``score``
        Differentiable in both. A day with fewer than P + 31 stocks keeps its scores. Solved in
        float64, so that the residuals are orthogonal to float32's precision.
    """
    if days_B is None:
        return _residual(score, exposures)
    sizes = torch.unique_consecutive(days_B, return_counts=True)[1].tolist()
    parts = zip(score.split(sizes), exposures.split(sizes), strict=True)
    return torch.cat([_residual(s, x) for s, x in parts])


def _residual(score: Float[Tensor, " B"], exposures: Float[Tensor, "B P"]) -> Float[Tensor, " B"]:
    n, p = exposures.shape[0], exposures.shape[1] + 1
    if n < p + SPARE:
        return score
    s, x = score.double(), exposures.double()
    x = torch.cat([torch.ones_like(x[:, :1]), x], dim=1)
    gram = x.T @ x + RIDGE * torch.eye(p, dtype=x.dtype, device=x.device)
    return (s - x @ torch.linalg.solve(gram, x.T @ s)).to(score.dtype)
