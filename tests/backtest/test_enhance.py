"""From a signal to a replay by one spec: benchmarks by kind, files, display."""

from dataclasses import fields
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from intralpha.backtest import (
    EnhancementSpec,
    EqualBenchmarkSpec,
    FloatCapBenchmarkSpec,
    IndexBenchmarkSpec,
    IndexGapError,
    Known,
    Ledger,
    NoConstituentsError,
    NoFloatCapError,
    NoIndexError,
    PortfolioRecord,
    PortfolioRun,
    attribute,
    benchmark_returns,
    enhance,
    load_run,
    save_run,
    stretches,
    trade,
)
from intralpha.backtest.attribution import PARTS
from intralpha.base import Panel
from intralpha.evaluation import performance
from intralpha.market import (
    TABLES,
    Lake,
    UniverseSpec,
    float_cap,
    industry_codes,
    members,
    read_daily,
    universe,
)
from intralpha.portfolio import NoDecisionError, Solution
from intralpha.risk import rolling_estimates
from intralpha.risk.pca import PcaRiskSpec
from intralpha.sources.exchange.index import INDEX

SPEC = EnhancementSpec.model_validate(
    {
        "every": 5,
        "exposures": {"momentum_days": 20, "beta_days": 20, "volatility_days": 20},
        "problem": {"stock_deviation": 0.05, "industry_deviation": None},
        "backtest": {"capital_yuan": 1e7},
    }
)


def other_lake(lake: Lake, root: Path, **changes) -> Lake:
    """A copy whose daily rows are changed."""
    out = Lake(root, create=True)
    for table in TABLES:
        if lake.has(table) and table != "bars":
            frame = lake.scan(table).collect()
            if table == "daily":
                frame = changes["daily"](frame)
            elif table == "fundamentals" and changes.get("no_fundamentals"):
                continue
            out.append(table, frame)
    return out


def without_shares(lake: Lake, root: Path) -> Lake:
    """A copy that knows no share counts."""
    none = pl.lit(None, pl.Float64)
    return other_lake(
        lake,
        root,
        daily=lambda rows: rows.with_columns(float_shares=none, total_shares=none),
        no_fundamentals=True,
    )


@pytest.fixture(scope="module")
def lake(half_year_lake: Path) -> Lake:
    return Lake(half_year_lake)


def inputs(lake: Lake) -> tuple[Panel, Panel]:
    """The universe of stocks, and a random signal from the 60th session on."""
    close = read_daily(lake, ("close",))
    stocks = close.assets[close.assets != INDEX]
    inside = universe(lake, UniverseSpec(min_listed_days=20), close.dates, stocks)
    axes = Panel(inside[:, :, None].astype(np.float32), close.dates, stocks, ("universe",))
    values = np.full((len(close.dates), len(stocks), 1), np.nan)
    rng = np.random.default_rng(0)
    values[60:] = rng.standard_normal((len(close.dates) - 60, len(stocks), 1))
    return axes, Panel(values, close.dates, stocks, ("score",))


@pytest.fixture(scope="module")
def run(lake: Lake) -> PortfolioRun:
    return enhance(SPEC, lake, *inputs(lake))


def test_decisions_and_replay_cover_the_signal(run, lake) -> None:
    dates = read_daily(lake, ("close",)).dates
    np.testing.assert_array_equal(run.targets.dates, dates[60::5])
    assert run.ledger.daily["date"].to_list() == dates[61:].tolist()
    np.testing.assert_allclose(run.targets.values.sum(axis=(1, 2)), 1.0)
    assert run.ledger.daily["excess_ret"].is_not_null().all()


def test_the_parts_of_an_attribution_are_the_excess(run, lake) -> None:
    """Costs are the ledger's; between rebalances nothing but taxes and cents is left to trading."""
    axes, _ = inputs(lake)
    days = run.targets.dates
    inside = axes.at(days)["universe"] > 0
    benchmark = SPEC.benchmark.laid(lake, days, axes.assets, inside)
    market = read_daily(lake, ("close", "preclose"), days[0].item(), None, axes.assets)
    codes, labels = industry_codes(lake, days, axes.assets)
    found = attribute(run.ledger, market, benchmark, codes, labels)
    parts = found.daily.select(pl.sum_horizontal(PARTS)).to_series().to_numpy()
    excess = run.ledger.daily["excess_ret"].to_numpy()
    np.testing.assert_allclose(parts, excess, atol=1e-14)
    before = np.concatenate([[1e7], run.ledger.daily["nav_yuan"].to_numpy()[:-1]])
    np.testing.assert_allclose(
        -found.daily["cost"].to_numpy(), run.ledger.daily["cost_yuan"].to_numpy() / before
    )
    quiet = run.ledger.daily["traded_yuan"].to_numpy() == 0
    assert quiet.sum() > 20
    assert np.abs(found.daily["trading"].to_numpy()[quiet]).max() < 2e-4
    assert found.groups["weight_share"].sum() == pytest.approx(1)
    assert found.groups["benchmark_share"].sum() == pytest.approx(1)


