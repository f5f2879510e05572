"""Sources that come again to a lake of which a file was lost or changed."""

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from intralpha.base import DataError
from intralpha.market import Lake
from intralpha.market.manifest import DamagedFileError
from intralpha.market.prints import PrintError
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

MARKET = SimulatedSpec(
    seed=3,
    n_assets=8,
    start=date(2023, 1, 3),
    end=date(2023, 1, 20),
    freq=30,
    habits=HabitSpec(orders_per_day=100),
)
FILES = ("instruments/instruments.parquet", "daily/month=2023-01.parquet")


def take(root: Path) -> Lake:
    lake = Lake(root, create=True)
    ingest([MARKET], lake, show_progress=False)
    return lake


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take(tmp_path_factory.mktemp("sound") / "lake").root


@pytest.fixture
def root(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "lake", copy_function=shutil.copy2))


@pytest.mark.parametrize("name", FILES)
def test_a_lost_file_is_made_anew(sound: Path, root: Path, name: str) -> None:
    (root / name).unlink()
    assert take(root).verify() == ()
    assert (root / name).read_bytes() == (sound / name).read_bytes()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["a bit of the footer", "cut", "emptied"])
def test_a_changed_file_is_named(root: Path, name: str, how: str) -> None:
    content = bytearray((root / name).read_bytes())
    content[-40] ^= 16
    length = {"a bit of the footer": len(content), "cut": len(content) // 2, "emptied": 0}[how]
    stat = (root / name).stat()
    (root / name).write_bytes(content[:length])
    os.utime(root / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as a disk does it
    with pytest.raises(DataError, match=Path(name).name) as caught:
        take(root)
    assert isinstance(caught.value, DamagedFileError | PrintError)
