"""The true index: CSI 300, 500 and 1000 put together from constituents, against their closes.

    python benchmarks/real_index.py --data FOLDER
    python benchmarks/real_index.py --data FOLDER --quick    2021 to 2024, CSI 300 only

FOLDER holds the real samples (INTRALPHA_REAL_DATA): daily bars of 961 stocks that were listed in
2026, in and out dates of constituents, and float caps of one day of 2026. So the weights here look
ahead (``fwd_snapshot``): shares of 2026 at the prices of each date; and constituents that are not
among the 961 are missing. How much of an index is there, and how far what is there runs from it, is
what is measured, on sessions for which the file lists nearly all constituents (of CSI 1000 it knows
three until May 2015). The peer is what a portfolio was compared with before: float-cap weights of
the whole universe.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.backtest import benchmark_returns
from intralpha.base import Panel
from intralpha.market import (
    Lake,
    cap_weights,
    constituents,
    float_cap,
    index_weights,
    read_daily,
)
from intralpha.pipeline import load_recipe
from intralpha.sources import ingest

INDICES = {"CSI 300": "000300.SH", "CSI 500": "000905.SH", "CSI 1000": "000852.SH"}
DAYS_A_YEAR = 243


@dataclass(frozen=True)
class Tracked:
    """How returns made of weights follow those of an index, over some sessions."""

    difference: float
    error: float
    correlation: float

    @staticmethod
    def of(made: ndarray, index: ndarray) -> "Tracked":
        """From daily returns: yearly mean difference, yearly deviation of it, correlation."""
        gap = made - index
        error = float(gap.std(ddof=1) * DAYS_A_YEAR**0.5)
        return Tracked(
            float(gap.mean() * DAYS_A_YEAR), error, float(np.corrcoef(made, index)[0, 1])
        )


def stocks_of(lake: Lake) -> ndarray:
    """All symbols with daily rows that are no index."""
    rows = lake.scan("daily").select(pl.col("symbol").unique()).collect()
    boards = lake.scan("instruments").filter(pl.col("board") == "index").select("symbol").collect()
    return np.array(sorted(set(rows["symbol"]) - set(boards["symbol"])))


def years(dates: ndarray) -> Iterator[tuple[str, ndarray]]:
    """The whole time, then each year of it, as masks."""
    yield "all", np.ones(len(dates), bool)
    of = dates.astype("datetime64[Y]").astype(int) + 1970
    for year in np.unique(of):
        yield str(year), of == year


def main() -> None:
    """A table an index, by year."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("INTRALPHA_REAL_DATA"))
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    given = parser.parse_args()
    if given.data is None:
        print("RESULT te_csi300=nan te_csi500=nan te_csi1000=nan x_universe=nan")
        return
    os.environ["INTRALPHA_REAL_DATA"] = str(given.data)
    os.environ.setdefault("INTRALPHA_LAKES", "/nowhere")
    start, end = (
        (date(2021, 1, 4), date(2024, 12, 31))
        if given.quick
        else (
            date(2015, 1, 5),
            date(2025, 7, 31),
        )
    )
    chosen = dict(list(INDICES.items())[:1]) if given.quick else INDICES
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder), create=True)
        recipe = load_recipe(Path(__file__).parents[1] / "recipes" / "real_daily.yaml")
        ingest(list(recipe.data.sources), lake, show_progress=False)
        assets = stocks_of(lake)
        market = read_daily(lake, ("close", "preclose"), start, end, assets)
        found = {name: measure(lake, symbol, market) for name, symbol in chosen.items()}
    for name, rows in found.items():
        print(
            f"\n{name}\nyear   members  in data  difference  error  correlation  error of universe"
        )
        for year, members, there, own, peer in rows:
            print(
                f"{year:5}{members:9.0f}{there:9.0f}{own.difference:12.2%}{own.error:7.2%}"
                f"{own.correlation:13.4f}{peer.error:19.2%}"
            )
    errors = {name.lower().replace(" ", ""): rows[0][3].error for name, rows in found.items()}
    told = " ".join(f"te_{n}={errors.get(n, np.nan):.4f}" for n in ("csi300", "csi500", "csi1000"))
    own, peer = found["CSI 300"][0][3:]
    print(f"RESULT {told} x_universe={peer.error / own.error:.2f}")


def measure(
    lake: Lake, index: str, market: Panel
) -> list[tuple[str, float, float, Tracked, Tracked]]:
    """year, constituents, those among the stocks, and how theirs and all stocks' weights track."""
    dates, assets = market.dates, market.assets
    laid = index_weights(lake, index, dates, assets, fwd_snapshot=True)
    closes = read_daily(lake, ("close",), dates[0].item(), dates[-1].item(), np.array([index]))
    level = closes.at(dates)["close"][:, 0].astype(np.float64)
    truth = np.concatenate([[np.nan], level[1:] / level[:-1] - 1])  # NaN around a missing close
    cap = float_cap(lake, dates, assets, fwd_snapshot=True)["float_cap"]
    every = cap_weights(cap, np.isfinite(market["close"]))
    made = [
        benchmark_returns(Panel(w[:, :, None], dates, assets, ("weight",)), market)
        for w in (laid["weight"], every)
    ]
    members = constituents(lake, index, dates)["members"].to_numpy()
    there = (laid["weight"] > 0).sum(axis=1)
    whole = np.concatenate([[False], members[:-1] >= 0.9 * members.max()])
    out = []
    for year, mine in years(dates):
        kept = mine & whole & np.isfinite(truth)
        own, peer = (Tracked.of(ret[kept], truth[kept]) for ret in made)
        out.append((year, members[kept].mean(), there[kept].mean(), own, peer))
    return out


if __name__ == "__main__":
    main()
