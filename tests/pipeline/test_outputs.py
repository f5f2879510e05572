"""Networks of several inputs and outputs, through a recipe: what they say is kept by name."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore
from intralpha.pipeline import Plan, RecipeError, RunResult, load_recipe, plan
from intralpha.pipeline.run import make_all

from .conftest import begun

FACTORS = """
tasks:
  kind: network
  inputs:
    day: {features: {kind: day, mode: window}, transform: {kind: window_ratio}, window_days: 6}
    week:
      features: {kind: library, library: price_week,
                 names: [week_open, week_high, week_low, week_close, week_vwap, week_volume]}
      transform: {kind: window_ratio}
      window_days: 4
      every: 5
  label: {kind: y_ret, horizon: 5}
  schedule: {kind: rolling, train_days: 45, valid_days: 9, step_days: 60}
  model: {kind: multitask_gru, tasks: [day, week], hidden: 4}
  objective: {kind: multitask}
  training: {learning_rate: 0.01, max_epochs: 1, piece: null}
  seeds: [0, 1]
units:
  kind: network
  features: {kind: library, library: price_volume, names: [ret20, vol20]}
  transform: {kind: cross_section, mads: null, sigmas: 3}
  window_days: 3
  label: {kind: y_ret, horizon: 5}
  schedule: {kind: rolling, train_days: 45, valid_days: 9, step_days: 60}
  model: {kind: rnn, hidden: 4, layers: 1, head: {kind: units, units: 3}}
  objective: {kind: mse_bn_orth}
  training: {learning_rate: 0.01, max_epochs: 1, piece: 20}
  seeds: [0, 1]
steps:
  kind: network
  features: {kind: library, library: price_volume, names: [ret20, vol20]}
  transform: {kind: cross_section, mads: null, sigmas: 3}
  window_days: 3
  label: {kind: y_seq, horizons: 3}
  schedule: {kind: rolling, train_days: 45, valid_days: 9, step_days: 60}
  model:
    kind: seq_decoder
    horizons: 3
    heads: 2
    layers: 1
    inner: 8
    encoder: {kind: transformer, width: 8, heads: 2, layers: 1, inner: 8}
  objective: {kind: seq_neg_ic}
  training: {learning_rate: 0.01, max_epochs: 1}
  seeds: [4]
"""
APART = {"data.sources": "[]", "combination": "{kind: equal}", "portfolio": "null"}


@pytest.fixture(scope="module")
def made(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Panel]:
    """Everything that three networks say."""
    runs = begun(finished[0], tmp_path_factory.mktemp("outputs") / "runs")
    planned = planned_with(finished[0], yaml.safe_load(FACTORS), runs)
    wanted = [n for n in planned.nodes if n.kind not in ("signal", "forward", "test")]
    _, failed = make_all(planned, wanted, show_progress=False)
    assert not failed
    return {
        f"{kind}/{name}": planned.panel(f"{kind}/{name}")
        for name in ("tasks", "units", "steps")
        for kind in ("outputs", "score")
    }


def planned_with(folder: Path, factors: dict, runs: Path) -> Plan:
    """The plan of the tiny recipe with other factors."""
    raw = yaml.safe_load((folder / "tiny.yaml").read_text())
    path = runs / "outputs.yaml"
    path.write_text(yaml.safe_dump({**raw, "factors": factors}))
    return plan(load_recipe(path, tuple(f"{k}={v}" for k, v in APART.items())), runs)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("tasks", "score task_01 task_02"),
        ("units", "score unit_00 unit_01 unit_02"),
        ("steps", "score h01 h02 h03"),
    ],
)
def test_outputs_are_kept_under_their_names(
    made: dict[str, Panel], name: str, columns: str
) -> None:
    seeds = (4,) if name == "steps" else (0, 1)
    own = [f"seed{seed}_{column}" for seed in seeds for column in columns.split()]
    shared = ["score"] if name == "units" else columns.split()
    outputs, score = made[f"outputs/{name}"], made[f"score/{name}"]
    assert outputs.names == (*shared, *own)
    assert score.names == ("score",)
    np.testing.assert_array_equal(score["score"], outputs["score"])
    known = np.isfinite(outputs.values)
    assert known[..., 0].mean() > 0.3
    assert (known == known[..., :1]).all(), "whoever has a score has every number"
    for column in shared:
        mean = mean_zscore([outputs[f"seed{seed}_{column}"] for seed in seeds])
        np.testing.assert_allclose(outputs[column], mean, atol=1e-6)


def test_the_score_of_units_is_their_mean_over_the_day(made: dict[str, Panel]) -> None:
    outputs = made["outputs/units"]
    for seed in (0, 1):
        units = np.stack([outputs[f"seed{seed}_unit_{k:02d}"] for k in range(3)])
        found, expected = (mean_zscore([x]) for x in (outputs[f"seed{seed}_score"], units.mean(0)))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_the_yaml_shows_to_be_wrong_is_told_before_anything_is_read(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    factors = yaml.safe_load(FACTORS)
    del factors["tasks"]["inputs"]["week"]
    factors["units"]["model"].pop("head")
    with pytest.raises(RecipeError) as told:
        planned_with(finished[0], factors, tmp_path)
    text = " ".join(str(told.value).split())
    assert (
        "factors.tasks.inputs: network multitask_gru wants inputs day, week; it is given day"
        in text
    )
    assert (
        "factors.units.objective: mse_bn_orth needs the part unit; model rnn gives a score alone"
        in text
    )
