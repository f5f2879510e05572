"""Optimisers: gradients in, other weights out, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.optimisers.adam import AdamSpec
    from intralpha.training.optimisers.adamw import AdamWSpec

lazily(__name__)
