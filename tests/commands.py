"""Commands and scripts in processes of their own that have imported everything already.

Python, the libraries and the package take two seconds to import, most commands far less to run. One
process imports them once for all workers and forks at every request; its child changes folder and
environment, and from there on it is the process that somebody would have started: its own output,
exit code, threads and plug-ins. How a process starts from nothing is tested in test_package,
cli/test_check and cli/test_long_work.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

COMMAND = "from intralpha.cli import main; main(own_process=False)"
SERVER = """
import gc, json, os, select, signal, socket, sys

import exchange_calendars, highspy, numba, pandas, polars, pyarrow.parquet
import rich.logging, rich.progress, scipy.optimize, scipy.stats, torch._dynamo

import intralpha.cli.main
from intralpha.backtest import replay
from intralpha.pipeline import audit_recipe, execute, explain_key, load_recipe, plan, render_report
from intralpha.pipeline.code import Look
from intralpha.report import Chart, Line, draw
from intralpha.sources import ingest
from intralpha.testing import check_specs
from intralpha.executors import LocalSpec
from intralpha.training import train_fold
from tests.compiling import compile_once

compile_once()
look = Look()
for name in [name for name in sys.modules if name.startswith("intralpha")]:
    look.source(name)  # parsed by every plan, kept until the file changes
draw(Chart("", "", (Line([0], [0.0]),)))
gc.collect()
gc.freeze()
# A fork takes along one thread only: no pool may have begun. What runs cleans up for allocators,
# which know of forks, and in a folder for spilled rows that nothing uses.
names = {open(f"/proc/self/task/{t}/comm").read().strip() for t in os.listdir("/proc/self/task")}
assert names <= {"python", "python3", "python3.11", "jemalloc_bg_thd", "polars-ooc-clea"}, names
place, alive = sys.argv[1], int(sys.argv[2])
listening = socket.socket(socket.AF_UNIX)
listening.bind(place)
listening.listen(64)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who answers
print("ready", flush=True)
while True:
    ready, _, _ = select.select([listening, alive], [], [])
    if alive in ready:  # whoever ran tests has ended
        os._exit(0)
    asking, _ = listening.accept()
    if os.fork():
        asking.close()
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    listening.close()
    os.close(alive)
    asked = json.loads(asking.makefile().readline())
    child = os.fork()
    if not child:
        asking.close()
        break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asking.sendall(f"{status}\\n".encode())
    os._exit(0)
os.chdir(asked["folder"])
os.environ.clear()
os.environ.update(asked["environment"])
sys.argv = ["-c", *asked["words"]]
known = {os.path.abspath(place) for place in sys.path if place}
told = os.environ.get("PYTHONPATH", "").split(os.pathsep)
sys.path[1:1] = [place for place in told if place and os.path.abspath(place) not in known]
for number, path in enumerate((os.devnull, asked["out"], asked["err"])):
    os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
"""


# Made before workers are forked: the last of them to end closes it.
ALIVE, _OURS = os.pipe()
HERE = TemporaryDirectory(prefix="commands")
PLACE = Path(HERE.name) / "place"
started: "list[subprocess.Popen[str]]" = []


def server() -> socket.socket:
    """A line to the process that forks, which the first request of all starts."""
    with (Path(HERE.name) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not PLACE.exists():
            words = [sys.executable, "-W", "error::RuntimeWarning", "-c", SERVER, PLACE, str(ALIVE)]
            begun = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, pass_fds=[ALIVE])
            assert begun.stdout is not None
            assert begun.stdout.readline() == "ready\n"
            started.append(begun)
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(PLACE))
    return line


def command(
    *words: str,
    code: str = COMMAND,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run the command line, or a script, as ``python -c code *words`` would, and wait for it.

    Parameters
    ----------
    words : what follows the name of the command
    code : a script instead of the command line
    folder : where it works; here by default
    environment : beside that of this process
    """
    with TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        asked = {
            "words": words,
            "code": code,
            "folder": str(folder or Path.cwd()),
            "environment": {**os.environ, **(environment or {})},
            "out": str(out),
            "err": str(err),
        }
        with server() as line:
            line.sendall(json.dumps(asked).encode() + b"\n")
            status = int(line.makefile().readline())
        return subprocess.CompletedProcess(words, status, out.read_text(), err.read_text())
