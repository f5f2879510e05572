"""The command line: help that teaches, exit codes, results on stdout."""

from pathlib import Path

import pytest
from tests.commands import command
from typer.testing import CliRunner

from intralpha.cli import app
from intralpha.pipeline.ingest import NothingToCheckError
from intralpha.pipeline.recipe import RecipeError
from intralpha.sources.quality.report import QualityError

VERBS = (
    "demo",
    "ingest",
    "quality",
    "explore",
    "check",
    "explain",
    "run",
    "test",
    "report",
    "audit",
    "compare",
    "export",
    "ui",
    "ls",
)


def test_help_names_every_verb_and_the_exit_codes() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    for verb in VERBS:
        assert verb in text
    assert "Exit codes" in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 300


def test_a_wrong_recipe_exits_with_2_and_names_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: x\ndata: {lakes: here}\nfactors: {}\n")
    done = command("check", str(path))
    assert done.returncode == 2
    assert "data.lakes: unknown key; did you mean lake?" in done.stderr
    assert done.stdout == ""


def test_missing_data_exit_with_3(tmp_path: Path) -> None:
    done = command("quality", str(tmp_path / "no-lake"))
    assert done.returncode == 3
    assert "no lake at" in done.stderr


def test_an_ingest_that_can_use_no_row_exits_with_3_and_says_what_would_fit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,day,p,v\n600519.SH,2024/01/02,10,100\n")
    columns = "symbol: code, date: day, open: p, high: p, low: p, close: p, volume: v"
    source = f"kind: mapping, path: a.csv, table: daily, columns: {{{columns}}}"
    sources = tmp_path / "sources.yaml"
    sources.write_text(f'- {{{source}, datetime_format: "%Y-%m-%d"}}\n')
    done = command("ingest", str(sources), "--lake", str(tmp_path / "lake"))
    assert done.returncode == 3
    assert "a.csv line 2: found '2024/01/02' in 'day', expected '%Y-%m-%d'" in done.stderr
    assert '`datetime_format: "%Y/%m/%d"` reads it' in done.stderr
    sources.write_text(f'- {{{source}, datetime_format: "%Y/%m/%d"}}\n')
    done = command("ingest", str(sources), "--lake", str(tmp_path / "lake"))
    assert done.returncode == 0, done.stderr
    assert "1 rows read, 1 added" in done.stdout
    sources.write_text(f"- {{{source.replace('volume: v', 'volumn: v')}}}\n")
    done = command("ingest", str(sources), "--lake", str(tmp_path / "lake"))
    assert done.returncode == 2
    assert "columns has unknown 'volumn' (did you mean 'volume'?)" in done.stderr


def test_ingest_quality_and_ls(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        "- {kind: simulated, n_assets: 6, start: 2023-01-03, end: 2023-02-10, freq: 30}\n"
    )
    runner = CliRunner()
    done = runner.invoke(app, ["ingest", str(sources), "--lake", str(tmp_path / "lake")])
    assert done.exit_code == 0, done.output
    assert "simulated -> bars" in done.output
    again = runner.invoke(app, ["ingest", str(sources), "--lake", str(tmp_path / "lake")])
    assert " 0 added" in again.output
    assert "0 files written" in again.output
    listed = runner.invoke(app, ["quality", str(tmp_path / "lake")])
    assert "stock-days with bars and a daily row" in listed.output
    assert listed.exit_code == 0, listed.output
    assert "real_daily" in runner.invoke(app, ["ls", "--recipes"]).output
    assert "no finished run" in runner.invoke(app, ["ls", "--runs", str(tmp_path)]).output


def test_dry_run_reads_the_recipe_and_does_nothing(tmp_path: Path) -> None:
    lake = f"data.lake={tmp_path / 'lake'}"
    words = ["run", "demo", "--dry-run", "--set", lake, "--runs", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "the rest is known after that" in done.output
    assert not (tmp_path / "lake").exists()
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_quality_ends_with_3_where_too_much_is_wrong(tmp_path: Path) -> None:
    lines = ["code,date,open,high,low,close,volume,amount,preclose"]
    lines += [f"600000.SH,2024-01-{d:02},10,10.1,9.9,10,12345,123.45,10" for d in range(2, 6)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    names = ["open", "high", "low", "close", "volume", "amount", "preclose", "date"]
    columns = ", ".join(f"{n}: {n}" for n in names)
    (tmp_path / "s.yaml").write_text(
        f"{{kind: mapping, path: a.csv, table: daily, datetime_format: '%Y-%m-%d', "
        f"columns: {{symbol: code, {columns}}}}}\n"
    )
    lake = str(tmp_path / "lake")
    done = command("ingest", str(tmp_path / "s.yaml"), "--lake", lake)
    assert done.returncode == 3
    assert "4 rows read, 4 added" in done.stdout
    assert "100.00% of rows: daily: amount / volume is outside low .. high" in done.stderr
    words = ["quality", lake, "--export", str(tmp_path / "faults.csv")]
    done = command(*words)
    assert done.returncode == 3
    assert "amount is about 1/1000 of close x volume: thousand CNY?" in done.stdout
    assert "100.00% of rows: daily: amount / volume is outside low .. high" in done.stderr
    assert "600000.SH" in (tmp_path / "faults.csv").read_text()
    assert command(*words[:2], "--fail-above", "1").returncode == 0
    by = ["--by", "month", "--export", str(tmp_path / "months.parquet"), "--fail-above", "1"]
    assert command(*words[:2], *by).returncode == 0
    assert (tmp_path / "months.parquet").is_file()
    assert command(*words[:2], "--export", str(tmp_path / "x.xls")).returncode == 2


@pytest.mark.parametrize(
    ("allowed", "words", "refused"),
    [
        (1, [], False),
        (0.5, [], True),
        (None, ["--fail-above", "1"], False),
        (0, ["--fail-above", "0.99"], True),
    ],
)
def test_an_ingest_allows_what_its_recipe_or_its_option_says(
    tmp_path: Path, allowed: float | None, words: list[str], refused: bool
) -> None:
    (tmp_path / "a.csv").write_text("c,d,p,v,a\n600000.SH,2024-01-02,10,12345,123.45\n")
    columns = "symbol: c, date: d, open: p, high: p, low: p, close: p, volume: v, amount: a"
    source = "kind: mapping, path: a.csv, table: daily, datetime_format: '%Y-%m-%d'"
    said = "" if allowed is None else f"quality: {{fail_above: {allowed}}}\n"
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"{said}data:\n  sources: [{{{source}, columns: {{{columns}}}}}]\n")
    words = ["ingest", str(recipe), "--lake", str(tmp_path / "lake"), *words]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, QualityError) == refused
    assert "1 rows read, 1 added" in done.output


def test_a_folder_without_rows_and_a_list_without_sources_are_told(tmp_path: Path) -> None:
    with pytest.raises(NothingToCheckError, match="it has no table; expected daily rows"):
        CliRunner().invoke(app, ["quality", str(tmp_path)], catch_exceptions=False)
    (tmp_path / "none.yaml").write_text("[]")
    words = ["ingest", str(tmp_path / "none.yaml"), "--lake", str(tmp_path)]
    with pytest.raises(RecipeError, match="lists no sources"):
        CliRunner().invoke(app, words, catch_exceptions=False)
