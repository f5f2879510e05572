"""Every rule of combination on simulated markets, beside each factor alone and the oracle.

    python benchmarks/combination.py                  three markets of 200 stocks, four years
    python benchmarks/combination.py --runs FOLDER    the same; a run that was stopped goes on
    python benchmarks/combination.py --quick          one market of 60 stocks, a year and a half

Eight factors of daily prices and volumes are combined each week. RankIC with the returns of the
next five sessions on weekly dates, so that returns do not overlap, with its standard error; its
share of the oracle's; and the difference to equal weights, date by date. A rule learns only from
returns that are over, and the test begins a year after the first score, when all have something to
learn from.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
import yaml

from intralpha import pipeline

NAMES = ("ret20", "vol20", "ln_amount20", "ret", "vol", "lnto", "lnamihud", "apb_5d")
SEEDS = (2, 3, 4)
RULES = (
    "equal",
    "icir_weight",
    "ic_weight",
    "corr_weight",
    "corr_drop",
    "cluster",
    "roll_reg, ridge",
    "roll_reg, lasso",
    "roll_reg, pca",
    "factor_premium",
    "orthogonal",
    "horizon_choice",
    "tree_weight",
)
RECIPE = """
name: combination
data:
  lake: {folder}/lake-{seed}
  sources:
    - {{kind: simulated, n_assets: {stocks}, start: 2021-01-04, end: {end}, seed: {seed}}}
universe: {{min_listed_days: 20}}
grid: {{every: 5}}
test:
  horizons: [[1, 6]]
  start: {start}
  factor: {{n_groups: 5, top_share: 0.2}}
"""


def recipe_of(seed: int, rule: str, folder: Path, quick: bool) -> pipeline.Recipe:
    """One market, all factors and a rule.

    Parameters
    ----------
    seed : of the market
    rule : kind, and the method after a comma
    folder : of the lakes
    quick : less of everything
    """
    size = {"stocks": 60, "end": "2022-06-30", "start": "2022-02-07"}
    full = {"stocks": 200, "end": "2024-12-31", "start": "2022-06-06"}
    raw = yaml.safe_load(RECIPE.format(folder=folder, seed=seed, **(size if quick else full)))
    raw["factors"] = {
        name: {
            "kind": "zscore_mean",
            "features": {"kind": "library", "library": "price_volume", "names": [name]},
            "signs": {name: 1 if name == "lnamihud" else -1},
        }
        for name in NAMES
    }
    kind, _, method = rule.partition(", ")
    raw["combination"] = {"kind": kind} | ({"method": method} if method else {})
    if kind not in ("equal", "corr_weight", "cluster", "orthogonal"):
        raw["combination"]["min_observations"] = 10 if quick else 24
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(raw))
    return pipeline.load_recipe(path)


def series(recipe: pipeline.Recipe, runs: Path) -> dict[str, pl.DataFrame]:
    """RankIC by date of every factor, the signal and the oracle."""
    result = pipeline.execute(pipeline.plan(recipe, runs), show_progress=False)
    for problem in result.problems:
        raise problem
    return {f.name: f.series.select("date", "rank_ic") for f in result.factors}


def market(seed: int, folder: Path, quick: bool) -> dict[str, np.ndarray]:
    """Name -> RankIC on the dates that all have.

    Parameters
    ----------
    seed : of the market
    folder : of lakes and runs
    quick : less of everything
    """
    found: dict[str, pl.DataFrame] = {}
    for rule in RULES:
        part = series(recipe_of(seed, rule, folder, quick), folder / "runs")
        found[rule] = part.pop("signal")
        found = part | found
    joined = None
    for name, frame in found.items():
        renamed = frame.rename({"rank_ic": name})
        joined = renamed if joined is None else joined.join(renamed, on="date")
    assert joined is not None
    joined = joined.drop_nulls().filter(pl.all_horizontal(pl.col(*found).is_finite()))
    return {name: joined[name].to_numpy() for name in found}


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def main() -> None:
    """All markets, then a table of their dates together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    parser.add_argument("--runs", type=Path, help="keeps lakes and what was made")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    found, started = [], process_time()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.runs or Path(scratch)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        for seed in SEEDS[: 1 if given.quick else None]:
            found.append(market(seed, folder, given.quick))
            print(f"market {seed}: {process_time() - started:.0f} s of the CPU", flush=True)
    names = sorted({*found[0]} - {*RULES, "oracle"})
    together = {n: np.concatenate([one[n] for one in found]) for n in ("oracle", *names, *RULES)}
    best = together["oracle"].mean()
    print(f"{'':18}{'dates':>6}{'RankIC':>19}{'of oracle':>11}   minus equal")
    shares = {}
    for name, values in together.items():
        (mean, error), (more, of_it) = (
            mean_and_error(values),
            mean_and_error(values - together["equal"]),
        )
        shares[name] = mean / best
        row = f"{name:18}{len(values):6}{mean:10.4f} +- {error:.4f}{mean / best:11.1%}"
        print(f"{row}   {more:+.4f} +- {of_it:.4f}")
    said = " ".join(f"{n.replace(', ', '_')}={shares[n]:.3f}" for n in RULES)
    print(f"RESULT {said}")


if __name__ == "__main__":
    main()
