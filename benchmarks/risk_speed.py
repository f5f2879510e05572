"""Time of the risk model on a whole market: each session taken apart, each estimate, as files.

A lake of random daily rows (no simulated exchange: only the sizes matter), of whose stocks a third
are the universe. The stages are what the two nodes of a recipe do, and what they hand over are the
files of the store:

    explain    styles of the close before, the weighted fit, one file a session
    estimate   files of the window, exposures, covariance and specific variances, one file a date
    alone      the estimate of one date by itself, as a new day asks for it

    python benchmarks/risk_speed.py                    5,000 stocks, 850 sessions, 50 weekly dates
    python benchmarks/risk_speed.py --quick            300 stocks, 8 dates
    python benchmarks/risk_speed.py --before COMMIT    that commit's package in turns with this one

With --before each runs in a process of its own, in turns, from one lake. The commit before makes
the first five dates only, at its own pace for each. What both make must agree to 1e-9 of the
largest value of each array.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import polars as pl

from intralpha.market import Lake
from intralpha.risk import (
    FactorRiskSpec,
    RiskEstimate,
    SessionReturns,
    load_session,
    save_estimate,
    save_session,
)

INDUSTRIES, STYLES = 30, 4
EVERY, MOST_AHEAD = 5, 250
HERE = Path(__file__).resolve()


def random_lake(stocks: int, sessions: int, folder: Path) -> Lake:
    """Daily rows whose returns have a market, industries, a few styles and noise."""
    rng, lake = np.random.default_rng(5), Lake(folder, create=True)
    weekdays = pl.date_range(date(2018, 1, 1), date(2026, 1, 1), "1d", eager=True)
    days = weekdays.filter(weekdays.dt.weekday() < 6)[:sessions]
    symbols = [f"{600000 + i}.SH" for i in range(stocks)]
    industry = rng.integers(0, INDUSTRIES, stocks)
    loadings = rng.standard_normal((stocks, STYLES))
    shares = np.exp(rng.normal(20, 1, stocks)).round()
    close = np.exp(rng.normal(2.3, 0.6, stocks))
    rows = []
    for day in days:
        factors = rng.normal(0, [0.012, *[0.004] * STYLES])
        own = 0.005 * rng.standard_normal(INDUSTRIES)[industry]
        ret = factors[0] + loadings @ factors[1:] + own + 0.02 * rng.standard_normal(stocks)
        before, close = close, close * (1 + np.clip(ret, -0.1, 0.1))
        volume = np.where(rng.random(stocks) < 0.01, 0, shares * rng.lognormal(-5, 1, stocks) + 1)
        rows.append(pl.DataFrame({
            "date": pl.repeat(day, stocks, eager=True), "symbol": symbols, "open": before,
            "high": np.maximum(before, close), "low": np.minimum(before, close), "close": close,
            "preclose": before, "volume": volume.astype(np.int64), "amount": volume * close,
            "adj_factor": np.ones(stocks), "suspended": volume == 0, "st": np.zeros(stocks, bool),
            "float_shares": 0.6 * shares, "total_shares": shares,
        }))  # fmt: skip
    lake.append("daily", pl.concat(rows))
    lake.append("industry", pl.DataFrame({
        "symbol": symbols, "in_date": [days[0]] * stocks, "scheme": ["random"] * stocks,
        "code": [f"i{k:02d}" for k in industry.tolist()],
    }))  # fmt: skip
    return lake


def stages(lake: Lake, ahead: int, folder: Path) -> dict[str, float]:
    """Seconds of wall and processor of each stage, of a session or date.

    Parameters
    ----------
    lake : of :func:`random_lake`
    ahead : sessions after the first window; every fifth of them has an estimate
    folder : where the files go
    """
    spec, sessions = FactorRiskSpec(), lake.dates("daily")
    symbols = lake.scan("industry").select("symbol").collect()["symbol"].sort()
    assets = symbols.to_numpy().astype(str)
    core = np.zeros(len(assets), dtype=bool)
    core[np.random.default_rng(0).permutation(len(assets))[: len(assets) // 3]] = True
    first = len(sessions) - MOST_AHEAD - spec.window_days
    explained = sessions[first : first + spec.window_days + ahead]
    mask = np.broadcast_to(core, (len(explained), len(core)))
    clock = perf_counter(), process_time()
    for one in spec.explain(lake, explained, assets, mask):
        save_session(one, folder / str(one.date))
    middle = perf_counter(), process_time()
    dates = explained[spec.window_days :: EVERY]
    masks = np.broadcast_to(core, (len(dates), len(core)))
    pasts = windows(dates, explained, spec.window_days, folder)
    for day, found in zip(dates, made(spec, lake, dates, assets, masks, pasts), strict=True):
        save_estimate(found, folder / str(day))
    end = perf_counter(), process_time()
    (past,) = windows(dates[:1], explained, spec.window_days, folder)
    single = perf_counter(), process_time()
    spec.estimate(lake, dates[0], assets, core, past)
    alone = perf_counter(), process_time()
    return {
        "explain": (middle[0] - clock[0]) / len(explained),
        "explain_cpu": (middle[1] - clock[1]) / len(explained),
        "estimate": (end[0] - middle[0]) / len(dates),
        "estimate_cpu": (end[1] - middle[1]) / len(dates),
        "alone": alone[0] - single[0],
        "alone_cpu": alone[1] - single[1],
    }


def windows(
    dates: np.ndarray, explained: np.ndarray, length: int, folder: Path
) -> Iterator[tuple[SessionReturns, ...]]:
    """Files of the sessions up to each date, each read once."""
    kept: dict[str, SessionReturns] = {}
    for day in dates:
        upto = int(np.searchsorted(explained, day)) + 1
        names = [str(d) for d in explained[upto - length : upto]]
        kept = {n: kept.get(n) or load_session(folder / n) for n in names}
        yield tuple(kept.values())


def made(
    spec: FactorRiskSpec,
    lake: Lake,
    dates: np.ndarray,
    assets: np.ndarray,
    masks: np.ndarray,
    pasts: Iterator[tuple[SessionReturns, ...]],
) -> Iterator[RiskEstimate]:
    """Estimates of the dates, in the way of the package that runs: one call, or one a date."""
    if hasattr(spec, "estimates"):
        yield from spec.estimates(lake, dates, assets, masks, pasts)
        return
    for day, core, past in zip(dates, masks, pasts, strict=True):
        yield spec.estimate(lake, day, assets, core, past)


def measured(package: Path, lake: Path, ahead: int, folder: Path) -> dict[str, float]:
    """What :func:`stages` says in a process of its own, of one package."""
    command = [sys.executable, str(HERE), "--stages", str(lake), str(folder), str(ahead)]
    there = os.environ | {"PYTHONPATH": str(package)}
    told = subprocess.run(command, env=there, check=True, capture_output=True, text=True)
    return json.loads(told.stdout.splitlines()[-1])


def package_of(commit: str, folder: Path) -> Path:
    """The package as of a commit, unpacked."""
    where = ["git", "-C", str(HERE.parents[1])]
    packed = subprocess.run([*where, "archive", commit, "src"], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


def farthest(old: Path, new: Path) -> float:
    """Largest difference of an array of the same session or date, over its largest value."""
    most = 0.0
    for folder in sorted(old.iterdir()):
        files = sorted(folder.glob("*.npz"))
        for one in files:
            with np.load(one) as mine, np.load(new / folder.name / one.name) as yours:
                for name in mine.files:
                    a, b = mine[name], yours[name]
                    if a.dtype.kind != "f":
                        np.testing.assert_array_equal(a, b)
                        continue
                    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
                    scale = np.nanmax(np.abs(a), initial=1e-300)
                    most = max(most, float(np.nanmax(np.abs(a - b), initial=0.0) / scale))
    return most


def in_turns(lake: Path, commit: str | None, ahead: int, turns: int, root: Path) -> None:
    """Run the packages in turns, compare what they made, and print the least of each figure."""
    mine = HERE.parents[1] / "src"
    packages = {"now": (mine, ahead)}
    if commit:
        packages = {"before": (package_of(commit, root / "package"), 5 * EVERY)} | packages
    told: dict[str, list[dict[str, float]]] = {name: [] for name in packages}
    for turn in range(turns):
        for name, (package, sessions) in packages.items():
            found = measured(package, lake, sessions, root / f"{name}_{turn}")
            print(name, {stage: round(value, 4) for stage, value in found.items()}, flush=True)
            told[name].append(found)
    best = {name: {s: min(one[s] for one in runs) for s in runs[0]} for name, runs in told.items()}
    heads = ("session", "date", "date alone")
    print("| package |", " | ".join(f"{one}, s | of processor" for one in heads), "|")
    print("|---" * 7 + "|")
    for name, one in best.items():
        print(f"| {name} |", " | ".join(f"{value:.3f}" for value in one.values()), "|")
    words = [f"{stage}={value:.3f}" for stage, value in best["now"].items()]
    if commit:
        far = farthest(root / "before_0", root / "now_0")
        if far > 1e-9:
            raise SystemExit(f"the packages differ by {far:.2g} of a largest value")
        print(f"largest difference: {far:.2g} of the largest value of its array")
        words += [f"x_{s}={best['before'][s] / best['now'][s]:.1f}" for s in best["now"]]
    print("RESULT", *words)


def main() -> None:
    """Lay the lake, run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="300 stocks, 8 dates")
    parser.add_argument("--before", help="commit whose package runs in turns with this one")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--stages", nargs=3, help="lake, folder and sessions of one process")
    given = parser.parse_args()
    if given.stages:
        lake, folder, ahead = given.stages
        print(json.dumps(stages(Lake(Path(lake)), int(ahead), Path(folder))))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"Python {platform.python_version()}")  # fmt: skip
    with tempfile.TemporaryDirectory() as there:
        root = Path(there)
        lake = random_lake(300 if given.quick else 5_000, 850, root / "lake")
        ahead, turns = (8 * EVERY, 1) if given.quick else (MOST_AHEAD, given.turns)
        in_turns(lake.root, given.before, ahead, turns, root)


if __name__ == "__main__":
    main()
