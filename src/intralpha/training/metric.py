"""MetricSpec: by what the best epoch is chosen and training is stopped, one kind a file."""

from intralpha.base import Kinded
from intralpha.training.validation import Validation


class MetricSpec(Kinded):
    """How good a network is on the validation days. A new one is one file with :meth:`of`."""

    homes = ("intralpha.training.metrics",)

    @property
    def title(self) -> str:
        """What it is called in sentences."""
        return self.column.removeprefix("valid_")

    @property
    def column(self) -> str:
        """Its column of the history."""
        return f"valid_{getattr(self, 'kind', '')}"

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1

    @property
    def days(self) -> int:
        """Validation days with a RankIC that can be measured, without which it is none itself."""
        return 1

    @property
    def of_loss(self) -> bool:
        """Whether it looks at the objective on the validation days."""
        return False

    def of(self, found: Validation) -> float:
        """The figure of an epoch.

        Parameters
        ----------
        found : scores and labels of the validation days

        Returns
        -------
        float
            NaN where it cannot be measured: such an epoch is worse than any other.
        """
        raise NotImplementedError
