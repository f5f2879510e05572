"""A replay cut at its decisions equals the whole one to the last bit."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import (
    EnhancementSpec,
    Exchange,
    HoldingLostError,
    Known,
    Ledger,
    Part,
    PortfolioRun,
    Standing,
    Stretch,
    enhance,
    load_run,
    save_run,
    save_standing,
    stretches,
    trade,
)
from intralpha.base import Panel
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.portfolio import NoDecisionError, columns, decisions
from intralpha.sources.exchange.index import INDEX

SPEC = EnhancementSpec.model_validate(
    {
        "every": 5,
        "exposures": {"momentum_days": 20, "beta_days": 20, "volatility_days": 20},
        "problem": {
            "stock_deviation": 0.08,
            "industry_deviation": 0.2,
            "style_bounds": {"size": 0.5},
            "turnover_one_sided": 0.3,
        },
        "backtest": {"capital_yuan": 1e7},
    }
)
RULES = UniverseSpec(min_listed_days=20)
SILENT = (0, 5, 10, 60)  # positions of decision dates without a score
UNDECIDED = (*SILENT[:3], 15, 60)  # and one on which the universe is empty yet


@pytest.fixture(scope="module")
def lake(long_lake: Path) -> Lake:
    return Lake(long_lake)


def stocks_of(lake: Lake) -> np.ndarray:
    """Every stock with a row, sorted."""
    assets = read_daily(lake, ("close",)).assets
    return assets[assets != INDEX]


@pytest.fixture(scope="module")
def signal(lake: Lake) -> Panel:
    """Random scores on every session, none on the silent ones."""
    days, stocks = lake.dates("daily"), stocks_of(lake)
    values = np.random.default_rng(0).standard_normal((len(days), len(stocks), 1))
    values[list(SILENT)] = np.nan
    return Panel(values, days, stocks, ("score",))


def universe_of(lake: Lake, days: np.ndarray, stocks: np.ndarray) -> Panel:
    inside = universe(lake, RULES, days, stocks)
    return Panel(inside[:, :, None].astype(np.float32), days, stocks, ("universe",))


@pytest.fixture(scope="module")
def whole(lake: Lake, signal: Panel) -> PortfolioRun:
    return enhance(SPEC, lake, universe_of(lake, signal.dates, signal.assets), signal)


def known_of(lake: Lake, signal: Panel, day: np.datetime64) -> tuple[np.ndarray, Known]:
    """What one decision knows, made of a lake that ends on its day and of the stocks it has."""
    view, days = lake.limited(None, day.item()), np.array([day])
    stocks = stocks_of(view)
    axes = universe_of(view, days, stocks)
    inside = axes["universe"] > 0
    weights = SPEC.benchmark.weights(view, days, stocks, inside)
    benchmark = Panel(weights[:, :, None], days, stocks, ("weight",))
    styles = SPEC.exposures.estimate(view, days, stocks, inside)
    return stocks, Known(axes, signal.reindex(days, stocks), benchmark, styles)


def equal(found: PortfolioRun, expected: PortfolioRun) -> None:
    """To the last bit, but for the time that the solver took."""
    for table in fields(Ledger):
        one, other = getattr(found.ledger, table.name), getattr(expected.ledger, table.name)
        assert one.equals(other, null_equal=True), table.name
    targets = found.targets.reindex(found.targets.dates, expected.targets.assets)
    np.testing.assert_array_equal(np.nan_to_num(targets.values), expected.targets.values)
    np.testing.assert_array_equal(targets.dates, expected.targets.dates)
    for one, other in zip(found.solutions, expected.solutions, strict=True):
        assert one.relaxed == other.relaxed
        assert one.rows == other.rows
        np.testing.assert_array_equal(one.exact, other.exact)


def test_the_market_has_what_could_go_wrong(whole: PortfolioRun, lake: Lake) -> None:
    """Between decisions: holdings are suspended and have corporate actions; stocks are listed."""
    kinds = set(whole.ledger.events["kind"])
    assert {"bonus", "dividend", "no_score"} <= kinds
    held = whole.ledger.holdings.filter(pl.col("shares") > 0).select("symbol").unique()
    halted = lake.scan("daily").filter("suspended", pl.col("date") > whole.targets.dates[0].item())
    assert halted.join(held.lazy(), on="symbol", how="semi").collect().height > 0
    listed = lake.scan("daily").group_by("symbol").agg(pl.col("date").min()).collect()["date"]
    assert (listed > whole.targets.dates[2].item()).any()
    decided = [d.item() for d in whole.targets.dates]
    actions = whole.ledger.events.filter(pl.col("kind").is_in(["bonus", "dividend"]))["date"]
    assert any(day not in decided for day in actions)


@pytest.mark.slow
def test_each_stretch_alone_from_files_and_a_cut_lake(
    lake: Lake, signal: Panel, whole: PortfolioRun, tmp_path: Path
) -> None:
    planned = decisions(signal.dates, SPEC.every)
    before, folders = None, []
    for one in stretches(planned, signal.dates[-1].item()):
        folder = tmp_path / str(len(folders))
        folder.mkdir()
        day = np.datetime64(one.upto, "D")
        stocks, known = known_of(lake, signal, day)
        view = lake.limited(None, one.upto)
        (part,) = trade(SPEC, view, stocks, [one], known if one.decides else None, before)
        save_run(part.run, folder)
        save_standing(part.standing, folder)
        before = Standing.load(folder)
        folders.append(folder)
    equal(load_run(folders), whole)
    assert whole.ledger.daily.height > 150, "nothing was compared"
    assert len(whole.solutions) == len(planned) - len(UNDECIDED)


@pytest.mark.slow
def test_last_weeks_prices_are_carried_on_and_change_no_answer(
    lake: Lake, signal: Panel, whole: PortfolioRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searches that begin on few names: as good as those on all, the same from files."""
    begun, rank = [], columns.rank
    monkeypatch.setattr(columns, "_FEW", 8)
    monkeypatch.setattr(columns, "rank", lambda p, s: (begun.append(s), rank(p, s))[1])
    last = signal.dates[60].item()
    axes = universe_of(lake, signal.dates, signal.assets)
    hot = enhance(SPEC, lake, axes, signal, end=last)
    assert len(begun) == len(hot.solutions) - 1 > 5
    for found, expected in zip(hot.solutions, whole.solutions, strict=False):
        assert found.objective == pytest.approx(expected.objective, rel=1e-9)
        assert found.residuals.violators == 0
    before, parts = None, []
    for one in stretches(decisions(signal.dates, SPEC.every, None, last), last):
        stocks, known = known_of(lake, signal, np.datetime64(one.upto, "D"))
        view = lake.limited(None, one.upto)
        (part,) = trade(SPEC, view, stocks, [one], known if one.decides else None, before)
        save_standing(part.standing, tmp_path)
        before = Standing.load(tmp_path)
        parts += part.run.solutions
    for found, expected in zip(parts, hot.solutions, strict=True):
        np.testing.assert_array_equal(found.exact, expected.exact)


