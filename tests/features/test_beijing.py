"""Stocks of Beijing close with an auction: their factors are those of the same rows in Shenzhen."""

from datetime import date

import numpy as np
import pytest

from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake

from ..reference.level2_days import level2_days
from .level2_inputs import instruments, rows_of_lake

ON, RULE = date(2023, 3, 1), BigOrderSpec(rule="fixed_200k")
# A day of 119 locked minutes is locked for more than half of 237, but not of 240.
NAMES = ("random", "busy", "locked_119", "locked_late", "only_buys", "no_opening")
LIBRARIES = ("hf27", "l2", "tick100", "minute100", "hand_made_minutes", "bar64_30",
             "bar64_level2_30")  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made, days = Lake(tmp_path_factory.mktemp("beijing") / "lake", create=True), level2_days(6)
    both = {f"{n}{i}.{e}": days[name] for n, e in ((83000, "BJ"), (30000, "SZ"))
            for i, name in enumerate(NAMES)}  # fmt: skip
    made.append("instruments", instruments(list(both)))
    for table, rows in rows_of_lake(both, ON).items():
        made.append(table, rows)
    enrich(made, np.array([ON], "datetime64[D]"), RULE, show_progress=False)
    return made


@pytest.mark.one_in(9)
@pytest.mark.parametrize(
    "spec", [LibrarySpec(library=n, big_order=RULE) for n in (*LIBRARIES, "bar64_30")]
)
def test_beijing_is_as_shenzhen(lake, spec):
    features = spec.make()
    found = [features.compute(lake, np.array([ON], "datetime64[D]"), np.array(
        [f"{n}{i}.{e}" for i in range(len(NAMES))])).values
        for n, e in ((83000, "BJ"), (30000, "SZ"))]  # fmt: skip
    np.testing.assert_array_equal(*found)
    assert np.isfinite(found[0]).mean() > 0.2
