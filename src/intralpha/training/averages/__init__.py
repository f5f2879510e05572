"""Averages: means of weights along a training, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.averages.ema import EMASpec
    from intralpha.training.averages.last import LastEpochsSpec

lazily(__name__)
