"""A recipe on a Ray cluster of two nodes, one of which is killed: the same as in one process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.pipeline.conftest import same_files

from intralpha.pipeline import RunResult, load_recipe, plan

pytest.importorskip("ray", reason="ray is not installed: make cluster does it")

SCRIPT = Path(__file__).parents[1] / "executors" / "cluster.py"


def test_a_cluster_that_loses_a_node_makes_what_one_process_makes(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    folder, _ = finished
    words = [sys.executable, str(SCRIPT), str(folder / "tiny.yaml"), str(tmp_path / "runs")]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.partition(" ")[0] in SAID]
    assert said == [
        "doubled [0, 2, 4, 6, 8, 10, 12, 14] by 2",
        "seen [0, 1, 2, 3, 4, 5, 6, 7]",
        "refused 1 1: not this one",
        "killed",
        "problems ()",
    ]
    recipe = load_recipe(folder / "tiny.yaml", ("data.sources=[]", "portfolio=null"))
    alone = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    assert same_files(alone, plan(recipe, tmp_path / "runs")) > 300


SAID = {"doubled", "seen", "refused", "killed", "problems"}
