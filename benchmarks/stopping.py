"""Where a training stops and how many seeds it has: what both are worth, on simulated markets.

    python benchmarks/stopping.py                  two markets of 300 stocks, three years
    python benchmarks/stopping.py --runs FOLDER    the same; a run that was stopped goes on
    python benchmarks/stopping.py --quick          one market of 60 stocks, two epochs

One recurrent network of two layers is trained nine times a fold, from nine seeds. Its best epoch is
chosen by the RankIC of the validation days, or by the loss there; both see the same batches in the
same order, so that they differ in the epoch alone. Three seeds are the mean of three z-scores, one
seed is itself: the nine trainings are three of the first or nine of the second. RankIC with the
returns of the next five sessions on the dates of the recipe `networks`, five sessions apart.
Differences are taken date by date, and their standard errors are those of dates; a market is one
draw, so markets are told apart.
"""

import argparse
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import torch
import yaml

from intralpha import pipeline

MARKETS, SEEDS, TOGETHER = (2, 3), 9, 3
METRICS = ("rank_ic", "loss")
RECIPE = Path(__file__).parents[1] / "recipes" / "networks.yaml"


@dataclass(frozen=True)
class Found:
    """RankIC of one market on its test dates.

    Attributes
    ----------
    one : metric -> mean over seeds of the RankIC of each, by date
    three : metric -> mean over triples of the RankIC of each mean of three, by date
    spread : metric -> standard deviation over seeds of their mean RankIC
    oracle : by date
    seconds : of the CPU
    """

    one: dict[str, np.ndarray]
    three: dict[str, np.ndarray]
    spread: dict[str, float]
    oracle: np.ndarray
    seconds: float


def recipe_of(market: int, metric: str, folder: Path, quick: bool) -> pipeline.Recipe:
    """Nine factors of a seed each, and three of three: the trainings are the same nine.

    Parameters
    ----------
    market : seed of the market
    metric : that chooses the epoch
    folder : of the lakes
    quick : less of everything
    """
    raw = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    apart = {f"one_{seed}": [seed] for seed in range(SEEDS)}
    apart |= {f"three_{at}": [*range(at, at + TOGETHER)] for at in range(0, SEEDS, TOGETHER)}
    network = raw["factors"]["rnn"]
    network["training"]["metric"] = {"kind": metric}
    source = raw["data"]["sources"][0] | {"seed": market}
    if quick:
        del source["preset"]
        source |= {"n_assets": 60, "end": "2023-12-29"}
        network["training"]["max_epochs"] = 2
        network["schedule"] |= {"train_days": 60, "valid_days": 20, "step_days": 200}
    raw["data"] |= {"lake": str(folder / f"lake-{market}"), "sources": [source]}
    raw["factors"] = {name: network | {"seeds": seeds} for name, seeds in apart.items()}
    raw["combination"] = {"kind": "single", "name": "one_0"}
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return pipeline.load_recipe(path)


def market(seed: int, folder: Path, quick: bool) -> Found:
    """Train and test with both metrics.

    Parameters
    ----------
    seed : of the market
    folder : of lakes and runs
    quick : less of everything
    """
    one, three, spread, oracle = {}, {}, {}, np.empty(0)
    started = process_time()
    for metric in METRICS:
        planned = pipeline.plan(recipe_of(seed, metric, folder, quick), folder / "runs")
        result = pipeline.execute(planned, show_progress=False)
        for problem in result.problems:
            raise problem
        series = {f.name: f.series["rank_ic"].to_numpy() for f in result.factors}
        oracle = series["oracle"]
        apart = np.array([series[f"one_{at}"] for at in range(SEEDS)])
        one[metric] = apart.mean(axis=0)
        spread[metric] = float(np.nanmean(apart, axis=1).std(ddof=1))
        three[metric] = np.mean([series[f"three_{at}"] for at in range(0, SEEDS, TOGETHER)], axis=0)
    return Found(one, three, spread, oracle, process_time() - started)


def told(values: np.ndarray, signed: bool = False) -> str:
    """Mean and its standard error over the dates."""
    known = values[np.isfinite(values)]
    error = known.std(ddof=1) / np.sqrt(len(known))
    return f"{known.mean():{'+' if signed else ''}.4f} ± {error:.4f}"


def lines(of: str, found: Found) -> list[str]:
    """Rows of the table of one market, or of all dates of all.

    Parameters
    ----------
    of : what stands in front
    found : RankIC by date
    """
    rows = []
    for metric in METRICS:
        one, three = found.one[metric], found.three[metric]
        share = np.nanmean(three) / np.nanmean(found.oracle)
        gained = told(three - one, signed=True)
        rows.append(
            f"| {of} | {metric} | {told(one)} | {found.spread[metric]:.4f} | {told(three)} "
            f"| {share:.1%} | {gained} |"
        )
    of_epoch = [told(x["rank_ic"] - x["loss"], signed=True) for x in (found.one, found.three)]
    rows.append(f"| {of} | rank_ic - loss | {of_epoch[0]} | | {of_epoch[1]} | | |")
    return rows


def together(found: list[Found]) -> Found:
    """All dates of all markets, one after the other."""
    joined = [
        {metric: np.concatenate([part[metric] for part in parts]) for metric in METRICS}
        for parts in ([f.one for f in found], [f.three for f in found])
    ]
    spread = {metric: float(np.mean([f.spread[metric] for f in found])) for metric in METRICS}
    oracle = np.concatenate([f.oracle for f in found])
    return Found(joined[0], joined[1], spread, oracle, sum(f.seconds for f in found))


def main() -> None:
    """Train, test and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small market, under a minute")
    parser.add_argument("--runs", type=Path, help="keeps the lakes and what was trained")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, {os.cpu_count()} cores, one thread\n")
    print("| market | epoch by | one seed | its deviation over seeds | mean of three seeds "
          "| of the oracle's | three - one |\n|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.runs or Path(scratch)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for seed in MARKETS[: 1 if given.quick else None]:
            found.append(market(seed, folder, given.quick))
            print(*lines(str(seed), found[-1]), sep="\n", flush=True)
    whole = together(found)
    if len(found) > 1:
        print(*lines("both", whole), sep="\n")
    dates = int(np.isfinite(whole.oracle).sum())
    print(f"\n{dates} dates, oracle {told(whole.oracle)}, {whole.seconds:.0f} s of CPU")
    gain = np.nanmean(whole.three["rank_ic"] - whole.one["rank_ic"])
    epoch = np.nanmean(whole.one["rank_ic"] - whole.one["loss"])
    print(f"RESULT three_minus_one={gain:.4f} rank_ic_minus_loss={epoch:.4f} dates={dates}")


if __name__ == "__main__":
    main()