def test_start_and_end_bound_the_replay(lake) -> None:
    axes, signal = inputs(lake)
    first, last = axes.dates[70].item(), axes.dates[90].item()
    part = enhance(SPEC, lake, axes, signal, first, last)
    assert part.targets.dates[0] == axes.dates[70]
    assert part.ledger.daily["date"].to_list()[-1] == last
    with pytest.raises(NoDecisionError):
        enhance(SPEC, lake, axes, signal, date(2030, 1, 1))


@pytest.mark.parametrize("kind", ["float_cap", "equal"])
def test_benchmarks_by_kind(lake, kind: str) -> None:
    """Weights and returns by their definition, computed here from the lake's columns."""
    spec = EnhancementSpec.model_validate({"benchmark": {"kind": kind}}).benchmark
    axes, _ = inputs(lake)
    days, stocks = axes.dates[60::10], axes.assets
    inside = axes.at(days)["universe"] > 0
    found = spec.weights(lake, days, stocks, inside)
    assert (~inside).any(), "everything is inside, so the mask shows nothing"
    weight = (
        np.ones(inside.shape) if kind == "equal" else float_cap(lake, days, stocks)["float_cap"]
    )
    expected = np.where(inside, weight, 0.0)
    np.testing.assert_allclose(found, expected / expected.sum(axis=1, keepdims=True), atol=1e-15)
    market = read_daily(lake, ("close", "preclose"), days[0].item(), None, stocks)
    returns = spec.returns(lake, Panel(found[:, :, None], days, stocks, ("weight",)), market)
    held = Panel(found[:, :, None], days, stocks, ("weight",))
    np.testing.assert_array_equal(returns, benchmark_returns(held, market))
    first = np.nansum(found[0] * (market["close"][1] / market["preclose"][1] - 1))
    assert returns[1] == pytest.approx(first)


def test_the_index_is_its_constituents(lake) -> None:
    """Weights at each close earn what the index earns the day after, but on a day of review."""
    spec = IndexBenchmarkSpec(index=INDEX)
    axes, _ = inputs(lake)
    days, stocks = axes.dates[60:], axes.assets
    inside = axes.at(days)["universe"] > 0
    found = spec.laid(lake, days, stocks, inside)
    assert (inside & (found["member"] == 0)).any()
    market = read_daily(lake, ("close", "preclose"), days[0].item(), None, stocks)
    weights = Panel(found["weight"][:, :, None], days, stocks, ("weight",))
    level = read_daily(lake, ("close",), days[0].item(), None, np.array([INDEX]))["close"][:, 0]
    returns = spec.returns(lake, weights, market)
    np.testing.assert_allclose(returns[1:], level[1:] / level[:-1] - 1)
    earned, same = benchmark_returns(weights, market), found["member"][1:] == found["member"][:-1]
    kept = np.flatnonzero(same.all(axis=1)) + 1
    assert len(kept) == len(days) - 2, "one review lies in this time"
    np.testing.assert_allclose(earned[kept], returns[kept], atol=3e-6)


def test_what_the_benchmark_is_made_of_is_told(lake, tmp_path) -> None:
    """Some published weights are lost: float caps stand in for them, and it is said."""
    axes, _ = inputs(lake)
    benchmark = IndexBenchmarkSpec(index=INDEX)
    days = axes.dates[60:80:5]
    inside = axes.at(days)["universe"] > 0
    (row,) = benchmark.told(lake, benchmark.laid(lake, days, axes.assets, inside)).rows()
    count = int(members(lake, (INDEX,), days[:1], axes.assets).sum())
    assert row[:4] == (days[0].item().year, 4, count, count)
    assert row[4:] == pytest.approx((1, 0, 0))
    lost = lake.scan("membership").with_columns(
        weight=pl.when(pl.int_range(pl.len()) % 2 == 0).then("weight")
    )
    again = Lake(tmp_path / "half", create=True)
    for table in TABLES:
        if lake.has(table) and table != "bars":
            frame = lost if table == "membership" else lake.scan(table)
            again.append(table, frame.collect())
    (row,) = benchmark.told(again, benchmark.laid(again, days, axes.assets, inside)).rows()
    assert row[:4] == (days[0].item().year, 4, count, count)
    assert 0.05 < row[4] < 0.95
    assert row[4] + row[5] == pytest.approx(1)


