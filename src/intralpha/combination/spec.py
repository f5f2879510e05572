"""CombinerSpec: how factors are weighted, one kind a file."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import ConfigError, Kinded
from intralpha.combination.icir import RankICHistory


class FactorNamesError(ConfigError):
    """The spec asks for factors that are not there, or leaves open which is meant."""

    def __init__(self, found: Sequence[str], expected: str) -> None:
        self.found, self.expected = list(found), expected
        super().__init__(f"factors given: {', '.join(found) or 'none'}; expected {expected}.")


class Evidence(NamedTuple):
    """RankICs that a rule weighs by.

    Attributes
    ----------
    horizon : (a, b) of the forward return close(t+a) -> close(t+b) that they are measured on,
        sessions; one of t is complete at the close of t+b
    observations : latest complete ones that are used
    """

    horizon: tuple[int, int]
    observations: int


class CombinerSpec(Kinded):
    """A rule that weighs factors. A new one is one new file."""

    homes = ("intralpha.combination",)

    def evidence(self) -> Evidence | None:
        """RankICs that :meth:`weigh` needs as ``history``; None: it needs none."""
        return None

    def names(self, factors: Sequence[str]) -> tuple[str, ...]:
        """Which of the factors the rule uses; all of them unless a kind says otherwise.

        Raises
        ------
        FactorNamesError
            The rule names a factor that is not there, or leaves open which is meant.
        """
        return tuple(factors)

    def weigh(
        self,
        names: tuple[str, ...],
        dates: Shaped[ndarray, "D"],
        history: RankICHistory | None = None,
    ) -> Float[ndarray, "D K"]:
        """Weight of each factor on each day.

        Parameters
        ----------
        names : the K factors that are combined
        dates : sessions, shape [D]
        history : RankICs with the sessions on which they were complete, for rules that need them

        Returns
        -------
        ndarray of float64, shape [D, K]
            Known at the close of each date. A row sums to 1, or is 0 where there is no score.

        Raises
        ------
        FactorNamesError
            The factors are not those the rule weighs.
        """
        raise NotImplementedError
