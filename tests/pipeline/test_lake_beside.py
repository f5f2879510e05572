"""Steps of a network that look at more of the lake than features and daily rows do."""

from pathlib import Path

import numpy as np
import pytest

from intralpha.datasets import NeutralSpec
from intralpha.labels import BarSharpeSpec
from intralpha.market import Lake
from intralpha.pipeline import RunResult, execute, load_recipe, plan

BESIDE = (
    "data.sources=[]",
    "combination={kind: single}",
    "portfolio=null",
    "factors.simple=null",
    "factors.gru.transform={kind: neutral}",
    "factors.gru.label={kind: y_sharpe, horizon: 1, freq: 30}",
    "factors.gru.training.max_epochs=1",
    "factors.gru.seeds=[1]",
)


@pytest.mark.slow
def test_a_neutral_input_and_a_label_of_bars_are_those_of_the_whole_lake(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    recipe = load_recipe(finished[0] / "tiny.yaml", BESIDE)
    planned = plan(recipe, tmp_path / "runs")
    execute(planned, show_progress=False)
    names = ("universe", "features/gru", "seen/gru", "label/gru")
    universe, features, seen, label = (planned.panel(name) for name in names)
    lake = Lake(finished[0] / "lake")
    some = label.dates[5:15:3]
    expected = BarSharpeSpec(horizon=1).over(lake, universe.at(some))
    assert np.isfinite(expected.values).mean() > 0.3
    np.testing.assert_array_equal(label.at(some).values, expected.values)
    some = seen.dates[60:90:10]
    known = NeutralSpec().looks_up(lake, some, seen.assets)
    inside = universe.at(some)["universe"] > 0
    expected = NeutralSpec().apply(features.at(some), inside, known)
    assert np.abs(expected.values).mean() > 0.2
    # A stock that is listed later is no row of the day's own file.
    found = np.nan_to_num(seen.at(some).values)
    np.testing.assert_array_equal(found, expected.values)
