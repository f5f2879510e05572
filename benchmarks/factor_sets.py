"""A set of 300 factors on the dates of one slice: what a recipe's `sets` measures of each block.

Every factor's RankIC, IC, legs, turnover and autocorrelation, and the Pearson and Spearman
correlations of all pairs, on blocks of 20 dates as the pipeline cuts them, one after the other. The
peer does the two matrices alone: `pandas.DataFrame.corr` of one date's table; they must agree to
1e-6 for Pearson (gaps are left out pair by pair by both). Memory is what the process has at most,
with the values of one block.

    python benchmarks/factor_sets.py            300 factors, 4,000 stocks, 100 dates
    python benchmarks/factor_sets.py --quick    40 factors, 1,000 stocks, 40 dates
"""

import argparse
import os
import platform
import resource
from importlib.util import find_spec
from time import perf_counter

import numpy as np

from intralpha.evaluation import SetReport, measure_days, pair_correlations

BLOCK, WHOLE = 20, 1_500


def block(factors: int, stocks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of 21 dates, 2 % absent, and the returns that follow."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((BLOCK + 1, stocks, 1), np.float32)
    values = rng.standard_normal((BLOCK + 1, stocks, factors), np.float32) + common
    values[rng.random(values.shape, np.float32) < 0.02] = np.nan
    return values, 0.02 * rng.standard_normal((BLOCK + 1, stocks)) + 0.001 * common[..., 0]


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    factors, stocks, dates = (40, 1_000, 40) if parser.parse_args().quick else (300, 4_000, 100)
    names = tuple(f"f{k:03d}" for k in range(factors))
    days = np.arange("2018-01-05", "2030-01-01", 7, dtype="datetime64[D]")
    mask = np.ones((BLOCK + 1, stocks), dtype=bool)
    values, fwd = block(3, 200, 0)
    measure_days(values, {"1_6": fwd}, mask[:, :200], days[:21], ("a", "b", "c"), 3)  # compile
    parts, seconds = [], 0.0
    for at in range(0, dates, BLOCK):
        values, fwd = block(factors, stocks, at)
        some, started = days[at : at + BLOCK + 1], perf_counter()
        parts.append(measure_days(values, {"1_6": fwd}, mask, some, names, factors, skip=1))
        seconds += perf_counter() - started
    started = perf_counter()
    SetReport.of("set", parts, 5)
    joined = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    started = perf_counter()
    own = pair_correlations(values[-1].T.astype(np.float64))
    ours = perf_counter() - started
    ratio = float("nan")
    if find_spec("pandas"):
        import pandas as pd

        frame = pd.DataFrame(values[-1].astype(np.float64))
        started = perf_counter()
        theirs = frame.corr().to_numpy()
        ratio = (perf_counter() - started) / ours
        np.testing.assert_allclose(own, theirs, atol=1e-6)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {factors} factors of {stocks} stocks")
    rate = dates / seconds
    print(f"{rate:.2f} dates/s; {WHOLE} dates in {WHOLE / rate / 60:.1f} min; join {joined:.2f} s")
    print(
        f"RESULT dates_per_s={rate:.2f} minutes_of_1500={WHOLE / rate / 60:.1f} "
        f"peak_gib={peak:.2f} x_pandas_corr={ratio:.2f}"
    )


if __name__ == "__main__":
    main()
