"""Kinds in one file, as a user would keep them beside a recipe."""

import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
import torch
from falls import fall
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field
from torch import Tensor, nn

from intralpha.backtest import BenchmarkSpec
from intralpha.base import Panel, spec_hash
from intralpha.base.node import Inputs, Node, Read, Task, day_slices
from intralpha.combination import CombinerSpec, Past
from intralpha.datasets import RowFilterSpec, WeighingSpec
from intralpha.evaluation.figures import Course, FiguresSpec
from intralpha.executors import Executor, ExecutorSpec
from intralpha.factors import FactorSpec, Ground
from intralpha.factors.factor import days_of
from intralpha.market import Calendar, Lake, read_daily
from intralpha.models import Output
from intralpha.portfolio import Constraint, ConstraintSpec, Term, TermSpec
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot
from intralpha.risk import ExposureSpec, RiskEstimate, RiskModelSpec, SessionReturns
from intralpha.search import SearchSpec, Space, Told
from intralpha.sources import Batch, SimulatedMarket, Source, SourceSpec
from intralpha.sources.exchange.layouts.layout import Layout
from intralpha.training import (
    Average,
    AverageSpec,
    MetricSpec,
    ObjectiveSpec,
    OptimiserSpec,
    RateSpec,
    Truth,
    Validation,
)


class TwoSpec(ExecutorSpec):
    """As many jobs as workers, at most two, made by this process, the last one first."""

    kind: Literal["mine.two"] = "mine.two"

    def open(self, workers: int) -> Executor:
        return Backwards(min(workers, 2))


class Backwards(Executor):
    def __init__(self, workers: int) -> None:
        self.workers = workers

    def as_finished(
        self, work: Callable[[Any], Any], jobs: Sequence[Any]
    ) -> Generator[tuple[int, Any]]:
        for at in reversed(range(len(jobs))):
            yield at, work(pickle.loads(pickle.dumps(jobs[at])))

    def close(self) -> None:
        """Nothing was begun."""


class EndsSpec(SearchSpec):
    """First, last, first, ... of the values, again and again."""

    kind: Literal["mine.ends"] = "mine.ends"

    def ask(self, space: Space, told: Sequence[Told], count: int) -> list[dict[str, Any]]:
        ends = {key: among for key, among in space.items() if isinstance(among, tuple)}
        places = range(len(told), len(told) + count)
        return [{key: among[-(at % 2)] for key, among in ends.items()} for at in places]


class WalkSpec(SourceSpec):
    """Random walks whose steps half revert on the next day."""

    kind: Literal["mine.walk"] = "mine.walk"
    seed: int = 0
    n_assets: int = 36
    end: date = date(2023, 6, 30)

    def make(self) -> "Walk":
        return Walk(self)


