"""Workers that are forked once everything is collected.

Importing the package, its libraries and the tests takes half a minute. A worker that is a process
of its own does it again; one that is forked has it, and the memory is shared. Workers take files,
those that take longest first, so that what the tests of a file share is made once.

What tests import only when they run would be imported by every worker, and each would parse the
package's sources, which a plan looks through: both is done before.

A fork takes along one thread only: no pool may have begun by then. A test file that reads a table
while it is imported begins one; it is named, and does so in a function instead.
"""

import gc
import os
import pickle
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby, zip_longest
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from pkgutil import walk_packages
from traceback import format_exc
from typing import Any

import pytest

ALONE = {"python", "python3", "python3.11", "pytest", "jemalloc_bg_thd", "polars-ooc-clea"}
# Folders whose tests take longest, a file of each in turn: the files of one folder compile the same
# kernels and wait for the same run. The others fill what is left of the workers' time.
LONGEST = (
    "tests/pipeline",
    "tests/features",
    "tests/plugins",
    "tests/sources",
    "tests/research",
    "tests/cli",
    "tests/training",
    "tests/audit",
)
# A network's optimiser imports all of torch's compiler; a market opens the calendar; overloads of
# numba come with the first kernel.
LATER = ("torch._dynamo", "exchange_calendars", "numba.typed")
MANY = 1_000  # tests, for which this is worth its seconds
PLACE = struct.Struct("i")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=1, help="processes that run tests")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Name the file that began threads."""
    if not _begun and (names := _threads() - ALONE):
        _begun.extend((report.nodeid, ", ".join(sorted(names))))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the items in several processes; pytest's own loop where one is wanted."""
    workers = session.config.getoption("workers")
    alone = workers < 2 or session.config.option.collectonly or session.testsfailed
    if not alone and len(session.items) >= MANY:
        _import_for_all()
    gc.freeze()  # all that was imported
    gc.enable()
    if alone:
        return None
    if _begun:
        raise pytest.UsageError(
            "{} began threads ({}): no worker can be forked. Read tables in a function.".format(
                *_begun
            )
        )
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    units = _units(session.items)
    places, give = os.pipe()
    os.write(give, b"".join(PLACE.pack(at) for at in range(len(units))))
    os.close(give)
    running = [_begin(session, units, places) for _ in range(min(workers, len(units)))]
    os.close(places)
    _tell(session, running)
    return True


@dataclass
class Worker:
    """A process, the end of its pipe, the test that it is at, and why it ended before its time."""

    process: int
    pipe: Connection
    at: str = ""
    why: str = ""


_begun: list[str] = []


def _import_for_all() -> None:
    """Everything but what needs a library that is not installed."""
    import intralpha
    from intralpha.pipeline.code import Look

    found = [one.name for one in walk_packages(intralpha.__path__, "intralpha.", str)]
    for name in (*LATER, *found):
        if not name.endswith("__main__"):
            with suppress(ModuleNotFoundError):
                import_module(name)
    look = Look()
    for name in found:
        look.source(name)
    if more := _threads() - ALONE:
        _begun.extend(("The package", ", ".join(sorted(more))))


def _threads() -> set[str]:
    tasks = Path("/proc/self/task")
    return (
        {(one / "comm").read_text().strip() for one in tasks.iterdir()} if tasks.exists() else set()
    )


def _units(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    """Items file by file, longest folders in turn, and of each first the file with most tests."""
    folders: list[list[list[pytest.Item]]] = [[] for _ in range(len(LONGEST) + 1)]
    for _, of in groupby(items, key=lambda item: item.path):
        file = list(of)
        folders[_rank(file[0])].append(file)
    *longest, others = (sorted(files, key=len, reverse=True) for files in folders)
    in_turn = (file for row in zip_longest(*longest) for file in row if file)
    return [*in_turn, *others]


def _rank(item: pytest.Item) -> int:
    ranks = (at for at, folder in enumerate(LONGEST) if item.nodeid.startswith(folder))
    return next(ranks, len(LONGEST))


def _begin(session: pytest.Session, units: list[list[pytest.Item]], places: int) -> Worker:
    here, there = Pipe(duplex=False)
    process = os.fork()
    if process:
        there.close()
        return Worker(process, here)
    here.close()
    status = 1
    try:
        _work(session, units, places, there)
        status = 0
    except BaseException:
        there.send(format_exc())
    finally:
        os._exit(status)


def _work(
    session: pytest.Session, units: list[list[pytest.Item]], places: int, pipe: Connection
) -> None:
    """What a worker does: item after item of the units that it takes."""
    config = session.config
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()  # the others write to the same file
    capture.start_global_capturing()
    Teller.pipe, Teller.config = pipe, config
    for one in ("terminalreporter", "lfplugin", "nfplugin", "stepwiseplugin"):
        config.pluginmanager.unregister(name=one)
    config.pluginmanager.register(Teller(), "teller")
    items = _taken(units, places)
    item = next(items, None)
    while item is not None:
        pipe.send(item.nodeid)
        after = next(items, None)
        config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        item = after
    pipe.send(None)


def _taken(units: list[list[pytest.Item]], places: int) -> Iterator[pytest.Item]:
    """Units are numbers in a pipe that all workers read from."""
    while taken := os.read(places, PLACE.size):
        yield from units[PLACE.unpack(taken)[0]]


class Teller:
    """Sends reports to the process that prints them."""

    pipe: Connection
    config: pytest.Config

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.pipe.send_bytes(pickle.dumps(data))


def _tell(session: pytest.Session, running: list[Worker]) -> None:
    """Pass on what workers report, until all of them are done."""
    hook, by_pipe = session.config.hook, {worker.pipe: worker for worker in running}
    while by_pipe:
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]
            try:
                said = pickle.loads(worker.pipe.recv_bytes())
            except EOFError:
                del by_pipe[worker.pipe]
                _, status = os.waitpid(worker.process, 0)
                if worker.at or status:
                    _lost(session, worker, os.waitstatus_to_exitcode(status))
                continue
            if isinstance(said, dict):
                report = hook.pytest_report_from_serializable(config=session.config, data=said)
                hook.pytest_runtest_logreport(report=report)
                if report.when == "teardown":
                    hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)
            elif said and said.startswith("Traceback"):
                worker.why = said
            else:
                worker.at = said or ""
        if session.shouldfail:
            _end(by_pipe.values())
            raise session.Failed(session.shouldfail)


def _lost(session: pytest.Session, worker: Worker, status: int) -> None:
    """A worker that ended by itself: the test it was at has failed, the rest of its file too."""
    text = f"the worker ended with {status} in this test; the rest of its file was not run"
    text = "\n".join(filter(None, (text, worker.why)))
    where = worker.at or "a worker"
    report = pytest.TestReport(where, (where, None, where), {}, "failed", text, "call")
    session.config.hook.pytest_runtest_logreport(report=report)


def _end(workers: Any) -> None:
    for worker in workers:
        os.kill(worker.process, 9)
        os.waitpid(worker.process, 0)
