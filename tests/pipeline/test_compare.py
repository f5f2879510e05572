"""Runs side by side: what differs, and that nothing else is said to."""

from pathlib import Path

import pytest

from intralpha.pipeline import RunResult, compare_runs
from intralpha.pipeline.compare import NoRunError, PastRun, differing
from intralpha.pipeline.made import finished_factors


def test_settings_that_differ_by_hand() -> None:
    one = {"name": "a", "grid": {"every": 5}, "factors": {"x": {"kind": "gru"}}, "seeds": [0, 1]}
    two = {"name": "b", "grid": {"every": 5}, "factors": {"x": {"kind": "tcn"}}, "seeds": [0]}
    assert differing({"a": one, "b": two | {"more": True}}).rows() == [
        ("name", "a", "b"),
        ("factors.x.kind", "gru", "tcn"),
        ("seeds", "[0, 1]", "[0]"),
        ("more", None, "true"),
    ]


def test_a_run_beside_itself(finished: tuple[Path, RunResult], tmp_path: Path) -> None:
    runs, result = finished[0] / "kept", finished[1]
    run = PastRun.open("tiny", runs)
    assert run.folder == runs / "tiny" / result.report.parent.name
    assert [f.name for f in finished_factors(run)] == [f.name for f in result.factors]
    record = run.record()
    assert record is not None
    assert record.figures == pytest.approx(result.figures, nan_ok=True)
    path = compare_runs(("tiny", str(run.folder)), runs, tmp_path / "compare.html")
    page = path.read_text(encoding="utf-8")
    for number in (1, 2):
        assert f"tiny {run.folder.name} ({number}): signal" in page
    assert page.count(f'data-v="{result.figures["excess_annualised"]:.8g}"') == 2
    assert "Settings that differ" in page


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRunError, match="intralpha ls"):
        PastRun.open("nobody", tmp_path)
