"""Plan: the steps of a recipe in order, each with its address; and their execution."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from intralpha.base import Panel, spec_hash
from intralpha.market import Lake
from intralpha.pipeline.artifacts import Artifact, Store
from intralpha.pipeline.code_version import code_version
from intralpha.pipeline.recipe import Recipe, expand_path

log = logging.getLogger(__name__)
PENDING = "pending"


@dataclass(frozen=True)
class Step:
    """One piece of work, described before it is done.

    Attributes
    ----------
    name : unique in a plan, such as ``features/gru``
    kind : folder of the store it goes to
    upto : last package folder whose code it may call; part of its address
    spec : everything of the recipe that it depends on
    inputs : names of earlier steps
    make : writes the artifact's files into the folder it is given
    """

    name: str
    kind: str
    upto: str
    spec: Any
    inputs: tuple[str, ...]
    make: Callable[["Workshop", Path], None] = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """Ordered steps of a recipe against one state of the data.

    Attributes
    ----------
    recipe : the resolved recipe
    store : where artifacts are
    lake_root : folder of the lake
    data_version : content hash of the lake, or ``pending`` before the first ingest
    steps : in the order of execution
    keys : address of every step by name
    """

    recipe: Recipe
    store: Store
    lake_root: Path
    data_version: str
    steps: tuple[Step, ...]
    keys: dict[str, str]

    def cached(self, step: Step) -> bool:
        """Whether the step's artifact is already there."""
        return self.data_version != PENDING and self.store.has(step.kind, self.keys[step.name])

    def to_text(self) -> str:
        """The plan as a table: step, state and address."""
        width = max(len(s.name) for s in self.steps)
        lines = [f"plan of {self.recipe.name}: lake {self.lake_root}, data {self.data_version}"]
        for step in self.steps:
            done = self.cached(step)
            key = self.keys[step.name] if self.data_version != PENDING else "known after ingest"
            lines.append(f"  {'cached' if done else 'to do ':6}  {step.name:<{width}}  {key}")
        todo = sum(not self.cached(s) for s in self.steps)
        return "\n".join([*lines, f"{todo} of {len(self.steps)} steps to do"])


@dataclass
class Workshop:
    """What a step may use while it works: the data, the recipe and what earlier steps made."""

    plan: Plan
    lake: Lake
    show_progress: bool = True

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return self.plan.recipe

    def artifact(self, name: str) -> Artifact:
        """The finished artifact of an earlier step."""
        step = next(s for s in self.plan.steps if s.name == name)
        return self.plan.store.get(step.kind, self.plan.keys[name])

    def panel(self, name: str, part: str = "panel", mmap: bool = True) -> Panel:
        """A Panel that an earlier step saved."""
        return Panel.load(self.artifact(name).path / part, mmap=mmap)

    def work_folder(self, name: str) -> Path:
        """A folder for checkpoints of a step that may be killed and resumed."""
        step = next(s for s in self.plan.steps if s.name == name)
        return self.plan.store.work(step.kind, self.plan.keys[name])


def assemble(recipe: Recipe, store: Store, data_version: str, steps: tuple[Step, ...]) -> Plan:
    """Give every step its address: spec, code and the addresses of its inputs."""
    keys: dict[str, str] = {}
    for step in steps:
        inputs = [keys[i] for i in step.inputs]
        keys[step.name] = spec_hash(
            step.kind, step.spec, data_version, inputs, code_version(step.upto)
        )
    return Plan(recipe, store, expand_path(recipe.data.lake), data_version, steps, keys)


def execute_steps(plan: Plan, lake: Lake, show_progress: bool = True) -> list[tuple[str, float]]:
    """Make every artifact that is missing, in order; returns (step, seconds) of those made."""
    shop = Workshop(plan, lake, show_progress)
    made = []
    for step in plan.steps:
        if plan.cached(step):
            log.info("cached  %s", step.name)
            continue
        started = perf_counter()
        facts = {
            "step": step.name,
            "run": plan.recipe.name,
            "spec": _plain(step.spec),
            "inputs": {i: plan.keys[i] for i in step.inputs},
            "code": code_version(step.upto),
            "data_version": plan.data_version,
        }
        with plan.store.making(step.kind, plan.keys[step.name], facts) as folder:
            step.make(shop, folder)
        made.append((step.name, perf_counter() - started))
        log.info("done    %s in %.1f s", *made[-1])
    return made


def _plain(spec: Any) -> Any:
    """A spec, or a tuple of specs and values, as JSON can hold it."""
    if hasattr(spec, "model_dump"):
        return spec.model_dump(mode="json")
    return [_plain(s) for s in spec] if isinstance(spec, tuple | list) else spec
