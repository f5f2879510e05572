"""From configuration to a problem."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.portfolio import (
    Constraint,
    ConstraintSpec,
    CostSpec,
    IndustryBandSpec,
    MemberShareSpec,
    PortfolioSpec,
    Row,
    StyleBandSpec,
    Term,
    TermSpec,
    TurnoverSpec,
)


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


@dataclass(frozen=True)
class FewNames(Constraint):
    """A user's constraint: at most so much money in the names whose symbol is in a list."""

    symbols: tuple[str, ...]
    at_most: float
    kind: ClassVar[str] = "listed names"

    def contribute(self, program, snapshot) -> None:
        inside = np.isin(snapshot.assets, self.symbols).astype(float)
        program.add(Row("listed names", inside, -np.inf, self.at_most))


class FewNamesSpec(ConstraintSpec):
    """As it stands in a plug-in's file, with the plug-in's prefix."""

    kind: Literal["tests.few_names"] = "tests.few_names"
    symbols: tuple[str, ...]
    at_most: float

    def make(self) -> FewNames:
        return FewNames(self.symbols, self.at_most)


@dataclass(frozen=True)
class Liking(Term):
    """A user's term: something nice about one name."""

    symbol: str

    def contribute(self, program, snapshot, factor: float) -> None:
        program.gain += factor * (snapshot.assets == self.symbol)


class LikingSpec(TermSpec):
    """As it stands in a plug-in's file."""

    kind: Literal["tests.liking"] = "tests.liking"
    symbol: str

    def make(self) -> Liking:
        return Liking(self.symbol)


LOOSE = {"stock_deviation": 0.1, "industry_deviation": None, "turnover_one_sided": None}


def test_a_plug_in_constraint_needs_no_fork(four):
    # Alone the best is A 0.5, B 0.4, C 0.1, D 0. With A and B at most 0.8 together: B gives way.
    free = PortfolioSpec.model_validate(LOOSE).make().solve(four())
    np.testing.assert_allclose(free.weights, [0.5, 0.4, 0.1, 0.0], atol=1e-9)
    few = {"kind": "tests.few_names", "symbols": ["A", "B"], "at_most": 0.8}
    spec = PortfolioSpec.model_validate(LOOSE | {"constraints": [few]})
    held = spec.make().solve(four())
    np.testing.assert_allclose(held.weights, [0.5, 0.3, 0.2, 0.0], atol=1e-9)
    assert "listed names" in held.active
    assert PortfolioSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_a_plug_in_term_changes_what_is_best(four):
    # D is worth 1 + 10 now: it takes what its band allows, the others follow their alpha.
    likes = {"kind": "tests.liking", "symbol": "D", "factor": 10.0}
    spec = PortfolioSpec.model_validate(LOOSE | {"terms": [likes]})
    np.testing.assert_allclose(spec.make().solve(four()).weights, [0.5, 0.2, 0.1, 0.2], atol=1e-9)
    spurns = PortfolioSpec.model_validate(LOOSE | {"terms": [likes | {"factor": -10.0}]})
    assert spurns.make().solve(four()).weights[3] == 0.0


def test_the_preset_is_the_same_as_its_parts_by_kind(four):
    """Every constraint of the preset can be written out as a kind of its own."""
    preset = PortfolioSpec(
        stock_deviation=0.1, industry_deviation=0.05, style_bounds={"size": 0.02},
        member_min_share=0.4, turnover_one_sided=0.15,
    )  # fmt: skip
    parts = (
        StyleBandSpec(style="size", at_most=0.02),
        IndustryBandSpec(at_most=0.05),
        MemberShareSpec(at_least=0.4),
        TurnoverSpec(one_sided=0.15),
    )
    written = PortfolioSpec.model_validate(LOOSE | {"constraints": parts})
    past = np.array([0.4, 0.3, 0.2, 0.1])
    one, two = (s.make().solve(four(), past) for s in (preset, written))
    assert one.weights.tolist() == two.weights.tolist()
    assert [r.name for r in one.rows] == [r.name for r in two.rows]


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(ValidationError, match="turnover"):
        PortfolioSpec.model_validate({"constraints": [{"kind": "turnovr", "one_sided": 0.1}]})


def test_every_kind_is_found_and_ours_carry_no_prefix():
    ours = {k for k in ConstraintSpec.kinds() if "." not in k}
    assert ours == {
        "blocked", "cardinality", "fully_invested", "industry_band", "member_share",
        "minimum_position", "participation", "stock_deviation", "stock_multiple", "style_band",
        "style_bands", "tracking_error", "turnover", "turnover_two_sided",
    }  # fmt: skip
    terms = {k for k in TermSpec.kinds() if "." not in k}
    assert terms == {"active_return", "risk_aversion", "trading_cost"}