def test_constituents_are_bought_to_their_share(lake) -> None:
    """Without a floor the signal goes elsewhere; the floor holds against the true index."""
    axes, signal = inputs(lake)
    member = members(lake, (INDEX,), axes.dates, axes.assets)
    score = signal.values - 10.0 * member[:, :, None]  # the signal shuns constituents
    shy = Panel(score, signal.dates, signal.assets, signal.names)

    def share(at_least: float | None) -> np.ndarray:
        problem = SPEC.problem.model_copy(update={"member_min_share": at_least})
        benchmark = IndexBenchmarkSpec(index=INDEX)
        spec = SPEC.model_copy(update={"problem": problem, "benchmark": benchmark})
        run = enhance(spec, lake, axes, shy)
        rows = np.searchsorted(axes.dates, run.targets.dates)
        return (run.targets["weight"] * member[rows]).sum(axis=1)

    free, held = share(None), share(0.8)
    assert free.max() < 0.8
    np.testing.assert_array_less(0.8 - 1e-4, held)


def test_a_lake_without_share_counts_needs_the_equal_benchmark(lake, tmp_path) -> None:
    bare = without_shares(lake, tmp_path / "bare")
    axes, signal = inputs(bare)
    with pytest.raises(NoFloatCapError, match="kind: equal") as caught:
        enhance(SPEC, bare, axes, signal)
    assert caught.value.date == axes.dates[60]
    equal = SPEC.model_copy(update={"benchmark": EqualBenchmarkSpec()})
    done = enhance(equal, bare, axes, signal)
    assert done.ledger.daily.height == len(axes.dates) - 61
    assert done.ledger.daily["benchmark_ret"].abs().max() > 0


def test_a_later_snapshot_weighs_earlier_dates_where_that_is_asked_for(lake, tmp_path) -> None:
    """Caps of the last session, moved back with prices; it is said, and counts as looking ahead."""
    bare = without_shares(lake, tmp_path / "later")
    axes, _ = inputs(bare)
    last, days = axes.dates[-1], axes.dates[60:62]
    caps = np.arange(1.0, 1.0 + len(axes.assets))
    rows = {"symbol": axes.assets, "announce_date": [last.item()] * len(caps)}
    rows |= {"item": ["float_cap"] * len(caps), "value": caps}
    bare.append("fundamentals", pl.DataFrame(rows))
    inside = axes.at(days)["universe"] > 0
    ahead = FloatCapBenchmarkSpec(fwd_snapshot=True)
    laid = ahead.laid(bare, days, axes.assets, inside)
    price = read_daily(bare, ("filled_close",), None, None, axes.assets)["filled_close"]
    expected = np.where(inside, caps * price[60:62] / price[-1], 0.0)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(laid["weight"], expected, rtol=1e-6)
    assert ahead.told(bare, laid).rows() == [(days[0].item().year, 2, pytest.approx(1.0))]
    assert ahead.fwd_sessions > 1000
    known = FloatCapBenchmarkSpec()
    assert known.fwd_sessions == 0
    assert known.told(bare, laid) is None
    assert known.weights(bare, days, axes.assets, inside).sum() == 0


def test_share_counts_are_asked_for_where_something_is_decided(lake, tmp_path) -> None:
    """Planned are decisions from the 60th session on; counts begin at the 80th."""
    axes, signal = inputs(lake)
    days, planned = axes.dates, axes.dates[60::5]
    known_from = pl.col("date") >= days[80].item()
    late = other_lake(
        lake,
        tmp_path / "late",
        daily=lambda rows: rows.with_columns(
            pl.when(known_from).then(pl.col("float_shares", "total_shares")).name.keep()
        ),
        no_fundamentals=True,
    )
    spec = SPEC.model_copy(update={"benchmark": FloatCapBenchmarkSpec()})
    inside = axes.at(planned)["universe"] > 0
    weights = spec.benchmark.weights(late, planned, axes.assets, inside)
    np.testing.assert_allclose(weights.sum(axis=1), [0.0] * 4 + [1.0] * (len(planned) - 4))
    styles = spec.exposures.estimate(late, planned, axes.assets, inside)
    benchmark = Panel(weights[:, :, None], planned, axes.assets, ("weight",))
    ahead = stretches(planned, days[-1].item())

    def traded(scores: Panel) -> PortfolioRun:
        known = Known(axes, scores, benchmark, styles)
        return PortfolioRun.joined([p.run for p in trade(spec, late, axes.assets, ahead, known)])

    with pytest.raises(NoFloatCapError) as caught:
        traded(signal)
    assert (caught.value.date, caught.value.stocks) == (days[60], int(inside[0].sum()))
    done = traded(signal.between(days[80].item(), days[-1].item()))
    np.testing.assert_array_equal(done.targets.dates, planned[4:])
    assert done.ledger.events.filter(kind="no_score")["date"].to_list() == planned[:4].tolist()


