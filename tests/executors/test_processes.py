"""Jobs in this process and in others: order, threads, errors, how they end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from intralpha.base import DataError
from intralpha.executors import LocalSpec, LostWorkersError, Processes


def answer(value: int) -> tuple[int, str | None, int]:
    time.sleep(0.3 / (value + 1))  # the first is the last to finish
    return value, os.environ.get("OMP_NUM_THREADS"), os.getpid()


def refuse(value: int) -> None:
    raise ValueError("not this one")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_stand_in_the_order_of_the_jobs(workers: int) -> None:
    seen: list[int] = []
    with LocalSpec().open(workers) as executor:
        found = executor.run(answer, range(6), seen.append)
        again = executor.run(answer, (7,))
    assert [f[0] for f in found] == [*range(6)]
    assert sorted(seen) == [*range(6)]
    assert workers > 1 or seen == [*range(6)]
    assert (os.getpid() in {f[2] for f in found}) == (workers == 1)
    assert len({f[2] for f in found + again}) == workers, "they are kept from one run to the next"


def test_each_process_has_its_share_of_the_cores_for_threads() -> None:
    workers = 2
    with Processes(workers) as executor:
        found = executor.run(answer, range(2))
    share = max(len(os.sched_getaffinity(0)) // workers, 1)
    assert {f[1] for f in found} == {str(share)}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_error_of_a_job_is_raised(workers: int) -> None:
    with LocalSpec().open(workers) as executor:
        with pytest.raises(ValueError, match="not this one"):
            executor.run(refuse, (1, 1))
        assert executor.run(answer, (3,))[0][0] == 3, "others can follow"


class NotThisOneError(DataError):
    def __init__(self, value: int, why: str) -> None:
        self.value = value
        super().__init__(f"{value}: {why}")


def refuse_with_facts(value: int) -> None:
    raise NotThisOneError(value, "not this one")


def test_an_error_of_ours_crosses_processes_with_its_facts() -> None:
    with Processes(2) as executor, pytest.raises(NotThisOneError, match=": not") as caught:
        executor.run(refuse_with_facts, (1, 1))
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
        with Processes(2) as executor:
            found = executor.run(surroundings, ("OF_A_TEST", "OF_A_TEST"))
        assert found == [(value, str(folder))] * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_no_jobs(workers: int) -> None:
    with LocalSpec().open(workers) as executor:
        assert executor.run(answer, ()) == []


def die_once(place: Path) -> str:
    if place.name == "b" and not place.exists():
        place.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return place.name


def die(place: Path) -> None:
    with place.open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_job_whose_worker_was_lost_is_begun_again(tmp_path: Path) -> None:
    with Processes(2) as executor:
        found = executor.run(die_once, [tmp_path / name for name in "abc"])
    assert found == ["a", "b", "c"]
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_workers_that_are_lost_again_and_again_are_told(tmp_path: Path) -> None:
    with Processes(1) as executor, pytest.raises(LostWorkersError, match="3 times with 1 jobs"):
        executor.run(die, (tmp_path / "tries",))
    assert (tmp_path / "tries").read_text() == "xxx"


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

    with Processes(2) as executor, pytest.raises(DataError, match="not 0"):
        executor.run(note, ((tmp_path / "0", 0), (tmp_path / "1", 60)), refuse_all)
    assert [p.name for p in tmp_path.iterdir()] == ["0"]


def note(job: tuple[Path, int]) -> None:
    path, seconds = job
    time.sleep(seconds)
    path.touch()
