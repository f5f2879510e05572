"""Styles behind the excess, and the hedge: with a model, without, and on a lake that ends."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.base import ConfigError
from intralpha.market import Lake
from intralpha.pipeline import Plan, execute, load_recipe, plan
from intralpha.pipeline.export import run_tables
from intralpha.pipeline.report import finished_portfolio, finished_run, render_report
from intralpha.risk import load_session
from intralpha.risk.design import designs_of
from intralpha.risk.past_returns import past_returns

from .test_risk import RECIPE, RISK

# Runs of whole recipes; backtest/test_style_attribution holds that the parts are the excess.
pytestmark = pytest.mark.slow
CUT = date(2023, 6, 1)
TABLES = ("daily", "instruments", "industry", "corporate_actions")
PRICES = ("open", "high", "low", "close", "preclose", "up_limit", "down_limit")
PCA = "{kind: pca, window_days: 30, min_days: 15, young_days: 10, n_factors: 3}"


def made_on(folder: Path, lake: str, risk: str, *more: str) -> Plan:
    path = folder / "small.yaml"
    path.write_text(RECIPE.format(lake=folder / lake, risk=risk))
    exposures = "portfolio.exposures={beta_days: 20, momentum_days: 20, volatility_days: 20, "
    exposures += "month_days: 5, year_months: 3}"
    recipe = load_recipe(path, (exposures, *more))
    planned = plan(recipe, folder / f"runs_{lake}")
    assert not execute(planned, show_progress=False).problems
    return planned


def scrambled(frame: pl.DataFrame) -> pl.DataFrame:
    """Prices after the cut are others, whatever they were."""
    rng = np.random.default_rng(5)
    late = frame["date"].to_numpy() > np.datetime64(CUT)
    factor = np.where(late, np.exp(rng.normal(0, 0.1, len(late))), 1.0)
    return frame.with_columns(pl.col(*PRICES) * pl.Series(factor))


@pytest.fixture(scope="module")
def small(half_year_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake of 24 stocks, one that ends early, and one that goes on otherwise."""
    folder = tmp_path_factory.mktemp("styles")
    (folder / "lake").symlink_to(half_year_lake)
    whole = Lake(half_year_lake)
    cut, other = (Lake(folder / name, create=True) for name in ("cut", "other"))
    for table in TABLES:
        rows = whole.scan(table).collect()
        daily = table == "daily"
        cut.append(table, rows.filter(pl.col("date") <= CUT) if daily else rows)
        other.append(table, scrambled(rows) if daily else rows)
    return folder


@pytest.fixture(scope="module")
def fitted(small: Path) -> Plan:
    return made_on(small, "lake", "null")


def tables_of(planned: Plan) -> dict[str, pl.DataFrame]:
    record = finished_portfolio(planned)
    assert record is not None
    return record.tables


def check_sums(planned: Plan) -> dict[str, pl.DataFrame]:
    tables, run = tables_of(planned), finished_run(planned)
    assert run is not None
    parts = tables["style_courses"].group_by("date", maintain_order=True)
    sums = parts.agg(pl.col("excess").sum())
    assert sums["date"].to_list() == run.ledger.daily["date"].to_list()
    np.testing.assert_allclose(sums["excess"], run.ledger.daily["excess_ret"], atol=1e-14)
    told = tables["style_daily"].filter(factor="country")
    assert np.isfinite(told["factor_ret"].to_numpy()).all()
    assert told["date"].to_list() == sums["date"].to_list()
    return tables


def test_without_a_model_the_sessions_are_fitted_by_the_node(fitted: Plan) -> None:
    """Returns of a session in the middle are those of the normal equations with the constraint."""
    table = check_sums(fitted)["style_daily"]
    day = table["date"].unique().sort()[31]
    rows = table.filter(date=day)
    styles = fitted.panel("exposures")
    at = int(np.searchsorted(styles.dates, np.datetime64(day))) - 1
    inside = fitted.panel("universe").at(styles.dates)["universe"] > 0
    assets = fitted.axes.assets
    design = list(designs_of(styles, fitted.lake, inside, min_stocks=10))[at]
    found = past_returns(fitted.lake, np.array([day], dtype="datetime64[D]"), assets)
    ret, cap = found.ret_DA[0], found.cap_before_DA[0]
    x = design.loadings_AK
    core = inside[at] & np.isfinite(x).all(axis=1) & np.isfinite(ret) & (cap > 0)
    x, ret, cap = x[core], ret[core], cap[core]
    weight = np.sqrt(cap)[:, None]
    sums = np.zeros(x.shape[1])
    sums[design.industries] = (cap @ x)[design.industries]
    count = len(sums)
    whole = np.zeros((count + 1, count + 1))
    whole[:count, :count] = x.T @ (weight * x)
    whole[count, :count] = whole[:count, count] = sums / sums.max() if sums.any() else sums
    right = np.append(x.T @ (weight[:, 0] * ret), 0.0)
    returns = np.linalg.lstsq(whole, right, rcond=None)[0][:count]
    assert rows["factor"].to_list() == list(design.names)
    np.testing.assert_allclose(rows["factor_ret"], returns, atol=1e-9)


