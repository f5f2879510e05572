"""The audit itself: noise where it must be, the past untouched, and cheats caught."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from intralpha.audit import Finding, assert_same_past, compare_panels, scramble
from intralpha.audit.probe import FutureLeakError, NothingComparedError
from intralpha.audit.scramble import NoFutureError
from intralpha.base import Panel
from intralpha.market import Lake, read_daily
from intralpha.sources import SimulatedSpec, ingest

AFTER = date(2023, 2, 15)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Lake]:
    root = tmp_path_factory.mktemp("worlds")
    lake = Lake(root / "true", create=True)
    spec = SimulatedSpec(n_assets=8, start=date(2023, 1, 3), end=date(2023, 3, 10))
    ingest([spec], lake, show_progress=False)
    return lake, scramble(lake, AFTER, root / "noise")


def test_the_past_is_the_same_and_the_future_is_not(worlds: tuple[Lake, Lake]) -> None:
    before, after = (read_daily(w, ("close", "volume", "adj_factor")) for w in worlds)
    np.testing.assert_array_equal(before.dates, after.dates)
    past = before.dates <= np.datetime64(AFTER)
    np.testing.assert_array_equal(before.values[past], after.values[past])
    changed = before.values[~past] != after.values[~past]
    assert changed.mean() > 0.8
    assert worlds[1].dates("bars", 30).tolist() == worlds[0].dates("bars", 30).tolist()


def test_a_scrambled_lake_is_a_valid_lake(worlds: tuple[Lake, Lake]) -> None:
    assert worlds[1].verify() == ()


def test_a_lake_without_future_proves_nothing(worlds: tuple[Lake, Lake], tmp_path: Path) -> None:
    with pytest.raises(NoFutureError, match="nothing after 2023-03-10"):
        scramble(worlds[0], date(2023, 3, 10), tmp_path / "x")


def test_differences_are_located() -> None:
    days = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]")
    a = Panel(np.ones((3, 2, 1)), days, np.array(["a", "b"]), ("x",))
    b = Panel(np.ones((3, 2, 1)), days, np.array(["a", "b"]), ("x",))
    b.values[2] = 5
    assert compare_panels("x", a, b, date(2024, 1, 3)) == Finding("x", 4, 0, "")
    b.values[1, 1, 0] = 2
    finding = compare_panels("x", a, b, date(2024, 1, 3))
    assert finding == Finding("x", 4, 1, "2024-01-03 b x: 1 -> 2")
    with pytest.raises(FutureLeakError, match="x: 1 of 4 values; first 2024-01-03 b x: 1 -> 2"):
        assert_same_past((finding,), date(2024, 1, 3))


def test_an_empty_comparison_fails() -> None:
    with pytest.raises(NothingComparedError, match="y has no finite value"):
        assert_same_past((Finding("x", 3, 0, ""), Finding("y", 0, 0, "")), AFTER)
