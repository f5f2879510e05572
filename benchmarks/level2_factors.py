"""Level-2 factors from a lake: rows a second, memory, and Polars on the same rows.

    python benchmarks/level2_factors.py            a simulated session of 400 stocks
    python benchmarks/level2_factors.py --quick    one of 40 stocks
    python benchmarks/level2_factors.py --long     1,000 stocks with as many rows as real ones have:
                                                   15 million trades, 24 million orders
    python benchmarks/level2_factors.py --market   5,000 stocks of that kind, without Polars

Each library runs in a process of its own, from the Parquet files of the lake: "first" makes its
values (kernels are compiled, nothing is kept; the best of three), "again" finds them kept, and the
peak is that of the process. Polars makes nine factors that come straight from rows, #16 to #20 and
#24 to #27 of spec 3.2 and 3.3, and must agree.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import polars as pl
from common import tick_peers as peers
from common.level2_market import last_session, long_day, simulated
from polars import col, when

from intralpha.base import thread_count
from intralpha.features import LibrarySpec, load_library
from intralpha.features.level2.thresholds import BigOrderSpec, thresholds
from intralpha.market import Lake
from intralpha.market.bar_day import CACHE

ROWS = {"level2_trades": "trades", "level2_parents": "trades", "level2_orders": "orders",
        "tick100": "snapshots", "level2_minutes": "bars", "bar64_level2_30": "bars",
        "hand_made_minutes": "bars", "l2": "", "hf27": ""}  # fmt: skip
ORDER_FACTORS = ("skew_order_diff", "kurt_order_diff", "early_kurt_order",
                 "corr_buyorder_volume_price")  # fmt: skip
NINE = (*peers.STATISTICS, *ORDER_FACTORS)


def assets_of(lake: Lake) -> np.ndarray:
    """Its stocks."""
    rows = lake.scan("instruments").filter(pl.col("board") != "index").collect()
    return np.array(sorted(rows["symbol"]))


def drop_kept(lake: Lake) -> None:
    """Forget values of factors."""
    rmtree(lake.root / CACHE / "factors", ignore_errors=True)


def peak_gib() -> float:
    """Most memory that this process held; ``getrusage`` would count the one that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 2**20 if found else float("nan")


def measure(root: Path, library: str) -> dict[str, float]:
    """Seconds of the first and of another call, and the peak of this process, GiB."""
    lake, features = Lake(root), LibrarySpec(library=library).make()
    day, assets = np.array([last_session(lake)]), assets_of(lake)
    LibrarySpec(library=library, cache=False).make().compute(lake, day, assets[:2])
    before = peak_gib()
    first = float("inf")
    for _ in range(3):
        drop_kept(lake)
        started = perf_counter()
        features.compute(lake, day, assets)
        first = min(first, perf_counter() - started)
    again = peers.best_of(lambda: features.compute(lake, day, assets), 3)
    return {"first": first, "again": again, "before": before, "peak": peak_gib()}


