"""Libraries over a whole market from its lake: seconds a day, a new day, a new factor, memory.

    python benchmarks/whole_market.py               4,995 simulated stocks, 24 sessions of minutes
    python benchmarks/whole_market.py --lake DIR    another lake of minutes
    python benchmarks/whole_market.py --quick       300 stocks

The last four sessions are computed (equal-volume bars look back on the twenty before), first from
Parquet, then from the flat cache, then once more from the kept values. The peer is the same work
without anything kept.
"""

import argparse
import os
import platform
import resource
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from intralpha.base import thread_count
from intralpha.features import LibrarySpec
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest

DAYS = 4
LIBRARIES = ("minute15", "minute100", "volume100", "ms22", "bar64_30")


def timed(lake: Lake, days: np.ndarray, assets: np.ndarray, **settings: object) -> float:
    """Seconds to compute a library."""
    features = LibrarySpec(base_freq=1, **settings).make()
    started = perf_counter()
    features.compute(lake, days, assets)
    return perf_counter() - started


def market(folder: Path, quick: bool) -> Lake:
    """A simulated market of minutes."""
    lake = Lake(folder, create=True)
    size = {"n_assets": 300} if quick else {}
    spec = {"preset": "market", "end": date(2023, 2, 10), "freq": 1} | size
    ingest([SimulatedSpec.model_validate(spec)], lake, show_progress=False)
    return lake


def main() -> None:
    """Print a table and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", type=Path, help="a lake with bars of one minute")
    parser.add_argument("--quick", action="store_true", help="300 stocks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(given.lake) if given.lake else market(Path(folder) / "lake", given.quick)
        days = lake.dates("bars", 1)
        table = lake.scan("instruments").filter(pl.col("board") != "index").collect()
        assets = np.array(sorted(table["symbol"]))
        last = days[-DAYS:]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{platform.machine()}, {os.cpu_count()} cores, {thread_count()} threads")
        print(f"{len(assets):,} stocks, {DAYS} of {len(days)} sessions; s a day")
        print(f"{'library':12}{'nothing kept':>14}{'first':>10}{'kept':>10}{'a day kept':>14}")
        totals = np.zeros(3)
        for name in LIBRARIES:
            plain = timed(lake, last, assets, library=name, cache=False)
            plain = min(plain, timed(lake, last, assets, library=name, cache=False))
            first = timed(lake, last, assets, library=name)
            kept = timed(lake, last, assets, library=name)
            one = timed(lake, last[-1:], assets, library=name)
            totals += (plain, kept, one)
            print(
                f"{name:12}{plain / DAYS:14.3f}{first / DAYS:10.3f}{kept / DAYS:10.3f}{one:14.3f}"
            )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    year = 250 * totals[0] / DAYS / 60
    print(f"a year of all {len(LIBRARIES)} libraries, nothing kept: {year:.1f} minutes")
    print(
        f"RESULT x_kept={totals[0] / totals[1]:.1f} s_per_day={totals[0] / DAYS:.2f} "
        f"minutes_a_year={year:.1f} peak_gib={peak:.2f} peak_gib_before={before:.2f}"
    )


if __name__ == "__main__":
    main()
