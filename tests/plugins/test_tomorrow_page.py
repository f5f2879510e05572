"""The page docs/tomorrow.md is run: its files and its commands in their order."""

import re
import shlex
import shutil
from pathlib import Path

import polars as pl
import pytest

from intralpha.datasets import EverySpec
from intralpha.pipeline import load_recipe

from .conftest import Desk

PAGE = Path(__file__).parents[2] / "docs" / "tomorrow.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
FILES = {name: block for _, block in BLOCKS for name in re.findall(r"\A# (\S+)\n", block)}
COMMANDS = [shlex.split(line) for kind, text in BLOCKS if not kind for line in text.splitlines()]


def test_the_recipe_of_the_page_scores_every_session(tmp_path: Path) -> None:
    assert list(FILES) == ["tomorrow.yaml", "sample.py", "newest.py"]
    (tmp_path / "tomorrow.yaml").write_text(FILES["tomorrow.yaml"])
    recipe = load_recipe(tmp_path / "tomorrow.yaml")
    assert recipe.grid == EverySpec(every=1)
    assert list(recipe.factors) == ["net"]
    assert recipe.portfolio is not None
    assert [words[0] for words in COMMANDS] == (
        ["python", "intralpha", "python", "cp", "intralpha", "python"]
    )


def carry_out(desk: Desk, words: list[str]) -> str:
    """One line of the page; what it prints."""
    verb, *left = words
    if verb == "cp":
        shutil.copy(desk.folder / left[0], desk.folder / left[1])
        return ""
    said = desk.intralpha(*left, **({} if verb == "intralpha" else {"code": FILES[left[0]]}))
    assert said.returncode == 0, said.stderr
    return said.stdout + said.stderr


@pytest.mark.slow
def test_tomorrow_is_one_more_day_and_trains_nothing(tmp_path: Path) -> None:
    """What tests/pipeline/test_tomorrow.py counts slice by slice, with the words of the page."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    desk = Desk(tmp_path)
    told, found = [], []
    for words in COMMANDS:
        told.append(carry_out(desk, words))
        if words[-1] == "newest.py":
            found.append(pl.read_csv(tmp_path / "scores.csv", try_parse_dates=True))
    assert re.search(r"weights/net: 3 of it(.|\n)*score/net: 44 of it", told[1])
    assert "score/net: 1 of it" in told[4]
    assert "weights/net" not in told[4]
    assert [str(one["date"][0]) for one in found] == ["2023-05-11", "2023-05-12"]
    assert all(one["score"].is_finite().all() and one.height == 40 for one in found)
    weights = pl.read_csv(tmp_path / "weights.csv", try_parse_dates=True)
    assert weights["date"].unique().to_list() == [found[1]["date"][0]]
    assert abs(weights["weight"].sum() - 1) < 1e-6
    assert told[5].startswith("2023-05-12 40 scores, ")
