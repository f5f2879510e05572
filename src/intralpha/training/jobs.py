"""Independent jobs over processes, one torch thread each: results do not depend on how many."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
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
    The first error of a job; jobs that have not begun are dropped.
    """
    results: dict[int, Result] = {}
    for at, result in _as_finished(work, jobs, min(workers, len(jobs))):
        results[at] = result
        if watch is not None:
            watch(at)
    return [results[at] for at in range(len(jobs))]


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread and deterministic algorithms inside the block, as before after it."""
    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def _as_finished(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[tuple[int, Result]]:
    """Place and result of each job, as they finish."""
    if workers <= 1:
        yield from ((at, _alone(work, job)) for at, job in enumerate(jobs))
        return
    # Processes load the plug-ins of this one before they are given a job that may be made of them.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=load_plugins) as pool:
        places = {pool.submit(_alone, work, job): at for at, job in enumerate(jobs)}
        try:
            yield from ((places[done], done.result()) for done in as_completed(places))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _alone(work: Callable[[Job], Result], job: Job) -> Result:
    with one_thread():
        return work(job)
