"""Trees that weigh factors by LightGBM, the non-linear alternative to equal weights."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Real
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError
from intralpha.base.cross_section import zscore
from intralpha.combination.learning import ReturnRuleSpec
from intralpha.combination.past import Past
from intralpha.combination.record import GAIN
from intralpha.combination.spec import WEIGHTS, Learned, shares
from intralpha.datasets import GridSpec, MonthEndSpec

TREES = "trees"


class TreeExtraError(ConfigError):
    """LightGBM is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "tree_weight needs the package lightgbm.\nHint: pip install 'intralpha[trees]'."
        )


class TreeWeightSpec(ReturnRuleSpec):
    """Regression trees on all factors of a stock [Spec 16; P8 for the settings].

    Learned on the stocks of the latest dates: z-scores of the factors, missing ones as such,
    against the z-score of the return over the date's stocks. The last dates of them, a share
    ``valid_share``, only say after how many trees to stop. With too few dates weights are equal
    (or there is no score). One thread; the same trees whatever the machine's cores.
    """

    kind: Literal["tree_weight"] = "tree_weight"
    samples: ClassVar[bool] = True
    refresh: GridSpec = Field(
        default=MonthEndSpec(), description="on which sessions trees grow anew"
    )
    rate: float = Field(default=0.05, gt=0, le=1, description="learning rate")
    leaves: int = Field(default=31, ge=2, description="of a tree, at most")
    rounds: int = Field(default=100, ge=1, description="trees, at most")
    feature_share: float = Field(default=0.9, gt=0, le=1, description="factors that a tree sees")
    row_share: float = Field(default=0.8, gt=0, le=1, description="stocks that a tree sees")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="of the dates, the last ones")
    patience: int = Field(default=10, ge=1, description="trees without a better validation")
    seed: int = Field(default=0, ge=0, description="of the draws of stocks and factors")

    def learn(self, names: tuple[str, ...], past: Past | None = None) -> Learned:
        """The trees as text; weights where there is not enough to learn from.

        Parameters
        ----------
        names, past : as in :meth:`CombinerSpec.weigh`; the past with samples

        Raises
        ------
        TreeExtraError, MissingPastError, FactorNamesError
        """
        usable = [(z, y) for z, y in self._past(names, past).samples if len(y)]
        if len(usable) < max(self.min_observations, 2):
            equal = float(self.without_evidence == "equal") / len(names)
            return {WEIGHTS: [equal] * len(names)}
        grown = self._grow(usable)
        gain = grown.feature_importance("gain")
        trees = grown.model_to_string(num_iteration=grown.best_iteration)
        return {TREES: trees, GAIN: shares(gain).tolist()}

    def score(
        self,
        learned: Sequence[Learned],
        parts: Sequence[Real[ndarray, "D A"]],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Float[ndarray, "D A"]:
        """What the trees say of the day's z-scores; see :meth:`CombinerSpec.score`.

        Parameters
        ----------
        learned, parts, mask_DA : as there

        Returns
        -------
        ndarray of float64, shape [D, A]
            NaN outside the mask and where a stock has no factor at all.
        """
        out = np.full(parts[0].shape, np.nan)
        booster, known = None, ""
        for d, one in enumerate(learned):
            day = slice(d, d + 1)
            mask_1A = None if mask_DA is None else mask_DA[day]
            if TREES not in one:
                out[day] = super().score([one], [part[day] for part in parts], mask_1A)
                continue
            if booster is None or one[TREES] != known:
                known = one[TREES]
                booster = _lightgbm().Booster(model_str=known)
            z_AK = np.stack(
                [zscore(np.asarray(p[day], np.float64), mask_1A)[0] for p in parts], axis=-1
            )
            there = np.isfinite(z_AK).any(axis=1)
            if there.any():
                out[d, there] = booster.predict(z_AK[there], num_threads=1)
        return out

    def _grow(self, days: list[tuple[ndarray, ndarray]]):
        lightgbm = _lightgbm()
        first = len(days) - max(round(self.valid_share * len(days)), 1)
        settings = {
            "objective": "regression", "learning_rate": self.rate, "num_leaves": self.leaves,
            "feature_fraction": self.feature_share, "bagging_fraction": self.row_share,
            "bagging_freq": 1, "seed": self.seed, "num_threads": 1, "deterministic": True,
            "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        parts = [
            lightgbm.Dataset(
                np.concatenate([z for z, _ in some]), np.concatenate([y for _, y in some])
            )
            for some in (days[:first], days[first:])
        ]
        stop = lightgbm.early_stopping(self.patience, verbose=False)
        return lightgbm.train(
            settings, parts[0], self.rounds, valid_sets=[parts[1]], callbacks=[stop]
        )


def _lightgbm():
    try:
        import lightgbm
    except ImportError as error:
        raise TreeExtraError from error
    return lightgbm
