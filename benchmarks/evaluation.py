"""The test of a factor: our pass against Polars, pandas, NumPy and alphalens-reloaded.

Everyone measures the same things on the same scores: RankIC of every date, mean forward return of
ten groups of every date, and turnover of the top group. RankIC must agree to 1e-9, or the
benchmark fails. Inputs are laid out as each contender likes them before the clock starts: arrays
``[D, A]`` for us and NumPy, a sorted long table for Polars and pandas, a quantised table for
alphalens, whose first call imports what it needs. All may use every core. The slow ones get fewer
dates; what is compared is dates a second. `whole page` is what a report asks of our pass: two
horizons, IC, autocorrelation and the decay at five lags besides; `bytes` is one sum over the input,
the floor that memory sets.

    python benchmarks/evaluation.py            1,500 dates of 4,000 stocks
    python benchmarks/evaluation.py --quick    100 dates of 2,000 stocks
"""

import argparse
import os
import platform
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter

import numpy as np
import polars as pl
from scipy import stats

from intralpha.evaluation import quantile_groups, sweep

GROUPS, SHARE, LAGS = 10, 0.1, (0, 5, 10, 15, 20)
Outcome = tuple[np.ndarray, np.ndarray, np.ndarray]


def make_data(dates: int, stocks: int) -> tuple[np.ndarray, np.ndarray]:
    """A persistent score and forward returns with a little of it; 3 % absent, other names daily."""
    rng = np.random.default_rng(0)
    score = np.empty((dates, stocks))
    score[0] = rng.standard_normal(stocks)
    for d in range(1, dates):
        score[d] = 0.9 * score[d - 1] + 0.436 * rng.standard_normal(stocks)
    fwd = 0.05 * rng.standard_normal((dates, stocks)) + 0.002 * score
    score[rng.random(score.shape) < 0.03] = np.nan
    return score, fwd


def with_intralpha(score: np.ndarray, fwd: np.ndarray) -> Outcome:
    """One call, which measures the bottom group besides."""
    found = sweep(score, {"1D": fwd}, n_groups=GROUPS, share=SHARE)
    return found.rank_ic["1D"], found.groups_DG, found.top.turnover_D


def whole_page(score: np.ndarray, fwd: np.ndarray) -> Outcome:
    """What a report of one factor asks."""
    rets = {"1D": fwd, "2D": fwd[::-1]}
    found = sweep(score, rets, n_groups=GROUPS, share=SHARE, lags=LAGS, pearson=True)
    return found.rank_ic["1D"], found.groups_DG, found.top.turnover_D


def bytes_alone(score: np.ndarray, fwd: np.ndarray) -> Outcome:
    """Reading the input once."""
    return score.sum(axis=1), fwd.sum(axis=1), score[:, 0]


