"""Tables, charts and the one-file HTML report."""

from intralpha.backtest import PortfolioRecord
from intralpha.report.explore import Exploration, render_exploration
from intralpha.report.render import figure_text, render
from intralpha.report.tear_sheet import TearSheet

__all__ = [
    "Exploration",
    "PortfolioRecord",
    "TearSheet",
    "figure_text",
    "render",
    "render_exploration",
]
