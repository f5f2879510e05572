"""Ranks in groups against SciPy; groups against loops."""

import numpy as np
import torch
from scipy import stats

from intralpha.models.groups import Groups, standardise
from intralpha.training.groups import correlations
from intralpha.training.order import ranks


def test_ranks_are_scipys_of_each_day_whatever_the_order_of_samples() -> None:
    rng = np.random.default_rng(0)
    values, days = rng.integers(0, 8, 50) / 2, rng.integers(0, 4, 50)
    found = ranks(torch.tensor(values), Groups.of(torch.tensor(days), "day")).numpy()
    for day in range(4):
        expected = stats.rankdata(values[days == day]) - 0.5
        np.testing.assert_array_equal(found[days == day], expected)


def test_sums_means_and_scores_are_those_of_each_day() -> None:
    rng = np.random.default_rng(1)
    values, days = rng.standard_normal((30, 2)), np.sort(rng.integers(0, 3, 30))
    groups = Groups.of(torch.tensor(days), "day")
    z = standardise(torch.tensor(values), groups).numpy()
    for day in range(3):
        of_day = values[days == day]
        np.testing.assert_allclose(groups.sums(torch.tensor(values))[day], of_day.sum(0))
        np.testing.assert_allclose(groups.means(torch.tensor(values))[day], of_day.mean(0))
        np.testing.assert_allclose(z[days == day], stats.zscore(of_day), atol=1e-12)


def test_correlations_see_known_values_only_and_say_what_they_measured() -> None:
    x = torch.tensor([[1.0, 1.0], [2.0, 5.0], [4.0, 0.0], [9.0, 9.0]], dtype=torch.float64)
    y = torch.tensor([[3.0, 1.0], [1.0, 2.0], [2.0, 0.0], [-9.0, 9.0]], dtype=torch.float64)
    known = torch.tensor([[True, True], [True, False], [True, False], [False, False]])
    found, measured = correlations(x, y, Groups.of(torch.zeros(4).long(), "batch"), known)
    expected = np.corrcoef(x[:3, 0], y[:3, 0])[0, 1]
    np.testing.assert_allclose(found.numpy(), [[expected, 0]], atol=1e-12)
    assert measured.tolist() == [[True, False]]
