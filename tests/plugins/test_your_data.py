"""The page on one's own csv is run: its files, its commands, and every mistake of its table."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from intralpha.market import Lake, bar_times

from .conftest import Desk

PAGE = Path(__file__).parents[2] / "docs" / "your-data.md"
TEXT = PAGE.read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
FILES = {
    name: block for _, block in BLOCKS for name in re.findall(r"\A# (\S+\.(?:py|yaml))\n", block)
}
COMMANDS = [
    line.split()[1:]
    for kind, block in BLOCKS
    for line in block.splitlines()
    if not kind and line.startswith("intralpha ")
]
MISTAKES = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.partition("| mistake |")[2].splitlines()[2:]
    if line.startswith("|")
]


@pytest.fixture(scope="session")
def sample(made_once: Callable[..., Path]) -> Path:
    """A folder with the files of the page."""

    def make(folder: Path) -> None:
        for name, text in FILES.items():
            (folder / name).write_text(text)
        done = Desk(folder).python("sample.py")
        assert done.returncode == 0, done.stderr

    return made_once("your-data", make)


@pytest.fixture
def desk(sample: Path, tmp_path: Path) -> Desk:
    shutil.copytree(sample, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


@pytest.mark.slow
def test_the_commands_lead_to_a_report(desk: Desk) -> None:
    verbs = [command[0] for command in COMMANDS]
    assert verbs == ["ingest", "quality", "check", "run", "audit"]
    told = {}
    for command in COMMANDS:
        done = desk.intralpha(*command)
        assert done.returncode == 0, done.stderr
        told[command[0]] = done.stdout
    assert "7,080 rows read, 7,080 added" in told["ingest"]
    assert "none changed" in told["audit"]
    page = (desk.folder / "runs" / "own" / "report.html").read_text()
    assert "calm" in page
    again = desk.intralpha("run", "own.yaml", "--dry-run").stdout
    assert re.search(r"\n0 of \d+ slices to do", again)


def test_the_lines_of_the_file_that_are_shown_are_its_first(sample: Path) -> None:
    (shown,) = [block for _, block in BLOCKS if block.startswith("date,code")]
    assert (sample / "daily.csv").read_text().startswith(shown)
    with (sample / "daily.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 7_080


def test_the_page_names_the_columns_of_the_other_sources() -> None:
    for column in ("ts_code", "list_date", "circ_mv", "csi300.txt"):
        assert f"`{column}`" in TEXT


def test_bars_alone_become_days(tmp_path: Path) -> None:
    (block,) = [text for _, text in BLOCKS if "days_of_bars" in text]
    (tmp_path / "bars.yaml").write_text(f"name: bars\n{block}")
    lines = ["时间,开盘,最高,最低,收盘,成交量,成交额"]
    lines += [f"2023-01-03 {end},10,10.2,9.9,10.1,100,1005" for end in bar_times(15)]
    (tmp_path / "minutes").mkdir()
    (tmp_path / "minutes" / "sh600000.csv").write_text("\n".join(lines) + "\n")
    done = Desk(tmp_path).intralpha("ingest", "bars.yaml")
    assert done.returncode == 0, done.stderr
    (row,) = Lake(tmp_path / "lake15").scan("daily").collect().to_dicts()
    assert (row["symbol"], row["open"], row["close"], row["volume"]) == (
        "600000.SH",
        10,
        10.1,
        1600,
    )


@pytest.mark.one_in(4)
@pytest.mark.parametrize("mistake", MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_told_as_the_page_says(desk: Desk, mistake: list[str]) -> None:
    _, change, verb, said, _ = mistake
    (phrase,) = re.findall(r"`(.+)`", said)
    command = verb.split()[0]
    if verb.endswith("again"):
        assert desk.intralpha(command, "own.yaml").returncode == 0
    wrong = text = FILES["own.yaml"]
    for old, new in re.findall(r"`([^`]+)` -> (?:`([^`]+)`|nothing)", change):
        assert old in wrong
        wrong = wrong.replace(old, new.replace("; ", "\n  "), 1)
    assert wrong != text
    assert isinstance(yaml.safe_load(wrong), dict)
    (desk.folder / "own.yaml").write_text(wrong)
    done = desk.intralpha(command, "own.yaml")
    assert phrase in " ".join((done.stdout + done.stderr).split())
    code = re.search(r"exit (\d)", said)
    assert code is None or done.returncode == int(code[1])
    assert "Traceback" not in done.stderr


def test_there_are_ten_mistakes_and_more() -> None:
    assert len(MISTAKES) >= 10
