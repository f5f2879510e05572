"""Quality: what is wrong with the data in a lake, counted, with cases and a guess at the cause."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.sources.quality.check import quality
    from intralpha.sources.quality.report import Fault, QualityError, QualityReport
    from intralpha.sources.quality.spec import QualitySpec

lazily(__name__)
