"""Values of one date made comparable: the one z-score of the package, and means of several."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Real
from numpy import ndarray

from intralpha.base.errors import DataError

FLAT = 1e-10
BLOCK_CELLS = 1 << 20


class MaskShapeError(DataError):
    """A mask does not fit the values, or the dates and assets, that it is for."""

    def __init__(self, found: object, expected: tuple[int, ...]) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"the mask is {found}; expected an array of bool of shape {expected}.")


def check_mask(mask: object, shape: tuple[int, ...]) -> None:
    """Refuse a mask that is not an array of bool of one shape; None passes.

    Raises
    ------
    MaskShapeError
    """
    if mask is None:
        return
    if not isinstance(mask, ndarray) or mask.dtype != np.bool_:
        kind = mask.dtype if isinstance(mask, ndarray) else type(mask).__name__
        raise MaskShapeError(f"of type {kind}", shape)
    if mask.shape != shape:
        raise MaskShapeError(f"of shape {mask.shape}", shape)


def moments(
    values: Real[ndarray, "..."],
    inside: Bool[ndarray, "..."],
    axis: int = -1,
    ddof: int = 0,
) -> tuple[Float[ndarray, "..."], Float[ndarray, "..."]]:
    r"""Mean and standard deviation of the values inside, float64.

    .. math:: \mu = \tfrac1n \sum_i x_i, \qquad \sigma^2 = \tfrac1{n - ddof} \sum_i (x_i - \mu)^2

    Parameters
    ----------
    values : ndarray of any shape
        What is outside may be NaN.
    inside : ndarray of bool, same shape
        The cells that count; they must be finite.
    axis : int
        The axis of the cross-section, kept with length 1 in the results.
    ddof : int
        0 for the population form, 1 for the sample form.

    Returns
    -------
    (mean, std) : ndarrays of float64
        The mean is 0 where nothing is inside. The deviation is NaN where it says nothing: where
        ``ddof`` or fewer values are inside, and where they do not vary (deviation at most 1e-10
        of the mean's size, which is rounding).
    """
    count = inside.sum(axis=axis, keepdims=True)
    mean = _sums(_masked(values, inside), axis) / np.maximum(count, 1)
    squares = _masked(values - mean, inside) ** 2
    std = np.sqrt(_sums(squares, axis) / np.maximum(count - ddof, 1))
    tells = (count > ddof) & (std > FLAT * np.maximum(np.abs(mean), FLAT))
    return mean, np.where(tells, std, np.nan)


def sum_in_turn(values: Real[ndarray, "*shape"]) -> Float[ndarray, "*rows"]:
    """Sums along the last axis, one cell after the other.

    Cells that are 0 change no bit of a result, so that it does not depend on which other stocks
    stand on the axis; a sum in blocks, as NumPy's own, does.

    Parameters
    ----------
    values : ndarray, shape [..., A]

    Returns
    -------
    ndarray of float64, shape [...]
        0 for an empty axis. NaN where any cell is.

    Examples
    --------
    >>> sum_in_turn(np.array([[1.0, 2.0, 0.0], [0.5, 0.0, 0.0]])).tolist()
    [3.0, 0.5]
    """
    if values.shape[-1] == 0:
        return np.zeros(values.shape[:-1])
    return np.cumsum(values, axis=-1, dtype=np.float64)[..., -1]


def _sums(values: Real[ndarray, "..."], axis: int) -> Float[ndarray, "..."]:
    """Sums in turn along an axis, which is kept with length 1."""
    return np.expand_dims(sum_in_turn(np.moveaxis(values, axis, -1)), axis)


def zscore(
    values: Real[ndarray, "*shape"],
    mask: Bool[ndarray, "*shape"] | None = None,
    clip: float | None = None,
    *,
    axis: int = -1,
    ddof: int = 0,
    flat: Literal["nan", "zero"] = "nan",
) -> Float[ndarray, "*shape"]:
    r"""Each cross-section minus its mean, divided by its standard deviation.

    .. math:: z_{i,t} = (x_{i,t} - \mu_t) / \sigma_t,
              \qquad \sigma_t^2 = \tfrac1{n - ddof} \sum_i (x_{i,t} - \mu_t)^2

    Parameters
    ----------
    values : ndarray, shape [D, A], or any with the stocks along ``axis``
        What is not finite is absent.
    mask : ndarray of bool, same shape, optional
        Cells over which mean and deviation are taken; default: everything present.
    clip : float, optional
        Cut the z-scores at plus and minus this value (after standardising, once).
    axis : int
        Where the stocks are; default: the last axis.
    ddof : int
        0 for the population form (default), 1 for the sample form.
    flat : "nan" or "zero"
        What a cross-section becomes that does not vary (see :func:`moments`).

    Returns
    -------
    ndarray, same shape, float32 for float32 input and float64 for any other
        NaN where absent or outside the mask. Computed in float64. Known when the values are.

    Raises
    ------
    MaskShapeError
        The mask does not fit the values.

    Notes
    -----
    Works through blocks along the first axis, about 30 MB beside input and output.

    Examples
    --------
    >>> zscore(np.array([[1.0, 3.0, np.nan]])).tolist()
    [[-1.0, 1.0, nan]]
    >>> zscore(np.array([[2.0, 2.0, np.nan]]), flat="zero").tolist()
    [[0.0, 0.0, nan]]
    """
    check_mask(mask, values.shape)
    kind = values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    out = np.empty(values.shape, kind)
    whole = axis % values.ndim == 0
    rows = len(values) if whole else max(BLOCK_CELLS // max(values[:1].size, 1), 1)
    for start in range(0, len(values), max(rows, 1)):
        part = slice(start, start + rows)
        block = values[part].astype(np.float64)
        inside = np.isfinite(block) if mask is None else np.isfinite(block) & mask[part]
        mean, std = moments(block, inside, axis, ddof)
        block -= mean
        block /= std
        if flat == "zero":
            block[np.broadcast_to(np.isnan(std), block.shape)] = 0.0
        if clip is not None:
            np.clip(block, -clip, clip, out=block)
        block[~inside] = np.nan
        out[part] = block
    return out


def mean_zscore(
    parts: Sequence[Real[ndarray, "D A"]],
    weights_DK: Float[ndarray, "D K"] | None = None,
    mask_DA: Bool[ndarray, "D A"] | None = None,
) -> Float[ndarray, "D A"]:
    r"""Weighted mean of the z-scores of several scores, over those that are there.

    .. math:: s_i = \sum_{k \in K_i} w_k z_{i,k} \Big/ \sum_{k \in K_i} w_k

    with :math:`K_i` the scores that have a value for stock i. Seeds of one network and factors of
    one signal are averaged by this body.

    Parameters
    ----------
    parts : K arrays of shape [D, A]
        What is not finite is absent.
    weights_DK : ndarray of float, optional
        Weight of each score on each day, 0 or more; only their ratios count. Default: all 1.
    mask_DA : ndarray of bool, optional
        Stocks over which each day is standardised; default: all that have a value.

    Returns
    -------
    ndarray of float64, shape [D, A]
        NaN outside the mask and where no score with a positive weight has a value. A score that
        does not vary on a day counts as absent on it. Known when the last of the scores is.

    Examples
    --------
    >>> mean_zscore([np.array([[1.0, 3.0]]), np.array([[9.0, np.nan]])]).tolist()
    [[-1.0, 1.0]]
    """
    if weights_DK is None:
        weights_DK = np.ones((len(parts[0]), len(parts)))
    total, share = _weighted(parts, weights_DK, mask_DA)
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)


def sum_zscore(
    parts: Sequence[Real[ndarray, "D A"]],
    weights_DK: Float[ndarray, "D K"],
    mask_DA: Bool[ndarray, "D A"] | None = None,
) -> Float[ndarray, "D A"]:
    r"""Weighted sum of the z-scores of several scores; one that is missing counts as 0.

    .. math:: s_i = \sum_{k \in K_i} w_k z_{i,k}

    Parameters
    ----------
    parts : K arrays of shape [D, A]
        What is not finite is absent.
    weights_DK : ndarray of float
        Coefficient of each score on each day, of any sign.
    mask_DA : ndarray of bool, optional
        Stocks over which each day is standardised; default: all that have a value.

    Returns
    -------
    ndarray of float64, shape [D, A]
        NaN outside the mask and where no score with a coefficient has a value.

    Examples
    --------
    >>> sum_zscore([np.array([[1.0, 3.0]])], np.array([[-0.5]])).tolist()
    [[0.5, -0.5]]
    """
    total, share = _weighted(parts, weights_DK, mask_DA)
    return np.where(share > 0, total, np.nan)


def _weighted(
    parts: Sequence[Real[ndarray, "D A"]],
    weights_DK: Float[ndarray, "D K"],
    mask_DA: Bool[ndarray, "D A"] | None,
) -> tuple[Float[ndarray, "D A"], Float[ndarray, "D A"]]:
    """Weighted sum of the z-scores that are there, and the size of their weights."""
    total, share = np.zeros(parts[0].shape), np.zeros(parts[0].shape)
    for part, weight_D in zip(parts, weights_DK.T, strict=True):
        if not weight_D.any():
            continue
        z_DA = zscore(part.astype(np.float64), mask_DA)
        weight_DA = weight_D[:, None] * np.isfinite(z_DA)
        total += weight_DA * np.nan_to_num(z_DA)
        share += np.abs(weight_DA)
    return total, share


def _masked(values: Real[ndarray, "..."], inside: Bool[ndarray, "..."]) -> Float[ndarray, "..."]:
    return np.where(inside, values, 0.0)