@pytest.mark.slow
def test_with_a_model_factor_returns_are_the_models(small: Path) -> None:
    planned = made_on(small, "lake", RISK)
    table = check_sums(planned)["style_daily"]
    known = {
        (one.date.item(), name): float(value)
        for one in map(load_session, planned.folders("risk_returns").values())
        for name, value in zip(one.names, one.returns_K, strict=True)
    }
    got = {(r["date"], r["factor"]): r["factor_ret"] for r in table.iter_rows(named=True)}
    both = known.keys() & got.keys()
    assert len(both) > 500
    np.testing.assert_array_equal([known[k] for k in both], [got[k] for k in both])


@pytest.mark.slow
def test_components_have_no_returns_so_sessions_are_fitted(small: Path, fitted: Plan) -> None:
    table = check_sums(made_on(small, "lake", PCA))["style_daily"]
    assert "component_1" not in table["factor"]
    assert table.height == tables_of(fitted)["style_daily"].height


@pytest.mark.slow
@pytest.mark.parametrize("lake", [pytest.param("cut", marks=pytest.mark.slow), "other"])
@pytest.mark.parametrize("risk", ["null", pytest.param(RISK, marks=pytest.mark.slow)])
def test_what_comes_later_changes_nothing(small: Path, lake: str, risk: str) -> None:
    one, two = (tables_of(made_on(small, name, risk)) for name in ("lake", lake))
    for name in ("style_daily", "style_courses"):
        kept = one[name].filter(pl.col("date") <= CUT)
        assert kept["date"].n_unique() > 30
        assert kept.equals(two[name].filter(pl.col("date") <= CUT))
        assert not one[name].equals(two[name])


def test_the_report_and_the_export_have_them(fitted: Plan, tmp_path: Path) -> None:
    page = render_report(fitted, tmp_path / "page.html").read_text()
    for words in ("Attribution by styles", "风格归因", "Cumulated contributions", "累计贡献"):
        assert words in page
    assert {"portfolio/told_style_factors", "portfolio/told_style_daily"} <= set(run_tables(fitted))


@pytest.mark.slow
def test_a_hedge_stands_in_report_and_export(small: Path, fitted: Plan, tmp_path: Path) -> None:
    """Without costs its value is the compounded excess; the replay is not made again."""
    free = "portfolio.hedge={cost_annualised: 0, margin_share: 0, commission_bps: 0}"
    planned = made_on(small, "lake", "null", free)
    assert planned.keys["portfolio"] == fitted.keys["portfolio"]
    run, tables = finished_run(planned), tables_of(planned)
    assert run is not None
    excess = np.cumprod(1 + run.ledger.daily["excess_ret"].to_numpy())
    np.testing.assert_allclose(tables["hedge_courses"]["hedged"], excess, rtol=1e-12)
    figures = run.ledger.figures()
    last = tables["hedge_figures"].row(-1, named=True)
    assert last["ret_annualised"] == pytest.approx(figures["excess_annualised"])
    assert last["max_drawdown"] == pytest.approx(figures["excess_max_drawdown"])
    page = render_report(planned, tmp_path / "page.html").read_text()
    for words in ("Hedged with index futures", "股指期货对冲", "Hedged value", "对冲净值"):
        assert words in page
    assert "Hedged with" not in render_report(fitted, tmp_path / "none.html").read_text()
    assert "portfolio/told_hedge_courses" in run_tables(planned)


@pytest.mark.usefixtures("fitted")
def test_a_table_of_the_basis_that_is_not_there_is_a_fault(small: Path) -> None:
    path = small / "small.yaml"
    lost = "portfolio.hedge={cost_annualised: 0, basis: nowhere.csv}"
    with pytest.raises(ConfigError, match=r"hedge\.basis: no file .*nowhere.csv"):
        load_recipe(path, (lost,))
