"""Folders: which runs and studies there are, by recipe and size."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from intralpha.pipeline.compare import PastRun
from intralpha.pipeline.filed_study import filed_studies

from .ours import OurRun
from .studies import OurStudies

SIZES = {"": "full", "_demo": "demo", "_tiny": "tiny"}


def runs_in(folders: Iterable[Path]) -> dict[str, OurRun]:
    """Base name of a recipe -> its run, the largest size first, the newest of it.

    Parameters
    ----------
    folders : of runs; of a recipe that several have, the first one counts
    """
    out: dict[str, OurRun] = {}
    for folder in folders:
        for base, size, name in _sized({p.parent.parent.name for p in folder.glob("*/*/run.json")}):
            if base not in out:
                out[base] = OurRun(base, size, PastRun.open(name, folder))
    return out


def studies_in(folders: Iterable[Path]) -> dict[str, OurStudies]:
    """Base name of a recipe -> its studies, the largest size first.

    Parameters
    ----------
    folders : as of :func:`runs_in`
    """
    out: dict[str, OurStudies] = {}
    for folder in folders:
        filed = filed_studies(folder)
        for base, size, name in _sized({one.name for one in filed}):
            if base not in out:
                out[base] = OurStudies(base, size, [one for one in filed if one.name == name])
    return out


def _sized(names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Base name, size and name of recipes, the largest size first."""
    known = sorted(names)
    for ending, size in SIZES.items():
        for name in known:
            if name.endswith(ending) and (ending or not _is_small(name)):
                yield name.removesuffix(ending), size, name


def _is_small(name: str) -> bool:
    return any(end and name.endswith(end) for end in SIZES)
