"""The test of a factor on Panels: axes by name, the year of a grid, what is refused, display."""

import re
from datetime import time
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.base import Panel
from intralpha.evaluation import (
    FactorPanelError,
    FactorReport,
    FactorTestSpec,
    TooFewStocksError,
    periods_per_year,
    run_factor_test,
)
from intralpha.market import Calendar
from intralpha.pipeline import RunResult
from intralpha.report.factors import assured

D, A = 12, 40
DAYS = np.busday_offset("2024-03-04", np.arange(D))
ASSETS = np.array([f"{600000 + i}.SH" for i in range(A)])
SPEC = FactorTestSpec(n_groups=4, top_share=0.25)


@pytest.fixture
def parts() -> tuple[Panel, Panel, Panel]:
    rng = np.random.default_rng(0)
    fwd = 0.02 * rng.standard_normal((D, A, 2))
    score = fwd[..., :1] + 0.02 * rng.standard_normal((D, A, 1))
    inside = (rng.random((D, A, 1)) < 0.9).astype(float)
    return (
        Panel(score, DAYS, ASSETS, ("score",)),
        Panel(fwd, DAYS, ASSETS, ("fwd_1_6", "fwd_1_11")),
        Panel(inside, DAYS, ASSETS, ("universe",)),
    )


def mixed(panel: Panel, seed: int, extra: int = 0) -> Panel:
    """The same values with the stocks in another order, and stocks and days nobody else has."""
    order = np.random.default_rng(seed).permutation(A)
    more = np.array([f"{300000 + seed + i}.SZ" for i in range(extra)], dtype=ASSETS.dtype)
    wide = Panel(panel.values[:, order], panel.dates, panel.assets[order], panel.names)
    days = np.concatenate([[DAYS[0] - 7], DAYS, [DAYS[-1] + 7]]) if extra else DAYS
    return wide.reindex(days, np.concatenate([wide.assets, more]))


def test_panels_are_laid_on_each_other_by_name(parts) -> None:
    score, fwd, inside = parts
    plain = run_factor_test(score, fwd, inside, SPEC, "x")
    moved = run_factor_test(mixed(score, 1), mixed(fwd, 2, 3), mixed(inside, 3), SPEC, "x")
    assert list(plain.summary) == list(moved.summary)
    np.testing.assert_allclose(list(plain.summary.values()), list(moved.summary.values()))
    assert_frame_equal(plain.series, moved.series)
    # The control: by position, which is what a careless test would do, gives something else.
    turned = Panel(score.values[:, ::-1], score.dates, score.assets, score.names)
    assert run_factor_test(turned, fwd, inside, SPEC).summary["rank_ic"] < 0.3
    assert plain.summary["rank_ic"] > 0.5


def test_without_a_universe_everything_known_counts(parts) -> None:
    score, fwd, _ = parts
    everything = Panel(np.ones((D, A, 1)), DAYS, ASSETS, ("inside",))
    first, second = (run_factor_test(score, fwd, i, SPEC).summary for i in (None, everything))
    assert first == second


@pytest.mark.parametrize(
    ("every", "expected", "error"),
    [(1, 243.0, 0), (5, 48.6, 0), (10, 24.3, 0), (20, 12.1, 0.03), (60, 484 / 120, 0.05)],
)
def test_the_year_of_a_grid_comes_from_its_dates(every: int, expected: float, error: float) -> None:
    """On the exchange's own sessions, holidays included."""
    years = Calendar.xshg().between("2022-01-01", "2023-12-31")
    assert len(years) == 484
    assert periods_per_year(years[::every]) == pytest.approx(expected, rel=error + 1e-12)


def test_a_daily_grid_is_not_annualised_as_a_weekly_one(parts) -> None:
    score, fwd, inside = parts
    daily = run_factor_test(score, fwd, inside, SPEC)
    given = run_factor_test(
        score, fwd, inside, FactorTestSpec(n_groups=4, top_share=0.25, periods_per_year=48.6)
    )
    assert (daily.periods_per_year, given.periods_per_year) == (243.0, 48.6)
    mean = daily.series["top_excess"].mean()
    assert daily.summary["top_excess"] == pytest.approx(mean * 243)
    assert given.summary["top_excess"] == pytest.approx(mean * 48.6)
    assert daily.summary["top_ir"] == pytest.approx(given.summary["top_ir"] * np.sqrt(5))


def test_what_cannot_be_tested_is_refused(parts) -> None:
    score, fwd, inside = parts
    with pytest.raises(FactorPanelError, match="score: found names fwd_1_6, fwd_1_11"):
        run_factor_test(fwd, fwd)
    late = Panel(fwd.values, fwd.dates + 1000, fwd.assets, fwd.names)
    with pytest.raises(FactorPanelError, match=r"fwd: found 2026-.*expected some date and stock"):
        run_factor_test(score, late)
    strangers = Panel(inside.values, DAYS, np.char.replace(ASSETS, "SH", "SZ"), ("universe",))
    with pytest.raises(FactorPanelError, match="inside: found"):
        run_factor_test(score, fwd, strangers)
    bars = Panel(np.zeros((D, 1, A, 1)), DAYS, ASSETS, ("score",), (time(15),))
    with pytest.raises(FactorPanelError, match="a Panel of bars"):
        run_factor_test(bars, fwd)
    with pytest.raises(TooFewStocksError, match="no test date has more than 40 stocks") as caught:
        run_factor_test(score, fwd, spec=FactorTestSpec(n_groups=100))
    assert (caught.value.most, caught.value.n_groups) == (40, 100)


