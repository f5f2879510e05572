"""Metrics: how good a network is on the validation days, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.metrics.ic import ICMetricSpec
    from intralpha.training.metrics.icir import ICIRMetricSpec
    from intralpha.training.metrics.loss import LossMetricSpec
    from intralpha.training.metrics.rank_ic import RankICMetricSpec

lazily(__name__)
