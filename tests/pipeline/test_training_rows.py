"""Rules of rows and weights in a whole recipe: counted, reported, and audited."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.audit.probe import FutureLeakError
from intralpha.pipeline import Plan, RunResult, audit_recipe, execute, load_recipe, plan, run_tables
from intralpha.pipeline.execute import make_block
from intralpha.pipeline.made import date_weights, training_history
from intralpha.pipeline.recipe import RecipeError
from intralpha.pipeline.report import render_report

from .leaks import RisersSpec

FEW = (
    "data.sources=[]", "portfolio=null", "combination={kind: single, name: gru}",
    "factors.simple=null", "factors.gru.seeds=[0]", "factors.gru.training.max_epochs=1",
)  # fmt: skip
RULES = (
    "factors.gru.rows=[{kind: quantiles, of: volatility, low: 0.3}, {kind: label_quantiles}]",
    "factors.gru.weights={kind: similarity, state_days: 10}",
)


@pytest.mark.slow
def test_rows_are_left_out_counted_and_reported(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    recipe = load_recipe(finished[0] / "tiny.yaml", (*FEW, *RULES))
    planned = plan(recipe, tmp_path / "runs")
    assert execute(planned, show_progress=False).problems == ()
    history = training_history(planned)
    rows, label = planned.panel("rows/gru"), planned.panel("label/gru")
    assert history is not None
    for fold in planned.folds["gru"]:
        said = history.filter(pl.col("fold") == fold.name)
        kept, out = said["rows"][0], said["rows_left_out"][0]
        assert 0.55 < kept / (kept + out) < 0.72  # 70 %, less a twentieth
    dropped = (rows.values[:, :, 0] == 0) & np.isfinite(label.at(rows.dates).values[:, :, 0])
    assert dropped.sum() > 100
    page = render_report(planned, tmp_path / "page.html").read_text()
    assert "rows left out of training" in page
    for name, folder in planned.folders("weighing/gru").items():
        fold = next(f for f in planned.folds["gru"] if name == f"before-{f.name}")
        weights = pl.read_parquet(folder / "weights.parquet")
        assert weights["date"].to_list() == fold.train.tolist()
        assert weights["weight"].mean() == pytest.approx(1)
        assert weights["weight"].n_unique() > 5
    tables = run_tables(planned)
    assert_frame_equal(tables["training/date_weights"], _as_kept(planned))
    told = tables["training/effective_dates"]
    assert told["fold"].to_list() == [fold.name for fold in planned.folds["gru"]]
    assert told["training_dates"].to_list() == [len(f.train) for f in planned.folds["gru"]]
    assert (told["effective_dates"] < told["training_dates"]).all()
    for said in ("Weights of training dates, gru", "训练日期权重", "effective dates"):
        assert said in page


def _as_kept(planned: Plan) -> pl.DataFrame:
    """What the trainings of each fold read, in the order of the folds."""
    rows = []
    for fold in planned.folds["gru"]:
        key = planned.addresses["weighing/gru"][f"before-{fold.name}"]
        kept = pl.read_parquet(planned.store.get("weighing", key).path / "weights.parquet")
        rows.append(kept.with_columns(factor=pl.lit("gru"), fold=pl.lit(fold.name)))
    return pl.concat(rows).select("factor", "fold", "date", "weight")


def test_where_no_dates_are_weighed_nothing_is_said(finished: tuple[Path, RunResult]) -> None:
    planned = plan(load_recipe(finished[0] / "tiny.yaml"), finished[0] / "runs")
    assert date_weights(planned) is None
    assert not [name for name in run_tables(planned) if "date" in name and "training" in name]
    assert "Weights of training dates" not in finished[1].report.read_text()


def test_weights_are_shown_of_the_folds_that_are_made(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    recipe = load_recipe(finished[0] / "tiny.yaml", (*FEW, "factors.gru.weights={kind: recency}"))
    planned = plan(recipe, tmp_path / "runs")
    node = planned.node("weighing/gru")
    assert len(node.slices) > 1
    make_block(planned, node, node.slices[:1], node.slices[:1])
    found = date_weights(planned)
    assert found is not None
    assert found["fold"].unique().to_list() == [planned.folds["gru"][0].name]


@pytest.mark.slow
@pytest.mark.parametrize("cheats", [False, True])
def test_a_rule_that_knows_tomorrow_is_caught(
    finished: tuple[Path, RunResult], tmp_path: Path, cheats: bool
) -> None:
    recipe = load_recipe(finished[0] / "tiny.yaml", FEW)
    gru = recipe.factors["gru"].model_copy(update={"rows": (RisersSpec(cheats=cheats),)})
    recipe = recipe.model_copy(update={"factors": {"gru": gru}})
    last = plan(recipe, tmp_path).node("rows/gru").slices[-3].name
    about = (recipe, date.fromisoformat(last), tmp_path, False, ("noise",))
    if cheats:
        with pytest.raises(FutureLeakError, match="rows/gru"):
            audit_recipe(*about)
    else:
        assert "rows/gru" in {finding.what for finding in audit_recipe(*about)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("factors.gru.rows=[{kind: quantiles, of: beta, low: 0.1}]", "no indicator beta"),
        (
            "factors.gru.rows=[{kind: quantiles, of: nothing, low: 0.1, features: {kind: library, "
            "library: price_volume, names: [vol20]}}]",
            r"rows\.0\.of: found nothing; features have vol20",
        ),
        ("factors.gru.weights={kind: recent}", "did you mean recency"),
    ],
)
def test_faults(finished: tuple[Path, RunResult], change: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(finished[0] / "tiny.yaml", (change,))
