"""Weighing: how much each training date counts, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.datasets.weighing.recency import RecencySpec
    from intralpha.datasets.weighing.similarity import SimilaritySpec

lazily(__name__)
