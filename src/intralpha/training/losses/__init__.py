"""Losses: an output and the truth in, one number to minimise out, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.losses.mse_bn import MseBnSpec
    from intralpha.training.losses.neg_ic import NegICSpec

lazily(__name__)