def test_no_column_has_the_figure_of_its_neighbour(parts, tmp_path: Path) -> None:
    """RankIC is the mean of the dates' own, ICIR that over their deviation, wherever they are told.

    Elsewhere a published table had the one in the column of the other.
    """
    report = run_factor_test(*parts, SPEC, "f")
    ics = report.series["rank_ic"].drop_nans()
    expected = {"rank_ic": ics.mean(), "rank_ic_std": ics.std(), "icir": ics.mean() / ics.std()}
    assert abs(expected["rank_ic"] - expected["icir"]) > 0.1
    assert {name: report.summary[name] for name in expected} == pytest.approx(expected)
    _, mean, *_, ratio = assured(report)
    assert (mean.value, ratio.value) == pytest.approx((expected["rank_ic"], expected["icir"]))
    head, row, _ = RunResult(tmp_path, (report,), {}, 0.0, 0.0, {}).to_text().splitlines()
    told = dict(zip(head.split(), row.split()[1:], strict=True))
    assert {n: told[n] for n in expected} == {n: f"{v:.4f}" for n, v in expected.items()}


def test_a_report_shows_itself_and_survives_a_file(parts, tmp_path: Path) -> None:
    report = run_factor_test(*parts, SPEC, "<b>hostile</b>")
    assert "12 test dates" in repr(report)
    assert f"{report.summary['icir']:.4g}" in repr(report)
    *_, groups, decay = repr(report).splitlines()
    means = [np.nanmean(report.series[f"group_{g}"].to_numpy()) for g in (1, 2, 3, 4)]
    assert re.split(r" {2,}", groups) == [
        "mean return of group 1 to 4",
        ", ".join(f"{mean:.4g}" for mean in means),
    ]
    faded = ", ".join(f"{value:.4g}" for value in report.decay["rank_ic"])
    assert decay.startswith("decay at lag 0, 1")
    assert decay.endswith(f"  {faded}")
    page = report._repr_html_()
    assert faded in page
    HTMLParser().feed(page)
    assert "<b>hostile" not in page
    picture = ElementTree.fromstring(page[page.index("<svg") :])
    texts = [text.text for text in picture.findall("text")]
    assert texts[0] == "cumulative RankIC"
    assert [t for t in texts if t and t.startswith("2024-")][::2] == [str(DAYS[0]), str(DAYS[-1])]
    assert len(page) < 6000
    report.save(tmp_path / "r")
    again = FactorReport.load(tmp_path / "r")
    assert again.summary == report.summary
    assert again.name == report.name
    for table in ("series", "yearly", "decay"):
        assert_frame_equal(getattr(again, table), getattr(report, table))
    assert isinstance(again.series, pl.DataFrame)


def test_a_date_whose_top_holds_no_stock_leaves_its_year_a_mean(parts) -> None:
    score, fwd, inside = parts
    inside.values[3, 2:] = 0  # two stocks: the best quarter of them is nobody
    report = run_factor_test(score, fwd, inside, SPEC)
    assert not np.isfinite(report.series["top_excess"].to_numpy()).all()
    assert report.yearly["top_excess"].to_list() == pytest.approx([report.summary["top_excess"]])


@pytest.mark.parametrize("short", [0, 5, D])
def test_dates_with_too_few_stocks_are_counted_and_told(parts, short: int) -> None:
    """29 stocks on the first dates, 30 on the others: 30 is what an IC needs."""
    score, fwd, inside = parts
    inside.values[:] = 0
    inside.values[:, :30] = 1
    score.values[:short, 7] = np.nan
    report = run_factor_test(score, fwd, inside, SPEC)
    assert report.summary["dates"] == D - short
    assert report.summary["dates_under_30_stocks"] == short
    said = f"12 test dates; {short} of them have fewer than 30 stocks with a score and a return"
    for shown in (repr(report), report._repr_html_()):
        assert (said in shown) == (short > 0)
        assert ("count in no IC or RankIC: widen the universe" in shown) == (short == D)
    assert np.isfinite(report.series["top_excess"].to_numpy()).all()


@pytest.mark.parametrize(
    ("bars", "sessions"), [("40_of_8", "1_6"), ("24_of_24", "1_2"), ("4_of_8", "1_2")]
)
def test_returns_counted_in_bars_overlap_by_their_sessions(parts, bars: str, sessions: str) -> None:
    """Forty of eight a day run over five sessions: their errors are those of any five."""
    score, fwd, inside = parts
    found = []
    for horizon in (f"bar03_{bars}", sessions):
        one = Panel(fwd.values[:, :, :1].copy(), DAYS, ASSETS, (f"fwd_{horizon}",))
        table = run_factor_test(score, one, inside, SPEC, "x").more["horizons"]
        assert table["horizon"].to_list() == [horizon]
        found.append(table.drop("horizon"))
    assert_frame_equal(*found)
