"""The verb `level2`: plans, enriches once, checks, and says what it does not know."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intralpha.cli.level2 import UnknownRuleError
from intralpha.cli.main import app
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.replay.rebuild import PublishedSnapshotsError


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("level2") / "lake"
    spec = {"n_assets": 5, "end": date(2023, 1, 6), "freq": 1, "ticks": ("trades",)}
    source = SimulatedSpec.model_validate(spec)
    ingest([source], Lake(root, create=True), show_progress=False)
    return root


def said(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["level2", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_dry_run_writes_nothing_and_a_run_is_done_once(folder: Path):
    version = Lake(folder).version()
    lines = said("enrich", folder, "--from", "2023-01-04", "--dry-run").splitlines()
    assert [line.split()[:3] for line in lines] == [
        [f"2023-01-0{n}", "to", "do"] for n in (4, 5, 6)
    ]
    assert Lake(folder).version() == version
    text = said("enrich", folder, "--to", "2023-01-05", "--rule", "fixed_200k")
    assert text.splitlines()[-1].startswith("3 sessions written, 0 done before")
    text = said("enrich", folder, "--rule", "fixed_200k")
    assert text.splitlines()[-1].startswith("1 sessions written, 3 done before")
    assert " done " in said("enrich", folder, "--rule", "fixed_200k", "--dry-run")
    assert " to do " in said("enrich", folder, "--rule", "fixed_200k", "--days", 3, "--dry-run")


def test_snapshots_are_rebuilt_once_and_never_over_published_ones(tmp_path: Path):
    root = tmp_path / "lake"
    spec = {"n_assets": 5, "end": date(2023, 1, 4), "freq": 30, "ticks": ("trades", "orders")}
    ingest([SimulatedSpec.model_validate(spec)], Lake(root, create=True), show_progress=False)
    asked = ("snapshots", root, "--every", 600, "--to", "2023-01-03")
    lines = said(*asked, "--dry-run").splitlines()
    assert [line.split()[:3] for line in lines] == [["2023-01-03", "to", "do"]]
    assert not Lake(root).has("snapshots")
    symbol = Lake(root).scan("orders").collect()["symbol"][0]
    assert "1 sessions written" in said(*asked, "--symbol", symbol)
    rows = Lake(root).scan("snapshots").collect()
    assert set(rows["symbol"]) == {symbol}
    assert 20 <= rows.height <= 28
    text = said(*asked)
    assert "1 stocks left alone" in text
    assert "0 sessions written" in said(*asked)
    assert " done " in said(*asked, "--dry-run")
    shutil.rmtree(root / ".cache")
    assert " published " in said(*asked, "--dry-run")
    result = CliRunner().invoke(app, ["level2", *map(str, asked)])
    assert isinstance(result.exception, PublishedSnapshotsError)
    version = Lake(root).version()
    assert "0 stocks, 0 rows" in said(*asked, "--fill")
    assert Lake(root).version() == version


def test_check_prints_equality_and_shares(folder: Path):
    text = said("check", folder, "2023-01-05")
    for part in ("0 differ", "0.00%", "active side", "after hours      0 trades"):
        assert part in text, part


def test_help_teaches():
    text = " ".join(said("enrich", "--help").split())
    for part in ("net_bid_amount", "--rule", "day_mean", "known after the close", "Example"):
        assert part in text, part
    text = " ".join(said("snapshots", "--help").split())
    for part in ("ten levels", "never overwritten", "--fill", "--every", "--symbol", "Example"):
        assert part in text, part
    assert "daily rows" in said("check", "--help")
    for verb in ("snapshots", "enrich", "check"):
        assert verb in said("--help")


def test_an_unknown_rule_is_named_with_the_known_ones(folder: Path):
    result = CliRunner().invoke(app, ["level2", "enrich", str(folder), "--rule", "q95"])
    assert isinstance(result.exception, UnknownRuleError)
    assert "log_sigma, q90, fixed_200k, day_mean" in str(result.exception)
