"""Does the simulated market look like one? Its facts, the bands they belong in, and a real lake's.

    python benchmarks/stylised_facts.py --real LAKE --pictures docs/pictures
    python benchmarks/stylised_facts.py --quick

Bars of 15 minutes of 120 stocks over 1.5 years, bars of 1 minute of the same market over a month,
and one day of orders. ``--real`` puts the facts of a lake with 15-minute bars beside them.
"""

import argparse
import math
import os
import platform
import tempfile
from datetime import date
from pathlib import Path

import numpy as np

from intralpha.evaluation import hill_index
from intralpha.explore import Exploration, explore
from intralpha.market import Lake
from intralpha.sources import SimulatedMarket, SimulatedSpec, ingest
from intralpha.sources.exchange.floor import Floor

BANDS = {
    "volume in the first half hour": (0.18, 0.35),
    "volume in the last half hour": (0.11, 0.22),
    "size of returns, first half hour / middle": (1.4, 3.0),
    "realised variance of the bars / daily variance": (0.7, 1.2),
    "daily volatility, median stock": (0.015, 0.035),
    "15-minute returns lag 1": (-0.10, -0.01),
    "30-minute returns lag 1": (-0.08, 0.03),
    "daily returns lag 1": (-0.08, 0.08),
    "squared 15-minute returns lag 1": (0.05, 0.35),
    "squared daily returns lag 1": (0.05, 0.25),
    "excess kurtosis of 15-minute returns": (4.0, 40.0),
    "excess kurtosis of daily returns": (1.5, 8.0),
    "Hill's tail index of daily returns": (3.0, 6.0),
    "mean pairwise correlation of daily returns": (0.12, 0.40),
    "log daily volume, autocorrelation, lag 1": (0.55, 0.90),
    "log realised volatility, autocorrelation, lag 1": (0.25, 0.65),
    "correlation of log volume with log realised volatility": (0.40, 0.80),
    "correlation of log volume with size of the daily return": (0.30, 0.65),
}
MINUTE_BANDS = {
    "1-minute returns lag 1": (-0.35, -0.02),
    "squared 1-minute returns lag 1": (0.03, 0.50),
}
TICK_BANDS = {
    "trades a stock and day, median": (300.0, 20_000.0),
    "Hill's tail index of order sizes": (1.0, 4.0),
    "largest order over the median one": (10.0, 5_000.0),
    "cancels over orders": (0.2, 0.8),
}


def facts_of(exploration: Exploration) -> dict[str, float]:
    """Figure -> value."""
    return dict(exploration.figures.select("figure", "value").iter_rows())


def simulated(spec: SimulatedSpec, folder: Path) -> Exploration:
    """The facts of a market, made in a lake of its own."""
    lake = Lake(folder, create=True)
    ingest([spec], lake, show_progress=False)
    oracle = SimulatedMarket(spec).true_expected_return((1, 5, 10, 20))
    return explore(lake, spec.freq, oracle=oracle)


def of_ticks(spec: SimulatedSpec) -> dict[str, float]:
    """What one day of orders and trades shows."""
    market, floor = SimulatedMarket(spec), Floor(spec.seed, spec.habits)
    tapes = floor.trade(next(market.days()))[1].values()
    sizes = [t.order_shares / np.median(t.order_shares) for t in tapes]
    scaled = np.concatenate(sizes)
    orders, cancels = sum(map(len, sizes)), sum(len(t.cancel_seq) for t in tapes)
    return {
        "trades a stock and day, median": float(np.median([len(t.trade_seq) for t in tapes])),
        "Hill's tail index of order sizes": hill_index(scaled, len(scaled) // 100),
        "largest order over the median one": float(np.median([s.max() for s in sizes])),
        "cancels over orders": cancels / orders,
    }


def main() -> None:
    """Print each fact with its band and, if there is one, the real lake's; draw if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60 stocks, six months")
    parser.add_argument("--real", type=Path, help="a lake with 15-minute bars to put beside")
    parser.add_argument("--pictures", type=Path, help="folder for SVG pictures")
    given = parser.parse_args()
    size = {"n_assets": 60, "end": date(2023, 6, 30)} if given.quick else {"n_assets": 120}
    spec = SimulatedSpec.model_validate({"seed": 1, "freq": 15} | size)
    minute = spec.model_copy(update={"freq": 1, "n_assets": 60, "end": date(2023, 1, 31)})
    with tempfile.TemporaryDirectory() as folder:
        quarter = simulated(spec, Path(folder) / "quarter")
        ours = facts_of(quarter) | facts_of(simulated(minute, Path(folder) / "minute"))
        ours = facts_of(quarter) | {k: ours[k] for k in MINUTE_BANDS}
    ours |= of_ticks(spec)
    real = facts_of(explore(Lake(given.real), 15)) if given.real else {}
    print(f"{platform.machine()}, {os.cpu_count()} cores; {spec.n_assets} stocks")
    bands = BANDS | MINUTE_BANDS | TICK_BANDS
    inside = sum(_line(name, ours[name], real.get(name, math.nan), bands[name]) for name in bands)
    if given.pictures:
        from common.pictures import draw

        draw(quarter, explore(Lake(given.real), 15) if given.real else None, given.pictures)
    near = [ours[k] / v for k, v in real.items() if k in BANDS and v > 0]
    middle = float(np.median(near)) if near else math.nan
    print(f"RESULT facts_in_band={inside} facts={len(bands)} median_over_real={middle:.2f}")


def _line(name: str, value: float, real: float, band: tuple[float, float]) -> bool:
    inside = band[0] <= value <= band[1]
    mark = "" if inside else "  OUTSIDE"
    print(f"{name:58}{value:10.4f}  [{band[0]:g}, {band[1]:g}]{real:10.4f}{mark}")
    return inside


if __name__ == "__main__":
    main()
