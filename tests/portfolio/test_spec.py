"""From configuration to a problem."""

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.portfolio import CostSpec, PortfolioSpec


def test_the_default_spec():
    problem = PortfolioSpec().make()
    kinds = [c.kind for c in problem.subject_to]
    assert kinds == ["fully invested", "stock deviation", "industry", "turnover", "blocked"]


def test_every_setting_arrives(four):
    # The hand-made case of the turnover test, by configuration.
    spec = PortfolioSpec(
        stock_deviation=0.1,
        industry_deviation=0.0,
        style_bounds={"size": 1.0},
        member_min_share=0.5,
        turnover_one_sided=0.12,
        costs=CostSpec(buy_bps=0, sell_bps=0),
        cost_weight=1.0,
    )
    problem = spec.make()
    assert [c.kind for c in problem.subject_to][2:5] == ["style", "industry", "member share"]
    solution = problem.solve(four(), np.array([0.4, 0.3, 0.2, 0.1]))
    np.testing.assert_allclose(solution.weights, [0.5, 0.32, 0.18, 0.0], atol=1e-9)


def test_bounds_can_be_left_out():
    spec = PortfolioSpec(industry_deviation=None, turnover_one_sided=None)
    assert [c.kind for c in spec.make().subject_to] == [
        "fully invested",
        "stock deviation",
        "blocked",
    ]


@pytest.mark.parametrize(
    "bad", [{"stock_deviation": 0}, {"turnover": 0.2}, {"member_min_share": 2}]
)
def test_bad_settings(bad):
    with pytest.raises(ValidationError):
        PortfolioSpec.model_validate(bad)
