"""The step that makes money or not: decisions from the signal and their replay."""

from pathlib import Path

from intralpha.backtest import PortfolioRecord, enhance, load_record, save_run
from intralpha.pipeline.plan import Step, Workshop
from intralpha.pipeline.recipe import Recipe


def portfolio_step(recipe: Recipe) -> Step:
    """Decisions on the grid from the combined signal, replayed day by day."""
    spec = (recipe.portfolio, recipe.grid, recipe.test.start, recipe.test.end)
    return Step("portfolio", "portfolio", "backtest", spec, ("axes", "signal"), _make_portfolio)


def load_portfolio_record(shop: Workshop) -> PortfolioRecord | None:
    """What the report shows of the replay; None if the recipe has no portfolio."""
    if shop.recipe.portfolio is None:
        return None
    return load_record(shop.artifact("portfolio").path)


def _make_portfolio(shop: Workshop, folder: Path) -> None:
    recipe = shop.recipe
    assert recipe.portfolio is not None
    axes, signal, test = shop.panel("axes"), shop.panel("signal"), recipe.test
    save_run(enhance(recipe.portfolio, shop.lake, axes, signal, test.start, test.end), folder)
