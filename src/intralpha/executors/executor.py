"""ExecutorSpec: where independent jobs run, one kind a file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from types import TracebackType
from typing import ClassVar, TypeVar

from intralpha.base import IntralphaError, Kinded

Job = TypeVar("Job")
Result = TypeVar("Result")


class LostWorkersError(IntralphaError):
    """Processes ended in the middle of jobs, again and again."""

    def __init__(self, times: int, jobs: int, why: str) -> None:
        self.times, self.jobs = times, jobs
        super().__init__(
            f"workers were lost {times} times with {jobs} jobs unfinished; the last time: {why}.\n"
            "Hint: most often the system killed them for their memory: fewer `workers`, or more "
            "of it. What is finished is kept; the same command goes on."
        )


class Executor(ABC):
    """Where jobs run; a context manager that ends what it began.

    Attributes
    ----------
    workers : jobs at a time
    elsewhere : whether they run in other processes than this one
    """

    workers: int
    elsewhere: bool = True

    @abstractmethod
    def as_finished(
        self, work: Callable[[Job], Result], jobs: Sequence[Job]
    ) -> Generator[tuple[int, Result]]:
        """Place and result of each job, as they finish.

        Parameters
        ----------
        work : a function of a module
        jobs : values that can be pickled; none needs another. A job whose worker is lost is begun
            again, so that it must be able to go on from what it left
        """

    def run(
        self,
        work: Callable[[Job], Result],
        jobs: Sequence[Job],
        watch: Callable[[int], None] | None = None,
    ) -> list[Result]:
        """Run every job.

        Parameters
        ----------
        work : what is done with a job, a function of a module
        jobs : as in :meth:`as_finished`
        watch : called after each job with its place among the jobs, as they finish

        Returns
        -------
        list of what the jobs returned, in their order
            The number of workers, and where they are, change nothing but the time.

        Raises
        ------
        The first error of a job; jobs that have not begun are dropped. What stops this process,
        such as Ctrl-C, ends the others at once, in the middle of their jobs.
        LostWorkersError
            Workers end by themselves, again and again.
        """
        results: dict[int, Result] = {}
        with closing(self.as_finished(work, jobs)) as finished:
            for at, result in finished:
                results[at] = result
                if watch is not None:
                    watch(at)
        return [results[at] for at in range(len(jobs))]

    @abstractmethod
    def close(self) -> None:
        """End what was begun."""

    def __enter__(self) -> "Executor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class ExecutorSpec(Kinded):
    """Where the independent work of a recipe is done. A new one is one new file."""

    homes = ("intralpha.executors",)
    default_kind: ClassVar[str | None] = "local"

    def open(self, workers: int) -> Executor:
        """What runs jobs, to be closed after use.

        Parameters
        ----------
        workers : jobs at a time, at least 1
        """
        raise NotImplementedError
