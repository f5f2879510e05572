"""Level-2 files into a lake: seconds and memory, beside a plain conversion by Polars.

    python benchmarks/level2_files.py            files of 1,000 simulated stocks, 8 million records
    python benchmarks/level2_files.py --quick    of 100 stocks
    python benchmarks/level2_files.py --market   of 4,995 stocks and 110 million records

The simulated exchanges publish a session as a vendor sells it, two files a stock. We rebuild
Shanghai's orders, find active sides, check sequences and count every record. Polars only converts:
it reads the columns, turns times and prices into numbers, sorts by stock and number, and writes
Parquet. The same files again, with those of an exchange in one file, are read the same way.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import polars as pl
from level2_factors import peak_gib

from intralpha.base import thread_count
from intralpha.market import Lake
from intralpha.sources import (
    Level2Spec,
    SimulatedMarket,
    SimulatedSpec,
    ingest,
    write_published,
)

DAY = date(2023, 1, 3)
CLOCK = {"SH": "%H:%M:%S%.3f", "SZ": "%Y.%m.%dT%H:%M:%S%.3f"}
FILES = {
    ("SH", "entrust"): ("OrderTime", "BizIndex", "OrderNO", "OrderPrice", "Balance", "OrderBSFlag"),
    ("SH", "trade"): ("TradTime", "BizIndex", "TradeBuyNo", "TradeSellNo", "TradPrice",
                      "TradVolume", "TradeBSFlag"),
    ("SZ", "order"): ("TransactTime", "ApplSeqNum", "Price", "OrderQty", "Side", "OrdType"),
    ("SZ", "trade"): ("TradeTime", "ApplSeqNum", "BidApplSeqNum", "OfferApplSeqNum", "TradePrice",
                      "TradeQty", "ExecType"),
}  # fmt: skip
KINDS = {"SecurityID": pl.String(), "OrdType": pl.String(), "ExecType": pl.String(),
         "Price": pl.Float64(), "OrderPrice": pl.Float64(), "TradPrice": pl.Float64(),
         "TradePrice": pl.Float64()}  # fmt: skip


def publish(folder: Path, stocks: int, orders_a_day: float) -> None:
    """Files of one session."""
    spec = SimulatedSpec.model_validate(
        {
            "n_assets": stocks,
            "start": DAY,
            "end": DAY,
            "habits": {"orders_per_day": orders_a_day},
        }
    )
    for _ in write_published(SimulatedMarket(spec), folder):
        pass


def join(folder: Path, to: Path) -> None:
    """The files of a kind in one file, as other vendors sell them."""
    day = to / f"{DAY:%Y%m%d}"
    day.mkdir(parents=True)
    for exchange, kind in FILES:
        with (day / f"{exchange}_{kind}.csv").open("wb") as whole:
            for place, path in enumerate(sorted(folder.glob(f"*/*.{exchange}/{kind}.csv"))):
                with path.open("rb") as part:
                    header = part.readline()
                    if place == 0:
                        whole.write(header)
                    shutil.copyfileobj(part, whole)


def joined_spec(folder: Path) -> Level2Spec:
    """The preset's streams with the stock in a column."""
    spec = spec_of(folder)
    streams = {}
    for stream, (exchange, kind) in zip(spec.streams.values(), FILES, strict=True):
        changes = {
            "pattern": f"{{date}}/{exchange}_{kind}.csv",
            "exchange": exchange,
            "columns": stream.columns | {"symbol": ("SecurityID",)},
        }
        streams[f"{exchange}_{kind}"] = stream.model_copy(update=changes)
    return spec.model_copy(update={"streams": streams, "path": str(folder)})


