"""RankIC inside parts of the universe: industries and groups of size, date by date."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.base import Spec
from intralpha.base.arrays import check_arrays
from intralpha.base.cross_section import check_mask
from intralpha.base.years import years_of
from intralpha.evaluation.ic import summarise
from intralpha.evaluation.leg_figures import ic_figures
from intralpha.evaluation.order import ordering
from intralpha.evaluation.rank_pairs import rank_correlation

SHOWN = {"rank_ic": "mean", "se": "se", "t": "t", "icir": "icir"}


class BreakdownSpec(Spec):
    """Parts of the universe in which the RankIC of every factor is given."""

    industries: bool = Field(default=True, description="every industry, of each date")
    scheme: str | None = Field(
        default=None, description="classification; null: the first by alphabet that has begun"
    )
    sizes: int = Field(
        default=3, ge=0, description="groups of equal count by capitalisation; 0: none"
    )
    min_stocks: int = Field(
        default=10,
        ge=3,
        description="a date counts in a part that has as many stocks with a score and a return",
    )

    @field_validator("sizes")
    @classmethod
    def _of_two(cls, sizes: int) -> int:
        if sizes == 1:
            raise ValueError("one group is the whole universe; expected 0, or 2 and more")
        return sizes


@dataclass(frozen=True, eq=False)
class Division:
    """The universe cut into parts, on every date anew.

    Attributes
    ----------
    name : ``industry`` or ``size``
    part_DA : place of a stock's part in ``labels`` on each date; below 0 for none
    labels : names of the parts
    """

    name: str
    part_DA: Int[ndarray, "D A"]
    labels: tuple[str, ...]


def part_rank_ic(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    part_DA: Int[ndarray, "D A"],
    n_parts: int,
    mask_DA: Bool[ndarray, "D A"],
    min_stocks: int,
) -> tuple[Float[ndarray, "D P"], Int[ndarray, "D P"]]:
    """Spearman correlation of score and forward return inside each part.

    Parameters
    ----------
    score_DA : known at the close of each day; what is not finite is absent
    fwd_ret_DA : simple return earned afterwards; what is not finite is absent
    part_DA : part of each stock on each day, 0 .. n_parts - 1; others are in none
    n_parts : P
    mask_DA : universe of each day
    min_stocks : a day on which a part has fewer stocks with both values is NaN there

    Returns
    -------
    ndarray of float64, shape [D, P]
        As :func:`intralpha.evaluation.rank_ic` of the part alone.
    ndarray of int64, shape [D, P]
        Stocks of the part with a score and a return.

    Raises
    ------
    ArrayFormError, MaskShapeError

    Notes
    -----
    Scores and returns are sorted once for all parts.
    """
    check_arrays(score_DA=score_DA, fwd_ret_DA=fwd_ret_DA, part_DA=part_DA)
    check_mask(mask_DA, score_DA.shape)
    score, fwd = ordering(score_DA), ordering(fwd_ret_DA)
    both = mask_DA & np.isfinite(score_DA) & np.isfinite(fwd_ret_DA)
    found = np.full((len(score_DA), n_parts), np.nan)
    stocks = np.zeros(found.shape, np.int64)
    for place in range(n_parts):
        mine = both & (part_DA == place)
        stocks[:, place] = mine.sum(axis=1)
        if (stocks[:, place] >= min_stocks).any():
            found[:, place] = rank_correlation(score, fwd, mine, min_stocks)
    return found, stocks


def breakdown(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    mask_DA: Bool[ndarray, "D A"],
    dates: Shaped[ndarray, "D"],
    divisions: Iterable[Division],
    min_stocks: int,
    overlap: int = 1,
    every: int = 1,
) -> dict[str, pl.DataFrame]:
    """Tables of the RankIC by part, over all dates and by year.

    Parameters
    ----------
    score_DA, fwd_ret_DA, mask_DA, min_stocks : as of :func:`part_rank_ic`
    dates : datetime64[D]
    divisions : each gives two tables
    overlap : coefficients that one return spans, see :func:`intralpha.evaluation.overlap_of`
    every : test dates from one coefficient to the next

    Returns
    -------
    dict
        ``by_industry``: a row a part that has a stock on any date: dates that count, mean RankIC,
        its standard error and t (Newey and West's), ICIR (not annualised), and the mean number of
        stocks with a score and a return on dates that have any; NaN in a part without dates.
        ``industry_years``: part, year and mean RankIC of the year. The same by ``size``.
    """
    out = {}
    for one in divisions:
        found, stocks = part_rank_ic(
            score_DA, fwd_ret_DA, one.part_DA, len(one.labels), mask_DA, min_stocks
        )
        found[np.arange(len(dates)) % every != 0] = np.nan
        there = np.flatnonzero(stocks.any(axis=0)).tolist()
        rows = [
            {one.name: one.labels[at]} | _figures(found[:, at], stocks[:, at], overlap)
            for at in there
        ]
        out[f"by_{one.name}"] = pl.DataFrame(rows)
        out[f"{one.name}_years"] = _by_year(found, dates, [(at, one.labels[at]) for at in there])
    return {name: frame for name, frame in out.items() if frame.height}


def _figures(
    ic_D: Float[ndarray, "D"], stocks_D: Int[ndarray, "D"], overlap: int
) -> dict[str, float | int]:
    known = ic_figures(ic_D, 1.0, overlap)
    figures = {name: known[of] for name, of in SHOWN.items()}
    return {
        "dates": int(np.isfinite(ic_D).sum()),
        **figures,
        "stocks": float(stocks_D[stocks_D > 0].mean()),
    }


def _by_year(
    ic_DP: Float[ndarray, "D P"], dates: Shaped[ndarray, "D"], parts: Iterable[tuple[int, str]]
) -> pl.DataFrame:
    years = years_of(dates)
    rows = [
        {"part": label, "year": int(year), "rank_ic": summarise(ic_DP[years == year, at]).mean}
        for at, label in parts
        for year in np.unique(years)
    ]
    return pl.DataFrame(rows)
