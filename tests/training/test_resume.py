"""kill -9 in the middle of an epoch: the rest of the training is that of one never cut off."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed.py")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, str(SCRIPT), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pooled", "ema", "last"])
def test_a_process_that_was_killed_goes_on_bit_for_bit(trained: Path, name: str) -> None:
    """Networks, optimisers, schedules, averages and batches: what each case has stands there."""
    folder = trained / name
    whole, cut = folder / "whole", folder / "cut"
    assert (folder / "said").read_text() == f"{int(signal.SIGKILL)} state"
    assert json.loads((folder / "facts.json").read_text())["epoch"] == 2, "killed in the third"
    for file in ("weights.safetensors", "history.json"):
        assert (cut / file).read_bytes() == (whole / file).read_bytes(), file
    calls = [int((part / "calls").read_text()) for part in (whole, cut)]
    assert 2 * calls[1] == calls[0], "two epochs of four were trained again"
