"""Presets: the settings of the reports, read off their table, and what a user's keys change."""

import pytest
from pydantic import ValidationError

from intralpha.backtest import EnhancementSpec
from intralpha.backtest.preset import PORTFOLIOS
from intralpha.risk.exposures import STYLES

# index, most in one stock and industry, largest style bound, floor on constituents, turnover of one
# side and of both, tracking error, costs of buying and selling in basis points [Spec 18.1]
TABLE = {
    "s000_csi1000": ("000852.SH", 0.01, 0.02, None, None, None, None, None, 6.5, 6.5),
    "s001_csi300": ("000300.SH", 0.01, 0.02, 0.5, None, 0.2, None, 0.04, 10, 20),
    "s001_csi500": ("000905.SH", 0.01, 0.02, 0.5, None, 0.2, None, 0.05, 10, 20),
    "s001_csi1000": ("000852.SH", 0.01, 0.02, 0.5, None, 0.2, None, None, 10, 20),
    "s002_csi500": ("000905.SH", 0.008, 0.02, 0.2, 0.8, None, 0.3, None, 20, 20),
    "s002_csi1000": ("000852.SH", 0.008, 0.02, 0.2, 0.8, None, 0.3, None, 20, 20),
    "s003_csi1000": ("000852.SH", 0.008, 0.02, 0.3, None, None, 0.3, None, 20, 20),
    "s003_csi1000_members": ("000852.SH", 0.008, 0.02, 0.3, 0.8, None, 0.3, None, 20, 20),
    "s004_csi500": ("000905.SH", 0.01, 0.0, 0.5, None, 0.3, None, None, 15, 15),
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_settings_of_the_reports(name: str) -> None:
    spec = EnhancementSpec.model_validate({"preset": name})
    problem = spec.problem
    assert spec.preset is None
    assert not spec.faults()
    assert spec.figures.kind == name[:4]
    assert set(problem.style_bounds) <= set(STYLES)
    assert (
        spec.benchmark.index,
        problem.stock_deviation,
        problem.industry_deviation,
        max(problem.style_bounds.values(), default=None),
        problem.member_min_share,
        None if problem.turnover_two_sided else problem.turnover_one_sided,
        problem.turnover_two_sided,
        problem.tracking_error,
        problem.costs.buy_bps,
        problem.costs.sell_bps,
    ) == TABLE[name]


def test_every_preset_is_in_the_table() -> None:
    assert PORTFOLIOS.names() == tuple(sorted(TABLE))


def test_keys_of_the_user_win_key_by_key() -> None:
    given = {"preset": "s002_csi500", "problem": {"turnover_two_sided": 0.5}, "every": 2}
    spec = EnhancementSpec.model_validate(given)
    assert (spec.problem.turnover_two_sided, spec.problem.member_min_share) == (0.5, 0.8)
    assert spec.every == 2
    other = {"preset": "s002_csi500", "benchmark": {"kind": "equal"}, "grid": {"every": 3}}
    assert PORTFOLIOS.under(other)["benchmark"] == {"kind": "equal"}  # not with the preset's index
    assert PORTFOLIOS.under(other)["grid"] == {"every": 3}  # not a weekday's
    assert EnhancementSpec.model_validate({"every": 2}).problem == EnhancementSpec().problem


def test_a_preset_that_is_none() -> None:
    with pytest.raises(ValidationError, match="no preset 's009'; there are s000_csi1000, "):
        EnhancementSpec.model_validate({"preset": "s009"})


def test_a_floor_that_every_stock_meets_is_a_fault() -> None:
    spec = EnhancementSpec.model_validate({"problem": {"member_min_share": 0.8}})
    (fault,) = spec.faults()
    assert fault.startswith(
        "problem.member_min_share: every stock of the universe is a constituent"
    )


def test_what_needs_a_covariance_wants_a_risk_model() -> None:
    spec = EnhancementSpec.model_validate({"problem": {"tracking_error": 0.05}})
    (fault,) = spec.faults()
    assert fault.startswith("problem: tracking_error needs the covariance of returns; risk is null")
    given = {"problem": {"terms": [{"kind": "risk_aversion", "factor": -1}]}}
    (fault,) = EnhancementSpec.model_validate(given).faults()
    assert fault.startswith("problem: risk_aversion needs")
    assert not EnhancementSpec.model_validate(given | {"risk": {"kind": "pca"}}).faults()
