"""What every network finds in the simulated market, beside a linear map, an MLP and the oracle.

    python benchmarks/networks.py                      recipe networks: 300 stocks, three seeds
    python benchmarks/networks.py --runs FOLDER        the same; a run that was stopped goes on
    python benchmarks/networks.py --only gru,tcn       these beside the two baselines
    python benchmarks/networks.py --quick              60 stocks, one seed, one epoch

Mean RankIC of returns over the next five days with its standard error on the recipe's test dates,
five sessions apart, so that returns do not overlap; as a share of what the oracle reaches, who
knows the hidden state; and the difference to the linear map, date by date, with its standard error.
Seconds are those of the CPU for training, predicting and testing; what networks share is made with
the linear map.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import torch

from intralpha import pipeline

BASELINES = ("linear", "mlp")
QUICK = (
    "data.sources=[{kind: simulated, n_assets: 60, end: 2023-12-29, seed: 2, freq: 30}]",
    *(
        f"factors.NAME.{key}"
        for key in (
            "seeds=[0]",
            "schedule={kind: rolling, train_days: 60, valid_days: 20, step_days: 200}",
            "training.max_epochs=1",
        )
    ),
)
RECIPE = Path(__file__).parents[1] / "recipes" / "networks.yaml"


def one(
    name: str, names: list[str], folder: Path, quick: bool
) -> tuple[dict[str, np.ndarray], float]:
    """RankIC by date of a network and the oracle, and seconds of the CPU.

    Parameters
    ----------
    name : of the factor
    names : all in the recipe
    folder : of the lake and the runs
    quick : less of everything
    """
    changes = [f"data.lake={folder}/lake", f"combination.name={name}"]
    changes += [f"factors.{other}=null" for other in names if other != name]
    changes += [change.replace("NAME", name) for change in (QUICK if quick else ())]
    started = process_time()
    planned = pipeline.plan(pipeline.load_recipe(RECIPE, tuple(changes)), folder / "runs")
    result = pipeline.execute(planned, show_progress=False)
    found = {f.name: f.series["rank_ic"].to_numpy() for f in result.factors}
    return {n: found[n] for n in (name, "oracle")}, process_time() - started


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error over the dates where both sides have a value."""
    known = values[np.isfinite(values)]
    return float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))


def line(name: str, found: dict[str, np.ndarray], linear: np.ndarray, seconds: float) -> str:
    """A row of the table."""
    mean, error = mean_and_error(found[name])
    more, of_it = mean_and_error(found[name] - linear)
    share = mean / mean_and_error(found["oracle"])[0]
    return (
        f"{name:24}{mean:8.4f} +- {error:.4f}{share:8.1%}   {more:+.4f} +- {of_it:.4f}"
        f"{seconds:9.1f}"
    )


def main() -> None:
    """Train, test and tell one network after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    parser.add_argument("--only", default="", help="names in the recipe, with commas between")
    parser.add_argument("--runs", type=Path, help="keeps the lake and what was trained")
    given = parser.parse_args()
    names = list(pipeline.load_recipe(RECIPE).factors)
    wanted = [n for n in names if not given.only or n in (*BASELINES, *given.only.split(","))]
    torch.set_num_threads(1)
    print(f"{platform.machine()}, {os.cpu_count()} cores, one thread")
    print(f"{'':24}{'RankIC':>18}{'of oracle':>8}{'minus linear':>19}{'CPU s':>11}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.runs or Path(scratch)).absolute()
        shares, linear = {}, np.empty(0)
        for name in wanted:
            found, seconds = one(name, names, folder, given.quick)
            linear = found[name] if name == "linear" else linear
            print(line(name, found, linear, seconds), flush=True)
            shares[name] = mean_and_error(found[name])[0] / mean_and_error(found["oracle"])[0]
        mean, error = mean_and_error(found["oracle"])
        print(f"{'oracle':24}{mean:8.4f} +- {error:.4f}   {len(found['oracle'])} dates")
    others = {n: share for n, share in shares.items() if n not in BASELINES}
    better = sum(share > shares["linear"] for share in others.values())
    print(
        f"RESULT networks={len(others)} beat_linear={better} "
        f"best_share={max(others.values(), default=np.nan):.3f} "
        f"linear_share={shares['linear']:.3f} mlp_share={shares['mlp']:.3f}"
    )


if __name__ == "__main__":
    main()