def in_a_process(root: Path, library: str) -> dict[str, float]:
    """The same in a fresh process."""
    command = [sys.executable, __file__, "--of", library, "--lake", str(root)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def count_rows(lake: Lake, table: str) -> int:
    """Rows of the session that is measured."""
    on = last_session(lake)
    freq = 1 if table == "bars" else None
    return int(lake.scan(table, on, on, freq).select(pl.len()).collect().item())


def polars_orders(rows: pl.LazyFrame) -> pl.DataFrame:
    """The four order factors of every stock."""
    morning = (col("time") >= peers.OPEN) & (col("time") <= peers.NOON)
    afternoon = (col("time") >= peers.AFTER) & (col("time") < peers.CLOSING)
    q, buy, sell = col("volume").cast(pl.Float64), col("side") > 0, col("side") < 0
    priced, early = buy & (col("price") > 0), col("time") < peers.EARLY

    def if_enough(mask: pl.Expr, value: pl.Expr, least: int = 50) -> pl.Expr:
        return when(mask.sum() >= least).then(value)

    bids, asks = q.filter(buy), q.filter(sell)
    return (
        rows.filter(~col("cancel") & (morning | afternoon))
        .group_by("symbol")
        .agg(
            skew_order_diff=if_enough(buy, bids.skew()) - if_enough(sell, asks.skew()),
            kurt_order_diff=if_enough(buy, bids.kurtosis()) - if_enough(sell, asks.kurtosis()),
            early_kurt_order=if_enough(early, q.filter(early).kurtosis(), 20),
            corr_buyorder_volume_price=if_enough(
                priced, pl.corr(q.filter(priced), col("price").filter(priced))
            ),
        )
        .collect()
    )


def polars_nine(lake: Lake, theta: pl.DataFrame) -> pl.DataFrame:
    """Nine factors from the files of trades and orders."""
    on = last_session(lake)
    trades = pl.scan_parquet(lake.root / f"trades/date={on}.parquet")
    orders = pl.scan_parquet(lake.root / f"orders/date={on}.parquet")
    made = peers.polars_statistics(trades, theta), polars_orders(orders)
    return made[0].join(made[1], on="symbol", how="full", coalesce=True)


def our_nine(lake: Lake, cache: bool) -> dict[str, np.ndarray]:
    """The same from our libraries, one value a stock."""
    day, assets, out = np.array([last_session(lake)]), assets_of(lake), {}
    for name in ("level2_trades", "level2_parents", "level2_orders"):
        wanted = tuple(f.name for f in load_library(name).factors if f.name in NINE)
        features = LibrarySpec(library=name, names=wanted, cache=cache).make()
        panel = features.compute(lake, day, assets)
        out |= {n: panel[n][0] for n in wanted}
    return out


def agree(lake: Lake, ours: dict[str, np.ndarray], theirs: pl.DataFrame) -> None:
    """Stop if Polars has other numbers; stocks at a limit of the day are left out."""
    on, assets = last_session(lake), assets_of(lake)
    at_limit = (col("high") >= col("up_limit")) | (col("low") <= col("down_limit"))
    free = lake.scan("daily", on, on).filter(~at_limit.fill_null(False)).collect()["symbol"]
    table = pl.DataFrame({"symbol": assets.tolist()}).join(theirs, "symbol", how="left")
    kept = np.isin(assets, free.to_numpy().astype(str)) & table[NINE[0]].is_not_null().to_numpy()
    for name in NINE:
        want = table[name].fill_null(np.nan).to_numpy()[kept]
        got = ours[name][kept]
        if not np.allclose(got, want, rtol=2e-4, atol=1e-6, equal_nan=True):
            raise SystemExit(f"Polars disagrees: {name} by {np.nanmax(np.abs(got - want))}")
    print(f"{int(kept.sum())} stocks, {len(NINE)} factors: the same as those of Polars")


def beside_polars(lake: Lake) -> float:
    """How many times faster; both from the Parquet files."""
    symbols = assets_of(lake)
    theta = thresholds(lake, last_session(lake), BigOrderSpec()).of(symbols)[0]
    table = pl.DataFrame({"symbol": symbols.tolist(), "theta": theta})
    agree(lake, our_nine(lake, cache=False), polars_nine(lake, table))
    ours = peers.best_of(lambda: our_nine(lake, cache=False), 3)
    theirs = peers.best_of(lambda: polars_nine(lake, table), 2)
    print(f"nine factors: ours {ours:.2f} s, Polars {theirs:.2f} s")
    return theirs / ours


def compare(make: Callable[[Path], Lake], folder: Path, with_polars: bool) -> None:
    """Measure every library, print a table and the line of results."""
    started = perf_counter()
    lake = make(folder)
    print(f"the lake took {perf_counter() - started:.0f} s")
    stocks = len(assets_of(lake))
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {thread_count()} threads; {stocks} stocks"
    )
    heads = f"{'first, s':>10}{'M rows/s':>10}{'again, s':>10}{'peak, GiB':>11}"
    print(f"{'library':20}{'rows':>12}{heads}")
    found = {}
    for library, table in ROWS.items():
        found[library] = one = in_a_process(lake.root, library)
        rows = count_rows(lake, table) if table else 0
        rate = f"{rows / one['first'] / 1e6:.1f}" if rows else ""
        print(
            f"{library:20}{rows or '':>12}{one['first']:10.2f}{rate:>10}{one['again']:10.3f}"
            f"{one['peak']:11.2f}"
        )
    before = max(one["before"] for one in found.values())
    print(f"peak before the call at most {before:.2f} GiB (Python and its libraries)")
    faster = beside_polars(lake) if with_polars else float("nan")
    print(
        f"RESULT x_polars={faster:.1f} "
        + " ".join(f"{name}_s={one['first']:.2f}" for name, one in found.items())
        + f" peak_gib={max(one['peak'] for one in found.values()):.2f}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="40 stocks, under a minute")
    parser.add_argument("--long", action="store_true", help="1,000 stocks, rows as real ones have")
    parser.add_argument("--market", action="store_true", help="5,000 such stocks")
    parser.add_argument("--of", help="measure one library here")
    parser.add_argument("--lake", type=Path, help="the lake that it reads")
    given = parser.parse_args()
    if given.of:
        print(json.dumps(measure(given.lake, given.of)))
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        if given.market:
            compare(lambda f: long_day(f, 5_000, 76_000_000), folder, with_polars=False)
        elif given.long:
            compare(lambda f: long_day(f, 1_000, 15_000_000), folder, with_polars=True)
        else:
            stocks = 40 if given.quick else 400
            compare(lambda f: simulated(f, stocks), folder, with_polars=True)


if __name__ == "__main__":
    main()