@pytest.mark.slow
def test_an_index_that_is_absent_or_has_gaps(lake, tmp_path) -> None:
    axes, signal = inputs(lake)
    lost = axes.dates[[81, 82]].tolist()  # between the decisions of sessions 80 and 85
    gaps = other_lake(
        lake,
        tmp_path / "gaps",
        daily=lambda rows: rows.filter(
            (rows["symbol"] != INDEX) | ~rows["date"].is_in(pl.Series(lost).implode())
        ),
    )
    indexed = SPEC.model_copy(update={"benchmark": IndexBenchmarkSpec(index=INDEX)})
    with pytest.raises(IndexGapError, match=f"no close on 2 of 6 .*: {lost[0]}, {lost[1]}"):
        enhance(indexed, gaps, axes, signal)
    late = (
        other_lake(  # a run in slices meets such a stretch, and must not say that it has no index
            lake,
            tmp_path / "late",
            daily=lambda rows: rows.filter(
                (rows["symbol"] != INDEX) | (rows["date"] == axes.dates[0].item())
            ),
        )
    )
    with pytest.raises(IndexGapError, match="no close on 6 of 6 sessions"):
        enhance(indexed, late, axes, signal)
    unknown = SPEC.model_copy(update={"benchmark": IndexBenchmarkSpec(index="000999.SH")})
    with pytest.raises(NoConstituentsError, match=r"000999\.SH"):
        enhance(unknown, lake, axes, signal)
    untold = other_lake(
        lake, tmp_path / "untold", daily=lambda rows: rows.filter(rows["symbol"] != INDEX)
    )
    with pytest.raises(NoIndexError, match=INDEX.replace(".", r"\.")):
        enhance(indexed, untold, axes, signal)
    assert enhance(indexed, lake, axes, signal).ledger.daily["benchmark_ret"].n_unique() > 50


def test_the_spec_refuses_what_no_benchmark_has() -> None:
    assert EnhancementSpec().benchmark == FloatCapBenchmarkSpec()
    assert EnhancementSpec.model_validate({"benchmark": {}}).benchmark == FloatCapBenchmarkSpec()
    for bad in ({"kind": "index"}, {"kind": "equal", "index": "000300.SH"}, {"kind": "best"}):
        with pytest.raises(ValidationError):
            EnhancementSpec.model_validate({"benchmark": bad})


def test_a_replay_survives_its_files(run, tmp_path: Path) -> None:
    save_run(run, tmp_path)
    again = load_run([tmp_path], run.targets.assets)
    for table in fields(Ledger):
        assert_frame_equal(
            getattr(again.ledger, table.name), getattr(run.ledger, table.name), check_exact=True
        )
    np.testing.assert_array_equal(again.targets.values, run.targets.values)
    np.testing.assert_array_equal(again.targets.dates, run.targets.dates)
    for found, expected in zip(again.solutions, run.solutions, strict=True):
        assert found.prices is None  # where a search begins is not kept
        for part in fields(Solution):
            if part.name != "prices":
                np.testing.assert_array_equal(
                    getattr(found, part.name), getattr(expected, part.name)
                )


def test_a_record_shows_a_run(run) -> None:
    record = PortfolioRecord.of(run)
    assert record.figures == run.ledger.figures()
    assert record.yearly["year"].to_list() == [2023]
    assert "Events" in record.notes
    assert all(frame.height for frame in record.notes.values())
    counts = dict(record.notes["Events"].select("kind", "events").iter_rows())
    assert counts["no_score"] == 12  # every fifth of the 60 dates without one


