"""Input that must be refused."""

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.backtest import (
    BacktestSpec,
    BenchmarkGapError,
    BenchmarkLengthError,
    DecisionDateError,
    MarketFacts,
    MarketNamesError,
    TargetError,
    simulate,
)
from intralpha.base import Panel
from intralpha.portfolio import CostSpec

ASSETS = np.array(["600001.SH", "600002.SH"])
DATES = np.array(["2024-01-04", "2024-01-05", "2024-01-08"], dtype="datetime64[D]")


@pytest.fixture
def market(make_market):
    return make_market(DATES, ASSETS, {"close": np.full((3, 2), 10.0)})


def run(targets, market, **more):
    return simulate(targets, market, BacktestSpec(), CostSpec(), **more)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([-0.1, 0.5], "smallest weight is -0.1"),
        ([0.8, 0.3], "sum to 1.10000000"),
        ([np.nan, np.nan], "no name has a weight"),
        ([np.inf, 0.0], "smallest weight"),
    ],
)
def test_targets_that_are_no_portfolio(market, make_targets, row, words):
    with pytest.raises(TargetError, match=words) as caught:
        run(make_targets(["2024-01-04"], ASSETS, [row]), market)
    assert caught.value.date == DATES[0]


def test_targets_of_unknown_assets(market, make_targets):
    strange = np.array(["600001.SH", "X"])
    with pytest.raises(TargetError, match="1 assets are not in the market: X"):
        run(make_targets(["2024-01-04"], strange, [[0.5, 0.5]]), market)
    assert run(make_targets(["2024-01-04"], strange, [[0.5, 0.0]]), market).fills.height == 1


def test_a_nan_weight_is_none(market, make_targets):
    ledger = run(make_targets(["2024-01-04"], ASSETS, [[0.5, np.nan]]), market)
    assert ledger.fills["symbol"].to_list() == ["600001.SH"]


def test_decisions_must_be_sessions(market, make_targets):
    with pytest.raises(DecisionDateError, match="2024-01-06"):
        run(make_targets(["2024-01-06"], ASSETS, [[0.5, 0.5]]), market)


def test_no_decision_at_all(market):
    none = Panel(np.zeros((0, 2, 1)), DATES[:0], ASSETS, ("w",))
    with pytest.raises(DecisionDateError, match="no decision"):
        run(none, market)


def test_a_decision_after_which_the_data_end_is_reported(market, make_targets):
    ledger = run(make_targets(["2024-01-04", "2024-01-08"], ASSETS, [[0.5, 0.5]] * 2), market)
    assert ledger.events.select("symbol", "kind").rows() == [(None, "not_traded")]


def test_a_market_without_a_column(make_targets, market):
    short = market.select([n for n in market.names if n != "vwap"])
    with pytest.raises(MarketNamesError, match="lacks vwap"):
        run(make_targets(["2024-01-04"], ASSETS, [[0.5, 0.5]]), short)


def test_a_market_in_float32(make_targets, market):
    thin = Panel(market.values.astype(np.float32), market.dates, market.assets, market.names)
    with pytest.raises(MarketNamesError, match="float32"):
        run(make_targets(["2024-01-04"], ASSETS, [[0.5, 0.5]]), thin)


def test_a_benchmark_of_another_length(make_targets, market):
    with pytest.raises(BenchmarkLengthError) as caught:
        run(make_targets(["2024-01-04"], ASSETS, [[0.5, 0.5]]), market, benchmark_ret=np.zeros(2))
    assert (caught.value.found, caught.value.expected) == (2, 3)


def test_a_benchmark_with_gaps_names_the_days(make_targets, market):
    targets = make_targets(["2024-01-04"], ASSETS, [[0.5, 0.5]])
    with pytest.raises(BenchmarkGapError, match="1 of 2 sessions: 2024-01-08") as caught:
        run(targets, market, benchmark_ret=np.array([np.nan, 0.01, np.nan]))
    assert caught.value.missing == ["2024-01-08"], "the return of the decision date is not used"


def test_without_a_benchmark_its_columns_are_null(make_targets, market):
    ledger = run(make_targets(["2024-01-04"], ASSETS, [[0.5, 0.5]]), market)
    assert ledger.daily["benchmark_ret"].null_count() == ledger.daily.height == 2
    assert ledger.daily["excess_ret"].null_count() == 2


def test_a_misspelt_setting():
    with pytest.raises(ValidationError):
        BacktestSpec.model_validate({"capital": 1e6})


def test_facts_of_a_lake(tmp_path):
    from datetime import date

    import polars as pl

    from intralpha.market import TABLES, Lake

    lake = Lake(tmp_path, create=True)
    lake.append(
        "instruments",
        pl.DataFrame(
            {
                "symbol": ["600001.SH", "600002.SH"],
                "exchange": ["SSE", "SSE"],
                "board": ["main", "star"],
                "name": ["a", "b"],
                "list_date": [date(2000, 1, 1)] * 2,
                "delist_date": [None, date(2024, 1, 5)],
            }
        ),
    )
    assets = np.array(["600001.SH", "600002.SH", "300003.SZ"])
    facts = MarketFacts.from_lake(lake, assets)
    assert facts.boards.tolist() == ["main", "star", "chinext"]
    assert np.isnat(facts.delist_dates).tolist() == [True, False, True]
    assert facts.corporate_actions is None
    schema = TABLES["corporate_actions"].columns
    row = ("600001.SH", date(2024, 1, 5), 0.5, 0.1, 0.0, 0.0)
    lake.append("corporate_actions", pl.DataFrame([row], schema=schema, orient="row"))
    assert MarketFacts.from_lake(lake, assets).corporate_actions.height == 1
