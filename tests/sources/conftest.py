"""Small vendor files written on the spot."""

from pathlib import Path

import pytest

from intralpha.market import Lake, bar_times

HEADER = "datetime,symbol,open,high,low,close,volume,amount"


def bar_lines(days: tuple[str, ...], symbol: str = "600519", freq: int = 15) -> list[str]:
    """Full grids of bars; the k-th bar closes at 10 + k / 100."""
    lines = []
    for day in days:
        for k, end in enumerate(bar_times(freq)):
            close = 10 + k / 100
            prices = f"{close - 0.01:.2f},{close + 0.02:.2f},{close - 0.02:.2f},{close:.2f}"
            lines.append(f"{day} {end},{symbol},{prices},{100 * (k + 1)},{close * 100:.1f}")
    return lines


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", create=True)


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    folder = tmp_path / "vendor"
    folder.mkdir()
    return folder
