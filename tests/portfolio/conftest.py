"""Random worlds in which a rebalance is feasible, and a four-stock world for arithmetic by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from intralpha.portfolio import Snapshot


def four_stocks(**changes) -> Snapshot:
    """Benchmark 40/30/20/10 %, two industries {A, D} and {B, C}, alpha 4, 3, 2, 1."""
    base = Snapshot(
        date=np.datetime64("2024-01-05", "D"),
        assets=np.array(["A", "B", "C", "D"]),
        alpha=np.array([4.0, 3.0, 2.0, 1.0]),
        benchmark=np.array([0.4, 0.3, 0.2, 0.1]),
        exposures=np.array([[0.0], [0.0], [0.0], [1.0]]),
        exposure_names=("size",),
        industry=np.array([0, 1, 1, 0], dtype=np.int32),
        member=np.ones(4, dtype=bool),
        can_buy=np.ones(4, dtype=bool),
        can_sell=np.ones(4, dtype=bool),
        industry_names=("banks", "mines"),
    )
    return replace(base, **changes)


def random_world(seed: int, count: int = 60, styles: int = 3) -> tuple[Snapshot, np.ndarray]:
    """A snapshot with blocked names and the drifted weights held before it."""
    rng = np.random.default_rng(seed)
    member = rng.random(count) < 0.6
    member[:2] = True
    benchmark = np.where(member, np.exp(rng.standard_normal(count)), 0.0)
    benchmark /= benchmark.sum()
    held = np.where(rng.random(count) < 0.8, benchmark, 0.0) + 0.004 * (rng.random(count) < 0.2)
    held *= np.exp(0.03 * rng.standard_normal(count))
    held /= held.sum() * rng.uniform(1.0, 1.02)
    draw = rng.random(count)
    snapshot = Snapshot(
        date=np.datetime64("2024-01-05", "D"),
        assets=np.array([f"{i:06d}.SH" for i in range(count)]),
        alpha=rng.standard_normal(count),
        benchmark=benchmark,
        exposures=rng.standard_normal((count, styles)),
        exposure_names=tuple(f"s{k}" for k in range(styles)),
        industry=rng.integers(0, 5, count).astype(np.int32),
        member=member,
        can_buy=(draw > 0.1) & (draw < 0.95),
        can_sell=(draw > 0.05),
    )
    return snapshot, held


def in_another_order(snapshot: Snapshot, order: np.ndarray) -> Snapshot:
    """The same snapshot with its assets in another order."""
    arrays = ("assets", "alpha", "benchmark", "exposures", "industry", "member")
    moved = {n: getattr(snapshot, n)[order] for n in (*arrays, "can_buy", "can_sell")}
    ahead = None if snapshot.ahead is None else snapshot.ahead[:, order]
    return replace(snapshot, **moved, ahead=ahead)


@pytest.fixture(scope="session")
def shuffled() -> Callable[..., Snapshot]:
    return in_another_order


@pytest.fixture
def four() -> Callable[..., Snapshot]:
    return four_stocks


@pytest.fixture(scope="session")
def world() -> Callable[..., tuple[Snapshot, np.ndarray]]:
    return random_world
