"""`intralpha explore` from a simulated lake to the page."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from intralpha.cli import app


@pytest.mark.slow
def test_explore_prints_figures_and_writes_the_page(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        "- {kind: simulated, n_assets: 8, start: 2023-01-03, end: 2023-02-10, freq: 30}\n"
    )
    lake, page = str(tmp_path / "lake"), tmp_path / "pages" / "explore.html"
    runner = CliRunner()
    runner.invoke(app, ["ingest", str(sources), "--lake", lake], catch_exceptions=False)
    words = ["explore", lake, "--start", "2023-01-05", "--output", str(page)]
    done = runner.invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "Roll's estimate from 30-minute bars" in done.output
    assert f"page: {page}" in done.output
    assert "2023-01-05 to 2023-02-10" in page.read_text(encoding="utf-8")
