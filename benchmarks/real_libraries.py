"""Libraries on real bars: what they can compute, and the RankIC of the 15-minute set.

    python benchmarks/real_libraries.py --data FOLDER
    python benchmarks/real_libraries.py --data FOLDER --quick    60 days, no 5-minute samples

FOLDER holds the real samples (INTRALPHA_REAL_DATA). RankIC: daily values and their means over 20
days, against the return from the next close over ten days, 501 stocks, every day with a bar. The
peer is Polars, which makes one of the factors from the same rows.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from intralpha.evaluation.ic import rank_ic, summarise
from intralpha.features import LibrarySpec, libraries, load_library
from intralpha.labels import fwd_return
from intralpha.market import Lake
from intralpha.pipeline import load_recipe
from intralpha.sources import MappingSpec, ingest

MINUTES = (
    (1, "minute_yyyymmdd", "sz000001_1min_201801.csv"),
    (1, "eastmoney_1min", "600519_1min.csv"),
    (5, "eastmoney_5min", "*_5min.csv"),
)


def minute_lake(data: Path, folder: Path, freqs: tuple[int, ...]) -> Lake:
    """The samples of these minutes with the daily rows of their stocks."""
    lake = Lake(folder, create=True)
    specs = [
        MappingSpec.model_validate({"preset": preset, "path": str(path)})
        for freq, preset, name in MINUTES
        if freq in freqs
        for path in sorted((data / "minute").glob(name))
    ]
    daily = load_recipe(Path(__file__).parents[1] / "recipes" / "real_daily.yaml").data.sources[:1]
    ingest([*specs, *daily], lake, show_progress=False)
    return lake


def coverage(lake: Lake, freq: int, most: int) -> None:
    """Finite share of every library that these bars allow, on the last ``most`` days at most."""
    dates = lake.dates("bars", freq)
    dates = dates[np.isin(dates, lake.dates("daily"))][-most:]
    rows = lake.scan("bars", freq=freq).select(pl.col("symbol").unique()).collect()
    assets = np.array(sorted(rows["symbol"]))
    for name in libraries():
        library = load_library(name)
        try:
            features = LibrarySpec(library=name, base_freq=freq).make()
            started = perf_counter()
            values = features.compute(lake, dates, assets).values
        except Exception as error:
            print(f"  {name:18} {str(error).splitlines()[0][:90]}")
            continue
        finite = np.isfinite(values).mean(axis=tuple(range(values.ndim - 1)))
        traded = values.shape[0] * values.shape[-2]
        print(
            f"  {name:18} {len(library.factors):4} factors, {traded:4} stock-days, finite "
            f"{finite.mean():6.1%}, never {int((finite == 0).sum()):3}, "
            f"{perf_counter() - started:5.2f} s"
        )


def rank_ics(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> pl.DataFrame:
    """Mean RankIC and ICIR of each factor of the 15-minute set, daily and over 20 days."""
    fwd = fwd_return(lake, dates, assets, 1, 11)["fwd_1_11"]
    library = load_library("bars15")
    out = []
    for days in (1, 20):
        panel = LibrarySpec(library="bars15", smooth_days=days).make().compute(lake, dates, assets)
        for factor in library.factors:
            found = summarise(rank_ic(panel[factor.name].astype(np.float64), fwd))
            out.append((factor.name, factor.direction, days, found.mean, found.icir))
    schema = ["factor", "direction", "days", "rank_ic", "icir"]
    rows = pl.DataFrame(out, schema=schema, orient="row")
    wide = rows.pivot(on="days", index=["factor", "direction"], values=["rank_ic", "icir"])
    return wide.sort(pl.col("rank_ic_20").abs(), descending=True)


def polars_seconds(lake: Lake, dates: np.ndarray) -> float:
    """One correlation of the set by Polars from the lake's files."""
    first, last = dates[0].item(), dates[-1].item()
    started = perf_counter()
    traded = pl.col("volume") > 0
    reach = (pl.col("high") - pl.col("low")) / pl.col("low")
    factor = pl.corr(pl.col("volume").filter(traded), reach.filter(traded))
    rows = lake.scan("bars", first, last, freq=15)
    rows.group_by("date", "symbol").agg(factor).collect()
    return perf_counter() - started


def main() -> None:
    """Print coverage, the RankIC table, and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("INTRALPHA_REAL_DATA"))
    parser.add_argument(
        "--quick", action="store_true", help="the last 60 days, no 5-minute samples"
    )
    given = parser.parse_args()
    if given.data is None or not Path(given.data).is_dir():
        print("no real data: give --data or set INTRALPHA_REAL_DATA")
        print("RESULT x_polars_one_factor=nan best_rank_ic=nan")
        return
    os.environ["INTRALPHA_REAL_DATA"] = str(given.data)
    most = 60 if given.quick else 10_000
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INTRALPHA_LAKES"] = folder  # recipes name it
        freqs = (1,) if given.quick else (1, 5)
        minutes = minute_lake(Path(given.data), Path(folder) / "minutes", freqs)
        for freq in freqs:
            print(f"{freq}-minute samples")
            coverage(minutes, freq, most)
        recipe = load_recipe(Path(__file__).parents[1] / "recipes" / "real_bars15.yaml")
        lake = Lake(Path(folder) / "bars15", create=True)
        ingest(recipe.data.sources, lake, show_progress=False)
        print("15-minute bars of 501 stocks")
        coverage(lake, 15, most)
        dates = lake.dates("bars", 15)[-most:]
        rows = lake.scan("bars", freq=15).select(pl.col("symbol").unique()).collect()
        assets = np.array(sorted(rows["symbol"]))
        peer = polars_seconds(lake, dates)
        started = perf_counter()
        LibrarySpec(library="bars15", cache=False).make().compute(lake, dates, assets)
        seconds = perf_counter() - started
        table = rank_ics(lake, dates, assets)
    with pl.Config(tbl_rows=60, float_precision=4):
        print(table)
    print(f"{len(dates)} days; 30 factors in {seconds:.1f} s; Polars, one: {peer:.1f} s")
    best = table["rank_ic_20"].abs().max()
    print(f"RESULT x_polars_one_factor={30 * peer / seconds:.1f} best_rank_ic={best:.4f}")


if __name__ == "__main__":
    main()