@pytest.mark.slow
def test_a_later_end_changes_no_earlier_part(
    lake: Lake, signal: Panel, whole: PortfolioRun
) -> None:
    last = signal.dates[118].item()  # three sessions after a decision
    axes = universe_of(lake, signal.dates, signal.assets)
    short = enhance(SPEC, lake, axes, signal, end=last)
    assert short.ledger.daily["date"].to_list()[-1] == last
    for table in fields(Ledger):
        found, expected = getattr(short.ledger, table.name), getattr(whole.ledger, table.name)
        assert found.equals(expected.filter(pl.col("date") <= last), null_equal=True), table.name


def test_a_date_without_a_score_keeps_the_portfolio(whole: PortfolioRun, signal: Panel) -> None:
    silent = [signal.dates[at].item() for at in UNDECIDED]
    ledger = whole.ledger
    assert ledger.events.filter(kind="no_score")["date"].to_list() == silent
    assert ledger.daily["date"][0] == signal.dates[21].item()  # after the first decision, at 20
    after = signal.dates[61].item()
    assert ledger.daily.filter(date=after)["traded_yuan"].to_list() == [0.0]
    assert ledger.daily.filter(pl.col("date") == after)["benchmark_ret"][0] != 0
    assert not set(silent) & set(whole.targets.dates.tolist())


