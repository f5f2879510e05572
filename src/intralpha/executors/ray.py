"""ray: a cluster of machines that share a folder."""

import logging
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, TypeVar

from pydantic import Field

from intralpha.base import ConfigError
from intralpha.base.plugins import VARIABLE, load_plugins
from intralpha.executors.executor import Executor, ExecutorSpec, LostWorkersError
from intralpha.executors.processes import THREADS

Job = TypeVar("Job")
Result = TypeVar("Result")


class NoRayError(ConfigError):
    """Ray was asked for, and it is not installed or no cluster answers."""

    def __init__(self, address: str, why: str) -> None:
        self.address, self.why = address, why
        super().__init__(
            f"executor: ray at {address}: {why}.\n"
            "Hint: `pip install intralpha[ray]`; `ray start --head` begins a cluster, and "
            "`ray start --address=HOST:6379` on another machine joins it."
        )


class RaySpec(ExecutorSpec):
    """Tasks of a Ray cluster (extra ``intralpha[ray]``); Ray's core alone is used.

    Jobs are handed over as paths and settings; what they make goes to the artifact store, and only
    addresses come back. So every machine must see the lake and the store under the same paths, and
    have the same version of this package: a job that finds other data or other code than this
    process says so.
    """

    kind: Literal["ray"] = "ray"
    address: str = Field(
        default="auto", description="HOST:PORT of the cluster; auto: the one this machine is in"
    )
    cores: float = Field(default=1.0, gt=0, description="of a machine that a job takes")
    retries: int = Field(
        default=3, ge=0, description="times that a job is begun again whose worker was lost"
    )

    def open(self, workers: int) -> Executor:
        """See :meth:`ExecutorSpec.open`."""
        return RayTasks(self, workers)


class RayTasks(Executor):
    """Tasks of a cluster, of which only so many wait or run at a time.

    Parameters
    ----------
    spec : of the cluster
    workers : tasks that are handed over at a time
    """

    def __init__(self, spec: RaySpec, workers: int) -> None:
        self.workers, self._spec = workers, spec
        self._joined = False

    @cached_property
    def _ray(self) -> Any:
        """The library, when this process is in the cluster: not before there is a job."""
        try:
            ray = import_module("ray")
        except ImportError as error:
            raise NoRayError(self._spec.address, "the package ray is not installed") from error
        if not ray.is_initialized():
            try:
                ray.init(
                    address=self._spec.address, log_to_driver=False, logging_level=logging.ERROR
                )
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise NoRayError(self._spec.address, str(error).splitlines()[0]) from error
            self._joined = True
        return ray

    def as_finished(
        self, work: Callable[[Job], Result], jobs: Sequence[Job]
    ) -> Generator[tuple[int, Result]]:
        """See :meth:`Executor.as_finished`.

        Raises
        ------
        NoRayError
        """
        ray, queue = self._ray, iter(enumerate(jobs))
        task = ray.remote(num_cpus=self._spec.cores, max_retries=self._spec.retries)(_work)
        around = {n: os.environ[n] for n in (VARIABLE,) if n in os.environ}
        around |= dict.fromkeys(THREADS, str(max(int(self._spec.cores), 1)))
        running: dict[Any, int] = {}
        try:
            while True:
                while len(running) < self.workers and (one := next(queue, None)):
                    running[task.remote(work, one[1], around)] = one[0]
                if not running:
                    return
                done, _ = ray.wait(list(running), num_returns=1)
                yield running.pop(done[0]), self._result(done[0], len(running) + 1)
        except BaseException:
            for one in running:
                with suppress(ray.exceptions.RayError):
                    ray.cancel(one, force=True)
            raise

    def _result(self, done: Any, left: int) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(done)
        except errors.RayTaskError as error:
            raise error.cause from error
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:
            why = str(error).splitlines()[0]
            raise LostWorkersError(self._spec.retries + 1, left, why) from error

    def close(self) -> None:
        """Leave the cluster, if this process was not in it before."""
        if self._joined:
            self._ray.shutdown()


def _work(work: Callable[[Job], Result], job: Job, around: dict[str, str]) -> Result:
    """A job in a process of the cluster."""
    os.environ.update(around)
    load_plugins()
    return work(job)
