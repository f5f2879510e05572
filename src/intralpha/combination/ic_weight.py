"""Weights in proportion to how well each factor has predicted."""

from typing import Literal

from jaxtyping import Float
from numpy import ndarray

from intralpha.combination.learning import ReturnRuleSpec
from intralpha.combination.past import Past
from intralpha.combination.spec import shares


class ICWeightSpec(ReturnRuleSpec):
    r"""Weights in proportion to each factor's mean matured RankIC, none below 0 [Spec 16].

    .. math:: w_k \propto \max(\bar{ic}_k,\; 0), \qquad \sum_k w_k = 1
    """

    kind: Literal["ic_weight"] = "ic_weight"

    def found(self, past: Past) -> Float[ndarray, "K"]:
        """See :meth:`ReturnRuleSpec.found`."""
        return shares(past.mean_rank_ic(least=self.min_observations))
