"""Turns: who holds a key is alone with it, and others go on meanwhile."""

import os
import time
from pathlib import Path

import pytest

from intralpha.pipeline.turns import in_turn


def held_elsewhere(root: Path, keys: tuple[str, ...], seconds: float) -> int:
    """A process that holds keys for a while, writes a file and ends."""
    child = os.fork()
    if child == 0:
        with in_turn(root, keys):
            (root / "holds").touch()
            time.sleep(seconds)
            (root / "done").touch()
        os._exit(0)
    while not (root / "holds").exists():
        time.sleep(0.01)
    return child


@pytest.mark.parametrize(
    ("keys", "waits"), [(("a", "b"), True), (("b", "c"), True), (("c", "d"), False)]
)
def test_a_key_is_held_by_one(tmp_path: Path, keys: tuple[str, ...], waits: bool) -> None:
    child = held_elsewhere(tmp_path, ("a", "b"), 0.5)
    with in_turn(tmp_path, keys):
        assert (tmp_path / "done").exists() == waits
    assert os.waitpid(child, 0)[1] == 0
    with in_turn(tmp_path, ("a", "b", "c", "d")):
        pass


def test_what_a_process_held_falls_with_it(tmp_path: Path) -> None:
    child = held_elsewhere(tmp_path, ("a",), 60)
    os.kill(child, 9)
    os.waitpid(child, 0)
    with in_turn(tmp_path, ("a",)):
        assert not (tmp_path / "done").exists()
