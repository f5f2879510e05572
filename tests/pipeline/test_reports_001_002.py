"""Reports 001 and 002 at their smallest size: one command each, from no data to the last table."""

from pathlib import Path

import numpy as np
import pytest

from intralpha.market import Lake
from intralpha.pipeline import Plan, RunResult, execute, find_recipe, load_recipe, plan
from intralpha.pipeline.made import finished_sets


def run(name: str, folder: Path, *changes: str) -> tuple[Plan, RunResult]:
    planned = plan(load_recipe(find_recipe(Path(name)), changes, folder), folder / "runs")
    result = execute(planned, show_progress=False)
    assert result.problems == ()
    return plan(planned.recipe, folder / "runs"), result


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan, RunResult]:
    folder = tmp_path_factory.mktemp("reports")
    return folder, *run("s001_multifrequency_rnn_tiny", folder)


@pytest.mark.slow
def test_report_001(first: tuple[Path, Plan, RunResult]) -> None:
    """Its sources traded, the book rebuilt, minutes made; data sets, units, means, an index."""
    _, planned, result = first
    assert planned.lake.has("snapshots")
    assert len(planned.lake.dates("bars", 1)) == len(planned.axes.dates)
    assert [f.name for f in result.factors] == [
        "multi_day",
        "multi_ms",
        "multi_l2",
        "multi",
        "oracle",
    ]
    features = planned.panel("features/multi_l2")
    some = np.isfinite(features.values).any(axis=(0, 1))
    assert some.all(), np.array(features.names)[~some]
    units, common, beside = finished_sets(planned)
    assert units.own == 3
    assert common.own == 3
    assert beside.name == "data_sets"
    assert "score multi" in common.names
    assert "tracking_error" in result.figures
    page = result.report.read_text()
    for heading in ("Set units_day", "what resembles the score multi most", "Report 001"):
        assert heading in page, heading


@pytest.mark.slow
def test_report_002(first: tuple[Path, Plan, RunResult], tmp_path: Path) -> None:
    """On the lake of the other: two frequencies, their fusion, hand-made weights, an index."""
    on = (f"data.lake={first[0] / 'lakes/s001_tiny'}", "data.sources=[]")
    version = Lake(first[1].lake_root).version()
    planned, result = run("s002_full_band_tiny", tmp_path, *on)
    assert Lake(first[1].lake_root).version() == version, "its minutes are there"
    assert [f.name for f in result.factors] == ["high", "low", "high_equal", "fusion"]
    high, low, fusion = (planned.panel(f"score/{n}") for n in ("high", "low", "fusion"))
    day = fusion.dates[-3:]
    z = [p.at(day)["score"] for p in (high, low)]
    z = [(v - np.nanmean(v, 1)[:, None]) / np.nanstd(v, 1)[:, None] for v in z]
    np.testing.assert_allclose(fusion.at(day)["score"], (z[0] + 3 * z[1]) / 4, atol=1e-5)
    assert np.isfinite(fusion.at(day)["score"]).sum() > 60
    assert "Report 002" in result.report.read_text()


def test_every_enhancement_of_the_reports_is_there() -> None:
    """Report 001: three indices, a floor or none, one output or many; 002: two, three caps."""
    one, two = (
        load_recipe(find_recipe(Path(name)))
        for name in ("s001_multifrequency_rnn", "s002_full_band")
    )
    assert one.portfolio is not None
    assert two.portfolio is not None
    found = {(one.portfolio.benchmark.index, None, "multi")} | {
        (
            (p.portfolio or one.portfolio).benchmark.index,
            (p.portfolio or one.portfolio).problem.member_min_share,
            *(p.factors or ("multi",)),
        )
        for p in one.portfolios.values()
    }
    indices = ("000300.SH", "000905.SH", "000852.SH")
    assert found == {(i, m, f) for i in indices for m in (None, 0.8) for f in ("uni", "multi")}
    caps = [p.portfolio for p in two.portfolios.values()] + [two.portfolio]
    assert sorted((c.benchmark.index, c.problem.turnover_two_sided) for c in caps) == [
        (index, cap) for index in ("000852.SH", "000905.SH") for cap in (0.3, 0.4, 0.5)
    ]
