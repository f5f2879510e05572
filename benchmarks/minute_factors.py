"""Minute factors: our engine beside Polars, DuckDB and pandas, in memory, from files and cache.

    python benchmarks/minute_factors.py            5,000 stocks, 20 days for us, 4 for the peers
    python benchmarks/minute_factors.py --quick    500 stocks, 4 days

All make the 15 minute factors of spec 3.1 from the same rows, and must agree. "Polars, plain" is
written with windows and groups over date and symbol; "Polars" takes the sorted grid for granted
and is as fast as we could make it. DuckDB and pandas are left out where they are not installed.
"""

import argparse
import os
import platform
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import minute_peers as peers
import numpy as np
import polars as pl
from numba import njit, prange

from intralpha.base import thread_count
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program, assemble
from intralpha.features.engine.volume_bars import SessionRows, VolumeBarWindow, run_bars
from intralpha.features.frames import vocabulary
from intralpha.features.language.compile import Compiler
from intralpha.features.language.graph import Graph
from intralpha.features.libraries import load_library
from intralpha.market.bar_day import FIELDS

MINUTES = 240
SETS = {"minute15": ("minute15",), "115": ("minute15", "minute100")}


def programme(*libraries: str) -> Program:
    """One program for all their factors."""
    graph, outputs = Graph(), []
    compiler = Compiler(vocabulary("minute"), graph)
    for name in libraries:
        outputs += [compiler.factor(f.expr, f.on_locked) for f in load_library(name).factors]
    return assemble(graph, outputs, FIELDS)


def rows_of(program: Program, values: np.ndarray, day: peers.Day) -> Rows:
    """A day as the machine reads it; ``values`` [7, A, 240] is not copied."""
    stocks = values.shape[1]
    known = {"closing_auction": np.ones(stocks), "suspended": np.zeros(stocks)}
    numbers = [known[n] if n in known else day[n].astype(np.float64) for n in program.days]
    bounds = np.arange(0, (stocks + 1) * MINUTES, MINUTES)
    return Rows(values.reshape(len(FIELDS), -1), np.array(numbers), bounds, MINUTES, 120)


def from_parquet(path: Path, stocks: int) -> np.ndarray:
    """The fields of a file as [7, A, 240]."""
    frame = pl.read_parquet(path, columns=list(FIELDS))
    out = np.empty((len(FIELDS), stocks, MINUTES), np.float32)
    for i, name in enumerate(FIELDS):
        out[i] = frame[name].to_numpy().reshape(stocks, MINUTES)
    return out


def ahead(paths: list[Path], read: Callable[[Path], np.ndarray]) -> Iterator[np.ndarray]:
    """Read each file while the one before is worked on."""
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(read, path) for path in paths[:2]]
        for i in range(len(paths)):
            if i + 2 < len(paths):
                tasks.append(pool.submit(read, paths[i + 2]))
            yield tasks[i].result()
            tasks[i] = None  # type: ignore[call-overload]


@njit(parallel=True, fastmath={"reassoc"})
def _total(x: np.ndarray) -> float:
    out = np.float32(0)
    for i in prange(len(x)):
        out += x[i]
    return out


def read_bandwidth() -> float:
    """Bytes a second that all cores together read from memory."""
    x = np.ones(2**28, np.float32)
    _total(x)
    return x.nbytes / peers.best_of(lambda: _total(x), 5)


def ours(days: list[peers.Day], folder: Path) -> dict[str, float]:
    """Stock-days a second of our engine, after its kernels are compiled."""
    files = peers.write_parquet(days, folder)
    values = [np.array([d[n] for n in FIELDS], np.float32) for d in days]
    flat = [path.with_suffix(".npy") for path in files]
    for path, block in zip(flat, values, strict=True):
        np.save(path, block)
    out = {}
    for name, libraries in SETS.items():
        program = programme(*libraries)
        run(program, rows_of(program, values[0][:, :10].copy(), cut(days[0], 10)))
        for where, rate in rates_of(program, days, values, files, flat).items():
            out[f"{name}, {where}"] = rate
    out["volume100, memory"] = volume_rate(days, values)
    for path in flat:
        path.unlink()
    return out


def rates_of(
    program: Program,
    days: list[peers.Day],
    values: list[np.ndarray],
    files: list[Path],
    flat: list[Path],
) -> dict[str, float]:
    """Stock-days a second from memory, from Parquet and from the flat cache."""
    stocks = len(days[0]["symbol"])

    def parquet() -> Iterator[np.ndarray]:
        return ahead(files, lambda path: from_parquet(path, stocks))

    def mapped() -> Iterator[np.ndarray]:
        return ahead(flat, lambda path: np.load(path, mmap_mode="r"))

    def work(blocks: Callable[[], Iterator[np.ndarray]]) -> None:
        for day, block in zip(days, blocks(), strict=True):
            run(program, rows_of(program, block, day))

    sources = {"memory": lambda: iter(values), "Parquet": parquet, "cache": mapped}
    return {
        where: stocks * len(days) / peers.best_of(lambda blocks=blocks: work(blocks), 3)
        for where, blocks in sources.items()
    }