def with_numpy(score: np.ndarray, fwd: np.ndarray) -> Outcome:
    """A loop over dates with scipy's ranks."""
    ic, groups = np.empty(len(score)), np.empty((len(score), GROUPS))
    traded, before = np.empty(len(score)), np.zeros(score.shape[1])
    for d in range(len(score)):
        there = np.flatnonzero(np.isfinite(score[d]))
        rank = stats.rankdata(score[d, there])
        ic[d] = np.corrcoef(rank, stats.rankdata(fwd[d, there]))[0, 1]
        group = ((rank - 1) * GROUPS // len(there)).astype(int)
        total = np.bincount(group, fwd[d, there], GROUPS)
        groups[d] = total / np.bincount(group, minlength=GROUPS)
        weights = np.zeros(score.shape[1])
        top = there[group == GROUPS - 1]
        weights[top] = 1 / len(top)
        traded[d] = np.abs(weights - before).sum()
        before = weights
    return ic, groups, traded


def to_table(score: np.ndarray, fwd: np.ndarray) -> pl.DataFrame:
    """Long table date, asset, score, fwd without absent scores."""
    days, stocks = score.shape
    return pl.DataFrame(
        {
            "date": np.repeat(np.arange(days, dtype=np.int32), stocks),
            "asset": np.tile(np.arange(stocks, dtype=np.int32), days),
            "score": score.ravel(),
            "fwd": fwd.ravel(),
        }
    ).filter(pl.col("score").is_not_nan())


def with_polars(table: pl.DataFrame) -> Outcome:
    """Ranks over dates, then group-bys; turnover by a self-join of the top group."""
    rank = pl.col("score").rank().over("date")
    ranked = table.lazy().with_columns(
        rank=rank,
        fwd_rank=pl.col("fwd").rank().over("date"),
        group=((rank - 1) * GROUPS / pl.len().over("date")).floor().cast(pl.Int8),
    )
    ic = ranked.group_by("date").agg(ic=pl.corr("rank", "fwd_rank")).sort("date")
    groups = ranked.group_by("date", "group").agg(pl.col("fwd").mean()).sort("date", "group")
    top = ranked.filter(pl.col("group") == GROUPS - 1).select(
        "date", "asset", weight=1 / pl.len().over("date")
    )
    past = top.with_columns(pl.col("date") + 1).rename({"weight": "past"})
    change = pl.col("weight").fill_null(0) - pl.col("past").fill_null(0)
    traded = (
        top.join(past, on=["date", "asset"], how="full", coalesce=True)
        .group_by("date")
        .agg(change.abs().sum())
        .sort("date")
    )
    one, two, three = pl.collect_all([ic, groups, traded])
    days = one.height
    return (
        one["ic"].to_numpy(),
        two["fwd"].to_numpy().reshape(days, GROUPS),
        three["weight"].to_numpy()[:days],
    )


def with_pandas(table: object) -> Outcome:
    """Ranks within dates, then group-bys; RankIC from the sums of the ranks."""
    import pandas as pd

    frame = table.copy(deep=False)  # type: ignore[attr-defined]
    by_date = frame.groupby("date", sort=True)
    frame["rank"], frame["fwd_rank"] = by_date["score"].rank(), by_date["fwd"].rank()
    frame["size"] = by_date["score"].transform("size")
    frame["group"] = ((frame["rank"] - 1) * GROUPS // frame["size"]).astype(np.int8)
    frame["xy"] = frame["rank"] * frame["fwd_rank"]
    frame["xx"], frame["yy"] = frame["rank"] ** 2, frame["fwd_rank"] ** 2
    mean = frame.groupby("date")[["rank", "fwd_rank", "xy", "xx", "yy"]].mean()
    both = mean["xy"] - mean["rank"] * mean["fwd_rank"]
    own = (mean["xx"] - mean["rank"] ** 2) * (mean["yy"] - mean["fwd_rank"] ** 2)
    groups = frame.groupby(["date", "group"])["fwd"].mean().unstack("group")
    top = frame.loc[frame["group"] == GROUPS - 1, ["date", "asset"]]
    held = pd.crosstab(top["date"], top["asset"]).astype(np.float64)
    weights = held.div(held.sum(axis=1), axis=0)
    traded = weights.diff().abs().sum(axis=1)
    return (both / np.sqrt(own)).to_numpy(), groups.to_numpy(), traded.to_numpy()


def to_alphalens(score: np.ndarray, fwd: np.ndarray) -> object:
    """Their table, with our groups as its quantiles."""
    import pandas as pd

    index = pd.MultiIndex.from_product(
        [pd.date_range("2020-01-01", periods=len(score)), range(score.shape[1])],
        names=["date", "asset"],
    )
    frame = pd.DataFrame({"1D": fwd.ravel(), "factor": score.ravel()}, index=index)
    frame["factor_quantile"] = quantile_groups(score, GROUPS).ravel()
    return frame[np.isfinite(score).ravel()]


def with_alphalens(frame: object) -> Outcome:
    """Three calls of its performance module."""
    from alphalens import performance

    ic = performance.factor_information_coefficient(frame)["1D"].to_numpy()
    by_group = performance.mean_return_by_quantile(frame, by_date=True, demeaned=False)[0]
    quantile = frame["factor_quantile"]  # type: ignore[index]
    traded = performance.quantile_turnover(quantile, GROUPS, 1)
    return ic, by_group["1D"].unstack("factor_quantile").to_numpy(), 2 * traded.to_numpy()


def dates_a_second(work: Callable[[], Outcome], dates: int, rounds: int) -> tuple[float, Outcome]:
    """Best of a few rounds, and the outcome."""
    seconds, out = [], None
    for _ in range(rounds):
        started = perf_counter()
        out = work()
        seconds.append(perf_counter() - started)
    assert out is not None
    return dates / min(seconds), out


def main() -> None:
    """Run and print one line a contender, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    dates, stocks = (100, 2_000) if parser.parse_args().quick else (1_500, 4_000)
    warnings.simplefilter("ignore")
    score, fwd = make_data(dates, stocks)
    few = min(dates, 50)
    whole_page(score[:30], fwd[:30])  # compile
    table = to_table(score, fwd)
    runs = {
        "intralpha": dates_a_second(lambda: with_intralpha(score, fwd), dates, 7),
        "whole page": dates_a_second(lambda: whole_page(score, fwd), dates, 5),
        "NumPy and SciPy": dates_a_second(lambda: with_numpy(score, fwd), dates, 2),
        "Polars": dates_a_second(lambda: with_polars(table), dates, 3),
    }
    if find_spec("pandas"):
        part = table.filter(pl.col("date") < 3 * few).to_pandas()
        runs["pandas"] = dates_a_second(lambda: with_pandas(part), min(3 * few, dates), 2)
    if find_spec("alphalens"):
        frame = to_alphalens(score[:few], fwd[:few])
        runs["alphalens at first"] = dates_a_second(lambda: with_alphalens(frame), few, 1)
        runs["alphalens"] = dates_a_second(lambda: with_alphalens(frame), few, 3)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {dates} dates of {stocks} stocks")
    speed, (ic, groups, traded) = runs["intralpha"]
    for name, (rate, other) in runs.items():
        print(f"{name:18} {rate:10,.1f} dates/s")
        n = len(other[0])
        np.testing.assert_allclose(other[0], ic[:n], atol=1e-9)
        np.testing.assert_allclose(other[1].mean(axis=1), groups[:n].mean(axis=1), atol=1e-4)
        np.testing.assert_allclose(np.nanmean(other[2][1:n]), np.nanmean(traded[1:n]), rtol=0.02)
    floor, _ = dates_a_second(lambda: bytes_alone(score, fwd), dates, 5)
    print(f"{'bytes':18} {floor:10,.1f} dates/s")
    ratio = {name: speed / rate for name, (rate, _) in runs.items()}
    print(
        f"RESULT x_polars={ratio['Polars']:.2f} x_numpy={ratio['NumPy and SciPy']:.2f} "
        f"x_pandas={ratio.get('pandas', float('nan')):.2f} "
        f"x_alphalens={ratio.get('alphalens', float('nan')):.2f} "
        f"x_alphalens_at_first={ratio.get('alphalens at first', float('nan')):.2f} "
        f"dates_per_s={speed:.1f} "
        f"page_dates_per_s={runs['whole page'][0]:.1f}"
    )


if __name__ == "__main__":
    main()
