"""Processes: jobs in processes of this machine, which share its cores."""

import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from intralpha.base.plugins import load_plugins
from intralpha.executors.executor import Executor, LostWorkersError

Job = TypeVar("Job")
Result = TypeVar("Result")
TRIES = 3  # times in a row, no job done between them, until lost workers are given up
AHEAD = 2  # jobs that wait for a worker, times the number of workers
THREADS = ("OMP_NUM_THREADS", "INTRALPHA_THREADS", "POLARS_MAX_THREADS")


class Processes(Executor):
    """Processes of this machine, begun at the first job and kept until the end.

    Parameters
    ----------
    workers : of them; each has its share of the cores for threads of its own

    Notes
    -----
    They are not forked from this process, which has threads, but from one that has only imported
    what this one has imported of the package. They do not hear Ctrl-C, which a terminal sends to
    all: this process answers for them. They do not outlive it, however it ends.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[Any] = set()

    def as_finished(
        self, work: Callable[[Job], Result], jobs: Sequence[Job]
    ) -> Generator[tuple[int, Result]]:
        """See :meth:`Executor.as_finished`."""
        left, lost = dict(enumerate(jobs)), 0
        while left:
            try:
                for at, result in self._pass(work, left):
                    del left[at]
                    lost = 0
                    yield at, result
            except BrokenProcessPool as error:
                self.close()
                lost += 1
                if lost == TRIES:
                    raise LostWorkersError(lost, len(left), str(error).rstrip(".")) from error

    def _pass(
        self, work: Callable[[Job], Result], left: dict[int, Job]
    ) -> Generator[tuple[int, Result]]:
        """Each job once; of those that wait, only a few are handed over."""
        queue = iter(list(left.items()))
        running: dict[Future[Result], int] = {}
        try:
            while True:
                pool = self._begun()
                with deaf_to_interrupts():  # a pool begins its processes when it is given jobs
                    while len(running) < AHEAD * self.workers and (one := next(queue, None)):
                        running[pool.submit(work, one[1])] = one[0]
                if not running:
                    return
                # A wait without an end would not hear Ctrl-C: polars' handler restarts waits.
                done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
                for ended in done:
                    yield running.pop(ended), ended.result()
        except BaseException as error:
            self._stop(at_once=not isinstance(error, Exception))
            raise

    def _begun(self) -> ProcessPoolExecutor:
        if self._pool is None:
            fresh = get_context("forkserver")
            fresh.set_forkserver_preload([n for n in sys.modules if n.startswith("intralpha.")])
            self._others = {*active_children()}
            around = dict(os.environ) | dict.fromkeys(THREADS, str(self._threads))
            self._pool = ProcessPoolExecutor(self.workers, fresh, _begin, (around,))
        return self._pool

    @property
    def _threads(self) -> int:
        return max(len(os.sched_getaffinity(0)) // self.workers, 1)

    def _stop(self, at_once: bool) -> None:
        """Drop what has not begun; at once: what has begun, too."""
        if self._pool is not None:
            self._pool.shutdown(wait=not at_once, cancel_futures=True)
            for worker in {*active_children()} - self._others if at_once else ():
                worker.terminate()
            self._pool = None

    def close(self) -> None:
        """See :meth:`Executor.close`."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _begin(environment: dict[str, str]) -> None:
    """Begin a worker: with our environment of now and the plug-ins that its jobs may be made of,
    deaf to interrupts, and not to outlive us.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.clear()
    os.environ.update(environment)
    Thread(target=_end_with_parent, daemon=True).start()
    load_plugins()


def _end_with_parent() -> None:
    """End this process when the one that began it is gone, however it went.

    Whoever runs the same again would work in the same folders as a worker that went on.
    """
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that begin in the block never hear Ctrl-C: this one hears it after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
