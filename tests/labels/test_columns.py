"""Labels of several columns: sequences of daily returns, and labels side by side."""

import numpy as np
import pytest

from intralpha.labels import (
    DailySequenceSpec,
    HorizonReturnSpec,
    SeveralSpec,
    ZReturnSpec,
    fwd_locked,
    fwd_return,
)
from intralpha.testing import assert_label_forward_only, assert_permutation, assert_shapes

from .conftest import ASSETS, DAYS

SPECS = [
    DailySequenceSpec(horizons=4),
    SeveralSpec(labels=(HorizonReturnSpec(horizon=1), HorizonReturnSpec(horizon=5))),
]


def test_each_step_is_the_return_of_one_session(lake):
    """Beside the one function of forward returns, z-scored row by row with NumPy."""
    panel = DailySequenceSpec().compute(lake, DAYS, ASSETS)
    assert panel.names == tuple(f"fwd_h{k:02d}" for k in range(1, 11))
    gains = [fwd_return(lake, DAYS, ASSETS, k, k + 1).values[:, :, 0] for k in range(10)]
    whole = np.isfinite(gains).all(axis=0) & ~fwd_locked(lake, DAYS, ASSETS)
    assert whole.mean() > 0.3
    for k, gain in enumerate(gains):
        for d, known in enumerate(whole):
            found = panel.values[d, :, k]
            assert np.isnan(found[~known]).all()
            if known.sum() > 1:
                y = gain[d, known]
                np.testing.assert_allclose(found[known], (y - y.mean()) / y.std(), atol=1e-5)


def test_labels_stand_side_by_side_until_the_longest_is_over(lake):
    parts = (ZReturnSpec(), HorizonReturnSpec(horizon=1), DailySequenceSpec(horizons=2))
    several = SeveralSpec(labels=parts)
    assert (several.offset, several.columns) == (11, ("fwd_1", "fwd_2", "fwd_3", "fwd_4"))
    found = several.compute(lake, DAYS, ASSETS).values
    assert np.isnan(found[-11:]).all()
    alone = [part.compute(lake, DAYS, ASSETS).values for part in parts]
    np.testing.assert_array_equal(found[:-11], np.concatenate(alone, axis=-1)[:-11])
    assert np.isfinite(alone[1][-11:-2]).any(), "the short ones would have been there"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.kind)
def test_they_keep_the_promises_of_labels(lake, spec, tmp_path):
    on = DAYS[30].item()
    assert_shapes(spec, lake, on)
    assert_permutation(spec, lake, on)
    assert_label_forward_only(spec, lake, on, folder=tmp_path)
