"""Files behind a path, read for several patterns with the archive unpacked once."""

import tarfile
from pathlib import Path

import pytest

from intralpha.sources.files import PathError, members, reading
from intralpha.sources.source import SourceError

FILES = {"b/x.bin": b"\x00\x01", "b/y.bin": b"\x02", "c/z.txt": b"words"}


@pytest.fixture(params=["folder", "a.tar", "a.tar.xz", "a.tar.gz", "a.tgz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if request.param == "folder":
        return folder
    kind = {"a.tar": "", "a.tar.xz": "xz"}.get(request.param, "gz")
    with tarfile.open(tmp_path / request.param, f"w:{kind}") as archive:
        for name in FILES:
            archive.add(folder / name, name)
    return tmp_path / request.param


def test_patterns_one_after_the_other(path: Path) -> None:
    with reading(str(path)) as read:
        assert dict(read("*.txt")) == {"c/z.txt": b"words"}
        assert dict(read("b/*")) == {n: c for n, c in FILES.items() if n.startswith("b/")}
        assert dict(read("*")) == dict(members(str(path))) == FILES
        with pytest.raises(PathError, match=r"no file fits '\*\.csv'"):
            list(read("*.csv"))


@pytest.mark.parametrize("path", ["a.tar.xz", "a.tar.gz"], indirect=True)
def test_an_archive_that_is_cut_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])
    damaged = pytest.raises(SourceError, match=f"{path.name}: found a damaged archive")
    with damaged, reading(str(path)) as read:
        list(read("*"))
