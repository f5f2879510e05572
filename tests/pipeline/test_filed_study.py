"""What a study files: its table, errors over seeds, and every training by epoch."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.pipeline.filed_study import FiledStudy, facts_of, filed_studies
from intralpha.pipeline.study import render_study
from intralpha.pipeline.study_result import StudyResult, learnt_of

RATE = "factors.gru.training.learning_rate"


def trained(valid: dict[int, list[float]], fold: str = "a") -> pl.DataFrame:
    """A history: seed -> validation RankIC by epoch, the highest one kept."""
    rows = [
        {
            "factor": "gru",
            "fold": fold,
            "seed": seed,
            "epoch": at,
            "train_loss": 1.0 / at,
            "valid_rank_ic": value,
            "best_epoch": int(np.nanargmax(values)) + 1,
            "unit_correlation": 0.5,
            "seconds": 3.0,
        }
        for seed, values in valid.items()
        for at, value in enumerate(values, start=1)
    ]
    return pl.DataFrame(rows)


def test_errors_are_over_seeds_by_hand() -> None:
    """Seeds reach 0.1, 0.2 and 0.3 after 1, 2 and 3 epochs: deviation 0.1, error 0.1 / sqrt(3)."""
    history = trained({0: [0.1], 1: [0.0, 0.2], 2: [0.0, 0.1, 0.3]})
    found = learnt_of(history)
    assert found["valid_rank_ic"] == pytest.approx(0.2)
    assert found["valid_rank_ic_se"] == pytest.approx(0.1 / math.sqrt(3))
    assert (found["epochs"], found["best_epoch"]) == (2.0, 2.0)
    assert found["epochs_se"] == pytest.approx(1 / math.sqrt(3))
    assert (found["unit_correlation"], found["unit_correlation_se"]) == (0.5, 0.0)
    assert (found["seeds"], found["trainings"]) == (3, 3)


def test_folds_of_a_seed_are_one_value_and_one_seed_has_no_error() -> None:
    two = [trained({0: [0.1], 1: [0.3]}), trained({0: [0.2], 1: [0.4]}, "b")]
    found = learnt_of(pl.concat(two))
    assert found["valid_rank_ic"] == pytest.approx(0.25)
    assert found["valid_rank_ic_se"] == pytest.approx(0.1)  # 0.15 and 0.35
    assert (found["seeds"], found["trainings"]) == (2, 4)
    alone = learnt_of(trained({0: [0.1, 0.2]}))
    assert alone["valid_rank_ic"] == pytest.approx(0.2)
    assert alone["valid_rank_ic_se"] is None
    nothing = learnt_of(None)
    assert set(nothing.values()) == {None}


@pytest.fixture
def result() -> StudyResult:
    rows = [
        {"trial": 0, RATE: "0.01", **learnt_of(trained({0: [0.1, math.nan], 1: [0.1, 0.2]}))},
        {"trial": 1, RATE: "0.001", **learnt_of(trained({0: [0.3], 1: [0.1]}))},
    ]
    for row, reached in zip(rows, (0.02, math.nan), strict=True):
        row |= {"rank_ic": reached, "rank_ic_se": 0.01, "problem": None}
    fits = [trained({0: [0.1, math.nan], 1: [0.1, 0.2]}), trained({0: [0.3], 1: [0.1]})]
    fits = [one.with_columns(trial=pl.lit(at)) for at, one in enumerate(fits)]
    series = tuple(np.random.default_rng(0).standard_normal((2, 30)))
    return StudyResult("gru", pl.DataFrame(rows), series, pl.concat(fits))


def test_a_file_says_all_that_was_found(result: StudyResult, tmp_path: Path) -> None:
    facts = facts_of(result, {RATE: (0.01, 0.001)}, [{RATE: 0.01}, {RATE: 0.001}])
    text = json.dumps(facts, allow_nan=False)
    assert (facts["factor"], facts["tried"], facts["chosen"], facts["best"]) == ("gru", 2, 1, 0)
    assert facts["varied"] == {RATE: [0.01, 0.001]}
    assert facts["luck"] == result.luck
    assert facts["deflated"] == result.deflated
    first, second = facts["trials"]
    assert first["settings"] == {RATE: 0.01}
    assert first["seeds"] == 2
    assert second["rank_ic"] is None, "a figure that is none is null"
    assert RATE not in first, "a setting is no figure"
    assert "seconds" not in facts["trainings"], "the same work takes another time"
    folder = tmp_path / "one" / "2026-01-01T000000"
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(text)
    (found,) = filed_studies(tmp_path)
    assert isinstance(found, FiledStudy)
    assert (found.name, found.factor) == ("one", "gru")
    assert found.varied == {RATE: [0.01, 0.001]}
    assert found.trial({RATE: 0.001}) == second
    assert found.trial({RATE: 0.5}) is None
    reached = found.trainings.filter(trial=0, seed=1, epoch=2)
    assert reached["valid_rank_ic"].item() == 0.2
    assert found.trainings["valid_rank_ic"].null_count() == 1


def test_the_page_draws_every_training_of_every_trial(result: StudyResult, tmp_path: Path) -> None:
    page = render_study(result, tmp_path / "study.html").read_text()
    for title in ("Training loss", "Validation RankIC by epoch", "Correlation between units"):
        assert title in page, title
    assert "standard error" in page
    assert ">problem<" not in page, "a column without a value"
    bare = StudyResult("gru", result.table, result.series)
    assert "Training loss" not in render_study(bare, tmp_path / "bare.html").read_text()
