"""Breakdown: the parts of the universe, known at each close, in which a test is looked at again."""

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.datasets.indicators import INDICATORS
from intralpha.evaluation import BreakdownSpec, Division, quantile_groups
from intralpha.market import Lake, industry_codes

SIZE = INDICATORS["size"]


def breakdown_reads(spec: BreakdownSpec | None) -> tuple[Read, ...]:
    """What :func:`divisions` reads of the lake."""
    if spec is None:
        return ()
    return (Read("industry"),) * spec.industries + (SIZE.reads if spec.sizes else ())


def divisions(
    spec: BreakdownSpec,
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    universe_DA: Bool[ndarray, "D A"],
) -> tuple[Division, ...]:
    """The universe cut by industry and by size.

    Parameters
    ----------
    spec : which of the two
    lake : with the tables of :func:`breakdown_reads`
    dates, assets : axes
    universe_DA : at each close, of which the groups of size are made

    Returns
    -------
    tuple of Division
        Known at the close of each date: the industry that a stock had then, and its capitalisation
        at that close. Sizes are 1 (smallest) and up; a stock whose capitalisation is not known is
        in none.
    """
    out = []
    if spec.industries:
        out.append(Division("industry", *industry_codes(lake, dates, assets, spec.scheme)))
    if spec.sizes:
        size_DA = SIZE.values(lake, dates, assets)
        group_DA = quantile_groups(size_DA, spec.sizes, universe_DA)
        labels = tuple(str(group) for group in range(1, spec.sizes + 1))
        out.append(Division("size", group_DA - np.int32(1), labels))
    return tuple(out)
