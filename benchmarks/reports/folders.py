"""Folders: which runs there are, by recipe and size."""

from collections.abc import Iterable
from pathlib import Path

from intralpha.pipeline.compare import PastRun

from .ours import OurRun

SIZES = {"": "full", "_demo": "demo", "_tiny": "tiny"}


def runs_in(folders: Iterable[Path]) -> dict[str, OurRun]:
    """Base name of a recipe -> its run, the largest size first, the newest of it.

    Parameters
    ----------
    folders : of runs; of a recipe that several have, the first one counts
    """
    out: dict[str, OurRun] = {}
    for folder in folders:
        known = {p.parent.parent.name for p in folder.glob("*/*/run.json")}
        for ending, size in SIZES.items():
            for name in sorted(known):
                base = name.removesuffix(ending)
                whole = name.endswith(ending) and not (not ending and _is_small(name))
                if whole and base not in out:
                    out[base] = OurRun(base, size, PastRun.open(name, folder))
    return out


def _is_small(name: str) -> bool:
    return any(end and name.endswith(end) for end in SIZES)
