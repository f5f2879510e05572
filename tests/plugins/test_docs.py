"""The page on plug-ins is run: its file, its recipe, its tests."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Calendar

from .conftest import Desk, families

PAGE = Path(__file__).parents[2] / "docs" / "plug-ins.md"
FILES = {
    name: block
    for block in re.findall(r"```(?:python|yaml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name in re.findall(r"\A# (\S+)\n", block)
}


def theirs() -> pl.DataFrame:
    days = Calendar.xshg().between("2023-01-03", "2023-06-30")
    symbols = [f"{600001 + i}.SH" for i in range(40)] + [f"{i + 1:06d}.SZ" for i in range(40)]
    rng = np.random.default_rng(0)
    keys = pl.DataFrame({"date": days}).join(pl.DataFrame({"symbol": symbols}), how="cross")
    return keys.with_columns(score=rng.standard_normal(keys.height))


@pytest.fixture(scope="module")
def page(made_once: Callable[..., Path]) -> Desk:
    """A folder with the files of the page, where its recipe was run."""

    def make(folder: Path) -> None:
        for name, text in FILES.items():
            (folder / name).write_text(text)
        theirs().write_csv(folder / "theirs.csv")
        done = Desk(folder).intralpha("run", "mine.yaml", "--plugins", "./mine.py")
        assert done.returncode == 0, done.stderr

    return Desk(made_once("page", make))


def test_the_page_has_its_files() -> None:
    assert list(FILES) == ["mine.py", "mine.yaml", "use.py", "scores.py", "test_mine.py"]


@pytest.mark.slow
def test_the_recipe_runs_and_python_finds_it_done(page: Desk) -> None:
    told = page.intralpha(code=FILES["use.py"])
    assert told.returncode == 0, told.stderr
    assert re.search(r"\n0 of \d+ slices to do\n$", told.stdout)


@pytest.mark.slow
def test_the_scores_and_weights_of_the_run_are_read(page: Desk) -> None:
    told = page.intralpha(code=FILES["scores.py"])
    assert told.returncode == 0, told.stderr
    assert re.match(r"\d{4}-\d\d-\d\d-seed0 Net\(", told.stdout)
    rows = pl.read_csv(page.folder / "signal.csv", try_parse_dates=True)
    assert rows.columns == ["date", "symbol", "score"]
    assert rows.height > 45
    assert rows["score"].is_finite().all()


@pytest.mark.slow
def test_the_tests_of_the_page_pass(page: Desk) -> None:
    code = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
    words = ("-q", "-s", "-p", "no:cacheprovider", "test_mine.py")
    done = page.intralpha(*words, code=code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    for kind in ("mine.range", "mine.week", "mine.net"):
        assert f"{kind}: passed assert_" in done.stdout


def test_the_page_names_every_family_and_every_check() -> None:
    from intralpha import testing

    text = PAGE.read_text()
    for family in families():
        assert f"`{family}`" in text
    for name in testing.__all__:
        assert name in text or name in {"CheckFailedError", "Checked", "check_spec", "check_specs",
                                        "specs_inside"}  # fmt: skip
