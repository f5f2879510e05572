"""local: this process, or several of this machine."""

from collections.abc import Callable, Generator, Sequence
from typing import Literal, TypeVar

from intralpha.executors.executor import Executor, ExecutorSpec
from intralpha.executors.processes import Processes

Job = TypeVar("Job")
Result = TypeVar("Result")


class LocalSpec(ExecutorSpec):
    """Processes of this machine; with one worker, the process that runs the recipe."""

    kind: Literal["local"] = "local"

    def open(self, workers: int) -> Executor:
        """See :meth:`ExecutorSpec.open`."""
        return Here() if workers == 1 else Processes(workers)


class Here(Executor):
    """Jobs one after the other, in this process."""

    workers = 1
    elsewhere = False

    def as_finished(
        self, work: Callable[[Job], Result], jobs: Sequence[Job]
    ) -> Generator[tuple[int, Result]]:
        """See :meth:`Executor.as_finished`."""
        yield from ((at, work(job)) for at, job in enumerate(jobs))

    def close(self) -> None:
        """Nothing was begun."""
