"""Rates: how the learning rate changes, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.rates.constant import ConstantRateSpec
    from intralpha.training.rates.cosine import CosineRateSpec
    from intralpha.training.rates.linear import LinearRateSpec
    from intralpha.training.rates.step import StepRateSpec

lazily(__name__)
