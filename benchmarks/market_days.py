"""A whole simulated market, day by day: seconds a day and peak memory, bars alone and with ticks.

    python benchmarks/market_days.py            4,995 stocks, 6 sessions
    python benchmarks/market_days.py --quick    500 stocks, 3 sessions

The peer is the same market on one thread; there is no other tool that makes it.
"""

import argparse
import os
import platform
import resource
from datetime import date
from time import perf_counter

from intralpha.base import thread_count
from intralpha.sources import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.floor import Floor


def seconds_a_day(spec: SimulatedSpec) -> tuple[float, int]:
    """Wall time of a session with all its rows, and the rows a session."""
    started, sessions, rows = perf_counter(), 0, 0
    for batch in SimulatedMarket(spec).batches():
        sessions += batch.table == "bars"
        rows += batch.frame.height
    return (perf_counter() - started) / sessions, rows // sessions


def trading_seconds(spec: SimulatedSpec, threads: int) -> float:
    """Wall time of trading one session, without tables."""
    market, floor = SimulatedMarket(spec), Floor(spec.seed, spec.habits, threads)
    first, second, *_ = market.days()
    floor.minutes(first)  # compile, and make the books
    started = perf_counter()
    floor.minutes(second)
    return perf_counter() - started


def main() -> None:
    """Run and print one line a table, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer stocks, under a minute")
    quick = parser.parse_args().quick
    size = {"n_assets": 500, "end": date(2023, 1, 5)} if quick else {"end": date(2023, 1, 10)}
    spec = SimulatedSpec.model_validate({"preset": "market", "freq": 1} | size)
    threads = thread_count()
    faster = trading_seconds(spec, 1) / trading_seconds(spec, threads)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {spec.n_assets:,} stocks")
    out = {}
    for name, ticks in (("bars", ()), ("ticks", ("trades", "orders"))):
        seconds, rows = seconds_a_day(spec.model_copy(update={"ticks": ticks}))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        out[name] = (seconds, peak)
        print(f"{name:6} {seconds:6.2f} s a day, {rows:12,} rows a day, peak {peak:.2f} GiB")
    print(
        f"RESULT x_one_thread={faster:.2f} s_per_day_bars={out['bars'][0]:.2f} "
        f"s_per_day_ticks={out['ticks'][0]:.2f} peak_gib_bars={out['bars'][1]:.2f} "
        f"peak_gib_ticks={out['ticks'][1]:.2f}"
    )


if __name__ == "__main__":
    main()
