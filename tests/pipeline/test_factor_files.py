"""Factors from elsewhere, tested by one command: as they come out of pandas, qlib and alphalens."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alphalens.utils import get_clean_factor
from tests.commands import command

from intralpha.factors.file import score_columns
from intralpha.pipeline import RunResult, execute, factor_file_recipe, load_recipe, plan
from intralpha.pipeline.factor_files import SameNameError


@pytest.fixture(scope="module")
def scored(finished: tuple[Path, RunResult]) -> tuple[Path, pd.DataFrame, float]:
    """The lake, scores of the recipe's simple factor as a frame, and its RankIC."""
    folder, result = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    score = planned.panel("score/simple")
    frame = pd.DataFrame(score["score"], pd.DatetimeIndex(score.dates), score.assets)
    return folder / "lake", frame, result.factors[1].summary["rank_ic"]


def settings(lake: Path) -> list[str]:
    words = ["--lake", str(lake)]
    for said in ("universe={min_listed_days: 20, exclude_st: false}", "grid.every=3",
                 "test.factor={n_groups: 5, top_share: 0.2}", "data.assets=bars",
                 "data.bar_freq=30"):  # fmt: skip
        words += ["--set", said]
    return words


def test_a_frame_of_qlib_has_the_rank_ic_of_the_factor(
    scored: tuple[Path, pd.DataFrame, float], tmp_path: Path
) -> None:
    lake, frame, expected = scored
    code = [f"{symbol[-2:]}{symbol[:6]}" for symbol in frame.columns]
    series = frame.set_axis(code, axis=1).rename_axis("datetime").rename_axis("instrument", axis=1)
    series.stack().to_frame("score").to_parquet(tmp_path / "mine.parquet")
    assert score_columns(tmp_path / "mine.parquet") == ("score",)
    done = command("test", "mine.parquet", *settings(lake), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    name, shown, *_ = next(line for line in done.stdout.splitlines() if "mine" in line).split()
    assert (name, float(shown)) == ("mine", pytest.approx(expected, abs=5e-5))
    (page,) = (tmp_path / "runs/test").glob("*/report.html")
    assert "Test of mine.parquet." in page.read_text()
    again = command("test", "mine.parquet", *settings(lake), "--dry-run", folder=tmp_path)
    assert "\n0 of " in again.stdout


def test_a_frame_of_alphalens_and_several_columns(
    scored: tuple[Path, pd.DataFrame, float], tmp_path: Path
) -> None:
    lake, frame, expected = scored
    series = frame.rename_axis("date").rename_axis("asset", axis=1).stack()
    ahead = pd.DataFrame({"5D": np.zeros(len(series))}, series.index)
    clean = get_clean_factor(series, ahead, quantiles=5, max_loss=1.0)
    clean.assign(minus=-clean["factor"])[["factor", "minus"]].to_csv(tmp_path / "one.csv")
    assert score_columns(tmp_path / "one.csv") == ("factor", "minus")
    recipe = factor_file_recipe([tmp_path / "one.csv"], lake, overrides=settings(lake)[3::2])
    result = execute(plan(recipe, tmp_path / "runs"), show_progress=False)
    assert result.problems == ()
    found = {f.name: f.summary["rank_ic"] for f in result.factors}
    assert found == {
        "one_factor": pytest.approx(expected, abs=1e-6),
        "one_minus": pytest.approx(-expected, abs=1e-6),
    }


def test_what_it_cannot_do_is_said_before_any_work(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    lake = finished[0] / "lake"
    absent = command("test", "no.parquet", "--lake", str(lake), folder=tmp_path)
    assert absent.returncode == 2
    assert "no file or folder" in absent.stderr
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "f.csv").write_text("date,symbol,score\n2023-02-01,600000.SH,1\n")
    with pytest.raises(SameNameError, match=r"would both be the factor f\."):
        factor_file_recipe([tmp_path / "a/f.csv", tmp_path / "b/f.csv"], lake)
    wrong = command("test", "a/f.csv", "--lake", str(lake), "--set", "test.lag=3", folder=tmp_path)
    assert wrong.returncode == 2
    assert "test.lag: unknown key" in wrong.stderr
