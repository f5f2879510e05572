"""A set of 300 factors on 1,500 dates of 4,000 stocks: what a recipe's `sets` measures of it.

Every factor's RankIC, IC, legs, turnover and autocorrelation, and the Pearson and Spearman
correlations of all pairs, on blocks of 20 dates as the pipeline cuts them, and one report of all.
Values are drawn block by block and outside the clock: all of them would be 6.7 GiB. Memory is what
the process has at most, with the values of one block.

The peer is pandas, one date at a time: `corr` of the values and of their ranks, and
`corrwith` the returns for RankIC, without legs and turnover. Both matrices and the RankICs must
agree to 1e-6; gaps are left out pair by pair by both.

    python benchmarks/factor_sets.py            300 factors, 4,000 stocks, 1,500 dates
    python benchmarks/factor_sets.py --quick    40 factors, 1,000 stocks, 100 dates
    python benchmarks/factor_sets.py --dates 60 fewer dates
"""

import argparse
import os
import platform
import resource
from importlib.util import find_spec
from time import perf_counter, process_time

import numpy as np

from intralpha.evaluation import SetDays, SetReport, measure_days

BLOCK, WHOLE = 20, 1_500
PEER_DATES = 2
DAYS = np.arange("2018-01-05", "2048-01-01", 7, dtype="datetime64[D]")


def block(factors: int, stocks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of 21 dates, 2 % absent, and the returns that follow."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((BLOCK + 1, stocks, 1), np.float32)
    values = rng.standard_normal((BLOCK + 1, stocks, factors), np.float32) + common
    values[rng.random(values.shape, np.float32) < 0.02] = np.nan
    return values, 0.02 * rng.standard_normal((BLOCK + 1, stocks)) + 0.001 * common[..., 0]


def measured(values: np.ndarray, fwd: np.ndarray, at: int) -> tuple[SetDays, np.ndarray]:
    """What a block comes to, and the seconds: by the clock, and of all cores together."""
    mask = np.ones(fwd.shape, dtype=bool)
    names = tuple(f"f{k:03d}" for k in range(values.shape[2]))
    days, started = DAYS[at : at + len(values)], np.array([perf_counter(), process_time()])
    part = measure_days(values, {"1_6": fwd}, mask, days, names, len(names), skip=1)
    return part, np.array([perf_counter(), process_time()]) - started


def peer_ratio(values: np.ndarray, fwd: np.ndarray) -> float:
    """Seconds of pandas on some dates over ours on the same; NaN where it is not installed."""
    if not find_spec("pandas"):
        return float("nan")
    import pandas as pd

    some = values[: PEER_DATES + 1], fwd[: PEER_DATES + 1]
    part, ours = measured(*some, 0)
    found = []
    started = perf_counter()
    for value, ret in zip(*some, strict=True):
        frame, after = pd.DataFrame(value.astype(np.float64)), pd.Series(ret)
        matrices = frame.corr().to_numpy(), frame.rank().corr().to_numpy()
        found.append((*matrices, frame.corrwith(after, method="spearman").to_numpy()))
    theirs = (perf_counter() - started) * PEER_DATES / (PEER_DATES + 1)
    for d, own in enumerate(part.figures["rank_ic"]):
        np.testing.assert_allclose(own, found[d + 1][2], atol=1e-6)
    for k, own in enumerate((part.pearson.mean_NN, part.spearman.mean_NN)):
        np.testing.assert_allclose(own, np.mean([one[k] for one in found[1:]], 0), atol=1e-6)
    return theirs / float(ours[0])


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    parser.add_argument("--dates", type=int, default=WHOLE, help="dates of the whole size")
    asked = parser.parse_args()
    factors, stocks, dates = (40, 1_000, 100) if asked.quick else (300, 4_000, asked.dates)
    measured(*block(3, 200, 0), 0)  # compile
    ratio = peer_ratio(*block(factors, stocks, 1))
    parts, took = [], np.zeros(2)
    for at in range(0, dates, BLOCK):
        part, more = measured(*block(factors, stocks, at), at)
        parts.append(part)
        took += more
    seconds, of_cores = took.tolist()
    started = perf_counter()
    report = SetReport.of("set", parts, 5)
    joined = perf_counter() - started
    assert len(report.figures) == factors
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    whole = dates * stocks * factors * 4 / 2**30
    print(f"{platform.machine()}, {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}")
    print(f"{factors} factors, {stocks} stocks, {dates} dates: {whole:.2f} GiB of values")
    print(f"{seconds / 60:.1f} min, of cores {of_cores / 60:.1f}; the report of all {joined:.2f} s")
    print(
        f"RESULT minutes={(seconds + joined) / 60:.2f} dates_per_s={dates / seconds:.2f} "
        f"core_s_per_date={of_cores / dates:.2f} peak_gib={peak:.2f} x_pandas={ratio:.1f}"
    )


if __name__ == "__main__":
    main()
