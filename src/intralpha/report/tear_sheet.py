"""TearSheet: everything a report shows, gathered by the pipeline."""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from intralpha.backtest import PortfolioRecord
from intralpha.evaluation import FactorReport
from intralpha.report.factors import factor_sections
from intralpha.report.known import mark_known_until
from intralpha.report.language import Text
from intralpha.report.memory import explored_sections
from intralpha.report.portfolio import note_sections, portfolio_sections
from intralpha.report.risk import RiskRecord, risk_sections
from intralpha.report.section import (
    Section,
    date_weight_sections,
    plugin_sections,
    quality_sections,
    schedule_sections,
    training_sections,
    weight_sections,
)
from intralpha.report.selection import SelectionRecord, selection_sections
from intralpha.report.tracking import tracking_sections


@dataclass(frozen=True, eq=False)
class TearSheet:
    """Content of one HTML report; parts that are missing are left out.

    Attributes
    ----------
    title, about : heading
    facts : label -> text of the provenance, such as the versions
    factors : tests of every factor; none if that stage failed
    portfolio : replay; None without one or if that stage failed
    risk : what the risk model said and what came; None without one
    training : history of the fits: factor, fold, seed, epoch, train_loss, valid_rank_ic and other
        metrics, unit_correlation; null where a fit has no such figure
    seeds : how far the seeds of each fold lie apart; None without fits
    date_weights : factor, fold, date, weight of training dates; None where none are weighed
    schedules : factor -> a row a training, with the dates of which it learns and which it predicts
    selections : factor -> which of its networks were chosen when, and how alike they are
    weights : what the rule of the combination learned: date, factor, weight
    quality : fault of the data -> count
    recipe : the resolved recipe as YAML
    problems : what went wrong, shown at the top: ``stage portfolio failed: ...``
    plugins : name, version and hash of every plug-in that was loaded
    known_until : drawn as a line in charts over time, if whoever made the factors may have known
        the market up to it
    more : further sections, such as those of a plug-in
    tracking : tables of the factors that are followed, by name
    explored : facts of the data of the run, by name
    head : (label, text) pairs below it: period, universe, benchmark, horizon, rebalance, costs
    """

    title: str
    about: str
    facts: dict[str, str] = field(default_factory=dict)
    factors: tuple[FactorReport, ...] = ()
    portfolio: PortfolioRecord | None = None
    risk: RiskRecord | None = None
    training: pl.DataFrame | None = None
    seeds: pl.DataFrame | None = None
    date_weights: pl.DataFrame | None = None
    schedules: dict[str, pl.DataFrame] = field(default_factory=dict)
    selections: dict[str, SelectionRecord] = field(default_factory=dict)
    weights: pl.DataFrame | None = None
    quality: dict[str, int] = field(default_factory=dict)
    recipe: str = ""
    problems: tuple[str, ...] = ()
    plugins: tuple[tuple[str, str, str], ...] = ()
    known_until: date | None = None
    more: tuple[Section, ...] = ()
    tracking: dict[str, pl.DataFrame] = field(default_factory=dict)
    explored: dict[str, pl.DataFrame] = field(default_factory=dict)
    head: tuple[tuple[str, str | Text], ...] = ()

    def sections(self) -> list[Section]:
        """The parts that are there, in the order of the page."""
        made = [
            *portfolio_sections(self.portfolio),
            *risk_sections(self.risk),
            *factor_sections(self.factors),
            *tracking_sections(self.tracking),
            *weight_sections(self.weights),
            *training_sections(self.training, self.seeds),
            *date_weight_sections(self.date_weights),
            *schedule_sections(self.schedules),
            *selection_sections(self.selections),
            *note_sections(self.portfolio),
            *explored_sections(self.explored),
            *quality_sections(self.quality),
            *self.more,
            *plugin_sections(self.plugins),
        ]
        return mark_known_until(made, self.known_until)
