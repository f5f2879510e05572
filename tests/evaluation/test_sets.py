"""Sets of factors: the same figures as one by one, whatever the blocks of dates."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy import ndarray

from intralpha.base import Panel
from intralpha.evaluation import (
    FactorTestSpec,
    SetDays,
    SetReport,
    correlation_table,
    measure_days,
    pair_correlations,
    run_factor_test,
)

D, A = 24, 50
DAYS = np.arange("2024-01-05", "2025-12-31", 7, dtype="datetime64[D]")[:D]
NAMES = ("seed0_unit_00", "seed0_unit_01", "seed1_unit_00", "size")
RNG = np.random.default_rng(5)
FWD = 0.02 * RNG.standard_normal((D, A))
VALUES = 0.1 * RNG.standard_normal((D, A, 4))
VALUES[..., 0] += FWD
VALUES[..., 1] -= FWD
VALUES[..., 3] += VALUES[..., 0]
MASK = RNG.random((D, A)) < 0.9


def days(values: ndarray, first: int, stop: int) -> SetDays:
    before = min(first, 1)
    at = slice(first - before, stop)
    rets = {"1_6": FWD[at]}
    return measure_days(values[at], rets, MASK[at], DAYS[at], NAMES, 3, 0.2, skip=before)


def report(values: ndarray = VALUES, edges: tuple[int, ...] = (0, 7, 20, D)) -> SetReport:
    blocks = pairwise(edges)
    return SetReport.of("units", [days(values, *block) for block in blocks], 5, 50.0)


def test_figures_are_those_of_a_test_of_each() -> None:
    found = report()
    assets = np.array([f"{600000 + i}.SH" for i in range(A)])
    spec = FactorTestSpec(top_share=0.2, n_groups=5, periods_per_year=50)
    inside = Panel(MASK[..., None].astype(float), DAYS, assets, ("inside",))
    fwd = Panel(FWD[..., None], DAYS, assets, ("fwd_1_6",))
    signs = found.figures["direction"].to_list()
    assert signs[:2] == [1, -1]
    for k, row in enumerate(found.figures.iter_rows(named=True)):
        score = Panel(signs[k] * VALUES[..., k : k + 1], DAYS, assets, ("score",))
        alone = run_factor_test(score, fwd, inside, spec)
        leg = alone.more["legs"].row(0, named=True)
        assert signs[k] * row["rank_ic_mean"] == pytest.approx(alone.summary["rank_ic"], abs=1e-12)
        assert row["autocorrelation"] == pytest.approx(alone.summary["autocorrelation"], abs=1e-12)
        assert row["turnover_two_sided"] == pytest.approx(leg["turnover_two_sided"], abs=1e-12)
        for name in ("annualised", "max_drawdown", "win_month"):
            assert row[f"top_{name}"] == pytest.approx(leg[name], abs=1e-12)


def test_correlations_are_those_of_every_pair() -> None:
    found = report()
    pearson = correlation_table(VALUES, MASK, "pearson")
    spearman = correlation_table(VALUES, MASK, "spearman")
    np.testing.assert_allclose(found.pearson_NN, pearson, atol=1e-12)
    np.testing.assert_allclose(found.spearman_NN, spearman, atol=1e-12)
    mixed, raw = found.correlations(), found.correlations(adjusted=False)
    assert raw[0, 1] == pytest.approx(pearson[0, 1])
    assert raw[1, 0] == pytest.approx(spearman[1, 0])
    assert mixed[0, 1] == pytest.approx(-pearson[0, 1])  # the second factor works downwards
    np.testing.assert_allclose(found.beside()["size"].to_numpy(), pearson[:3, 3], atol=1e-12)
    assert found.strongest("size", 2)["factor"][0] == "seed0_unit_00"


def test_gaps_leave_pearson_that_of_the_pair() -> None:
    values = VALUES.copy()
    values[RNG.random(values.shape) < 0.1] = np.nan
    values[3, :, 1], values[4, :, 2] = 7.0, 1e9 + values[4, :, 2]
    expected = correlation_table(values, MASK, "pearson")
    np.testing.assert_allclose(report(values).pearson_NN, expected, atol=1e-6)
    one = pair_correlations(values[5].T, 3)
    both = np.isfinite(values[5, :, 0]) & np.isfinite(values[5, :, 1])
    found = np.corrcoef(values[5, both, 0], values[5, both, 1])[0, 1]
    assert one[0, 1] == pytest.approx(found, abs=1e-12)
    assert np.isnan(pair_correlations(values[5, :5].T)).all()
    assert np.isnan(pair_correlations(values[3].T, 3)[1]).all()


def test_blocks_of_dates_do_not_matter(tmp_path: Path) -> None:
    one, many = report(edges=(0, D)), report(edges=tuple(range(D + 1)))
    for name in one.figures.columns[2:]:
        np.testing.assert_allclose(many.figures[name], one.figures[name], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(many.spearman_NN, one.spearman_NN, rtol=1e-9)
    one.save(tmp_path / "set")
    again = SetReport.load(tmp_path / "set")
    assert again.figures.equals(one.figures)
    np.testing.assert_array_equal(again.pearson_NN, one.pearson_NN)
    part = days(VALUES, 3, 6)
    part.save(tmp_path / "days.npz")
    kept = SetDays.load(tmp_path / "days.npz")
    np.testing.assert_array_equal(kept.figures["top_turnover"], part.figures["top_turnover"])


def test_units_by_seed_and_histogram() -> None:
    found = report()
    units = found.units()
    assert units["seed"].to_list() == ["seed0", "seed1"]
    assert units["factors"].to_list() == [2, 1]
    ic = found.figures["rank_ic_mean"].to_numpy()
    assert units["above"][0] == (ic[:2] > 0.05).sum()
    assert units["mean_correlation"][0] == pytest.approx(abs(found.pearson_NN[0, 1]))
    histogram = found.histogram()
    assert histogram["factors"].sum() == 3
    held = histogram.filter((histogram["from"] <= ic[2]) & (histogram["to"] > ic[2]))
    assert held["factors"][0] >= 1
