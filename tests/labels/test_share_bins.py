"""y_bin_share: classes whose cuts follow the distribution, by hand and beside a loop."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from intralpha.labels import ShareBinsSpec, fwd_locked, fwd_return
from intralpha.labels.share_bins import share_classes
from intralpha.testing import assert_label_forward_only, assert_reads, assert_shapes

from .conftest import ASSETS, DAYS

RETURNS = st.lists(st.integers(-50, 50), min_size=1, max_size=40)


def test_classes_by_hand():
    """The mean is 1; sizes 0, 1, 2, 4, 4, 6, 6, 9: a quarter is two of eight, half is four."""
    returns = np.array([1.0, 2.0, 3.0, -3.0, 5.0, -5.0, -5.0, 10.0])
    assert returns.mean() == 1.0
    found = share_classes(returns, (0.25, 0.5), 0)
    # The sizes 4 and 4 stand on both sides of the half: both count as beyond it.
    np.testing.assert_array_equal(found, [0, 0, 1, -2, 2, -2, -2, 2])
    # Seven are to remain: only the one on the mean is 0. Nine cannot: neither is any other.
    for least in (7, 9):
        found = share_classes(returns, (0.25, 0.5), least)
        np.testing.assert_array_equal(found, [0, 1, 1, -2, 2, -2, -2, 2])


@given(RETURNS, st.integers(0, 40), st.sampled_from([(0.0,), (0.5,), (0.2, 0.3), (0.4, 0.8)]))
def test_enough_labels_remain_and_no_more_than_the_share_is_dropped(values, least, shares):
    returns = np.array(values, dtype=float)
    found = share_classes(returns, shares, least)
    excess = returns - returns.mean()
    there = (found != 0).sum()
    assert there >= min(least, (excess != 0).sum())
    assert (found[excess != 0] == 0).sum() <= shares[0] * len(values)
    assert (found * excess >= 0).all()
    assert np.abs(found).max() <= len(shares)
    order = np.argsort(np.abs(excess))
    assert (np.diff(np.abs(found)[order]) >= 0).all(), "a larger move has no lower class"
    np.testing.assert_array_equal(share_classes(returns[::-1], shares, least)[::-1], found)


def test_the_label_beside_a_loop(lake):
    spec = ShareBinsSpec(horizon=3, shares=(0.4, 0.7), least=2)
    returns = fwd_return(lake, DAYS, ASSETS, 1, 4, "vwap").values[:, :, 0]
    returns[fwd_locked(lake, DAYS, ASSETS)] = np.nan
    found = spec.compute(lake, DAYS, ASSETS)["fwd_label"]
    assert set(np.unique(found[np.isfinite(found)])) == {-2, -1, 0, 1, 2}
    for row, classes in zip(returns, found, strict=True):
        excess = pd.Series(row - np.nanmean(row) if np.isfinite(row).any() else row)
        place = excess.abs().rank(method="first") - 1
        n = excess.count()
        band = max(min(int(0.4 * n), n - 2), 0)
        beyond = (place >= band).astype(int) + (place >= max(int(0.7 * n), band))
        expected = np.sign(excess) * beyond
        np.testing.assert_array_equal(classes, expected.to_numpy())


def test_it_keeps_the_promises_of_labels(lake, tmp_path):
    spec, on = ShareBinsSpec(horizon=3, least=2), DAYS[33].item()
    assert (spec.offset, spec.classes) == (4, (-2, -1, 0, 1, 2))
    for check in (assert_shapes, assert_reads):
        check(spec, lake, on)
    assert_label_forward_only(spec, lake, on, folder=tmp_path)


@pytest.mark.parametrize("shares", [(), (1.0,), (-0.1,), (0.5, 0.5), (float("nan"),)])
def test_shares_ascend_below_one(shares):
    with pytest.raises(ValidationError, match=r"each above the last|at least 1 item"):
        ShareBinsSpec(shares=shares)
