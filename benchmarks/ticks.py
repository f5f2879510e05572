"""Ticks: parent orders, five tick statistics and enriched minutes, beside DuckDB and Polars.

    python benchmarks/ticks.py            20 million trades of 1,000 stocks
    python benchmarks/ticks.py --quick    2 million trades of 200 stocks
    python benchmarks/ticks.py --market   a whole market's day from its lake: 76 million trades and
                                          24 million snapshots of 5,000 stocks

The statistics are #16 to #20 of spec 3.2 and need every trade's order totals. All make them from
the same rows, in memory and with the Parquet file read, and must agree. Order ids count the orders
of a whole channel, as the exchanges number them. DuckDB is left out where it is not installed.
"""

import argparse
import os
import platform
import resource
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from common import tick_peers as peers
from numba import njit

from intralpha.base import thread_count
from intralpha.base.ahead import ahead
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.minutes import trade_minutes
from intralpha.features.level2.order_statistics import order_statistics
from intralpha.features.level2.parents import ParentTotals, parent_orders, parent_totals
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake
from intralpha.market.manifest import file_facts, read_manifest, write_manifest
from intralpha.market.schemas import TABLES
from intralpha.market.stock_parts import over_stocks
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.tick_file import write
from intralpha.market.ticks import Ticks

COLUMNS = ("time", "price", "volume", "buy_id", "sell_id", "side")
BLOCK_ROWS = 2_000_000


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _statistics(time, price, volume, side, buy, sell, bounds, theta, first, last, out) -> None:
    for s in range(first, last):
        day, big_buys, big_sells, early_buys, early_sells = 0.0, 0.0, 0.0, 0.0, 0.0
        pushed, led, squares, before, half = 1.0, 1.0, 0.0, 0.0, -1
        for i in range(bounds[s], bounds[s + 1]):
            p, t = price[i], time[i]
            amount = p * volume[i]
            day += amount
            squares += amount * (buy[i] - sell[i])
            bought, sold = buy[i] >= theta[s], sell[i] >= theta[s]
            big_buys += amount * bought
            big_sells += amount * sold
            if t < peers.OPEN or t >= peers.CLOSING:
                continue
            now = 0 if t < peers.AFTER else 1
            if t < peers.EARLY:
                early_buys += amount * bought
                early_sells += amount * sold
            if now == half and p != before:
                if bought or sold:
                    pushed *= p / before
                if t < peers.EARLY and ((side[i] > 0 and bought) or (side[i] < 0 and sold)):
                    led *= p / before
            half, before = now, p
        out[s, 0] = (big_buys + big_sells) / (2 * day)
        out[s, 1] = early_buys / (early_buys + early_sells)
        out[s, 2], out[s, 3] = pushed - 1, led - 1
        out[s, 4] = squares / (day * day)


def statistics(trades: Ticks, theta: np.ndarray) -> np.ndarray:
    """The five statistics of every stock, [S, 5]."""
    totals: ParentTotals = parent_totals(trades)
    out = np.full((len(trades.symbols), len(peers.STATISTICS)), np.nan)
    time, price, volume, side = (trades[n] for n in ("time", "price", "volume", "side"))

    def work(first: int, last: int) -> None:
        _statistics(time, price, volume, side, *totals, trades.bounds, theta, first, last, out)

    over_stocks(trades.bounds, work)
    return out


def from_lake(lake: Lake, theta: np.ndarray) -> np.ndarray:
    """The same with the file read, block by block."""
    done, parts = 0, []
    for block in ahead(read_ticks(lake, "trades", peers.ON, COLUMNS, block_rows=BLOCK_ROWS)):
        parts.append(statistics(block, theta[done : done + len(block.symbols)]))
        done += len(block.symbols)
    return np.concatenate(parts)


def agree(got: np.ndarray, symbols: np.ndarray, want: pl.DataFrame, who: str) -> None:
    """Stop if a peer has other numbers."""
    rows = want.sort("symbol")
    assert rows["symbol"].to_list() == symbols.tolist()
    other = rows.select(peers.STATISTICS).fill_null(np.nan).to_numpy()
    if not np.allclose(got, other, rtol=1e-9, atol=1e-11, equal_nan=True):
        raise SystemExit(f"{who} disagrees by {np.nanmax(np.abs(got - other), axis=0)}")
    print(f"{who}: largest difference {np.nanmax(np.abs(got - other)):.1e}")


