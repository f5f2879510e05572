"""What the reports say of networks, each on a simulated market with three seeds.

    python benchmarks/mechanisms.py                 recipe mechanisms: 300 stocks, four years
    python benchmarks/mechanisms.py --runs FOLDER   the same; a run that was stopped goes on
    python benchmarks/mechanisms.py --quick         48 stocks, ten months, one epoch

Attention makes scores steadier and trades less; a penalty makes the outputs of a network less
alike; a mean of three networks beats each of them; the RankIC of single days falls with their
distance and cumulates. Each seed is told alone; a difference is taken seed by seed and date by
date, and its error is the larger one of that over dates and that over seeds. What the choice among
half-years is worth stands in results/2026-11-sample-blocks.md. The run that this leaves in a folder
is read by side_by_side.py, too.
"""

import argparse
import os
import platform
import tempfile
from collections import Counter
from pathlib import Path
from time import process_time

import torch
from reports import mechanisms
from reports.claims import AGREE, DISAGREE, UNTOLD
from reports.folders import runs_in

from intralpha import pipeline

RECIPE = Path(__file__).parents[1] / "recipes" / "mechanisms.yaml"
MARKET = (
    "data.sources=[{kind: simulated, n_assets: 48, end: 2023-10-31, seed: 2, freq: 30,"
    " habits: {orders_per_day: 150}}]"
)
SHORT = (
    "schedule={kind: rolling, train_days: 60, valid_days: 20, step_days: 200}",
    "training.max_epochs=1",
)


def settings(folder: Path, quick: bool) -> tuple[str, ...]:
    """Changes of the recipe: where its lake lies, and less of everything where it is to be quick.

    Parameters
    ----------
    folder : of the lake and the runs
    quick : less of everything
    """
    said = [f"data.lake={folder}/lake"]
    if quick:
        factors = pipeline.load_recipe(RECIPE).factors
        trained = [name for name, spec in factors.items() if spec.kind != "mean_of"]
        said += [
            MARKET,
            "test.by_day=4",
            *(f"factors.{name}.{key}" for name in trained for key in SHORT),
        ]
    return tuple(said)


def main() -> None:
    """Make what is missing, read it, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    parser.add_argument("--runs", type=Path, help="keeps the lake and what was trained")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, {os.cpu_count()} cores, one thread")
    started = process_time()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.runs or Path(scratch)).absolute()
        recipe = pipeline.load_recipe(RECIPE, settings(folder, given.quick))
        pipeline.execute(pipeline.plan(recipe, folder / "runs"), show_progress=False)
        run = runs_in([folder / "runs"])[mechanisms.RECIPE]
        print("\n".join(mechanisms.page_lines(run)))
        counts = Counter(claim.verdict for claim in mechanisms.all_claims(run))
    print(f"{process_time() - started:.0f} s of the CPU")
    print(f"RESULT agree={counts[AGREE]} disagree={counts[DISAGREE]} untold={counts[UNTOLD]}")


if __name__ == "__main__":
    main()
