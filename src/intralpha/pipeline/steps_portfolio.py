"""The step that makes money or not: weekly optimisation and its replay, in one closed loop."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.backtest import (
    MARKET_NAMES,
    MarketFacts,
    PortfolioRun,
    benchmark_returns,
    index_returns,
    run_portfolio,
)
from intralpha.base import ConfigError, Panel
from intralpha.evaluation import performance, yearly_table
from intralpha.market import cap_weights, float_cap, industry_codes, read_daily
from intralpha.pipeline.plan import Step, Workshop
from intralpha.pipeline.recipe import EnhancementSpec, Recipe
from intralpha.portfolio import Snapshot, build
from intralpha.report import PortfolioRecord
from intralpha.risk import exposures

HALF_TICK_YUAN = 0.005


class NoIndexError(ConfigError):
    """The benchmark of kind index has no symbol or no data."""

    def __init__(self, index: str | None) -> None:
        self.index = index
        super().__init__(
            f"benchmark index {index!r} has no daily rows; expected a symbol such as 000852.SH.\n"
            "Hint: name one with portfolio.benchmark.index, or use kind float_cap."
        )


def portfolio_step(recipe: Recipe) -> Step:
    """Decisions on the grid from the combined signal, replayed day by day."""
    spec = (recipe.portfolio, recipe.grid, recipe.test.start, recipe.test.end)
    return Step("portfolio", "portfolio", "backtest", spec, ("axes", "signal"), _make_portfolio)


def load_portfolio_record(shop: Workshop) -> PortfolioRecord | None:
    """What the report shows of the replay; None if the recipe has no portfolio."""
    if shop.recipe.portfolio is None:
        return None
    folder = shop.artifact("portfolio").path
    daily = pl.read_parquet(folder / "daily.parquet")
    blocked = pl.read_parquet(folder / "blocked.parquet")
    notes = {
        "Relaxed constraints": pl.read_parquet(folder / "relaxed.parquet"),
        "Blocked orders": blocked.group_by("side", "reason").len("orders").sort("side", "reason"),
    }
    figures = json.loads((folder / "figures.json").read_text())
    shown = {title: frame for title, frame in notes.items() if frame.height}
    return PortfolioRecord(daily, figures, pl.read_parquet(folder / "yearly.parquet"), shown)


@dataclass(frozen=True, eq=False)
class Desk:
    """Everything the optimiser may look at, laid out by decision date.

    Attributes
    ----------
    assets : axis
    dates : decisions
    alpha, benchmark : [D, A]
    styles : Panel of exposures
    codes, labels : industries
    can_buy, can_sell : [D, A] bool, as known at the close of the decision
    inside : [D, A] bool, the universe
    """

    assets: np.ndarray
    dates: np.ndarray
    alpha: np.ndarray
    benchmark: np.ndarray
    styles: Panel
    codes: np.ndarray
    labels: tuple[str, ...]
    can_buy: np.ndarray
    can_sell: np.ndarray
    inside: np.ndarray

    def snapshot(self, day: np.datetime64, held: np.ndarray) -> Snapshot:
        """What is known at the close of a decision date; holdings are always among the assets."""
        d = int(np.searchsorted(self.dates, day))
        keep = self.inside[d] | (self.benchmark[d] > 0) | np.isin(self.assets, held)
        return Snapshot(
            date=self.dates[d],
            assets=self.assets[keep],
            alpha=np.where(self.inside[d], self.alpha[d], np.nan)[keep],
            benchmark=self.benchmark[d, keep] / self.benchmark[d, keep].sum(),
            exposures=np.nan_to_num(self.styles.values[d, keep]),
            exposure_names=self.styles.names,
            industry=self.codes[d, keep].astype(np.int64),
            member=self.benchmark[d, keep] > 0,
            can_buy=self.can_buy[d, keep],
            can_sell=self.can_sell[d, keep],
            industry_names=self.labels,
        )


def lay_desk(shop: Workshop, spec: EnhancementSpec, dates: np.ndarray, market: Panel) -> Desk:
    """Gather what is known at the close of each decision date."""
    axes, signal = shop.panel("axes"), shop.panel("signal")
    assets = axes.assets
    inside = axes.at(dates)["universe"] > 0
    at = market.at(dates)
    traded = at["volume"] > 0
    up = at["close"] >= at["up_limit"] - HALF_TICK_YUAN
    down = at["close"] <= at["down_limit"] + HALF_TICK_YUAN
    codes, labels = industry_codes(shop.lake, dates, assets)
    weights = cap_weights(float_cap(shop.lake, dates, assets)["float_cap"], inside)
    return Desk(
        assets=assets,
        dates=dates,
        alpha=signal.at(dates)["score"].astype(np.float64),
        benchmark=weights,
        styles=exposures(shop.lake, dates, assets, inside, spec.exposures),
        codes=codes,
        labels=labels,
        can_buy=traded & ~up,
        can_sell=traded & ~down,
        inside=inside,
    )


def _make_portfolio(shop: Workshop, folder: Path) -> None:
    spec = shop.recipe.portfolio
    assert spec is not None
    axes, signal = shop.panel("axes"), shop.panel("signal")
    dates = _decisions(signal, spec.every, shop.recipe.test.start, shop.recipe.test.end)
    last = shop.recipe.test.end or axes.dates[-1].item()
    market = read_daily(shop.lake, MARKET_NAMES, dates[0].item(), last, axes.assets)
    dates = dates[dates <= market.dates[-1]]
    desk = lay_desk(shop, spec, dates, market)
    run = run_portfolio(
        build(spec.problem),
        dates,
        desk.snapshot,
        market,
        spec.backtest,
        spec.problem.costs,
        MarketFacts.from_lake(shop.lake, axes.assets),
        _benchmark_ret(shop, spec, desk, market),
    )
    _save(run, folder)


def _decisions(signal: Panel, every: int, start: date | None, end: date | None) -> np.ndarray:
    """Every so many score dates with a usable cross-section."""
    part = signal.between(start or "1900-01-01", end or "2200-01-01")
    scored = part.dates[np.isfinite(part["score"]).any(axis=1)]
    return scored[::every]


def _benchmark_ret(shop: Workshop, spec: EnhancementSpec, desk: Desk, market: Panel) -> np.ndarray:
    if spec.benchmark.kind == "float_cap":
        given = Panel(desk.benchmark[:, :, None], desk.dates, desk.assets, ("weight",))
        return benchmark_returns(given, market)
    first, last = market.dates[0].item(), market.dates[-1].item()
    index = np.array([spec.benchmark.index or ""])
    close = read_daily(shop.lake, ("close",), first, last, index)
    if not np.isfinite(close.values).any():
        raise NoIndexError(spec.benchmark.index)
    return index_returns(close.at(market.dates)["close"][:, 0])


def _save(run: PortfolioRun, folder: Path) -> None:
    for name in ("daily", "fills", "blocked", "holdings", "events"):
        getattr(run.ledger, name).write_parquet(folder / f"{name}.parquet")
    run.targets.save(folder / "targets")
    daily = run.ledger.daily
    ret, bench = daily["ret"].to_numpy(), daily["benchmark_ret"].to_numpy()
    days = daily["date"].to_numpy().astype("datetime64[D]")
    figures = {k: float(v) for k, v in asdict(performance(ret, bench, days)).items()}
    rebalanced = daily.filter(pl.col("turnover_one_sided") > 0)["turnover_one_sided"]
    figures["turnover_one_sided"] = float(rebalanced[1:].mean() or 0.0)  # type: ignore[arg-type]
    figures["cost_of_capital_share"] = float(daily["cost_yuan"].sum() / daily["nav_yuan"].mean())  # type: ignore[operator]
    (folder / "figures.json").write_text(json.dumps(figures, indent=1))
    yearly_table(ret, bench, days).write_parquet(folder / "yearly.parquet")
    rows = [(s.date.item(), " -> ".join(s.relaxed)) for s in run.solutions if s.relaxed]
    schema = {"date": pl.Date(), "relaxed": pl.String()}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "relaxed.parquet")