class Walk(Source):
    name = "walk"

    def __init__(self, spec: WalkSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        return spec_hash(self.spec)

    def batches(self) -> Iterator[Batch]:
        symbols = [f"{600000 + i}.SH" for i in range(self.spec.n_assets)]
        rows = pl.concat([self._stock(i, symbol) for i, symbol in enumerate(symbols)])
        yield Batch("daily", rows.sort("date", "symbol"), "walk", rows_read=rows.height)
        facts = {"symbol": symbols, "exchange": "SH", "board": "main", "name": symbols}
        listed = {"list_date": date(2010, 1, 4), "delist_date": None}
        table = pl.DataFrame(facts | listed, schema_overrides={"delist_date": pl.Date})
        yield Batch("instruments", table, "walk", rows_read=table.height)

    def _stock(self, number: int, symbol: str) -> pl.DataFrame:
        days = Calendar.xshg().between(date(2023, 1, 3), self.spec.end)
        rng = np.random.default_rng([self.spec.seed, number])
        step = rng.uniform(-0.03, 0.03, len(days))
        step[1:] -= step[:-1] / 2
        close = np.round(20 * np.exp(np.cumsum(step)), 2)
        preclose = np.concatenate([[20.0], close[:-1]])
        first = np.round(preclose * np.exp(rng.uniform(-0.01, 0.01, len(days))), 2)
        volume = 100 * rng.integers(1_000, 9_000, len(days))
        return pl.DataFrame(
            {
                "date": days,
                "symbol": symbol,
                "open": first,
                "high": np.maximum(first, close) + 0.05,
                "low": np.minimum(first, close) - 0.05,
                "close": close,
                "preclose": preclose,
                "volume": volume,
                "amount": volume * (first + close) / 2,
                "adj_factor": 1.0,
                "up_limit": np.round(preclose * 1.1, 2),
                "down_limit": np.round(preclose * 0.9, 2),
                "suspended": False,
                "st": False,
                "float_shares": 1e8,
                "total_shares": 1e8 * (1 + number),
            }
        )


class AbsoluteSpec(ObjectiveSpec):
    """Mean absolute error."""

    kind: Literal["mine.absolute"] = "mine.absolute"

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        return (output.score - truth.label_B).abs().mean()


class PlainSpec(OptimiserSpec):
    """Steps down the gradient, as long as it is."""

    kind: Literal["mine.plain"] = "mine.plain"

    def make(self, network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(network.parameters(), lr=learning_rate)


class HalvedSpec(RateSpec):
    """Half the rate of the epoch before."""

    kind: Literal["mine.halved"] = "mine.halved"

    def decay(self, epoch: int, max_epochs: int) -> float:
        return 0.5 ** (epoch - 1)


class ShareSpec(MetricSpec):
    """Share of the days on which the RankIC is positive."""

    kind: Literal["mine.share"] = "mine.share"

    def of(self, found: Validation) -> float:
        return float((found.rank_ic_D > 0).mean())


class LatestSpec(AverageSpec):
    """No mean at all: the last weights."""

    kind: Literal["mine.latest"] = "mine.latest"

    def make(self, network: nn.Module) -> Average:
        return Latest(network)


class Latest(Average):
    def __init__(self, network: nn.Module) -> None:
        self.held = dict(network.named_parameters())

    def after_step(self, network: nn.Module, step: int) -> None:
        pass

    def after_epoch(self, network: nn.Module) -> None:
        pass

    def weights(self) -> dict[str, Tensor]:
        return self.held

    def state(self) -> dict[str, Tensor]:
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:
        pass


class ReversalSpec(FactorSpec):
    """What fell today, first."""

    kind: Literal["mine.reversal"] = "mine.reversal"

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        needs = {"universe": lambda at: ground.scored[at : at + 1]}
        slices = day_slices(ground.scored, True, needs)
        inputs, reads = {"universe": ground.universe}, (Read("daily", back=0),)
        return (Node(f"score/{name}", make_reversal, self, slices, inputs, reads),)


def make_reversal(spec: ReversalSpec, inputs: Inputs, task: Task) -> None:
    days, assets = days_of(task), inputs.assets
    daily = read_daily(
        inputs.lake, ("close", "preclose"), days[0].item(), days[-1].item(), assets
    ).at(days)
    inside = inputs.panel("universe")["universe"] > 0
    score = np.where(inside, fall(daily["close"], daily["preclose"]), np.nan)
    Panel(score[:, :, None], days, assets, ("score",)).save(task.folder("panel"))


class DearSpec(RowFilterSpec):
    """Rows of shares that cost enough."""

    kind: Literal["mine.dear"] = "mine.dear"
    yuan: float = 5.0

    def reads(self) -> tuple[Read, ...]:
        return (Read("daily", back=0),)

    def keeps(self, lake: Lake, dates: ndarray, assets: ndarray, mask_DA: ndarray) -> ndarray:
        daily = read_daily(lake, ("close",), dates[0].item(), dates[-1].item(), assets).at(dates)
        return mask_DA & (np.nan_to_num(daily["close"]) >= self.yuan)


class LaterHalfSpec(WeighingSpec):
    """The later half of the dates twice."""

    kind: Literal["mine.later_half"] = "mine.later_half"

    def weigh(
        self,
        lake: Lake | None,
        sessions: ndarray,
        dates: ndarray,
        assets: ndarray | None = None,
    ) -> ndarray:
        return np.where(np.arange(len(dates)) < len(dates) // 2, 1.0, 2.0)


class TiltSpec(CombinerSpec):
    """The first factor counts more than the others."""

    kind: Literal["mine.tilt"] = "mine.tilt"
    first: float = Field(default=0.7, gt=0, lt=1)

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> ndarray:
        others = (1 - self.first) / max(len(names) - 1, 1)
        weights = [self.first, *[others] * (len(names) - 1)]
        return np.array(weights) / np.sum(weights)


class LevelSpec(ExposureSpec):
    """One style: the price."""

    kind: Literal["mine.level"] = "mine.level"

    def estimate(self, lake: Lake, dates: ndarray, assets: ndarray, mask_DA: ndarray) -> Panel:
        daily = read_daily(lake, ("close",), dates[0].item(), dates[-1].item(), assets).at(dates)
        close = np.where(mask_DA, daily["close"], np.nan)
        middle, width = np.nanmean(close, 1, keepdims=True), np.nanstd(close, 1, keepdims=True)
        values = np.nan_to_num((close - middle) / width).astype(np.float32)
        return Panel(values[:, :, None], dates, assets, ("level",))


class CalmSpec(RiskModelSpec):
    """Every stock for itself, with the variance of the last sessions."""

    kind: Literal["mine.calm"] = "mine.calm"

    @property
    def past_days(self) -> int:
        return 20

    def explain(
        self, lake: Lake, dates: ndarray, assets: ndarray, mask_DA: ndarray
    ) -> Iterator[SessionReturns]:
        columns = ("close", "preclose")
        daily = read_daily(lake, columns, dates[0].item(), dates[-1].item(), assets).at(dates)
        for day, ret in zip(dates, daily["close"] / daily["preclose"] - 1, strict=True):
            known = np.isfinite(ret)
            yield SessionReturns(day, (), np.zeros(0), assets[known], ret[known], float("nan"))

    def estimate(
        self,
        lake: Lake,
        date: np.datetime64,
        assets: ndarray,
        mask_A: ndarray,
        past: Sequence[SessionReturns],
    ) -> RiskEstimate:
        variance = float(np.mean([one.left_A.var() for one in past]))
        seen = np.unique(np.concatenate([one.assets for one in past]))
        nothing = np.zeros((len(seen), 0))
        return RiskEstimate(seen, (), nothing, np.zeros((0, 0)), np.full(len(seen), variance))


class BestDaySpec(FiguresSpec):
    """The largest return of a session."""

    kind: Literal["mine.best_day"] = "mine.best_day"

    def tables(self, course: Course) -> dict[str, pl.DataFrame]:
        return {"The best day": pl.DataFrame({"ret": [float(course.ret.max())]})}


class HeavySpec(BenchmarkSpec):
    """Weights by total shares."""

    kind: Literal["mine.heavy"] = "mine.heavy"

    def weights(self, lake: Lake, dates: ndarray, assets: ndarray, inside_DA: ndarray) -> ndarray:
        daily = read_daily(lake, ("total_shares",), dates[0].item(), dates[-1].item(), assets)
        shares = np.where(inside_DA, np.nan_to_num(daily.at(dates)["total_shares"]), 0.0)
        return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)


@dataclass(frozen=True)
class Largest(Constraint):
    """The heaviest names of the benchmark together weigh no more than so much."""

    names: int
    at_most: float
    kind: ClassVar[str] = "largest"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        chosen = np.zeros(len(snapshot.assets))
        chosen[np.argsort(snapshot.benchmark)[-self.names :]] = 1.0
        program.add(Row("largest", chosen, 0.0, self.at_most))

    def scaled(self, factor: float) -> "Largest":
        return replace(self, at_most=self.at_most * factor)


class LargestSpec(ConstraintSpec):
    kind: Literal["mine.largest"] = "mine.largest"
    names: int = Field(default=3, gt=0)
    at_most: float = Field(default=0.2, gt=0)

    def make(self) -> Largest:
        return Largest(self.names, self.at_most)


@dataclass(frozen=True)
class Evenness(Term):
    """Weight in names outside the benchmark's heavier half."""

    def contribute(self, program: LinearProgram, snapshot: Snapshot, factor: float) -> None:
        light = snapshot.benchmark <= np.median(snapshot.benchmark)
        program.gain += factor * light


class EvennessSpec(TermSpec):
    kind: Literal["mine.evenness"] = "mine.evenness"

    def make(self) -> Evenness:
        return Evenness()


class ClosesLayout(Layout):
    """``closes.csv``: a line a session, a column a stock, CNY."""

    kind: Literal["mine.closes"] = "mine.closes"
    about: ClassVar[str] = "closes (csv)"

    def write(
        self, market: SimulatedMarket, folder: Path, symbols: list[str] | None = None
    ) -> Iterator[tuple[date, int]]:
        names = market.stock_symbols
        wanted = [i for i, name in enumerate(names) if symbols is None or name in symbols]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "closes.csv").open("w") as file:
            file.write(",".join(["date", *(names[i] for i in wanted)]) + "\n")
            for day in market.days():
                row = [f"{day.close[i] / 100:.2f}" if day.listed[i] else "" for i in wanted]
                file.write(",".join([str(day.on), *row]) + "\n")
                yield day.on, len(wanted)
