"""An address moves with everything that a result is made of; what was learned is kept."""

from pathlib import Path

import pytest
import yaml

from intralpha.pipeline import RunResult, load_recipe, plan

from .conftest import write_recipe

LIBRARY = {
    "name": "mine",
    "frame": "day",
    "segments": "day",
    "source": "a test",
    "factors": [{"name": "momentum", "expr": "lag(close, days=1) / lag(close, days=6) - 1"}],
}


@pytest.fixture
def own_library(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(LIBRARY))
    return path


def test_the_grid_moves_scores_without_training(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    base = plan(load_recipe(folder / "tiny.yaml"), folder / "runs").keys
    other = plan(load_recipe(folder / "tiny.yaml", ("grid.every=4",)), folder / "runs").keys
    assert base["features/simple"] == other["features/simple"]
    assert base["score/simple"] != other["score/simple"]


def test_the_content_of_a_library_file_moves_what_is_made_of_it(
    tmp_path: Path, finished: tuple[Path, RunResult], own_library: Path
) -> None:
    lake = finished[0] / "lake"
    factor = {
        "kind": "zscore_mean",
        "features": {"kind": "library", "library": str(own_library)},
        "signs": {"momentum": 1},
    }
    path = write_recipe(tmp_path, factors={"mine": factor}, combination={"kind": "single"})
    recipe = load_recipe(path, (f"data.lake={lake}", "data.sources=[]", "portfolio=null"))
    before = plan(recipe, tmp_path / "runs").keys
    changed = LIBRARY | {"factors": [{"name": "momentum", "expr": "close / lag(close, days=5)"}]}
    own_library.write_text(yaml.safe_dump(changed))
    after = plan(recipe, tmp_path / "runs").keys
    assert before["features/mine"] != after["features/mine"]
    assert before["score/mine"] != after["score/mine"]
    assert before["axes"] == after["axes"]


def test_weights_of_every_fold_and_seed_are_kept(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    kept = list((folder / "runs" / "artifacts").rglob("weights.safetensors"))
    assert len(kept) >= 2 * 2  # two seeds, at least two folds
