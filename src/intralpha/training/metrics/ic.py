"""ic: the correlation of scores with what follows."""

from typing import Literal

from intralpha.evaluation import ic
from intralpha.training.metric import MetricSpec
from intralpha.training.validation import Validation, mean_known


class ICMetricSpec(MetricSpec):
    """Mean daily IC, the Pearson correlation of scores and labels [Spec 17.1]."""

    kind: Literal["ic"] = "ic"

    @property
    def title(self) -> str:
        """See :attr:`MetricSpec.title`."""
        return "IC"

    def of(self, found: Validation) -> float:
        """See :meth:`MetricSpec.of`."""
        return mean_known(ic(found.score_DA, found.label_DA))
