"""Verdicts: two standard errors, by hand."""

import numpy as np
import polars as pl
import pytest
from benchmarks.reports.claims import (
    AGREE,
    DISAGREE,
    UNTESTED,
    UNTOLD,
    Claim,
    Difference,
    icir_difference,
    jackknife,
    of_copies,
    of_series,
    of_values,
    overall,
    paired,
)
from tests.benchmarks.filed import report

from intralpha.evaluation import newey_west_error


@pytest.mark.parametrize(
    ("mean", "sign", "verdict"),
    [
        (0.021, 1, AGREE),
        (0.019, 1, UNTOLD),
        (-0.021, 1, DISAGREE),
        (-0.021, -1, AGREE),
        (-0.019, -1, UNTOLD),
        (0.019, 0, AGREE),
        (0.021, 0, DISAGREE),
        (np.nan, 1, UNTESTED),
    ],
)
def test_a_difference_counts_beyond_two_errors(mean: float, sign: int, verdict: str) -> None:
    assert Difference(mean, 0.01, 20).verdict(sign) == verdict


def test_without_an_error_nothing_is_told() -> None:
    assert Difference(0.5, np.nan, 1).verdict(1) == UNTESTED


def test_one_claim_against_decides() -> None:
    def claims(*verdicts: str) -> list[Claim]:
        return [Claim("", "", "", verdict) for verdict in verdicts]

    assert overall(claims(AGREE, UNTOLD, DISAGREE)) == DISAGREE
    assert overall(claims(AGREE, UNTOLD, UNTESTED)) == UNTOLD
    assert overall(claims(AGREE, UNTESTED)) == AGREE
    assert overall(claims(UNTESTED)) == overall([]) == UNTESTED


def test_pairs_are_of_common_dates() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 30)
    one, other = report("one", noise + 0.02), report("other", noise[:20])
    found = paired(one, other, "rank_ic")
    assert (found.mean, found.n) == (pytest.approx(0.02), 20)
    assert found.error < 1e-9, "the noise is common to both"
    assert paired(other, one, "rank_ic").verdict(-1) == AGREE


def test_a_series_has_the_products_error() -> None:
    values = np.random.default_rng(1).normal(0.01, 0.1, 40)
    values[[3, 7]] = np.nan
    found = of_series(values)
    known = values[np.isfinite(values)]
    assert (found.mean, found.n) == (pytest.approx(known.mean()), 38)
    assert found.error == newey_west_error(known)
    assert of_series(values[:2]).verdict(1) == UNTESTED


def test_returns_that_share_sessions_have_a_wider_error() -> None:
    """Returns of ten weeks, a date a week: nine neighbours share a part of each."""
    steps = np.random.default_rng(3).normal(size=129)
    means = np.convolve(steps, np.ones(10) / 10, "valid")
    horizons = {"horizons": pl.DataFrame({"horizon": ["1_51"]})}
    one, other = report("one", means, more=horizons), report("other", np.zeros(120))
    found = paired(one, other, "rank_ic")
    assert found.error == newey_west_error(means, 9)
    assert found.error > 1.1 * paired(report("one", means), other, "rank_ic").error


def test_the_jackknife_of_a_mean_is_its_usual_error() -> None:
    values = np.random.default_rng(2).normal(size=(1, 25))
    found = jackknife(values, lambda x: float(x.mean()))
    assert found.error == pytest.approx(values.std(ddof=1) / 5)


def test_ratios_differ_as_they_do_by_hand() -> None:
    base = np.array([0.1, -0.1, 0.2, 0.0, 0.1, -0.1])
    found = icir_difference(report("one", base + 0.1), report("other", base))
    deviation = base.std(ddof=1)
    assert found.mean == pytest.approx((base.mean() + 0.1 - base.mean()) / deviation)
    assert icir_difference(report("other", base), report("one", base + 0.1)).mean < 0


def test_copies_take_the_larger_error() -> None:
    same = np.tile([0.0, 0.2], 20)
    over_dates = of_copies([same, same, same])
    assert over_dates.error == pytest.approx(of_series(same).error)
    flat = [np.full(40, k) for k in (0.0, 0.1, 0.2)]
    found = of_copies(flat)
    assert (found.mean, found.error) == (pytest.approx(0.1), pytest.approx(0.1 / np.sqrt(3)))
    assert found.error == of_values([0.0, 0.1, 0.2], "seeds").error
