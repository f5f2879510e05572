"""What a network sees as float16: in the store, in a whole recipe, and before every future."""

from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.base.half import HalfPanel, halved, widened
from intralpha.pipeline import Plan, RunResult, audit_recipe, execute, load_recipe, plan
from intralpha.pipeline.execute import WorkInputs
from intralpha.pipeline.recipe import RecipeError
from intralpha.pipeline.store import Store

from .test_store import ASSETS, DAYS, made

FEW = (
    "data.sources=[]", "portfolio=null", "combination={kind: single, name: gru}",
    "factors.simple=null", "factors.gru.seeds=[0]", "factors.gru.training.max_epochs=1",
)  # fmt: skip
HALF = "factors.gru.kept=float16"


def filed(store: Store, panel: Panel) -> list[tuple[date, str]]:
    keys = {day: f"{i}{i}key" for i, day in enumerate(panel.dates)}
    store.keep_days("seen", keys, panel, half=True)
    return [(day.item(), key) for day, key in keys.items()]


@pytest.mark.parametrize("times", [None, (time(11, 30), time(15, 0))])
def test_days_come_back_rounded_and_nothing_else(
    tmp_path: Path, times: tuple[time, ...] | None
) -> None:
    store, panel = Store(tmp_path), made(times)
    panel.values[0] *= 1e9  # beyond what float16 has
    panel.values[1, ..., 0] *= np.float32(1e-12)  # and below
    panel.values[0, ..., 1, 1] = np.inf
    keys = filed(store, panel)
    expected = np.stack([widened(*halved(day)[:2]) for day in panel.values])
    for into in (None, tmp_path / "laid"):
        back = store.panel("seen", keys, ASSETS, into)
        assert back.values.dtype == np.float32
        np.testing.assert_array_equal(back.values, expected)
    np.testing.assert_allclose(expected, panel.values, rtol=2.0**-11)
    half = store.half_panel("seen", keys, np.append(ASSETS, "688001.SH"), tmp_path / "half")
    assert isinstance(half, HalfPanel)
    assert half.halves.dtype == np.float16
    np.testing.assert_array_equal(half.widened().values[..., :3, :], expected)
    assert np.isnan(half.halves[..., 3, :]).all()
    assert half.times == times


def test_a_day_takes_half_the_bytes_and_counts_what_became_0(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assets = np.array([f"{i:06d}.SZ" for i in range(400)])
    panel = Panel.full(DAYS, assets, tuple("abcdefgh"), fill=1.0)
    panel.values[1, 0, 7] = 1e-30
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    with caplog.at_level("INFO", "intralpha"):
        keys = filed(one, panel)
    other.keep_days("seen", {d: k for d, (_, k) in zip(DAYS, keys, strict=True)}, panel)
    half, whole = (sum(store.size("seen", key) for _, key in keys) for store in (one, other))
    assert half < 0.53 * whole
    assert "2024-01-03: 1 of 3200 numbers" in caplog.text
    assert "2024-01-02" not in caplog.text


@pytest.fixture(scope="module")
def both(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Plan]:
    """One network trained on float32, and the same on float16."""
    out = []
    for changes in (FEW, (*FEW, HALF)):
        runs = tmp_path_factory.mktemp("half") / "runs"
        planned = plan(load_recipe(finished[0] / "tiny.yaml", changes), runs)
        assert execute(planned, show_progress=False).problems == ()
        out.append(planned)
    return out[0], out[1]


@pytest.mark.slow
def test_a_network_learns_from_them_and_says_nearly_the_same(both: tuple[Plan, Plan]) -> None:
    wide, narrow = (planned.panel("seen/gru").values for planned in both)
    assert wide.dtype == narrow.dtype == np.float32
    assert (wide != narrow).any()
    np.testing.assert_allclose(narrow, wide, rtol=2.0**-11, atol=1e-9)
    one, other = (planned.panel("score/gru").values.ravel() for planned in both)
    there = np.isfinite(one)
    np.testing.assert_array_equal(there, np.isfinite(other))
    assert there.sum() > 1000
    assert 0.995 < np.corrcoef(one[there], other[there])[0, 1] < 1


@pytest.mark.slow
def test_a_training_maps_halves_and_everybody_else_float32(
    both: tuple[Plan, Plan], tmp_path: Path
) -> None:
    node = both[1].node("weights/gru")
    inputs = WorkInputs(both[1], node, node.slices[:1], tmp_path)
    assert HalfPanel.load(inputs.kept("seen")).halves.dtype == np.float16
    assert isinstance(HalfPanel.load(inputs.kept("seen")).halves, np.memmap)
    assert Panel.load(inputs.saved("seen")).values.dtype == np.float32
    assert inputs.kept("universe") == inputs.saved("universe")
    other = both[0].node("weights/gru")
    wide = WorkInputs(both[0], other, other.slices[:1], tmp_path / "wide")
    assert wide.kept("seen") == wide.saved("seen")


@pytest.mark.slow
def test_another_future_changes_no_half_of_the_past(
    both: tuple[Plan, Plan], tmp_path: Path
) -> None:
    recipe = both[1].recipe
    after = date.fromisoformat(both[1].node("score/gru").slices[3].name)
    findings = audit_recipe(recipe, after, tmp_path / "audit", False, ("noise",))
    (seen,) = (one for one in findings if one.what == "seen/gru")
    assert seen.compared > 1000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("factors.gru.transform={kind: window_ratio}", HALF), "kept: found float16; transform"),
        (("factors.gru.transform={kind: global_standard}", HALF), "that works on each day alone"),
        (("factors.gru.kept=float8",), "float16"),
        (
            (
                "factors.gru.inputs={x: {features: {kind: library, library: price_volume, names: "
                "[ret20]}, transform: {kind: cross_section}, window_days: 4}}",
                "factors.gru.features=null", "factors.gru.transform=null",
                "factors.gru.window_days=null", HALF,
            ),
            "found kept beside inputs",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_as_float16_is_refused(
    finished: tuple[Path, RunResult], changes: tuple[str, ...], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(finished[0] / "tiny.yaml", changes)
