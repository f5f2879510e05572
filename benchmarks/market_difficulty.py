"""How hard is the simulated market? Hand-made factors, a linear mix, a GRU and the oracle.

    python benchmarks/market_difficulty.py            recipe simulated: 300 stocks, three seeds
    python benchmarks/market_difficulty.py --demo     recipe demo, carried on to the end of 2025
    python benchmarks/market_difficulty.py --quick    60 stocks, 18 months, one seed, one network

Mean RankIC of returns over the next days (``simulated``: ten, ``demo``: five) and its standard
error, all on the recipe's test dates. The hand-made factors read bars and daily rows alone; their
signs are fixed beforehand. The linear mix is the mean of their daily z-scores. The oracle knows the
hidden state. Test dates lie five sessions apart, so five-day returns do not overlap; ten-day ones
do, and their standard error is too small by up to a fifth.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

import numpy as np

from intralpha import pipeline
from intralpha.base.cross_section import zscore
from intralpha.evaluation.ic import rank_ic, summarise
from intralpha.features.trailing import trailing_mean
from intralpha.labels import fwd_return
from intralpha.market import Lake, read_bars, read_daily

QUICK = (
    "data.sources=[{kind: simulated, n_assets: 60, end: 2024-06-28, seed: 2, freq: 30}]",
    "factors.gru_day=null",
    "factors.gru_bars.seeds=[0]",
    "factors.gru_bars.schedule.train_days=200",
    "factors.gru_bars.training.max_epochs=8",
    "combination.weights={gru_bars: 0.5, equal_weight: 0.5}",
)
LONG = ("data.sources=[{kind: simulated, preset: demo, end: 2025-12-31, seed: 2, freq: 30}]",)
DAYS, NOON, LAST = 10, 4, 2
FREQ = 30


def hand_made(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> dict[str, np.ndarray]:
    """Ten-day means of what the day's shape shows, higher is better; each of shape [D, A]."""
    first, last = dates[0].item(), dates[-1].item()
    daily = read_daily(lake, ("adj_close", "close", "preclose"), first, last, assets)
    preclose = daily["preclose"]
    shape = {name: np.full(preclose.shape, np.nan) for name in ("overnight", "sag", "late")}
    for d, day in enumerate(dates):
        bars = read_bars(lake, day.item(), FREQ, ("open", "close", "volume"), assets)
        start, close, volume = (bars[n][0] for n in ("open", "close", "volume"))
        total = volume.sum(axis=0)
        traded = total > 0
        values = {
            "overnight": -np.log(start[0] / preclose[d]),
            "sag": -np.log(close[NOON - 1] / np.sqrt(start[0] * close[-1])),
            "late": volume[-LAST:].sum(axis=0) / np.where(traded, total, np.nan),
        }
        for name, value in values.items():
            shape[name][d] = np.where(traded, value, np.nan)
    out = {}
    for name, value in shape.items():
        out[name] = np.full(value.shape, np.nan)
        out[name][DAYS - 1 :] = trailing_mean(value, np.isfinite(value), DAYS, DAYS // 2)
    adjusted = daily["adj_close"]
    reversal = np.full(adjusted.shape, np.nan)
    reversal[5:] = -(adjusted[5:] / adjusted[:-5] - 1)
    return out | {"reversal5": reversal}


def main() -> None:
    """Run the recipe, then test the hand-made factors on its dates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    parser.add_argument("--demo", action="store_true", help="recipe demo over a longer time")
    given = parser.parse_args()
    name = "demo" if given.demo else "simulated"
    changes = LONG if given.demo else QUICK if given.quick else ()
    recipe = Path(__file__).parents[1] / "recipes" / f"{name}.yaml"
    with tempfile.TemporaryDirectory() as folder:
        here = (f"data.lake={folder}/lake", *changes)
        loaded = pipeline.load_recipe(recipe, here)
        result = pipeline.execute(pipeline.plan(loaded, Path(folder) / "runs"), show_progress=False)
        lake = Lake(Path(folder) / "lake")
        series = {f.name: f.series["rank_ic"].to_numpy() for f in result.factors}
        tested = np.array(result.factors[0].series["date"].to_list(), dtype="datetime64[D]")
        series |= _hand_made_series(lake, tested, loaded.test.horizons[0])
    print(f"{platform.machine()}, {os.cpu_count()} cores; {len(tested)} test dates")
    found = {k: summarise(v) for k, v in series.items()}
    oracle = found["oracle"].mean
    for label, one in found.items():
        error = one.std / np.sqrt(one.n)
        print(f"{label:16}{one.mean:9.4f} +- {error:.4f}{one.mean / oracle:9.1%}")
    best = max(v.mean for k, v in found.items() if k.startswith("hand "))
    print(
        f"RESULT share_of_oracle={found['signal'].mean / oracle:.3f} "
        f"x_best_single={found['signal'].mean / best:.2f} "
        f"x_linear={found['signal'].mean / found['linear'].mean:.2f} "
        f"oracle_rank_ic={oracle:.4f}"
    )


def _hand_made_series(
    lake: Lake, tested: np.ndarray, horizon: tuple[int, int]
) -> dict[str, np.ndarray]:
    """RankIC of each hand-made factor on the test dates."""
    days = lake.dates("daily")
    instruments = lake.scan("instruments").collect()
    stocks = instruments.filter(instruments["board"] != "index")["symbol"]
    assets = np.array(sorted(stocks), dtype=str)
    scores = hand_made(lake, days, assets)
    scores = {f"hand {k}": v for k, v in scores.items()}
    scores["linear"] = np.mean([zscore(v) for v in scores.values()], axis=0)
    place = np.searchsorted(days, tested)
    first, last = horizon
    fwd = fwd_return(lake, tested, assets, first, last)[f"fwd_{first}_{last}"]
    return {k: rank_ic(v[place], fwd) for k, v in scores.items()}


if __name__ == "__main__":
    main()
