"""Where a portfolio's excess return came from: industries, selection, trading and cost."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.backtest.ledger import Ledger
from intralpha.backtest.weights_before import BESIDE, Before, weights_before
from intralpha.base import Panel
from intralpha.base.years import by_year
from intralpha.evaluation.nav import SESSIONS_PER_YEAR

CASH = "cash"
EFFECTS = ("allocation", "selection", "interaction")
PARTS = (*EFFECTS, *BESIDE)


@dataclass(frozen=True, eq=False)
class Attribution:
    """The excess return of a replay, taken apart [Brinson, Hood and Beebower 1986].

    Attributes
    ----------
    daily : ``date``; ``allocation``, ``selection``, ``interaction``, sums over the groups;
        ``trading`` (what trades earned until the close, and whatever the weights at the close
        before do not explain, such as taxes on dividends), ``cost`` (0 or less), ``benchmark_gap``
        (the benchmark's weights less its own return: constituents without prices, reviews);
        ``excess_ret``, which they add up to
    groups : ``group``, mean ``weight_share`` and ``benchmark_share``, and the three effects a year
        (sum over sessions, over their number, times 244), fractions; cash is a group
    """

    daily: pl.DataFrame
    groups: pl.DataFrame

    def yearly(self) -> pl.DataFrame:
        """Sums of the parts by calendar year, and over all, as excess: returns are added here, not
        compounded.
        """
        sums = pl.col(*(f"{part}_excess" for part in PARTS), "excess_ret").sum()
        named = self.daily.rename({part: f"{part}_excess" for part in PARTS})
        return by_year(named, [sums])


def attribute(
    ledger: Ledger,
    market: Panel,
    benchmark: Panel,
    codes_DA: Int[ndarray, "D A"],
    labels: tuple[str, ...],
) -> Attribution:
    r"""Brinson's effects of every session, by the weights at the close before it.

    .. math::
        (w_g - b_g)(r^b_g - r^b), \qquad b_g (r_g - r^b_g), \qquad (w_g - b_g)(r_g - r^b_g)

    with the weights w and b of a group in portfolio and benchmark, its returns in each, and the
    return :math:`r^b` of the benchmark's weights. A group without weight in one of them has the
    other's return there; cash earns 0.

    Parameters
    ----------
    ledger : with holdings at the close of each rebalance
    market, benchmark : as of :func:`intralpha.backtest.weights_before.weights_before`
    codes_DA : group of every stock at each decision date, positions in ``labels``
    labels : names of the groups, such as industries

    Returns
    -------
    Attribution
        Nothing is known before its session is over.

    Raises
    ------
    AttributionError
        The ledger has no benchmark, sessions that the market lacks, or holdings it does not know.
    """
    found, groups = [], []
    for one in weights_before(ledger, market, benchmark):
        effects = _effects(one, codes_DA[one.decided], len(labels))
        parts = dict(zip(EFFECTS, (part.sum() for part in effects[2:]), strict=True))
        found.append({"date": one.date, **parts, **one.beside(), "excess_ret": one.excess_ret})
        groups.append(effects)
    return Attribution(_table(found), _by_group(np.array(groups), labels))


def _effects(one: Before, group_A: Int[ndarray, "A"], count: int) -> Float[ndarray, "5 G"]:
    """Weight, benchmark weight and the three effects of each group, cash last."""
    ret = one.ret_A

    def summed(values: Float[ndarray, "A"]) -> Float[ndarray, "G"]:
        return np.append(np.bincount(group_A, values, minlength=count), 0.0)

    held, benchmark = summed(one.held_A), summed(one.benchmark_A)
    held[-1] = 1.0 - held.sum()
    held_ret, own_ret = summed(one.held_A * ret), summed(one.benchmark_A * ret)
    total = own_ret.sum()
    of_held = np.divide(held_ret, held, out=np.full(len(held), np.nan), where=held != 0)
    of_own = np.divide(own_ret, benchmark, out=np.full(len(held), np.nan), where=benchmark != 0)
    of_held[-1] = of_own[-1] = 0.0
    of_own = np.where(np.isnan(of_own), of_held, of_own)
    of_held = np.where(np.isnan(of_held), of_own, of_held)
    of_own, of_held = np.nan_to_num(of_own), np.nan_to_num(of_held)
    active, better = held - benchmark, of_held - of_own
    return np.stack(
        [held, benchmark, active * (of_own - total), benchmark * better, active * better]
    )


def _table(found: list[dict[str, object]]) -> pl.DataFrame:
    schema = {"date": pl.Date} | dict.fromkeys((*PARTS, "excess_ret"), pl.Float64)
    return pl.DataFrame(found, schema=schema)


def _by_group(values: Float[ndarray, "D 5 G"], labels: tuple[str, ...]) -> pl.DataFrame:
    """Means of the weights, effects a year; groups that neither had are left out."""
    mean = values.mean(axis=0)
    columns = {"group": [*labels, CASH], "weight_share": mean[0], "benchmark_share": mean[1]}
    for i, name in enumerate(EFFECTS):
        columns[f"{name}_excess"] = mean[2 + i] * SESSIONS_PER_YEAR
    frame = pl.DataFrame(columns)
    return frame.filter((pl.col("weight_share") != 0) | (pl.col("benchmark_share") != 0))
