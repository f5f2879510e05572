"""CombinerSpec: how factors are weighted, one kind a file."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Real
from numpy import ndarray

from intralpha.base import ConfigError, Kinded
from intralpha.base.cross_section import mean_zscore, sum_zscore
from intralpha.combination.past import Past
from intralpha.datasets import EverySpec, GridSpec

Learned = dict[str, Any]  # what a rule keeps of the past, as JSON holds it
WEIGHTS = "weights"


class FactorNamesError(ConfigError):
    """The spec asks for factors that are not there, or leaves open which is meant."""

    def __init__(self, found: Sequence[str], expected: str) -> None:
        self.found, self.expected = list(found), expected
        super().__init__(f"factors given: {', '.join(found) or 'none'}; expected {expected}.")


class MissingPastError(ConfigError):
    """A rule that learns from the past was asked for weights without one."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(
            f"{rule} needs what past dates said about the factors.\n"
            "Hint: learned_on(spec, panels, ...) learns, a recipe does so by itself."
        )


class Evidence(NamedTuple):
    """What a rule learns from.

    Attributes
    ----------
    horizons : (a, b) of forward returns close(t+a) -> close(t+b), sessions; a date t is complete at
        the close of its latest t+b. None: scores alone, which are known on their own date
    observations : latest complete dates that are used
    refresh : on which dates is learned anew; in between what was learned last holds
    """

    horizons: tuple[tuple[int, int], ...]
    observations: int
    refresh: GridSpec = EverySpec(every=1)

    @property
    def ahead(self) -> int:
        """Sessions after a date on which it is complete."""
        return max((last for _, last in self.horizons), default=0)


class CombinerSpec(Kinded):
    """A rule that weighs factors. A new one is one new file."""

    homes = ("intralpha.combination",)
    signed: ClassVar[bool] = False  # whether weights may be negative: then scores are sums
    samples: ClassVar[bool] = False  # whether it learns from stocks and not from sums over them

    def evidence(self) -> Evidence | None:
        """What :meth:`weigh` learns from; None: nothing, its weights never change."""
        return None

    def names(self, factors: Sequence[str]) -> tuple[str, ...]:
        """Which of the factors the rule uses; all of them unless a kind says otherwise.

        Raises
        ------
        FactorNamesError
            The rule names a factor that is not there, or leaves open which is meant.
        """
        return tuple(factors)

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """Weight of each factor.

        Parameters
        ----------
        names : the K factors that are combined
        past : what was complete by then, at most as many dates as :meth:`evidence` asks for, maybe
            none; None for a rule without evidence

        Returns
        -------
        ndarray of float64, shape [K]
            0 or more, and sums to 1, unless the rule is ``signed``; all 0 where there is to be no
            score.

        Raises
        ------
        FactorNamesError
            The factors are not those the rule weighs.
        MissingPastError
        """
        raise NotImplementedError

    def learn(self, names: tuple[str, ...], past: Past | None = None) -> Learned:
        """What :meth:`score` needs, as JSON holds it: the weights, unless a kind says otherwise.

        Parameters
        ----------
        names, past : as in :meth:`weigh`
        """
        return {WEIGHTS: self.weigh(names, past).tolist()}

    def score(
        self,
        learned: Sequence[Learned],
        parts: Sequence[Real[ndarray, "D A"]],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Float[ndarray, "D A"]:
        """One score from the factors' scores.

        Parameters
        ----------
        learned : of :meth:`learn`, one a day
        parts : K scores of shape [D, A], in the order of the names; what is not finite is absent
        mask_DA : stocks over which each day is standardised; default: all that have a value

        Returns
        -------
        ndarray of float64, shape [D, A]
            NaN where no factor with a weight has a value.
        """
        weights_DK = np.array([one[WEIGHTS] for one in learned]).reshape(-1, len(parts))
        return (sum_zscore if self.signed else mean_zscore)(parts, weights_DK, mask_DA)

    def _past(self, names: tuple[str, ...], past: Past | None) -> Past:
        """The past, which must be there and of these factors.

        Raises
        ------
        MissingPastError, FactorNamesError
        """
        if past is None:
            raise MissingPastError(type(self).__name__)
        if past.names != names:
            raise FactorNamesError(names, f"those with a past: {', '.join(past.names)}")
        return past


def shares(raw_K: Float[ndarray, "K"]) -> Float[ndarray, "K"]:
    """Weights without the negative ones and NaN, scaled to sum 1; all 0 if none is positive."""
    kept = np.maximum(np.nan_to_num(raw_K, posinf=0.0), 0.0)
    total = kept.sum()
    return kept / total if total > 0 else kept
