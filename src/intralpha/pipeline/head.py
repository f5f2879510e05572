"""The head of a report: period, universe, benchmark, horizon, rebalance and costs, in words."""

from collections.abc import Sequence

from intralpha.evaluation import FactorReport
from intralpha.market import UniverseSpec
from intralpha.pipeline.recipe import Recipe
from intralpha.report import Text, text
from intralpha.report.factors import leading

Head = tuple[tuple[str, str | Text], ...]


def head_of(recipe: Recipe, factors: Sequence[FactorReport]) -> Head:
    """What a reader must know before the first figure.

    Parameters
    ----------
    recipe : of the run
    factors : its tests; the leading one says which dates were tested
    """
    out: list[tuple[str, str | Text]] = []
    if factors:
        days = leading(factors).series["date"]
        said = text("{} to {}, {} test dates", str(days[0]), str(days[-1]), f"{len(days):,}")
        out.append(("Period", said))
    out += [("Universe", _universe(recipe.universe)), ("Horizon", _horizon(recipe))]
    if recipe.portfolio is None:
        return (*out, ("Portfolio", text("none: factors are tested only")))
    spec = recipe.portfolio
    kind = str(spec.benchmark.kind)  # type: ignore[attr-defined]
    index = getattr(spec.benchmark, "index", None)
    other = text(f"{kind} weights".replace("_", " "))
    out.append(("Benchmark", text("index {}", str(index)) if index else other))
    grid = recipe.grid if spec.grid is None else spec.grid
    every = getattr(grid, "every", None)
    told = text("every {} sessions", str(every * spec.every)) if every else _kind(grid)
    return (*out, ("Rebalance", told), ("Costs", _costs(recipe)))


def _kind(spec: object) -> Text:
    return text("dates of {}", str(getattr(spec, "kind", "")))


def _universe(spec: UniverseSpec) -> Text:
    what = text("members of {}", ", ".join(spec.indices)) if spec.indices else text("all stocks")
    return text("{}, listed {} sessions or more", what, str(spec.min_listed_days))


def _horizon(recipe: Recipe) -> Text:
    price, (first, last) = text(recipe.test.price), recipe.test.horizons[0]
    return text("{} of t+{} to {} of t+{}", price, str(first), price, str(last))


def _costs(recipe: Recipe) -> Text:
    assert recipe.portfolio is not None
    costs = recipe.portfolio.problem.costs
    said = "buy {} bp, sell {} bp, slippage {} bp"
    return text(said, *(f"{x:g}" for x in (costs.buy_bps, costs.sell_bps, costs.slippage_bps)))
