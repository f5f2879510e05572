"""Feature sets side by side are what each of them is alone."""

import numpy as np
import pytest

from intralpha.base.node import Read
from intralpha.features import DaySpec, LibrarySpec
from intralpha.features.several import SeveralFeaturesSpec, SideBySideError

from .conftest import ASSETS, DAYS

DAILY, PRICES = DaySpec(), LibrarySpec(library="price_volume", names=("ret20", "vol20"))


def half_hours(*names: str) -> LibrarySpec:
    return LibrarySpec(library="bar64_30", rows=5, names=names, parameters={"least": 4})


@pytest.mark.parametrize("sets", [(DAILY, PRICES), (half_hours("bar_ret"), half_hours("illiq"))])
def test_values_are_those_of_each_set_in_turn(look_ahead, sets):
    made = SeveralFeaturesSpec(sets=sets).make()
    alone = [one.make().compute(look_ahead.lake, DAYS[25:30], ASSETS) for one in sets]
    found = made.compute(look_ahead.lake, DAYS[25:30], ASSETS)
    assert found.names == tuple(name for one in alone for name in one.names)
    np.testing.assert_array_equal(found.values, np.concatenate([p.values for p in alone], -1))
    assert np.isfinite(found.values).any(axis=tuple(range(found.values.ndim - 1))).all()
    assert made.lookback_days == max(one.make().lookback_days for one in sets)


def test_each_table_is_read_as_far_back_as_any_set_needs():
    reads = SeveralFeaturesSpec(sets=(DAILY, PRICES)).reads()
    daily = [read.back for read in PRICES.reads() if read.table == "daily"]
    assert [read.back for read in reads if read.table == "daily"] == daily
    assert Read("daily", back=1) not in reads


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ((PRICES, PRICES), "ret20, vol20 in more than one set"),
        ((DAILY, half_hours("bar_ret")), "sets of 0, 8 bars a day"),
    ],
)
def test_sets_that_do_not_fit_are_refused(sets, said):
    with pytest.raises(SideBySideError, match=said):
        SeveralFeaturesSpec(sets=sets).make()
