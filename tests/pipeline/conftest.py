"""A tiny recipe on the simulated market that runs in seconds."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from intralpha.pipeline import Plan, Recipe, RunResult, execute, load_recipe, plan

TINY = """
name: tiny
data:
  lake: {lake}
  sources:
    - {{kind: simulated, seed: 3, n_assets: 60, start: 2023-01-03, end: 2023-06-30, freq: 30,
        habits: {{orders_per_day: 150}}}}
  assets: bars
  bar_freq: 30
universe: {{min_listed_days: 20, exclude_st: false}}
grid: {{every: 3}}
factors:
  gru:
    kind: network
    features:
      {{kind: library, library: bar64_30, rows: 30, parameters: {{least: 1}},
        names: [bar_ret, bar_range, bar_val_share]}}
    transform: {{kind: cross_section, mads: null, sigmas: 3}}
    window_days: 4
    label: {{kind: y_ret, horizon: 5}}
    schedule: {{kind: rolling, train_days: 40, valid_days: 8, step_days: 40}}
    model: {{kind: gru, hidden: 4}}
    objective: {{kind: neg_ic}}
    training: {{learning_rate: 0.01, max_epochs: 2, patience: 2}}
    seeds: [0, 1]
  simple:
    kind: zscore_mean
    features: {{kind: library, library: price_volume, names: [ret20, vol20]}}
    signs: {{ret20: -1, vol20: -1}}
combination: {{kind: weights, weights: {{gru: 0.5, simple: 0.5}}}}
test:
  horizons: [[1, 6], [1, 11]]
  factor: {{n_groups: 5, top_share: 0.2}}
portfolio:
  problem: {{stock_deviation: 0.05, industry_deviation: 0.1, style_bounds: {{size: 0.5}}}}
"""


def write_recipe(folder: Path, **changes: object) -> Path:
    raw = yaml.safe_load(TINY.format(lake=folder / "lake"))
    raw |= changes
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


@pytest.fixture
def recipe_path(tmp_path: Path) -> Path:
    return write_recipe(tmp_path)


@pytest.fixture
def recipe(recipe_path: Path) -> Recipe:
    return load_recipe(recipe_path)


@pytest.fixture(scope="session")
def finished(made_once: Callable[..., Path]) -> tuple[Path, RunResult]:
    """Folder and result of one whole run that several tests look at.

    Some run it again in ``runs``; ``kept`` stays as it was.
    """

    def make(folder: Path) -> None:
        recipe = load_recipe(write_recipe(folder))
        result = execute(plan(recipe, folder / "runs"), show_progress=False)
        (folder / "result.pickle").write_bytes(pickle.dumps(result))
        shutil.copytree(folder / "runs", folder / "kept", copy_function=os.link)

    folder = made_once("finished", make)
    return folder, pickle.loads((folder / "result.pickle").read_bytes())


def begun(finished: Path, runs: Path) -> Path:
    """A folder of runs that has what ``finished`` made, as links: files of a store never change."""
    shutil.copytree(finished / "kept/artifacts", runs / "artifacts", copy_function=os.link)
    return runs


@pytest.fixture
def laid_recipe(finished: tuple[Path, RunResult]) -> Recipe:
    """On the lake of ``finished``, which no test writes, so that nobody trades a market again."""
    return load_recipe(finished[0] / "tiny.yaml", ("data.sources=[]",))


SIMPLE = ("factors.gru=null", "combination={kind: single}", "portfolio=null")


@pytest.fixture
def simple_recipe(finished: tuple[Path, RunResult]) -> Recipe:
    """The same without network and portfolio: fast."""
    return load_recipe(finished[0] / "tiny.yaml", ("data.sources=[]", *SIMPLE))


APART = ("ingest", "test")
TIMED = ("artifact.json", "history.parquet", "solver.json")  # they say how long it took


def same_files(one: Plan, two: Plan) -> int:
    """How many files two stores have of the second's plan, all of them the same.

    Parameters
    ----------
    one, two : plans that were executed; ingests, and tests beside the oracle of simulated sources,
        are left out, for one of them may be of the other's lake
    """
    found = [_files(planned, two) for planned in (one, two)]
    assert set(found[0]) == set(found[1])
    differ = [name for name in found[0] if found[0][name] != found[1][name]]
    assert not differ
    return len(found[0])


def _files(planned: Plan, of: Plan) -> dict[str, bytes]:
    """What the store of a plan has at the addresses of a plan."""
    places, out = planned.store.addresses(), {}
    for node in of.nodes:
        for key in of.addresses[node.name].values() if node.kind not in APART else ():
            place = places[node.kind, key]
            files = [place] if place.is_file() else sorted(place.rglob("*"))
            for path in files:
                if path.is_file() and path.name not in TIMED:
                    out[f"{node.kind}/{key}/{path.name}"] = path.read_bytes()
    return out
