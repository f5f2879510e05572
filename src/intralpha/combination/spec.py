"""CombinerSpec: how factors are weighted, one kind a file."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped
from numpy import ndarray

from intralpha.base import ConfigError, Kinded
from intralpha.base.cross_section import mean_zscore
from intralpha.combination.icir import RankICHistory
from intralpha.evaluation import rank_ic


class FactorNamesError(ConfigError):
    """The spec asks for factors that are not there, or leaves open which is meant."""

    def __init__(self, found: Sequence[str], expected: str) -> None:
        self.found, self.expected = list(found), expected
        super().__init__(f"factors given: {', '.join(found) or 'none'}; expected {expected}.")


class Evidence(NamedTuple):
    """RankICs, or other figures of past dates, that a rule weighs by.

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
            Known at the close of each date. A row sums to 1, or is 0 where there is no score,
            unless :meth:`weighed` makes another use of it.

        Raises
        ------
        FactorNamesError
            The factors are not those the rule weighs.
        """
        raise NotImplementedError

    def observed(
        self,
        scores: Sequence[Real[ndarray, "D A"]],
        matured_ret_DA: Float[ndarray, "D A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D K"]:
        """What :meth:`weigh` is told of past dates: RankICs, unless a kind says otherwise.

        Parameters
        ----------
        scores : K arrays of shape [D, A], as they were known on each date
        matured_ret_DA : returns over the horizon of :meth:`evidence`, all of them over
        mask_DA : stocks of the universe that could be bought on the next session

        Returns
        -------
        ndarray of float64, shape [D, K]
            The ``rank_ic_WK`` of the history; a row is known when its returns are over.
        """
        found = [rank_ic(score.astype(np.float64), matured_ret_DA, mask_DA) for score in scores]
        return np.stack(found, axis=1)

    def weighed(
        self,
        scores: Sequence[Real[ndarray, "D A"]],
        weights_DK: Float[ndarray, "D K"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Float[ndarray, "D A"]:
        """One score of several: the weighted mean of z-scores, unless a kind says otherwise.

        Parameters
        ----------
        scores : K arrays of shape [D, A]
        weights_DK : what :meth:`weigh` gives
        mask_DA : stocks that count on each date; default: all that have a value

        Returns
        -------
        ndarray of float64, shape [D, A]
            NaN where there is no score.
        """
        return mean_zscore(scores, weights_DK, mask_DA)