def test_the_benchmark_drifts_over_a_date_without_a_score(
    lake: Lake, signal: Panel, whole: PortfolioRun
) -> None:
    """Set at session 55, not at 60: on 61 it earns what the weights of 55 have become."""
    days, stocks = signal.dates[55:62], signal.assets
    inside = universe(lake, RULES, days[:1], stocks)
    weights = SPEC.benchmark.weights(lake, days[:1], stocks, inside)[0]
    prices = read_daily(lake, ("close", "preclose"), days[0].item(), days[-1].item(), stocks)
    growth = np.nan_to_num(prices["close"] / prices["preclose"], nan=1.0)
    for row in range(1, 6):
        weights = weights * growth[row]
    expected = (weights / weights.sum()) @ (growth[6] - 1)
    found = whole.ledger.daily.filter(date=days[-1].item())["benchmark_ret"][0]
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_decision_on_the_last_session_is_not_traded(lake: Lake, signal: Panel) -> None:
    axes = universe_of(lake, signal.dates, signal.assets)
    run = enhance(SPEC, lake, axes, signal, end=signal.dates[115].item())
    assert run.ledger.events["kind"].to_list()[-1] == "not_traded"
    assert run.targets.dates[-1] == signal.dates[115]


def test_without_any_score_there_is_no_replay(lake: Lake, signal: Panel) -> None:
    day = signal.dates[0]
    stocks, known = known_of(lake, signal, day)
    (part,) = trade(SPEC, lake, stocks, [Stretch(None, day.item())], known)
    assert part.standing is None
    assert part.run.ledger.daily.is_empty()
    end = Stretch(day.item(), signal.dates[3].item(), decides=False)
    with pytest.raises(NoDecisionError, match="none of its dates has a score"):
        list(trade(SPEC, lake, stocks, [end], None, part.standing))


def one_part(lake: Lake, signal: Panel) -> tuple[np.ndarray, Part]:
    day = signal.dates[20]
    stocks, known = known_of(lake, signal, day)
    (first,) = trade(SPEC, lake, stocks, [Stretch(None, day.item())], known)
    return stocks, first


def test_a_standing_survives_its_files(lake: Lake, signal: Panel, tmp_path: Path) -> None:
    stocks, part = one_part(lake, signal)
    standing = part.standing
    assert standing is not None
    save_standing(standing, tmp_path)
    again = Standing.load(tmp_path)
    assert again is not None
    laid = again.on(stocks)
    for name in ("past_factor", "explained", "absent", "benchmark", "targets"):
        np.testing.assert_array_equal(getattr(laid, name), getattr(standing, name))
    for name in ("shares", "sellable", "mark_yuan", "cash_yuan"):
        found, expected = getattr(laid.account, name), getattr(standing.account, name)
        np.testing.assert_array_equal(found, expected)
    assert laid.date == standing.date
    save_standing(None, tmp_path)
    assert Standing.load(tmp_path) is None


def test_a_part_leaves_the_standing_before_it_as_it_was(lake: Lake, signal: Panel) -> None:
    stocks, part = one_part(lake, signal)
    assert part.standing is not None
    after, cash = part.standing.date.item(), part.standing.account.cash_yuan
    end = Stretch(after, signal.dates[23].item(), decides=False)
    first, second = (list(trade(SPEC, lake, stocks, [end], None, part.standing)) for _ in range(2))
    equal(first[0].run, second[0].run)
    assert first[0].run.ledger.fills.height > 0
    assert part.standing.account.cash_yuan == cash


def test_a_holding_that_is_no_stock_any_more_is_refused(lake: Lake, signal: Panel) -> None:
    stocks, part = one_part(lake, signal)
    assert part.standing is not None
    assert part.standing.targets is not None
    ordered = stocks[part.standing.targets > 0]
    rest = np.setdiff1d(stocks, ordered[:1])
    with pytest.raises(HoldingLostError, match=str(ordered[0])):
        part.standing.on(rest)
    held = replace(part.standing, targets=None)
    assert len(held.on(rest).account.assets) == len(rest)  # neither held nor ordered
    dates = signal.dates[20:25]
    account = Exchange(rest, dates, SPEC.backtest, SPEC.problem.costs, before=held).account
    assert account.cash_yuan == SPEC.backtest.capital_yuan
