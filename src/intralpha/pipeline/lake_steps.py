"""Steps of a recipe on its lake, after the ingest: what of them is to do, and doing it."""

import logging
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import spec_hash
from intralpha.market import Lake, LakeStep
from intralpha.pipeline.code import code_reached
from intralpha.pipeline.ingest import Part
from intralpha.pipeline.recipe import Recipe, lake_of
from intralpha.pipeline.store import Store

log = logging.getLogger(__name__)
KIND = "lake_step"


@dataclass(frozen=True)
class Waiting:
    """A step that has something to do.

    Attributes
    ----------
    word : what the step is called
    todo, sessions : how many sessions it has to make, and how many there are
    """

    word: str
    todo: int
    sessions: int

    def to_text(self) -> str:
        """One line of a plan."""
        return f"{self.word} {self.todo:,} of {self.sessions:,} sessions"


def waiting_steps(recipe: Recipe, store: Store, part: Part) -> tuple[Waiting, ...]:
    """Steps that are not done; nothing is written.

    What a step left is known by the checksums of all tables that it reads and writes. Only where
    these are new to the store the step itself looks at every session.

    Parameters
    ----------
    recipe : names lake and steps
    store : of what was settled before
    part : of the lake, whose sessions count
    """
    lake, behind, out = Lake(lake_of(recipe)), set[date](), list[Waiting]()
    for step in recipe.data.steps():
        dates = _sessions(recipe, lake, step, part)
        if not behind and store.has(KIND, "folders", _key(step, lake, dates)):
            continue
        # What an earlier step writes anew is made of other rows.
        todo = {*step.todo(lake, dates), *(behind & {*dates.tolist()})}
        behind |= todo
        if todo:
            out.append(Waiting(step.word, len(todo), len(dates)))
    return tuple(out)


def take_steps(recipe: Recipe, store: Store, part: Part, show_progress: bool) -> None:
    """Do what is to do, session by session, and keep what each step said.

    Parameters
    ----------
    recipe : names lake and steps
    store : gets a folder a step, with ``made.txt``
    part : of the lake, whose sessions are made
    show_progress : bars on stderr

    Raises
    ------
    LakeWriteError
        The disk is full or refuses; sessions finished before are complete.
    """
    lake = Lake(lake_of(recipe))
    for step in recipe.data.steps():
        dates = _sessions(recipe, lake, step, part)
        if store.has(KIND, "folders", _key(step, lake, dates)):
            continue
        done = step.make(lake, dates, show_progress)
        log.info("%s: %s", step.word, done.text.rpartition("\n")[2])
        key = _key(step, lake, dates)
        folder = store.work(KIND, key, recipe.name)
        (folder / "made.txt").write_text(done.text)
        facts = {"node": step.word, "run": recipe.name, "sessions": done.sessions}
        store.keep_folder(KIND, key, folder, facts)


def _sessions(recipe: Recipe, lake: Lake, step: LakeStep, part: Part) -> Shaped[ndarray, " D"]:
    """Sessions of the table that a step works on, inside the part."""
    data = part.limits(recipe.data)
    dates = lake.dates(step.of)
    first = np.datetime64(data.start or date.min, "D")
    return dates[(dates >= first) & (dates <= np.datetime64(data.end or date.max, "D"))]


def _key(step: LakeStep, lake: Lake, dates: Shaped[ndarray, " D"]) -> str:
    """Changes when a row does that the step reads or left, or the step's settings or code."""
    return spec_hash(KIND, step.word, step.print_of(lake, dates), code_reached(step.make, step))