def test_figures_are_those_of_the_returns(run) -> None:
    ret, bench, days = run.ledger.returns()
    figures, expected = run.ledger.figures(), performance(ret, bench, days)
    assert figures["excess_annualised"] == expected.excess_annualised
    assert figures["rows"] == len(ret)
    later = run.ledger.daily.filter(pl.col("turnover_one_sided") > 0)["turnover_one_sided"][1:]
    assert figures["turnover_one_sided"] == pytest.approx(later.mean())


def test_the_course_of_a_ledger_is_its_own(run) -> None:
    """Turnover as the ledger has it; the cost-free twin earns back what was charged."""
    course, daily = run.ledger.course(), run.ledger.daily
    np.testing.assert_allclose(course.traded, daily["turnover_two_sided"], rtol=1e-12, atol=0)
    assert course.turnover(sides=1) == pytest.approx(run.ledger.figures()["turnover_one_sided"])
    free = course.before_cost().ret * (daily["nav_yuan"].to_numpy() / (1 + course.ret))
    earned = daily["nav_yuan"].to_numpy() * (1 - 1 / (1 + course.ret))
    np.testing.assert_allclose(free - earned, daily["cost_yuan"], atol=1e-6)
    assert daily["cost_yuan"].sum() > 0


def test_a_run_shows_itself(run) -> None:
    text, page = repr(run), run._repr_html_()
    assert f"{len(run.solutions)} decisions" in text
    assert "excess_annualised" in text
    HTMLParser().feed(page)
    assert page.count("<svg") == 1
    assert f"{run.ledger.figures()['tracking_error']:.4g}" in page
    assert len(page) < 10_000


@pytest.mark.slow
def test_the_tracking_error_of_every_decision_is_within_its_bound(lake) -> None:
    """Worked out here from the estimates and the weights; without the bound it is larger."""
    axes, signal = inputs(lake)
    risk = PcaRiskSpec(window_days=60, n_factors=3, min_days=40)
    estimates = {
        one.date: found
        for one, found in rolling_estimates(risk, lake, axes.dates[60::5], axes)
        if found is not None
    }

    def errors(bound: float | None) -> list[float]:
        problem = SPEC.problem.model_copy(update={"tracking_error": bound})
        spec = SPEC.model_copy(update={"risk": risk, "problem": problem})
        run = enhance(spec, lake, axes, signal)
        assert not any("tracking error" in step for s in run.solutions for step in s.relaxed)
        found = []
        for solution in run.solutions:
            day, inside = solution.date, axes.at(np.array([solution.date]))["universe"] > 0
            benchmark = SPEC.benchmark.weights(lake, np.array([day]), axes.assets, inside)[0]
            own = benchmark[np.searchsorted(axes.assets, solution.assets)]
            active = solution.exact - own / own.sum()
            found.append((244 * estimates[day].on(solution.assets).variance(active)) ** 0.5)
        return found

    free, bound = errors(None), errors(0.04)
    assert min(free) > 0.04
    assert max(bound) < 0.04 * (1 + 1e-5)


def test_orders_are_a_share_of_what_the_market_traded(lake) -> None:
    """The mean of volume x VWAP since the decision before; the capital is the account's value."""
    axes, signal = inputs(lake)
    parts = ({"kind": "participation", "at_most": 0.02},)
    problem = EnhancementSpec.model_validate({"problem": {"constraints": parts}}).problem
    update = {"constraints": problem.constraints, "turnover_one_sided": None}
    spec = SPEC.model_copy(
        update={
            "problem": SPEC.problem.model_copy(update=update),
            "backtest": SPEC.backtest.model_copy(update={"capital_yuan": 5e7}),
        }
    )
    first = axes.dates[60].item()
    market = read_daily(lake, ("vwap", "volume"), first, None, axes.assets)
    amount = np.nan_to_num(market["vwap"] * market["volume"])
    run = enhance(spec, lake, axes, signal, first, axes.dates[75].item())
    days = market.dates.tolist()
    before = -1
    for solution in run.solutions:
        now = days.index(solution.date.item())
        if now + 1 == 16:
            break  # decided on the last session
        traded = dict(zip(axes.assets, amount[before + 1 : now + 1].mean(axis=0), strict=True))
        if before == -1:
            most = 0.02 * np.array([traded[symbol] for symbol in solution.assets]) / 5e7
            assert (solution.exact <= most + 1e-9).all()
            assert (solution.exact > most * 0.999).sum() > 3
        fills = run.ledger.fills.filter(pl.col("date") == days[now + 1])
        assert fills.height > 3
        for symbol, yuan in fills.select("symbol", "amount_yuan").rows():
            assert yuan < 0.02 * traded[symbol] * 1.25  # prices move until the fill
        before = now
