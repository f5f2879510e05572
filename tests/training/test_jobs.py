"""Jobs over processes: order, threads, errors."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from intralpha.base import DataError
from intralpha.training import run_jobs


def answer(value: int) -> tuple[int, int, bool, int]:
    time.sleep(0.3 / (value + 1))  # the first is the last to finish
    return (
        value,
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        os.getpid(),
    )


def refuse(value: int) -> None:
    raise ValueError("not this one")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_stand_in_the_order_of_the_jobs(workers: int) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen: list[int] = []
        found = run_jobs(answer, range(3), workers, seen.append)
        assert torch.get_num_threads() == 2, "as it was before"
    finally:
        torch.set_num_threads(threads)
    assert [f[:3] for f in found] == [(v, 1, True) for v in range(3)]
    assert sorted(seen) == [0, 1, 2]
    assert workers > 1 or seen == [0, 1, 2]
    assert (os.getpid() in {f[3] for f in found}) == (workers == 1)
    assert not torch.are_deterministic_algorithms_enabled()


def test_what_a_process_allows_is_allowed_again() -> None:
    torch.set_deterministic_debug_mode("warn")
    try:
        assert run_jobs(refuses_other_algorithms, (1,), 1) == [True]
        assert torch.get_deterministic_debug_mode() == 1
    finally:
        torch.set_deterministic_debug_mode("default")


def refuses_other_algorithms(_: int) -> bool:
    return not torch.is_deterministic_algorithms_warn_only_enabled()


def test_the_error_of_a_job_is_raised() -> None:
    with pytest.raises(ValueError, match="not this one"):
        run_jobs(refuse, (1,), 1)


class NotThisOneError(DataError):
    def __init__(self, value: int, why: str) -> None:
        self.value = value
        super().__init__(f"{value}: {why}")


def refuse_with_facts(value: int) -> None:
    raise NotThisOneError(value, "not this one")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_ours_crosses_processes_with_its_facts(workers: int) -> None:
    with pytest.raises(NotThisOneError, match=": not this one") as caught:
        run_jobs(refuse_with_facts, (1, 1), workers)
    assert caught.value.value == 1


def surroundings(name: str) -> tuple[str | None, str]:
    return os.environ.get(name), str(Path.cwd())


def test_processes_have_the_surroundings_of_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever they were when processes began for the first time."""
    for value, folder in (("one", tmp_path), (None, Path.cwd())):
        if value is None:
            monkeypatch.delenv("OF_A_TEST")
        else:
            monkeypatch.setenv("OF_A_TEST", value)
        monkeypatch.chdir(folder)
        found = run_jobs(surroundings, ("OF_A_TEST", "OF_A_TEST"), 2)
        assert found == [(value, str(folder))] * 2


def test_no_jobs() -> None:
    assert run_jobs(answer, (), 4) == []


def begun() -> "subprocess.Popen[str]":
    """A process whose two workers are in the middle of jobs that take minutes."""
    running = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("interrupted.py"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    lines = [running.stdout.readline().strip() for _ in range(3)]
    assert lines[0] == "is here"
    assert {*lines[1:]} == {"job 0", "job 1"}
    return running


def ended(running: "subprocess.Popen[str]") -> tuple[str, str]:
    """What it still says; all processes have ended then: each holds the other end of the pipes."""
    try:
        return running.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


@pytest.mark.parametrize("everybody", [True, False], ids=["terminal", "kill"])
def test_ctrl_c_ends_all_processes_in_the_middle_of_their_jobs(everybody: bool) -> None:
    """A terminal sends it to all of them, `kill -INT` to the first one only."""
    running = begun()
    (os.killpg if everybody else os.kill)(running.pid, signal.SIGINT)
    out, errors = ended(running)
    assert out == "", "no other job has begun"
    assert errors.count("Traceback") == 1
    assert errors.strip().endswith("KeyboardInterrupt")
    assert running.returncode == -signal.SIGINT


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_do_not_outlive_the_one_that_began_them(how: signal.Signals) -> None:
    running = begun()
    os.kill(running.pid, how)
    out, _ = ended(running)
    assert out == "", "no other job has begun"
    assert running.returncode == -how


def test_an_error_of_the_watcher_ends_the_other_jobs(tmp_path: Path) -> None:
    def refuse_all(at: int) -> None:
        raise DataError(f"not {at}")

    with pytest.raises(DataError, match="not 0"):
        run_jobs(note, ((tmp_path / "0", 0), (tmp_path / "1", 60)), 2, refuse_all)
    assert [p.name for p in tmp_path.iterdir()] == ["0"]


def note(job: tuple[Path, int]) -> None:
    path, seconds = job
    time.sleep(seconds)
    path.touch()
