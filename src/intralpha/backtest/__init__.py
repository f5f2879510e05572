"""Replay of orders under the exchange's rules: T+1, price limits, halts, lots, costs, dividends."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.backtest.account import Account, NoCashError, NotSellableError
    from intralpha.backtest.active_risk import active_risk, factor_history, risk_by_year
    from intralpha.backtest.attribution import Attribution, attribute
    from intralpha.backtest.bar import MARKET_NAMES, DayBar, MarketNamesError
    from intralpha.backtest.benchmark import (
        BenchmarkGapError,
        BenchmarkSpec,
        BenchmarkWeightsError,
        benchmark_returns,
        benchmark_weights,
        index_returns,
    )
    from intralpha.backtest.benchmark_equal import EqualBenchmarkSpec
    from intralpha.backtest.benchmark_float_cap import FloatCapBenchmarkSpec, NoFloatCapError
    from intralpha.backtest.benchmark_index import (
        IndexBenchmarkSpec,
        IndexGapError,
        NoConstituentsError,
        NoIndexError,
    )
    from intralpha.backtest.closed_loop import PortfolioRun, run_portfolio
    from intralpha.backtest.corporate import CorporateActionError
    from intralpha.backtest.enhance import enhance
    from intralpha.backtest.enhancement import EnhancementSpec
    from intralpha.backtest.events import Event
    from intralpha.backtest.exchange import Exchange, SessionOrderError
    from intralpha.backtest.facts import MarketFacts
    from intralpha.backtest.fills import BlockedOrders, DayResult, Fills
    from intralpha.backtest.hedge import Hedged, HedgeSpec, UnhedgedError, hedged
    from intralpha.backtest.hedge_basis import BasisError
    from intralpha.backtest.ledger import Ledger
    from intralpha.backtest.recalibration import Foreseen, RecalibrationSpec, Watch
    from intralpha.backtest.record import PortfolioRecord, load_run, save_run
    from intralpha.backtest.replay import BenchmarkLengthError, DecisionDateError, Replay, replay
    from intralpha.backtest.simulate import TargetError, simulate
    from intralpha.backtest.spec import BacktestSpec
    from intralpha.backtest.standing import HoldingLostError, Standing, save_standing
    from intralpha.backtest.stretch import Known, Part, Stretch, stretches
    from intralpha.backtest.stretches import trade
    from intralpha.backtest.style_attribution import Exposed, StyleAttribution, attribute_styles
    from intralpha.backtest.tradability import Tradability, tradability
    from intralpha.backtest.weights_before import AttributionError, weights_before

lazily(__name__)
