"""The pages of a whole run in a browser: its report, and the page that sets runs side by side."""

from pathlib import Path

from tests.browser import Browser, faults_of

from intralpha.pipeline import RunResult, compare_runs


def test_the_pages_of_a_run_can_be_read_everywhere(
    browser: Browser, finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    folder, result = finished
    run = str(result.report.parent)
    beside = compare_runs([run, run], folder / "runs", tmp_path / "compare.html")
    for page in (result.report, beside):
        assert faults_of(browser, page) == []