def agree_parents(trades: Ticks, want: pl.DataFrame) -> None:
    """Stop if Polars has other orders."""
    got = parent_orders(trades)
    counts = np.diff(got.bounds)
    names = pl.Series(trades.symbols.tolist()).gather(np.repeat(np.arange(len(counts)), counts))
    key = ["symbol", "side", "id"]
    mine = pl.DataFrame({"symbol": names, **got.columns}).sort(key)
    other = want.sort(key)
    same = all(mine[n].equals(other[n].cast(mine[n].dtype)) for n in mine.columns if n != "amount")
    if not same or not np.allclose(mine["amount"], other["amount"], rtol=1e-12, atol=0):
        raise SystemExit("Polars has other parent orders")
    print(f"{len(mine):,} parent orders, the same as those of Polars")


def write_table(lake: Lake, table: str, blocks: list[Ticks], whole: bool = False) -> None:
    """A day's file of a table, written as the lake writes it, and its line in the manifest."""
    path = lake.root / f"{table}/date={peers.ON}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)

    def shaped(block: Ticks) -> pl.DataFrame:
        frame = peers.to_frame(block)
        if whole:
            missing = [c for c in TABLES[table].columns if c not in frame.columns]
            frame = frame.with_columns(pl.lit(None).alias(c) for c in missing)
        return frame.select(pl.col(c).cast(t) for c, t in TABLES[table].columns.items())

    rows = write(path, map(shaped, blocks))
    files = read_manifest(lake.root)
    write_manifest(lake.root, files | {f"{table}/date={peers.ON}.parquet": file_facts(path, rows)})


