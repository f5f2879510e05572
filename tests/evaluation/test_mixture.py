"""Mixtures of portfolios: by hand, by the printed years of report 003, and what is refused."""

import numpy as np
import pytest

from intralpha.evaluation.figures import Course, MixtureError, mixture

DAYS = np.array(["2023-12-28", "2023-12-29", "2024-01-02"], dtype="datetime64[D]")
# Yearly returns of 003 F44, per cent: model composite, return sequence, both half and half.
F44 = {
    "members": (
        (-0.82, -12.62, 54.01, 47.50, 41.86, -5.95, 3.99, 8.56, 3.88),
        (3.87, -19.32, 48.06, 45.93, 41.14, -3.82, 1.74, 7.03, 2.23),
        (1.50, -16.02, 51.04, 46.77, 41.57, -4.85, 2.88, 7.82, 3.05),
    ),
    "all": (
        (2.77, -10.96, 52.01, 42.79, 42.21, -8.61, 5.10, 16.26, 5.00),
        (1.25, -14.58, 50.81, 40.07, 36.04, -9.33, 8.28, 10.84, 3.55),
        (2.03, -12.74, 51.54, 41.51, 39.17, -8.93, 6.71, 13.56, 4.27),
    ),
}


def course(ret: list[float], traded: float = 0.0, cost: float = 0.0, days=DAYS) -> Course:
    flat = np.zeros(len(days))
    return Course(days, np.array(ret), flat + 0.01, flat + traded, flat + cost)


def test_by_hand() -> None:
    """One portfolio doubles, then halves; the other stands still."""
    pair = (course([1.0, 0.0, -0.5], traded=0.4, cost=0.01), course([0.0, 0.0, 0.0]))
    expected = {
        "session": ([0.5, 0.0, -0.25], [0.2, 0.2, 0.2]),
        "never": ([0.5, 0.0, -1 / 3], [0.2, 0.8 / 3, 0.8 / 3]),
        "year": ([0.5, 0.0, -0.25], [0.2, 0.8 / 3, 0.2]),
    }
    for how, (ret, traded) in expected.items():
        found = mixture(pair, (0.5, 0.5), how)
        assert found.ret == pytest.approx(ret)
        assert found.traded == pytest.approx(traded)
        assert found.cost == pytest.approx(np.array(traded) / 40)
        assert found.benchmark_ret.tolist() == [0.01] * 3
    kept = mixture(pair, (0.5, 0.5), "never")
    nav = [np.cumprod(1 + one.ret) for one in pair]
    assert np.cumprod(1 + kept.ret) == pytest.approx((nav[0] + nav[1]) / 2)


@pytest.mark.parametrize("name", F44)
def test_printed_years_of_a_mixture(name: str) -> None:
    """Halves restored each year give its printed years within 0.13 points [Spec 17.6 item 7]."""
    years = np.arange(2017, 2026).astype(str).astype("datetime64[Y]").astype("datetime64[D]")
    one, two, both = (np.array(row) / 100 for row in F44[name])
    pair = (course(one.tolist(), days=years), course(two.tolist(), days=years))
    found = mixture(pair, (0.5, 0.5), "year").ret
    assert np.abs(found - both).max() < 0.0013


def test_refused() -> None:
    one = course([0.1, 0.0, 0.0])
    for shares in ((0.5,), (0.5, 0.6), (1.5, -0.5)):
        with pytest.raises(MixtureError):
            mixture((one, one), shares)
    with pytest.raises(MixtureError, match="other sessions"):
        mixture((one, course([0.1, 0.0, 0.0], days=DAYS + 7)), (0.5, 0.5))
    other = Course(one.dates, one.ret, one.ret, one.traded, one.cost)
    with pytest.raises(MixtureError, match="other benchmarks"):
        mixture((one, other), (0.5, 0.5))