def volume_rate(days: list[peers.Day], values: list[np.ndarray]) -> float:
    """Equal-volume bars of the last 20 sessions and their 100 factors, one date; a fifth of it."""
    stocks = max(len(days[0]["symbol"]) // 5, 1)
    graph = Graph()
    compiler = Compiler(vocabulary("vbar"), graph)
    outputs = [compiler.factor(f.expr, f.on_locked) for f in load_library("volume100").factors]
    program = assemble(graph, outputs)
    window = VolumeBarWindow(stocks)
    for i in range(20):
        day, block = cut(days[i % len(days)], stocks), values[i % len(days)][:, :stocks]
        fields = dict(zip(FIELDS[:6], block[:6], strict=True))
        price = block[0, :, 0]
        auction = {f"auction_{n}": day[f"auction_{n}"] for n in ("volume", "amount")}
        halted, same = np.zeros(stocks, bool), np.ones(stocks)
        window.push(SessionRows(**fields, auction_price=price, **auction, suspended=halted,
                                factor=same))  # fmt: skip
    numbers = np.array([np.ones(stocks) * (n == "price_ok") for n in program.days])
    run_bars(program, window, numbers)
    return stocks / peers.best_of(lambda: run_bars(program, window, numbers), 3)


def cut(day: peers.Day, stocks: int) -> peers.Day:
    """The first stocks of a day."""
    return {k: v if k == "date" else v[:stocks] for k, v in day.items()}


def agree(day: peers.Day) -> None:
    """Our numbers are those of Polars, to what float32 storage allows."""
    program = programme("minute15")
    got = run(program, rows_of(program, np.array([day[n] for n in FIELDS], np.float32), day))
    frame = peers.to_frame(day)
    want = peers.polars15(frame).sort("symbol").select(peers.FACTORS).fill_null(np.nan).to_numpy()
    order = np.argsort(day["symbol"])
    gap = np.abs(got[order] - want) / np.maximum(np.abs(want), 1e-2)
    if not np.array_equal(np.isnan(got[order]), np.isnan(want)) or np.nanmax(gap) > 1e-2:
        raise SystemExit(f"disagrees with Polars: {np.nanmax(gap)}")
    print(f"largest relative difference from Polars in float64: {np.nanmax(gap):.1e}")


def main() -> None:
    """Measure and print a table and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="500 stocks, under a minute")
    quick = parser.parse_args().quick
    stocks, n_days = (500, 4) if quick else (5_000, 20)
    started = perf_counter()
    programme("minute15")
    days = peers.make_days(stocks, n_days)
    agree(cut(days[0], 500))
    print(f"first call, with what was not compiled yet: {perf_counter() - started:.1f} s")
    with TemporaryDirectory() as folder:
        rates = ours(days, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        for path in sorted(Path(folder).glob("*.parquet"))[4:]:
            path.unlink()
        frame = pl.concat([peers.to_frame(d) for d in days[:4]])
        for name, work in peers.contenders(frame, Path(folder)).items():
            seconds = peers.best_of(work, 2) if work() is not None else float("nan")
            rates[name] = stocks * min(n_days, 4) / seconds
    bandwidth = read_bandwidth()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {thread_count()} threads; {stocks:,} stocks"
    )
    for name, rate in rates.items():
        print(f"{name:20}{rate:12,.0f} stock-days/s")
    used = rates["minute15, memory"] * len(FIELDS) * MINUTES * 4
    year = sum(5_000 * 250 / rates[k] for k in ("115, Parquet", "volume100, memory"))
    print(f"215 factors, 5,000 stocks, 250 days from Parquet: {year / 60:.1f} minutes")
    print(f"memory read at {bandwidth / 2**30:.1f} GiB/s; peak of ours {peak:.2f} GiB")
    fast = rates["minute15, memory"]
    print(
        f"RESULT x_polars_memory={fast / rates['Polars, plain']:.1f} "
        f"x_tuned_polars_memory={fast / rates['Polars']:.1f} "
        f"x_polars_parquet={rates['minute15, Parquet'] / rates['Polars, plain, Parquet']:.1f} "
        f"x_tuned_polars_parquet={rates['minute15, Parquet'] / rates['Polars, Parquet']:.1f} "
        f"x_polars_cache={rates['minute15, cache'] / rates['Polars, plain, Parquet']:.1f} "
        f"x_duckdb_memory={fast / rates['DuckDB']:.1f} "
        f"x_pandas_memory={fast / rates['pandas']:.1f} "
        f"share_of_read_bandwidth={used / bandwidth:.2f}"
    )


if __name__ == "__main__":
    main()
