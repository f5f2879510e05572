"""Independent jobs over processes, one torch thread each: results do not depend on how many."""

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import TypeVar

import torch

from intralpha.base.plugins import load_plugins

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_jobs(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    watch: Callable[[int], None] | None = None,
) -> list[Result]:
    """Run every job, in this process or in several.

    Parameters
    ----------
    work : what is done with a job, a function of a module
    jobs : values that can be pickled; none needs another
    workers : processes; 1 or less runs all jobs here
    watch : called after each job with its place among the jobs, as they finish

    Returns
    -------
    list of what the jobs returned, in their order
        Every job sees one torch thread and deterministic algorithms, so ``workers`` changes
        nothing but the time.

    Raises
    ------
    The first error of a job; jobs that have not begun are dropped. What stops this process, such as
    Ctrl-C, or an error of ``watch``, ends the others at once, in the middle of their jobs.
    """
    results: dict[int, Result] = {}
    with closing(_as_finished(work, jobs, min(workers, len(jobs)))) as finished:
        for at, result in finished:
            results[at] = result
            if watch is not None:
                watch(at)
    return [results[at] for at in range(len(jobs))]


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread and deterministic algorithms inside the block, as before after it."""
    threads, before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(1)
    # What torch.use_deterministic_algorithms sets, without its import of a compiler: three seconds.
    torch.set_deterministic_debug_mode("error")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(before)


def _as_finished(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Generator[tuple[int, Result]]:
    """Place and result of each job, as they finish."""
    if workers <= 1:
        yield from ((at, _alone(work, job)) for at, job in enumerate(jobs))
        return
    before = {*active_children()}
    # Not forked from this process, which has threads, but from one that has only imported torch.
    fresh = get_context("forkserver")
    fresh.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, fresh, _begin, (dict(os.environ),)) as pool:
        with _deaf_to_interrupts():
            places = {pool.submit(_alone, work, job): at for at, job in enumerate(jobs)}
        waiting = {*places}
        try:
            while waiting:
                # A wait without an end would not hear Ctrl-C: polars' handler of it restarts waits.
                done, waiting = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
                yield from ((places[one], one.result()) for one in done)
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, Exception):
                for worker in {*active_children()} - before:
                    worker.terminate()
            raise


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

    Whoever runs the same again would train into the same folders as a worker that went on.
    """
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that begin in the block never hear Ctrl-C, which a terminal sends to all of them:
    this one hears it after the block, and answers for all.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _alone(work: Callable[[Job], Result], job: Job) -> Result:
    with one_thread():
        return work(job)
