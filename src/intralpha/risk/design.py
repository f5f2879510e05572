"""Exposures of stocks to the factors of a date: country, industries, styles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.market import Lake, industry_codes
from intralpha.risk.spec import ExposureSpec

COUNTRY, OTHER = "country", "other"


@dataclass(frozen=True, eq=False)
class Design:
    """Exposures of one date, known at its close.

    Attributes
    ----------
    names : of the K factors: country, industries (``industry:`` and its code), styles
    loadings_AK : float64; NaN throughout for a stock that has no exposures
    industries : places of the industries among the factors
    """

    names: tuple[str, ...]
    loadings_AK: Float[ndarray, "A K"]
    industries: slice


def designs(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    mask_DA: Bool[ndarray, "D A"],
    styles: ExposureSpec,
    scheme: str | None = None,
    min_stocks: int = 1,
) -> Iterator[Design]:
    """Exposures of each date in turn.

    Parameters
    ----------
    lake : with ``daily``; ``industry`` if it has one
    dates : sessions of the lake, ascending
    assets : symbols
    mask_DA : stocks by which styles are scaled, the universe
    styles : which
    scheme : classification of industries; default: the first by alphabet that has begun
    min_stocks : industries with fewer stocks in the mask are one class, ``industry:other``

    Returns
    -------
    iterator of Design
        Industries of a date are those of stocks that have exposures; none where all are of one.
    """
    panel = styles.estimate(lake, dates, assets, mask_DA)
    return designs_of(panel, lake, mask_DA, scheme, min_stocks)


def designs_of(
    panel: Panel,
    lake: Lake,
    mask_DA: Bool[ndarray, "D A"],
    scheme: str | None = None,
    min_stocks: int = 1,
) -> Iterator[Design]:
    """Country and industries beside styles that are known, date by date.

    Parameters
    ----------
    panel : styles of the dates, as of :meth:`intralpha.risk.ExposureSpec.estimate`
    lake : with ``industry``, if it has one
    mask_DA, scheme, min_stocks : as of :func:`designs`
    """
    dates, assets = panel.dates, panel.assets
    codes, labels = industry_codes(lake, dates, assets, scheme)
    labels = (*labels, OTHER)
    for values, code, core in zip(panel.values, codes, mask_DA, strict=True):
        joined = _joined(code, core, len(labels), min_stocks)
        yield _design(values.astype(np.float64), joined, labels, panel.names)


def _joined(
    code_A: Shaped[ndarray, "A"], core_A: Bool[ndarray, "A"], count: int, min_stocks: int
) -> Shaped[ndarray, "A"]:
    """Small industries under the last code; nothing where that would be all of them."""
    small = np.bincount(code_A[core_A], minlength=count) < min_stocks
    return np.where(small[code_A], count - 1, code_A)


def _design(
    styles_AS: Float[ndarray, "A S"],
    code_A: Shaped[ndarray, "A"],
    labels: tuple[str, ...],
    names: tuple[str, ...],
) -> Design:
    """Country, industries and styles side by side."""
    known = np.isfinite(styles_AS).all(axis=1)
    there = np.unique(code_A[known])
    there = there if len(there) > 1 else there[:0]
    columns = [np.ones((len(code_A), 1)), (code_A[:, None] == there[None, :]), styles_AS]
    loadings = np.concatenate(columns, axis=1).astype(np.float64)
    loadings[~known] = np.nan
    industries = tuple(f"industry:{labels[code]}" for code in there.tolist())
    return Design((COUNTRY, *industries, *names), loadings, slice(1, 1 + len(there)))