def convert(folder: Path, to: Path) -> None:
    """The plain conversion: one Parquet file for each kind of file."""
    to.mkdir(parents=True, exist_ok=True)
    for (exchange, kind), columns in FILES.items():
        moment, *others = columns
        rows = pl.scan_csv(
            sorted(folder.glob(f"*/*.{exchange}/{kind}.csv")),
            schema_overrides={n: k for n, k in KINDS.items() if n in ("SecurityID", *columns)},
        )
        stamp = pl.col(moment)
        time = stamp.str.to_time(CLOCK["SH"]) if exchange == "SH" else None
        clock = stamp.str.to_datetime(CLOCK["SZ"], time_unit="ms").dt.time()
        rows = rows.select(
            (pl.col("SecurityID") + f".{exchange}").alias("symbol"),
            (clock if time is None else time).cast(pl.Int64).floordiv(1_000_000).alias("time"),
            *others,
        )
        table = rows.sort("symbol", others[0])
        table.collect().write_parquet(to / f"{exchange}_{kind}.parquet", compression="zstd")


def spec_of(folder: Path) -> Level2Spec:
    """The preset's streams, two files a stock."""
    return Level2Spec.model_validate({"preset": "simulated_files", "path": str(folder)})


def ours(spec: Level2Spec, to: Path) -> int:
    """Ingest; returns records read."""
    report = ingest([spec], Lake(to, create=True), show_progress=False)
    return sum(count.rows_read for count in report.counts)


def in_a_process(who: str, folder: Path) -> tuple[float, float, int]:
    """Seconds, peak GiB and records of the work in a fresh process."""
    command = [sys.executable, __file__, "--who", who, "--folder", str(folder)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1]), int(out[2])


def work(who: str, folder: Path) -> None:
    """Do one thing and print its cost, when what it needs has been imported."""
    few = folder / "few" / "files"
    with TemporaryDirectory(dir=folder) as scratch:
        convert(few, Path(scratch) / "few")
        ours(spec_of(few), Path(scratch) / "lake")
    with TemporaryDirectory(dir=folder) as scratch:
        to, started, records = Path(scratch), perf_counter(), 0
        if who == "polars":
            convert(folder / "files", to)
        elif who == "joined":
            records = ours(joined_spec(folder / "joined"), to)
        else:
            records = ours(spec_of(folder / "files"), to)
        seconds = perf_counter() - started
    print(seconds, peak_gib(), records)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 stocks, under a minute")
    parser.add_argument("--market", action="store_true", help="4,995 busy stocks")
    parser.add_argument("--who", choices=("ours", "joined", "polars"), help="do only this here")
    parser.add_argument("--folder", type=Path, help="with the files")
    given = parser.parse_args()
    if given.who:
        work(given.who, given.folder)
        return
    stocks, orders = (4_995, 14_000.0) if given.market else (100 if given.quick else 1_000, 5_000.0)
    with TemporaryDirectory() as name:
        folder = Path(name)
        publish(folder / "files", stocks, orders)
        join(folder / "files", folder / "joined")
        files = list((folder / "files").rglob("*.csv"))
        size = sum(p.stat().st_size for p in files) / 2**30
        print(f"{platform.machine()}, {os.cpu_count()} cores, {thread_count()} threads")
        print(f"{len(files):,} files, {size:.2f} GiB")
        publish(folder / "few" / "files", 12, 500.0)  # read first, not measured
        found = {who: in_a_process(who, folder) for who in ("ours", "joined", "polars")}
    records = found["ours"][2]
    print(f"{records:,} records")
    for who, (seconds, peak, _) in found.items():
        print(
            f"{who:8} {seconds:7.1f} s {records / seconds / 1e6:6.2f} M records/s {peak:6.2f} GiB"
        )
    print(
        f"RESULT x_polars_convert={found['polars'][0] / found['ours'][0]:.2f} "
        f"records_per_s={records / found['ours'][0]:.3g} "
        f"records_per_s_joined={records / found['joined'][0]:.3g} "
        f"peak_gib={max(found[w][1] for w in ('ours', 'joined')):.2f}"
    )


if __name__ == "__main__":
    main()
