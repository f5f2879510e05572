"""Grids: the dates of a recipe's samples, tests and decisions, which may lie apart."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.pipeline.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Grids:
    """Dates among the sessions of a recipe, each ascending.

    Parameters
    ----------
    samples : datetime64[D] [G], on which networks learn
    tests : datetime64[D] [N], on which factors are tested
    decisions : datetime64[D] [M], on which the portfolio may decide; none without a portfolio
    """

    samples: Shaped[ndarray, " G"]
    tests: Shaped[ndarray, " N"]
    decisions: Shaped[ndarray, " M"]

    @staticmethod
    def of(recipe: Recipe, dates: Shaped[ndarray, " D"]) -> "Grids":
        """The three grids on the sessions of a recipe; a part without its own has the recipe's."""
        samples = recipe.grid.dates(dates)
        tests = samples if recipe.test.grid is None else recipe.test.grid.dates(dates)
        if recipe.portfolio is None:
            return Grids(samples, tests, samples[:0])
        own = recipe.portfolio.grid
        return Grids(samples, tests, samples if own is None else own.dates(dates))

    @property
    def scored(self) -> Shaped[ndarray, " P"]:
        """Dates on which scores are asked for: those of tests and of decisions."""
        return np.union1d(self.tests, self.decisions)

    @property
    def evidence(self) -> Shaped[ndarray, " E"]:
        """Dates whose RankICs a combination may weigh by: decisions, or tests if there are none."""
        return self.decisions if len(self.decisions) else self.tests
