"""Tables, charts and the one-file HTML report."""

from intralpha.backtest import PortfolioRecord
from intralpha.report.explore import render_exploration
from intralpha.report.render import render
from intralpha.report.section import Section
from intralpha.report.tables import figure_text, frame_table, table
from intralpha.report.tear_sheet import TearSheet

__all__ = [
    "PortfolioRecord",
    "Section",
    "TearSheet",
    "figure_text",
    "frame_table",
    "render",
    "render_exploration",
    "table",
]