def make_snapshots(symbols: np.ndarray, seed: int) -> Ticks:
    """A book every 3 seconds of the session: what the minutes need, prices walking by ticks."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([np.arange(34_200_000, 41_400_001, 3000),
                            np.arange(46_800_000, 53_820_000, 3000)])  # fmt: skip
    n, total = len(times), len(times) * len(symbols)
    steps = rng.integers(-1, 2, (len(symbols), n), dtype=np.int8)
    tick = np.maximum(1500 + np.cumsum(steps, axis=1, dtype=np.int32), 100).ravel()
    columns = {
        "time": np.tile(times, len(symbols)).astype(np.int32),
        "last": tick / 100,
        "volume": np.zeros(total, np.int64),
        "amount": np.zeros(total),
        "bid_price1": tick / 100,
        "ask_price1": (tick + 1) / 100,
    }
    for side in ("bid", "ask"):
        for level in range(1, 11):
            shares = rng.integers(1, 500, total, dtype=np.int16).astype(np.int64)
            columns[f"{side}_volume{level}"] = 100 * shares
    bounds = np.arange(0, total + 1, n)
    return Ticks(peers.ON, "snapshots", symbols, bounds, columns)


def compare(n_trades: int, n_stocks: int, folder: Path) -> None:
    """Measure ours and the peers, print a table and the line of results."""
    trades = peers.make_trades(n_trades, n_stocks)
    lake = Lake(folder / "lake", create=True)
    write_table(lake, "trades", [trades])
    found = order_statistics(trades)
    mean = found.log_sum / found.count
    theta = np.exp(mean + np.sqrt(found.log_squares / found.count - mean**2))
    few, preclose = trades.slice(0, 2), np.full(n_stocks, 10.0)
    statistics(few, theta)
    parent_orders(few)
    trade_minutes(few, parent_totals(few), theta[:2], preclose[:2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    own = peers.make_trades(n_trades, n_stocks, shared_ids=False)
    totals = parent_totals(trades)
    work = {
        "order totals, ours, memory": lambda: parent_totals(trades),
        "order totals, ours, ids of the stock": lambda: parent_totals(own),
        "parents, ours, memory": lambda: parent_orders(trades),
        "statistics, ours, memory": lambda: statistics(trades, theta),
        "statistics, ours, Parquet": lambda: from_lake(lake, theta),
        "day statistics of orders, ours, memory": lambda: order_statistics(trades),
        "minutes from totals, ours, memory": lambda: trade_minutes(trades, totals, theta, preclose),
    }
    rates = {name: len(trades) / peers.best_of(job, 3) for name, job in work.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    del own, totals
    frame, path = peers.to_frame(trades), lake.root / f"trades/date={peers.ON}.parquet"
    got = statistics(trades, theta)
    assert np.array_equal(got, from_lake(lake, theta), equal_nan=True)
    table = pl.DataFrame({"symbol": trades.symbols.tolist(), "theta": theta})
    for name, job in peers.contenders(frame, path, table).items():
        result = job()
        if name.startswith("statistics"):
            agree(got, trades.symbols, result, name)
        elif name == "parents, Polars, memory":
            agree_parents(trades, result)
        del result
        rates[name] = len(trades) / peers.best_of(job, 2)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {thread_count()} threads"
    print(f"{machine}; {len(trades):,} trades of {n_stocks:,} stocks")
    for name, rate in rates.items():
        print(f"{name:42}{rate / 1e6:10.1f} M trades/s")
    print(f"peak memory of ours {peak:.2f} GiB, of it before {before:.2f} GiB (the trades)")

    def times_faster(peer: str, where: str) -> float:
        return rates[f"statistics, ours, {where}"] / rates.get(
            f"statistics, {peer}, {where}", np.nan
        )

    print(
        f"RESULT x_duckdb_memory={times_faster('DuckDB', 'memory'):.1f} "
        f"x_duckdb_parquet={times_faster('DuckDB', 'Parquet'):.1f} "
        f"x_polars_memory={times_faster('Polars', 'memory'):.1f} "
        f"x_polars_parquet={times_faster('Polars', 'Parquet'):.1f} "
        f"trades_per_s={rates['statistics, ours, memory']:.3g}"
    )


def whole_market(folder: Path, n_trades: int, n_stocks: int) -> None:
    """A day of a whole market: made in another process, so that its memory does not count."""
    pid = os.fork()
    if pid == 0:
        trades = peers.make_trades(n_trades, n_stocks)
        lake = Lake(folder / "lake", create=True)
        write_table(lake, "trades", [trades.slice(i, i + 250) for i in range(0, n_stocks, 250)])
        steps = range(0, n_stocks, 250)
        books = (make_snapshots(trades.symbols[i : i + 250], i) for i in steps)
        write_table(lake, "snapshots", books, whole=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    lake = Lake(folder / "lake")
    sizes = {t: sum(p.stat().st_size for p in (lake.root / t).glob("*")) / 2**30
             for t in ("trades", "snapshots")}  # fmt: skip
    print(", ".join(f"{t} {size:.2f} GiB" for t, size in sizes.items()))
    started = perf_counter()
    report = enrich(lake, np.array([np.datetime64(peers.ON)]), show_progress=False)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(report.to_text())
    fixed, again = BigOrderSpec(rule="fixed_200k"), perf_counter()
    enrich(lake, lake.dates("trades"), fixed, show_progress=False)
    print(f"another rule, every bar replaced: {perf_counter() - again:.1f} s")
    most, again = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, perf_counter()
    assert enrich(lake, lake.dates("trades"), fixed, show_progress=False).done == (peers.ON,)
    print(f"the same again, nothing to do: {perf_counter() - again:.2f} s")
    events = report.counts[0].trades + report.counts[0].snapshots
    print(
        f"RESULT seconds={seconds:.1f} events={events} events_per_s={events / seconds:.3g} "
        f"trades_per_s={report.counts[0].trades / seconds:.3g} peak_gib={peak:.2f} "
        f"peak_gib_replacing={most:.2f}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 million trades, under a minute")
    parser.add_argument("--market", action="store_true", help="a whole market's day from a lake")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.market:
            few = (1_000_000, 200) if given.quick else (76_000_000, 5_000)
            whole_market(Path(folder), *few)
        else:
            compare(*((2_000_000, 200) if given.quick else (20_000_000, 1_000)), Path(folder))


if __name__ == "__main__":
    main()
