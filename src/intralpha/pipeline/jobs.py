"""Jobs: the missing slices of a node, made in this process or handed to workers."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from socket import gethostname
from time import perf_counter

from intralpha.base import DataError
from intralpha.base.node import Node
from intralpha.base.progress import progress
from intralpha.executors import Executor
from intralpha.pipeline.address import digest_of
from intralpha.pipeline.execute import Slices, make_block, work_folder
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.store import DAYS

log = logging.getLogger(__name__)
LEAST_DAYS = 20  # in a job: each reads the sessions before its first day again


class OtherWorkerError(DataError):
    """A worker's data or code are not those of the process that hands over the work."""

    def __init__(self, node: str, machine: str) -> None:
        self.node, self.machine = node, machine
        super().__init__(
            f"a worker on {machine} would make other values of {node} than this process: it finds "
            "other data in the lake, or has another version of the code.\n"
            "Hint: the lake must be the same folder for all, and the package the same version."
        )


def make_node(plan: Plan, node: Node, executor: Executor, show_progress: bool) -> int:
    """Make the missing slices of a node; returns how many were made.

    Parameters
    ----------
    plan : addresses and store
    node : one of the plan's, whose inputs are made
    executor : where parts of it are made, as long as no slice needs another
    show_progress : whether to draw bars on stderr
    """
    missing = plan.missing(node)
    apart = executor.elsewhere and node.name not in node.inputs.values()
    parts = _parts(missing, node, executor.workers) if apart else ()
    if len(parts) > 1:
        _hand_over(plan, node, parts, executor, show_progress)
    else:
        whole = [missing] if missing else []
        for part in _blocks(missing, node.block) if node.form == DAYS else whole:
            started, count = perf_counter(), len(part)
            make_block(plan, node, part, part, show_progress)
            log.info("made    %s: %d of it in %.1f s", node.name, count, perf_counter() - started)
    if node.form != DAYS and missing:
        plan.store.discard(work_folder(plan, node, missing))
    return len(missing)


def _blocks(missing: Slices, size: int) -> Iterator[Slices]:
    yield from (missing[i : i + size] for i in range(0, len(missing), size))


def _parts(missing: Slices, node: Node, workers: int) -> tuple[Slices, ...]:
    """What one job makes each: a folder or some, or as many days as give every worker some."""
    if node.form != DAYS:
        return tuple(_blocks(missing, node.at_once))
    share = max(-(-len(missing) // workers), LEAST_DAYS)
    return tuple(_blocks(missing, min(share, node.block)))


def _hand_over(
    plan: Plan, node: Node, parts: tuple[Slices, ...], executor: Executor, show_progress: bool
) -> None:
    """Have parts of a node made by workers, who keep them as soon as they are whole."""
    together = tuple(one for part in parts for one in part)
    jobs = [SliceJob.of(plan, node, p, p if node.form == DAYS else together) for p in parts]
    done = 0

    def place(name: str) -> Path:
        return plan.store.work(node.kind, plan.addresses[node.name][name])

    with progress(show_progress) as bar, ExitStack() as watching:
        if node.watch is not None:
            watching.enter_context(node.watch(node.spec, together, place, bar))
        shown = bar.add_task(node.name, total=len(together))

        def tell(at: int) -> None:
            nonlocal done
            done += len(parts[at])
            bar.advance(shown, len(parts[at]))
            log.info("made    %s: %d of %d", node.name, done, len(together))

        executor.run(make_slices, jobs, tell)


@dataclass(frozen=True)
class SliceJob:
    """Some slices of a node as a job: what to make, not how.

    Attributes
    ----------
    world : the plan that they are of
    node, slices : names
    together : names of the slices whose inputs are laid out, see :func:`make_block`
    address : hash of the addresses of the slices
    """

    world: "World"
    node: str
    slices: tuple[str, ...]
    together: tuple[str, ...]
    address: str

    @staticmethod
    def of(plan: Plan, node: Node, part: Slices, together: Slices) -> "SliceJob":
        """The job of some slices.

        Parameters
        ----------
        plan : with the node
        node : whose slices
        part : the slices
        together : slices whose inputs are laid out
        """
        names, all_names = (tuple(one.name for one in some) for some in (part, together))
        key = digest_of((str(plan.store.root), str(plan.lake_root), *plan.keys.values()))
        world = World(key, replace(plan))  # a copy has nothing worked out
        return SliceJob(world, node.name, names, all_names, _address(plan, node.name, names))


def make_slices(job: SliceJob) -> None:
    """Make some slices and keep them, wherever this process runs.

    Parameters
    ----------
    job : which; slices that are kept already (by a worker that was thought lost) are left alone

    Raises
    ------
    OtherWorkerError
        Here the same slices have other addresses.
    """
    plan = _worked_out(job.world)
    if _address(plan, job.node, job.slices) != job.address:
        raise OtherWorkerError(job.node, gethostname())
    node = plan.node(job.node)
    there = {one.name: one for one in node.slices}
    missing = {one.name for one in plan.missing(node)}
    part = tuple(there[name] for name in job.slices if name in missing)
    if part:
        make_block(plan, node, part, tuple(there[name] for name in job.together))


@dataclass(frozen=True)
class World:
    """A plan as it is handed over.

    Attributes
    ----------
    key : hash of its store, its lake and all its addresses
    plan : with nothing worked out
    """

    key: str
    plan: Plan = field(compare=False)


@lru_cache(maxsize=1)
def _worked_out(world: World) -> Plan:
    """One plan for all jobs of a world: what a worker has worked out of it stays."""
    return world.plan


def _address(plan: Plan, node: str, names: tuple[str, ...]) -> str:
    keys = plan.addresses.get(node, {})
    return digest_of(keys.get(name, "") for name in names)
