"""Input that must be refused, and the facts its refusal carries."""

import numpy as np
import pytest

from intralpha.base import ConfigError, DataError
from intralpha.portfolio import (
    ActiveReturn,
    ExposureError,
    FullyInvested,
    HeldButUnknownError,
    IndustryBand,
    NoSignalError,
    PastWeightsError,
    Problem,
    Row,
    Snapshot,
    SnapshotError,
    SolverFailedError,
    StockDeviation,
    StyleBand,
    Weights,
    WeightsError,
)
from intralpha.portfolio.constraint import Constraint

PROBLEM = Problem(ActiveReturn(), (FullyInvested(), StockDeviation(0.1), StyleBand("size", 0.1)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"assets": np.array(["A", "B", "A", "D"])}, "stands twice"),
        ({"alpha": np.array([1.0, np.inf, 0.0, 0.0])}, "alpha is infinite (1 names: B)"),
        ({"benchmark": np.array([0.5, 0.5, 0.1, -0.1])}, "(1 names: D)"),
        ({"benchmark": np.array([0.5, np.nan, 0.3, 0.2])}, "(1 names: B)"),
        ({"benchmark": np.array([0.4, 0.3, 0.2, 0.0])}, "sum to 0.90000000"),
        ({"industry": np.array([0, -1, 1, 0], dtype=np.int32)}, "industry codes are negative"),
        ({"exposure_names": ("size", "beta")}, "exposures do not fit 4 assets"),
    ],
)
def test_a_snapshot_that_does_not_fit(four, change, words):
    with pytest.raises(SnapshotError) as caught:
        four(**change)
    assert words in str(caught.value)
    assert isinstance(caught.value, DataError)


def test_a_snapshot_of_different_lengths():
    four, three = np.full(4, 0.25), np.full(3, 0.25)
    with pytest.raises((SnapshotError, TypeError)):
        Snapshot(
            np.datetime64("2024-01-05", "D"), np.array(list("ABCD")), three, four, np.zeros((4, 0)),
            (), np.zeros(4, np.int32), four > 0, four > 0, four > 0,
        )  # fmt: skip


def test_an_absent_exposure_names_the_stocks(four):
    holes = np.array([[0.0], [np.nan], [0.0], [np.nan]])
    with pytest.raises(ExposureError) as caught:
        PROBLEM.solve(four(exposures=holes))
    assert caught.value.symbols == ["B", "D"]
    assert "exposure size is NaN for 2 names on 2024-01-05: B, D" in str(caught.value)


def test_an_absent_exposure_that_no_constraint_uses_does_no_harm(four):
    holes = np.array([[0.0, np.nan], [0.0, np.nan], [0.0, 1.0], [1.0, 1.0]])
    solution = PROBLEM.solve(four(exposures=holes, exposure_names=("size", "momentum")))
    assert solution.status == "optimal"


def test_an_unknown_style(four):
    with pytest.raises(ExposureError, match="no exposure beta on 2024-01-05; known are size"):
        Problem(ActiveReturn(), (StyleBand("beta", 0.1),)).solve(four())


def test_no_alpha_at_all(four):
    with pytest.raises(NoSignalError, match="NaN for all 4 assets on 2024-01-05"):
        PROBLEM.solve(four(alpha=np.full(4, np.nan)))


def test_held_names_that_left_the_asset_list(four):
    past = Weights(np.array(["A", "X", "Y"]), np.array([0.5, 0.3, 0.0]))
    with pytest.raises(HeldButUnknownError) as caught:
        PROBLEM.solve(four(), past)
    assert caught.value.symbols == ["X"]


def test_weights_by_name_are_laid_on_the_axis(four):
    past = Weights(np.array(["D", "A", "gone"]), np.array([0.25, 0.5, 0.0], dtype=np.float32))
    assert past.on(four().assets).tolist() == [0.5, 0.0, 0.0, 0.25]


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.9, 0.2], [np.nan, 0.1]])
def test_weights_that_are_no_portfolio(values):
    with pytest.raises(WeightsError):
        Weights(np.array(["A", "B"]), np.array(values))


def test_past_weights_of_another_length(four):
    with pytest.raises(PastWeightsError) as caught:
        PROBLEM.solve(four(), np.array([0.5, 0.5]))
    assert (caught.value.found, caught.value.expected) == (2, 4)
    assert isinstance(caught.value, ConfigError)


class Absurd(Constraint):
    """A row that the solver must refuse."""

    kind = "absurd"

    def contribute(self, program, snapshot):
        program.add(Row("absurd", np.full(len(snapshot.assets), np.inf), 0.0, 1.0))


def test_a_solver_failure_is_not_swallowed(four):
    with pytest.raises(SolverFailedError):
        Problem(ActiveReturn(), (FullyInvested(), Absurd())).solve(four(), np.full(4, 0.25))


def test_industries_without_names_are_called_by_code(four):
    problem = Problem(ActiveReturn(), (FullyInvested(), IndustryBand(0.1)))
    named = [r.name for r in problem.solve(four()).rows]
    assert named == ["fully invested", "industry banks", "industry mines"]
    coded = [r.name for r in problem.solve(four(industry_names=())).rows]
    assert coded == ["fully invested", "industry 0", "industry 1"]
