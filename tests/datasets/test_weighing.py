"""Weights of training dates by hand, and with everything after the last known session changed."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.datasets import WeighingSpec
from intralpha.datasets.market_state import STATES, market_states
from intralpha.datasets.weighing import RecencySpec, SimilaritySpec
from intralpha.datasets.weighing.similarity import kernel
from intralpha.market import Lake, read_daily

from .test_rows import ASSETS, DAYS, daily, lay


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lay(tmp_path_factory.mktemp("weighing"), noise=0, after=0)


def test_half_the_weight_every_half_life() -> None:
    found = RecencySpec(half_life_days=5).weigh(None, DAYS, DAYS[[5, 10, 15]])
    np.testing.assert_allclose(found, [0.25, 0.5, 1.0])


def test_the_kernel_by_hand() -> None:
    """Deviation 1: distances 0, 1, 2 from the first; the second number is not known today."""
    then = np.array([[0.0, 5.0], [np.sqrt(1.5), 6.0], [2 * np.sqrt(1.5), 7.0]])
    std = np.std(then[:, 0])
    np.testing.assert_allclose(std, 1.0)
    found = kernel(then, np.array([0.0, np.nan]), 1.0)
    np.testing.assert_allclose(found, np.exp(-np.array([0, 1.5, 6.0]) / 2))
    holed = kernel(np.array([[0.0], [1.0], [np.nan]]), np.array([0.0]), 1.0)
    assert holed[2] == holed[:2].mean()
    assert kernel(np.ones((3, 1)), np.array([1.0]), 1.0).tolist() == [1, 1, 1]


def test_a_state_by_hand(lake: Lake) -> None:
    states = market_states(lake, DAYS[:8], 4)
    assert states.shape == (8, len(STATES))
    rows = read_daily(lake, ("close", "float_shares"), DAYS[4].item(), DAYS[7].item(), ASSETS)
    ret = rows["close"] / 10 - 1
    turnover = np.log(np.median(1000 / rows["float_shares"], axis=1))
    small = rows["float_shares"] <= np.median(rows["float_shares"], axis=1, keepdims=True)
    gap = [r[s].mean() - r[~s].mean() for r, s in zip(ret, small, strict=True)]
    by_hand = [ret.mean(), ret.mean(axis=1).std(), ret.std(axis=1).mean(), turnover.mean(),
               np.mean(gap)]  # fmt: skip
    np.testing.assert_allclose(states[7], by_hand)


@pytest.mark.parametrize("spec", [RecencySpec(half_life_days=9), SimilaritySpec(state_days=5)])
def test_nothing_after_the_last_known_session_counts(
    lake: Lake, tmp_path: Path, spec: WeighingSpec
) -> None:
    known = DAYS[:21]
    rows = daily(0, 0)
    later = pl.col("date") > known[-1].item()
    other = Lake(tmp_path / "other", create=True)
    changes = {"close": pl.col("close") * 3, "volume": pl.col("volume") * 7}
    other.append(
        "daily",
        rows.with_columns(
            **{
                name: pl.when(later).then(new).otherwise(pl.col(name))
                for name, new in changes.items()
            }
        ).with_columns(high=pl.max_horizontal("high", "close"), amount=pl.col("volume") * 10.0),
    )
    old, new = (spec.weigh(one, known, known[4:16], ASSETS) for one in (lake, other))
    np.testing.assert_array_equal(old, new)
    assert old.min() >= 0 < old.max()
    assert len(np.unique(old)) > 3
    alike = SimilaritySpec(state_days=5)
    assert (alike.weigh(lake, DAYS, known[4:16]) != alike.weigh(other, DAYS, known[4:16])).any()
