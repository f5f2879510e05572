"""The page: complete, offline, escaped, and without sections that have no content."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from markupsafe import escape

from intralpha.base import Panel
from intralpha.evaluation import Division, FactorTestSpec, breakdown, run_factor_test
from intralpha.report import PortfolioRecord, Section, TearSheet, figure_text, render, table

HOSTILE = "<script>alert('x')</script>"


def headings(page: str) -> list[str]:
    """English of every heading of a section."""
    found = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    return [re.sub(r'<span class="en">(.*?)</span><span.*', r"\1", one) for one in found]


def make_sheet(name: str = "gru") -> TearSheet:
    rng = np.random.default_rng(0)
    fwd = 0.02 * rng.standard_normal((10, 50))
    score = fwd + 0.02 * rng.standard_normal((10, 50))
    days = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
    assets = np.array([f"{600000 + i}.SH" for i in range(50)])
    known = Panel(score[:, :, None], days, assets, ("score",))
    ahead = Panel(fwd[:, :, None], days, assets, ("fwd_1_6",))
    report = run_factor_test(known, ahead, spec=FactorTestSpec(n_groups=5), name=name)
    industries = Division("industry", np.tile(np.arange(50) % 3, (10, 1)), ("bank", HOSTILE, "oil"))
    parts = breakdown(score, fwd, np.ones((10, 50), bool), days, [industries], min_stocks=5)
    report = replace(report, more=report.more | parts)
    return TearSheet("A run", "about it", {"stocks": "50"}, (report,))


def test_the_page_is_one_offline_file(tmp_path: Path) -> None:
    path = render(make_sheet(), tmp_path / "report.html")
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert len(page) < 300_000
    HTMLParser().feed(page)
    assert list(tmp_path.iterdir()) == [path]


def test_figures_of_the_test_stand_in_the_page(tmp_path: Path) -> None:
    sheet = make_sheet()
    page = render(sheet, tmp_path / "r.html").read_text(encoding="utf-8")
    factor = sheet.factors[0]
    error = factor.more["coefficients"]["se"][0]
    assert f"<b>{factor.summary['rank_ic']:.3f} ± {error:.3f}</b>" in page
    assert f'data-v="{factor.summary["top_excess"]:.8g}"' in page


def test_hostile_names_and_recipes_are_shown_not_run(tmp_path: Path) -> None:
    sheet = make_sheet(HOSTILE)
    hostile = TearSheet(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, sheet.factors, recipe=HOSTILE)
    page = render(hostile, tmp_path / "r.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("with_portfolio", [False, True])
def test_absent_parts_are_left_out(tmp_path: Path, with_portfolio: bool) -> None:
    sheet = make_sheet()
    if with_portfolio:
        daily = sheet.factors[0].series.select(
            "date",
            ret=pl.col("universe"),
            benchmark_ret=pl.lit(0.0),
            turnover_one_sided=pl.lit(0.2),
        )
        record = PortfolioRecord(daily, {"tracking_error": 0.05}, pl.DataFrame({"year": [2024]}))
        sheet = TearSheet("A", "", {}, sheet.factors, record, quality={"zero prices": 7})
    page = render(sheet, tmp_path / "r.html").read_text(encoding="utf-8")
    titles = headings(page)
    assert ("Portfolio" in titles) == with_portfolio
    assert ("5.00 %" in page) == with_portfolio
    assert ("Data quality" in titles) == with_portfolio
    assert "Training" not in titles


def test_a_failed_stage_leaves_a_report_that_says_so(tmp_path: Path) -> None:
    """No tests, no portfolio: what is known stands there, what went wrong stands at the top."""
    problems = (f"stage portfolio failed: {HOSTILE}", "stage test was not reached")
    plugins = (("acme", "1.2", "9f86d081884c7d65"),)
    sheet = TearSheet(
        "A", "", quality={"zero prices": 7}, problems=problems, plugins=plugins, recipe="name: a"
    )
    page = render(sheet, tmp_path / "r.html").read_text(encoding="utf-8")
    HTMLParser().feed(page)
    body = page[page.index("<body>") :]
    assert HOSTILE not in body
    assert body.index("stage test was not reached") < body.index("<h2>")
    assert headings(page) == ["Data quality", "Plug-ins", "Provenance"]
    for fact in ("acme", "1.2", "9f86d081884c7d65", "zero prices", "name: a"):
        assert fact in body
    whole = render(make_sheet(), tmp_path / "w.html").read_text(encoding="utf-8")
    assert "Not everything worked" not in whole


def test_further_sections_stand_among_the_others(tmp_path: Path) -> None:
    own = Section(HOSTILE, (("mine", table(("a", "b"), [(HOSTILE, 3)])),))
    sheet = TearSheet("A", "", factors=make_sheet().factors, more=(own,))
    page = render(sheet, tmp_path / "r.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert headings(page)[:3] == ["Factors", "Evidence: gru", str(escape(HOSTILE))]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("benchmark_annualised", 0.4742, "47.4 %"),
        ("tracking_error", 0.04232, "4.23 %"),
        ("excess_calmar", 0.1356, "0.14"),
        ("rank_ic_positive_share", 0.5, "50.0 %"),
        ("rank_ic", 0.03217, "0.032"),
        ("rank_ic_of_oracle", 0.412, "41.2 %"),
        ("t", 2.4321, "2.43"),
        ("train_loss", 0.69315, "0.693"),
        ("stocks", 912.43, "912"),
        ("rows", 1030.0, "1,030"),
        ("max_drawdown", math.nan, "–"),
        ("cost_excess", -1e-6, "0.00 %"),
        ("rank_ic", -1e-5, "0.000"),
    ],
)
def test_figures_are_written_as_people_write_them(name: str, value: float, text: str) -> None:
    assert figure_text(name, value) == text
