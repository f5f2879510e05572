"""Tables, charts and the one-file HTML report."""

from intralpha.report.render import figure_text, render
from intralpha.report.tear_sheet import PortfolioRecord, TearSheet

__all__ = ["PortfolioRecord", "TearSheet", "figure_text", "render"]
