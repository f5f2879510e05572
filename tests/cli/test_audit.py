"""`intralpha audit`: which dates and which futures it takes, and what it prints of them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from intralpha.cli import app
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

RECIPE = """
name: small
data: {lake: lake}
universe: {min_listed_days: 0, exclude_st: false}
factors:
  simple:
    kind: zscore_mean
    features: {kind: library, library: price_volume, names: [ret20]}
    signs: {ret20: -1}
test: {horizons: [[0, 1]], factor: {n_groups: 2}}
"""
DATES = ("2023-02-15", "2023-02-17")


def lay(folder: Path) -> None:
    spec = SimulatedSpec(
        n_assets=6,
        start="2023-01-03",
        end="2023-02-22",
        freq=30,
        habits=HabitSpec(orders_per_day=150),
    )
    ingest([spec], Lake(folder / "lake", create=True), show_progress=False)
    (folder / "small.yaml").write_text(RECIPE)


@pytest.fixture
def audit(made_once: Callable[..., Path], tmp_path: Path) -> Callable[..., Result]:
    recipe = made_once("audited", lay) / "small.yaml"

    def call(*words: str) -> Result:
        given = ["audit", str(recipe), "--folder", str(tmp_path / "audit"), *words]
        return CliRunner().invoke(app, given)

    return call


def compared(done: Result) -> dict[str, dict[str, int]]:
    """Date -> node -> values."""
    out: dict[str, dict[str, int]] = {}
    *lines, last = done.stdout.splitlines()
    assert re.fullmatch(r"certificate: \S+/audit/certificate.html", last)
    for line in lines:
        found = re.fullmatch(r"(\S+) (\S+): ([\d,]+) values compared, none changed", line)
        assert found, line
        out.setdefault(found[1], {})[found[2]] = int(found[3].replace(",", ""))
    return out


@pytest.mark.slow
def test_several_dates_and_futures_are_added_up(audit: Callable[..., Result]) -> None:
    """Of each of two worlds which of six stocks are inside and which traded, up to the date."""
    words = [word for day in DATES for word in ("--after", day)]
    found = compared(audit(*words, "--future", "removed", "--future", "noise"))
    assert list(found) == list(DATES)
    sessions = (14 + 13, 14 + 15)  # of January before the holidays, and after them
    assert [nodes["universe"] for nodes in found.values()] == [2 * 2 * 6 * n for n in sessions]


@pytest.mark.slow
def test_dates_may_be_chosen_by_their_number(audit: Callable[..., Result]) -> None:
    done = audit("--dates", "2", "--future", "noise")
    found = compared(done)
    assert len(found) == 2
    page = Path(done.stdout.split()[-1]).read_text(encoding="utf-8")
    assert "does not look ahead" in page
    rows = re.findall(r"<tr>(<td>2023-.*?)</tr>", page)
    cells = [
        re.sub(r"<span class=\"zh.*?</span>|<.*?>", "|", row).strip("|").split("|") for row in rows
    ]
    told = [[cell for cell in line if cell] for line in cells]
    assert {line[1] for line in told} == set(next(iter(found.values())))
    later = {line[1]: line[-1] for line in told}
    assert int(later["score/simple"].replace(",", "")) > 0, "another future was there to be seen"
    assert all(nodes["score/simple"] > 0 for nodes in found.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dates", "2", "--future", "foreseen"], "foreseen: expected one of noise, removed"),
        ([], "give either --after DATE (again for more), or --dates N"),
        (["--dates", "2", "--after", DATES[0]], "give either --after DATE"),
        (["--dates", "0"], "greater than or equal to 1"),
        (["--after", "2023-02-30"], "does not match the format"),
    ],
)
def test_arguments_that_make_no_sense(
    audit: Callable[..., Result], words: list[str], said: str
) -> None:
    done = audit(*words)
    assert done.exit_code == 2
    assert said in re.sub(r"[\s│]+", " ", done.stderr)
