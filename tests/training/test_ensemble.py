"""From folds and seeds to one score."""

import numpy as np
from scipy import stats

from intralpha.base import Panel
from intralpha.training import seed_mean, stack_in_time


def test_seed_mean_by_hand() -> None:
    days = np.array(["2024-01-02"], dtype="datetime64[D]")
    assets = np.array(["a", "b", "c"])
    rows = np.array([[1.0, 2.0, 6.0], [30.0, 10.0, 20.0]], dtype=np.float32)
    panels = [Panel(r.reshape(1, 3, 1), days, assets, ("score",)) for r in rows]
    expected = (stats.zscore(rows[0]) + stats.zscore(rows[1])) / 2
    np.testing.assert_allclose(seed_mean(panels)["score"][0], expected, rtol=1e-6)


def test_parts_are_joined_in_time_order() -> None:
    assets = np.array(["a"])
    parts = [
        Panel(np.full((1, 1, 1), v, np.float32), np.array([d], "datetime64[D]"), assets, ("score",))
        for v, d in ((2, "2024-02-01"), (1, "2024-01-01"))
    ]
    np.testing.assert_array_equal(stack_in_time(parts).values.ravel(), [1, 2])
