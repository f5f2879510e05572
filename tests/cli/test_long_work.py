"""Long work as a process: what it says without a terminal, and what Ctrl-C does to it."""

import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from tests.commands import command

RECIPE = """
name: short
data:
  lake: lake
  sources:
    - {kind: simulated, seed: 3, n_assets: 30, start: 2023-01-03, end: 2023-03-15, freq: 30,
       habits: {orders_per_day: 150}}
universe: {min_listed_days: 5, exclude_st: false}
factors:
  simple:
    kind: zscore_mean
    features: {kind: library, library: price_volume, names: [ret20, vol20]}
    signs: {ret20: -1, vol20: -1}
combination: {kind: single}
"""
NODES = ["universe", "features/simple", "score/simple", "signal", "forward", "test"]
COMMAND = [sys.executable, "-m", "intralpha"]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(RECIPE)
    return path


def interrupted(
    folder: Path, words: list[str], line: str, environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """Exit code and the rest of stderr of a command that gets Ctrl-C when it says a line."""
    running = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | (environment or {}),
    )
    try:
        assert running.stderr is not None
        assert any(line in said for said in running.stderr), f"it ended without saying {line}"
        os.killpg(running.pid, signal.SIGINT)
        _, rest = running.communicate(timeout=120)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    return running.returncode, rest


def run(recipe: Path) -> subprocess.CompletedProcess[str]:
    done = command("run", recipe.name, folder=recipe.parent)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_a_run_that_was_interrupted_says_so_and_goes_on_from_there(recipe: Path) -> None:
    code, said = interrupted(recipe.parent, ["run", recipe.name], "make    features/simple")
    assert code == 130
    assert said.endswith(
        "\nInterrupted. What was finished is kept: the same command goes on from there.\n"
    )
    assert "Traceback" not in said
    again = run(recipe)
    assert "ingest" not in again.stderr
    made = re.findall(r"INFO make +(\S+): ", again.stderr)
    assert "universe" not in made
    assert made[-5:] == NODES[1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "again"),
    [
        pytest.param(
            ["demo", "--fresh"],
            "the same command without --fresh goes on",
            marks=pytest.mark.slow,
        ),
        (["ingest", "short.yaml"], "the same command goes on"),
        pytest.param(
            ["audit", "short.yaml", "--after", "2023-02-28"],
            "the same command goes on",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_every_long_verb_says_it(recipe: Path, words: list[str], again: str) -> None:
    code, said = interrupted(recipe.parent, words, "ingest simulated")
    assert code == 130
    assert f"Interrupted. What was finished is kept: {again} from there." in said
    assert "Traceback" not in said


@pytest.mark.parametrize("module", ["ast", "logging", "typer"])
def test_so_does_the_first_moment(tmp_path: Path, module: str) -> None:
    """A module that is never done importing: the command has imported some, and begun nothing."""
    slow = "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(600)\n"
    (tmp_path / f"{module}.py").write_text(slow)
    place = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    code, said = interrupted(tmp_path, ["ls"], "importing", place)
    # While our own package is imported Python ends by the signal: 130 for a shell.
    assert code == (-signal.SIGINT if module == "ast" else 130)
    assert said == "\nInterrupted before anything began.\n"


def test_a_run_without_a_terminal_says_what_it_begins_and_what_it_has_done(recipe: Path) -> None:
    done = run(recipe)
    lines = done.stderr.splitlines()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO "
    assert all(re.match(stamp, line) for line in lines), "no blank line, no half bar"
    steps = [re.sub(stamp, "", line) for line in lines]
    assert steps[0].startswith("ingest simulated -> ")
    for name in NODES:
        begun = next(i for i, s in enumerate(steps) if re.match(rf"make +{name}: (\d+) of \1$", s))
        assert re.match(rf"made +{name}: \d+ of it in [\d.]+ s$", steps[begun + 1])
    assert "INFO" not in done.stdout
    assert "report: " in done.stdout
    assert run(recipe).stderr == "", "nothing was to do"


@pytest.mark.slow
def test_on_a_terminal_steps_are_not_logged(recipe: Path) -> None:
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, "run", recipe.name],
        cwd=recipe.parent,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # that is how a terminal ends
        while part := os.read(ours, 4096):
            seen += part
    os.close(ours)
    assert running.wait() == 0
    assert b"simulated -> bars" in seen, "the bar"
    assert b"made" not in seen
