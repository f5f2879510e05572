"""Shanghai's orders: how wrong is it to take the listed records for the orders that were entered?

The simulated exchange knows every order. Its Shanghai files are read twice: the records of the
order file as if they were the orders, and rebuilt from records and trades. Count, shares, skewness
and kurtosis of the sizes of new orders in the continuous session stand beside the truth; errors of
the moments are medians over stock-days of the absolute error relative to the truth. The last
column is the correlation over stock-days of the difference between buyers' and sellers' skewness
with the true difference, which is what an order-size factor sees. Some orders leave no trace in the
files (they neither rest nor trade); the last two lines compare with the others only, where just
the unfilled rest of market orders is unknown.

    python benchmarks/shanghai_orders.py            40 stocks, 4 sessions
    python benchmarks/shanghai_orders.py --quick    20 stocks, 2 sessions
"""

import argparse
import os
import platform
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from intralpha.sources import Level2Spec, SimulatedMarket, SimulatedSpec, write_published
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.truth import order_rows
from intralpha.sources.level2.source import Level2Source

KEY = ["date", "symbol"]
SESSION_MS = (34_200_000, 53_820_000)


def true_orders(market: SimulatedMarket) -> pl.DataFrame:
    """Orders of the Shanghai stocks from the tapes."""
    floor, symbols = Floor(market.spec.seed, market.spec.habits), np.array(market.stock_symbols)
    days = [order_rows(day, symbols, floor.trade(day)[1]) for day in market.days()]
    return pl.concat(days).filter(pl.col("symbol").str.ends_with(".SH"))


def read_orders(folder: Path, *streams: str) -> tuple[pl.DataFrame, float]:
    """Orders from some streams of the files, and records a second."""
    spec = Level2Spec.model_validate({"preset": "simulated_files", "path": str(folder)})
    kept = {name: spec.streams[name] for name in streams}
    source = Level2Source(spec.model_copy(update={"streams": kept}))
    started = perf_counter()
    batches = list(source.batches())
    speed = sum(b.rows_read for b in batches) / (perf_counter() - started)
    return pl.concat(b.frame for b in batches if b.table == "orders"), speed


def moments(orders: pl.DataFrame) -> pl.DataFrame:
    """Facts of each stock-day's new orders in the continuous session."""
    rows = orders.filter(~pl.col("cancel"), pl.col("time").is_between(*SESSION_MS, closed="left"))
    size, buys = pl.col("volume"), pl.col("side") > 0
    return rows.group_by(KEY).agg(
        pl.len().cast(pl.Float64).alias("orders"),
        size.sum().cast(pl.Float64).alias("shares"),
        size.skew().alias("skew"),
        size.kurtosis().alias("kurt"),
        (size.filter(buys).skew() - size.filter(~buys).skew()).alias("difference"),
    )


def errors(read: pl.DataFrame, truth: pl.DataFrame) -> dict[str, float]:
    """Relative errors of each fact, and the correlation of the difference."""
    both = moments(truth).join(moments(read), on=KEY, suffix="_read")
    out = {name: both[f"{name}_read"].sum() / both[name].sum() - 1 for name in ("orders", "shares")}
    for name in ("skew", "kurt"):
        off = (both[f"{name}_read"] / both[name] - 1).abs()
        out[name] = float(off.median() or 0.0)  # type: ignore[arg-type]
    known = both.filter(pl.col("difference").is_finite() & pl.col("difference_read").is_finite())
    out["corr"] = float(np.corrcoef(known["difference"], known["difference_read"])[0, 1])
    return out


def main() -> None:
    """Print the table and a RESULT line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer stocks, under a minute")
    quick = parser.parse_args().quick
    end = date(2023, 1, 4) if quick else date(2023, 1, 6)
    spec = SimulatedSpec(n_assets=20 if quick else 40, start=date(2023, 1, 3), end=end)
    market = SimulatedMarket(spec)
    truth = true_orders(market)
    with tempfile.TemporaryDirectory() as folder:
        symbols = [s for s in market.symbols.tolist() if s.endswith(".SH")]
        list(write_published(market, Path(folder), symbols))
        read_orders(Path(folder), "shanghai_orders", "shanghai_trades")  # compile
        naive, _ = read_orders(Path(folder), "shanghai_orders")
        rebuilt, speed = read_orders(Path(folder), "shanghai_orders", "shanghai_trades")
    traced = truth.join(rebuilt, on=[*KEY, "id", "cancel"], how="semi")
    found = {
        "records as orders": errors(naive, truth),
        "rebuilt": errors(rebuilt, truth),
        "records, of those traced": errors(naive, traced),
        "rebuilt, of those traced": errors(rebuilt, traced),
    }
    days = truth.select(KEY).n_unique()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores; {days} stock-days, {speed:,.0f} records/s"
    )
    print(
        f"{'error against the truth':24}{'orders':>9}{'shares':>9}{'skew':>9}{'kurt':>9}{'corr':>9}"
    )
    for name, row in found.items():
        print(
            f"{name:24}"
            + "".join(f"{100 * row[c]:8.1f}%" for c in ("orders", "shares", "skew", "kurt"))
            + f"{row['corr']:9.3f}"
        )
    naive_row, whole, naive_traced, traced_row = found.values()
    print(
        f"RESULT naive_orders={naive_row['orders']:.4f} naive_shares={naive_row['shares']:.4f} "
        f"naive_skew_error={naive_row['skew']:.4f} naive_kurt_error={naive_row['kurt']:.4f} "
        f"naive_corr={naive_row['corr']:.4f} rebuilt_orders={whole['orders']:.4f} "
        f"rebuilt_shares={whole['shares']:.4f} rebuilt_skew_error={whole['skew']:.4f} "
        f"rebuilt_kurt_error={whole['kurt']:.4f} rebuilt_corr={whole['corr']:.4f} "
        f"naive_traced_kurt_error={naive_traced['kurt']:.4f} "
        f"naive_traced_corr={naive_traced['corr']:.4f} "
        f"traced_kurt_error={traced_row['kurt']:.4f} traced_corr={traced_row['corr']:.4f}"
    )


if __name__ == "__main__":
    main()
