"""Tables, charts and the one-file HTML report."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.backtest import PortfolioRecord
    from intralpha.report.chart import Band, Bars, Cells, Chart, Line, Mark
    from intralpha.report.explore import render_exploration
    from intralpha.report.language import Text, text
    from intralpha.report.render import render
    from intralpha.report.risk import RiskRecord
    from intralpha.report.section import Section, Tile
    from intralpha.report.selection import SelectionRecord
    from intralpha.report.study import render_trials
    from intralpha.report.svg import draw
    from intralpha.report.tables import figure_text, frame_table, table
    from intralpha.report.tear_sheet import TearSheet

lazily(__name__)
