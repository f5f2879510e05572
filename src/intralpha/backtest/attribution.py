"""Where a portfolio's excess return came from: industries, selection, trading and cost."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.backtest.benchmark import growth_of
from intralpha.backtest.ledger import Ledger
from intralpha.base import DataError, Panel
from intralpha.base.panel import as_days
from intralpha.evaluation.nav import SESSIONS_PER_YEAR

CASH = "cash"
EFFECTS = ("allocation", "selection", "interaction")
PARTS = (*EFFECTS, "trading", "cost", "benchmark_gap")


class AttributionError(DataError):
    """Books, prices and benchmark that do not belong together."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(
            f"attribution: {fault}.\nHint: give the ledger, market and benchmark of one replay."
        )


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
        year = pl.col("date").dt.year().cast(pl.String).alias("year")
        sums = pl.col(*(f"{part}_excess" for part in PARTS), "excess_ret").sum()
        named = self.daily.rename({part: f"{part}_excess" for part in PARTS})
        whole = named.select(pl.lit("all").alias("year"), sums)
        return pl.concat([named.group_by(year).agg(sums).sort("year"), whole])


@dataclass(eq=False)
class _Book:
    """Weights at the last close: of the portfolio, whose rest is cash, and of the benchmark."""

    held: Float[ndarray, "A"]
    benchmark: Float[ndarray, "A"]
    group: Int[ndarray, "A"]

    def drift(self, growth: Float[ndarray, "A"]) -> None:
        """Move both on by close over preclose."""
        grown = self.held * growth
        self.held = grown / (grown.sum() + 1.0 - self.held.sum())
        if self.benchmark.any():
            grown = self.benchmark * growth
            self.benchmark = grown / grown.sum()


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
    market : Panel with ``close`` and ``preclose`` (adjusted), of the ledger's sessions and the
        first decision date; a stock without a row does not move
    benchmark : Panel, ``weight``, of the decision dates [D], on the market's assets; it drifts in
        between
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
    _check(ledger, market, benchmark)
    rows = ledger.daily.select("date", "ret", "benchmark_ret", "cost_yuan", "nav_yuan").to_dicts()
    place = {day: i for i, day in enumerate(market.dates.tolist())}
    decided = {day: i for i, day in enumerate(benchmark.dates.tolist())}
    held = weights_held(ledger, market.assets)
    weights = np.nan_to_num(benchmark["weight"].astype(np.float64))
    first = max(int(np.searchsorted(benchmark.dates, as_days([rows[0]["date"]])[0])) - 1, 0)
    book = _Book(np.zeros(len(market.assets)), weights[first], codes_DA[first])
    before, growth_DA = _nav_before(ledger), growth_of(market)
    found, groups = [], []
    for row in rows:
        day = row["date"]
        growth = growth_DA[place[day]]
        effects = _effects(book, growth - 1.0, len(labels))
        gross, own = float(book.held @ (growth - 1.0)), float(book.benchmark @ (growth - 1.0))
        cost = row["cost_yuan"] / before
        trading = row["ret"] - gross + cost
        parts = dict(zip(EFFECTS, (part.sum() for part in effects[2:]), strict=True))
        parts |= {"trading": trading, "cost": -cost, "benchmark_gap": own - row["benchmark_ret"]}
        found.append({"date": day, **parts, "excess_ret": row["ret"] - row["benchmark_ret"]})
        groups.append(effects)
        book.drift(growth)
        if day in held:
            book.held = held[day]
        if day in decided and weights[decided[day]].any():
            book.benchmark, book.group = weights[decided[day]], codes_DA[decided[day]]
        before = row["nav_yuan"]
    return Attribution(_table(found), _by_group(np.array(groups), labels))


def _check(ledger: Ledger, market: Panel, benchmark: Panel) -> None:
    if ledger.daily["benchmark_ret"].null_count():
        raise AttributionError("the ledger has sessions without a return of the benchmark")
    lost = ~np.isin(as_days(ledger.daily["date"]), market.dates)
    if lost.any():
        raise AttributionError(f"the market lacks {lost.sum()} sessions of the ledger")
    if not np.array_equal(market.assets, benchmark.assets):
        raise AttributionError("market and benchmark have other assets")
    unknown = set(ledger.holdings["symbol"]) - set(market.assets.tolist())
    if unknown:
        raise AttributionError(f"no prices of {', '.join(sorted(unknown)[:5])}")


def _nav_before(ledger: Ledger) -> float:
    """Value of the account before the first session."""
    first = ledger.daily.row(0, named=True)
    return float(first["nav_yuan"] / (1.0 + first["ret"]))


def weights_held(ledger: Ledger, assets: Shaped[ndarray, "A"]) -> dict[date, Float[ndarray, "A"]]:
    """Weights at the close of each rebalance, by its date.

    Parameters
    ----------
    ledger : with holdings
    assets : the axis; holdings are of some of them
    """
    column = {symbol: i for i, symbol in enumerate(assets.tolist())}
    out: dict[date, ndarray] = {}
    for (day,), part in ledger.holdings.partition_by("date", as_dict=True).items():
        weights = np.zeros(len(assets))
        places = [column[symbol] for symbol in part["symbol"]]
        weights[places] = part["weight"].to_numpy()
        out[day] = weights
    return out


def _effects(book: _Book, ret: Float[ndarray, "A"], count: int) -> Float[ndarray, "5 G"]:
    """Weight, benchmark weight and the three effects of each group, cash last."""

    def summed(values: Float[ndarray, "A"]) -> Float[ndarray, "G"]:
        return np.append(np.bincount(book.group, values, minlength=count), 0.0)

    held, benchmark = summed(book.held), summed(book.benchmark)
    held[-1] = 1.0 - held.sum()
    held_ret, own_ret = summed(book.held * ret), summed(book.benchmark * ret)
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
