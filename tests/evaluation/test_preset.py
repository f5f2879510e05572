"""Presets of tests: what the five reports measure, read off the table of the specification."""

import pytest

from intralpha.evaluation.preset import TESTS
from intralpha.pipeline.recipe import TestSpec

# Horizon of the IC, sessions of the grid, dates between ICs, return of groups, groups, price, dates
# in a year, win rate, first and last date, the two figures in front [Spec 17.2, 17.6, 19].
TABLE = {
    "s000": ((1, 11), 1, 1, (1, 2), 10, "close", 243, "month", "2018-07-01", "2022-06-30"),
    "s001": ((1, 11), 5, 2, (1, 6), 20, "close", "calendar", "week", "2017-01-03", "2023-04-28"),
    "s001_pools": (
        (1, 11),
        5,
        2,
        (1, 6),
        20,
        "close",
        "calendar",
        "week",
        "2017-01-03",
        "2023-04-28",
    ),
    "s002": ((1, 6), 5, 1, None, 5, "close", 50, "month", "2013-02-01", "2023-11-30"),
    "s002_deep": ((1, 6), 5, 1, None, 10, "close", 50, "month", "2017-01-04", "2023-11-30"),
    "s003": ((1, 6), 5, 1, None, 10, "close", 50.4, "month", "2017-01-01", "2025-02-28"),
    "s004": ((1, 6), 5, 1, None, 10, "vwap", "calendar", "week", "2016-01-01", "2022-05-31"),
}
# Columns of 19.2 T8 and T14, 19.3 F7, 19.4 F9 and 19.5 T2: coefficient, its ratio, turnover.
PRINTED = {
    "s001": {"rank_ic_mean", "rank_ic_icir", "turnover_one_sided", "bottom_annualised"},
    "s002": {"rank_ic_std", "rank_ic_icir", "top_win", "turnover_two_sided"},
    "s002_deep": {"rank_ic_std", "rank_ic_icir", "top_win", "turnover_two_sided"},
    "s003": {"rank_ic_std", "rank_ic_icir", "top_win", "turnover_two_sided"},
    "s004": {"ic_mean", "ic_icir_annualised", "long_short_per_date", "turnover_one_sided"},
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_settings_of_the_reports(name: str) -> None:
    spec = TestSpec.model_validate({"preset": name})
    factor = spec.factor
    assert spec.preset is None
    assert (
        spec.horizons[0],
        spec.grid.every,
        factor.ic_every,
        factor.held,
        factor.n_groups,
        spec.price,
        factor.periods_per_year,
        factor.win,
        str(spec.start),
        str(spec.end),
    ) == TABLE[name]
    assert PRINTED.get(name, set()) <= set(factor.columns)
    # The leg that is printed is the top group, and only 004's ratio is annualised.
    assert name == "s000" or factor.top_share == 1 / factor.n_groups
    assert (factor.ic_per_year == 52) == (name == "s004")


def test_pools_of_001_have_five_groups() -> None:
    spec = TestSpec.model_validate({"preset": "s001_pools"})
    indices = [pool.rows[0].indices for pool in spec.pools.values()]
    assert indices == [("000300.SH",), ("000905.SH",), ("000852.SH",)]
    settings = [pool.settings(spec.factor) for pool in spec.pools.values()]
    assert {(s.n_groups, s.top_share, s.ic_every) for s in settings} == {(5, 0.2, 2)}
    with pytest.raises(ValueError, match="looks at labels"):
        TestSpec.model_validate(
            {"pools": {"x": {"rows": [{"kind": "label_quantiles", "low": 0.1}]}}}
        )


def test_every_preset_is_in_the_table() -> None:
    assert TESTS.names() == tuple(sorted(TABLE))


def test_own_keys_change_those_of_a_preset() -> None:
    given = {"preset": "s001", "end": "2020-12-31", "factor": {"n_groups": 5}}
    spec = TestSpec.model_validate(given)
    assert (spec.factor.n_groups, spec.factor.ic_every) == (5, 2)
    assert (str(spec.start), str(spec.end)) == ("2017-01-03", "2020-12-31")
    with pytest.raises(ValueError, match=r"no preset 's009'; there are s000, s001"):
        TestSpec.model_validate({"preset": "s009"})


def test_what_is_measured() -> None:
    spec = TestSpec.model_validate({"preset": "s001", "by_day": 2})
    assert spec.measured() == ((1, 11), (1, 6), (1, 2), (2, 3), (1, 3))
    with pytest.raises(ValueError, match="no figure top_profit; there are rank_ic_mean"):
        TestSpec.model_validate({"factor": {"columns": ["top_profit"]}})
