"""Quality: what is wrong with the data in a lake, counted, with cases and a guess at the cause."""

from intralpha.sources.quality.check import quality
from intralpha.sources.quality.report import QualityError, QualityReport
from intralpha.sources.quality.spec import QualitySpec

__all__ = ["QualityError", "QualityReport", "QualitySpec", "quality"]
