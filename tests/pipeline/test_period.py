"""Dates of a recipe that its data do not reach are told by a dry run, before an ingest too."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from intralpha.cli.main import app
from intralpha.market import Lake
from intralpha.pipeline import load_recipe, plan
from intralpha.pipeline.period import PeriodError
from intralpha.sources import MappingSpec, ingest
from intralpha.sources import spans as reader

HEAD = "date,code,open,high,low,close,volume"
DAYS = ("2023-01-03", "2023-01-04", "2023-01-05")
CSV = "\n".join([HEAD, *(f"{day},600519.SH,10,10.1,9.9,10,100" for day in DAYS)])
SOURCE = {
    "kind": "mapping",
    "table": "daily",
    "path": "a.csv",
    "columns": {"symbol" if c == "code" else c: c for c in HEAD.split(",")},
    "datetime_format": "%Y-%m-%d",
}
FACTOR = {"kind": "zscore_mean", "features": {"kind": "library", "library": "price_volume"}}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(CSV)
    return write(tmp_path, [SOURCE])


def write(folder: Path, sources: list[dict], **data: str) -> Path:
    factors = {"x": FACTOR | {"signs": {"ret20": 1}}}
    given = {"name": "own", "data": {"lake": "lake", "sources": sources, **data}}
    (folder / "own.yaml").write_text(yaml.safe_dump(given | {"factors": factors}))
    return folder / "own.yaml"


def faults(recipe: Path, *changes: str) -> tuple[str, ...]:
    return plan(load_recipe(recipe, changes), recipe.parent / "runs").faults()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("test.start=2024-01-01", "test.start 2024-01-01 lies after the last session 2023-01-05"),
        ("test.end=2022-01-01", "test.end 2022-01-01 lies before the first session 2023-01-03"),
        ("data.start=2023-01-06", "data.start 2023-01-06 lies after the last session 2023-01-05"),
        ("data.end=2023-01-02", "data.end 2023-01-02 lies before the first session 2023-01-03"),
        ("test.start=2023-01-05", ""),
        ("data.end=2023-01-03", ""),
    ],
)
def test_files_are_read_for_their_days(recipe: Path, change: str, fault: str) -> None:
    found = faults(recipe, change)
    assert len(found) == bool(fault)
    assert not fault or found[0].startswith(fault)
    assert not (recipe.parent / "lake").exists()


def test_a_dry_run_ends_with_the_error_and_a_table(recipe: Path) -> None:
    order = ["run", str(recipe), "--dry-run", "--runs", str(recipe.parent / "runs")]
    good = CliRunner().invoke(app, order)
    assert "known   the data reach from 2023-01-03 to 2023-01-05" in good.output
    assert good.exit_code == 0
    bad = CliRunner().invoke(app, [*order, "--set", "test.start=2024-01-01"])
    assert "to do   ingest 1 source(s)" in bad.output
    assert isinstance(bad.exception, PeriodError | SystemExit)


def test_large_files_are_not_read_and_their_lake_is_no_proof(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "READ_AT_MOST", 10)
    assert faults(recipe, "test.start=2024-01-01") == ()  # nothing is known
    spec = MappingSpec.model_validate(SOURCE | {"path": str(recipe.parent / "a.csv")})
    ingest([spec], Lake(recipe.parent / "lake", create=True), show_progress=False)
    work = plan(load_recipe(recipe, ("test.start=2024-01-01",)), recipe.parent / "runs")
    assert "what is known of the data reaches from 2023-01-03 to 2023-01-05" in work.faults()[0]
    work.demand_period()  # the files may hold more than the lake


def test_a_simulated_market_says_its_own_days(tmp_path: Path) -> None:
    simulated = {"kind": "simulated", "start": "2023-01-03", "end": "2023-03-31"}
    found = faults(write(tmp_path, [simulated]), "test.start=2023-04-03")
    assert found[0].startswith("test.start 2023-04-03 lies after the last session 2023-03-31")


def test_a_part_of_the_lake_counts_where_the_recipe_uses_all_of_it(recipe: Path) -> None:
    later = CSV.replace("2023-01", "2023-02")
    (recipe.parent / "b.csv").write_text(later)
    spec = MappingSpec.model_validate(SOURCE | {"path": str(recipe.parent / "b.csv")})
    ingest([spec], Lake(recipe.parent / "lake", create=True), show_progress=False)
    assert faults(recipe, "test.start=2023-02-03")
    assert not faults(write(recipe.parent, [SOURCE], part="lake"), "test.start=2023-02-03")


def test_rows_that_cannot_be_used_have_no_days(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV.replace("-", "/"))
    spec = MappingSpec.model_validate(SOURCE | {"path": str(tmp_path / "a.csv")})
    assert spec.span() is None
