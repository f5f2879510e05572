"""Browse: what a folder of runs holds and who works in it, looked at and never touched."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from intralpha.pipeline.compare import FILED, PastRun
from intralpha.pipeline.export import past_tables
from intralpha.pipeline.extends import recipe_folder
from intralpha.pipeline.listing import finished_reports
from intralpha.pipeline.store import FACTS, Store, UnknownArtifactError
from intralpha.pipeline.turns import holder
from intralpha.training.checkpoint import rows_of
from intralpha.training.fold import STATE

INPUTS = "-inputs"  # end of a kind's name in the folder where its inputs are laid out


@dataclass(frozen=True)
class Job:
    """A slice that is being made, or that a run which ended left half made.

    Attributes
    ----------
    kind, key : of the slice; of days of a Panel, of all of them together
    process : number of the process on this machine that makes it; None: nobody does
    changed : when its folder last did, UTC
    run : name of the recipe that makes it, or began to; empty: unknown
    last : last epoch of a training: ``epoch``, ``train_loss``, ``valid_rank_ic``; empty for others
    """

    kind: str
    key: str
    process: int | None
    changed: datetime
    run: str
    last: Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """A finished folder: what it was made of, and what lies in it.

    Attributes
    ----------
    facts : as filed when it was made; nothing is checked
    files : name -> bytes
    """

    facts: Mapping[str, Any]
    files: Mapping[str, int]


class Runs:
    """A folder of runs.

    What is asked for is looked up among what is listed, and a link that leads out of the folder is
    not listed: no name reaches a file elsewhere.

    Parameters
    ----------
    root : the folder
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._store = Store(root / "artifacts", read_only=True)
        self._read: tuple[str, int, dict[str, pl.DataFrame]] | None = None

    def folders(self) -> dict[str, Path]:
        """``NAME/TIME`` -> folder of every finished run, newest first."""
        found = [p.parent for p in reversed(finished_reports(self.root)) if self._inside(p)]
        return {f"{one.parent.name}/{one.name}": one for one in found}

    def file(self, run: str, name: str) -> Path | None:
        """A file of a run; None where there is none.

        Parameters
        ----------
        run : ``NAME/TIME``
        name : ``report.html``, ``recipe.yaml`` or ``run.json``
        """
        folder = self.folders().get(run)
        path = None if folder is None else folder / name
        return path if path is not None and path.is_file() and self._inside(path) else None

    def nodes(self, run: str) -> dict[str, dict[str, Any]]:
        """Node -> kind and addresses of its slices, as a run filed them."""
        path = self.file(run, FILED)
        return {} if path is None else json.loads(path.read_text(encoding="utf-8"))["nodes"]

    def tables(self, run: str) -> dict[str, pl.DataFrame]:
        """Tables of a run by name, of what is still there; empty where no such run was filed.

        Those of the last run that was asked for are kept: a page of tables leads to each of them.

        Raises
        ------
        DamagedArtifactError
        """
        path = self.file(run, FILED)
        if path is None or self.file(run, "recipe.yaml") is None:
            return {}
        filed = path.stat().st_mtime_ns
        if self._read is None or self._read[:2] != (run, filed):
            self._read = run, filed, past_tables(PastRun.open(str(path.parent), self.root))
        return self._read[2]

    def artifacts(self) -> dict[str, tuple[str, ...]]:
        """Kind -> addresses of the finished folders."""
        out: dict[str, list[str]] = {}
        for path in sorted(self._store.root.glob(f"*/*/{FACTS}")):
            if self._inside(path):
                out.setdefault(path.parent.parent.name, []).append(path.parent.name)
        return {kind: tuple(keys) for kind, keys in out.items()}

    def days(self) -> dict[str, tuple[int, int]]:
        """Kind -> number and bytes of the days of Panels that are kept."""
        return self._store.days_by_kind()

    def artifact(self, kind: str, key: str) -> Kept:
        """One finished folder.

        Raises
        ------
        UnknownArtifactError
        """
        if key not in self.artifacts().get(kind, ()):
            raise UnknownArtifactError(kind, key, self._store.root)
        folder = self._store.root / kind / key
        parts = [p for p in sorted(folder.rglob("*")) if p.is_file() and self._inside(p)]
        files = {str(p.relative_to(folder)): p.stat().st_size for p in parts}
        return Kept(json.loads((folder / FACTS).read_text(encoding="utf-8")), files)

    def jobs(self) -> list[Job]:
        """Slices that are being made or were left half made, those that run first."""
        found = [self._job(p) for p in (self._store.root / ".work").glob("*-*") if p.is_dir()]
        jobs = [one for one in found if not one.kind.endswith(INPUTS)]
        return sorted(jobs, key=lambda one: (one.process is None, one.kind, one.key))

    def _job(self, folder: Path) -> Job:
        kind, _, key = folder.name.rpartition("-")
        rows = rows_of(folder / STATE) if self._inside(folder) else []
        at = max((p.stat().st_mtime for p in (folder, *folder.glob("*"))), default=0.0)
        changed = datetime.fromtimestamp(at, UTC)
        run = self._store.worker_of(folder) if self._inside(folder) else ""
        process = holder(self._store.root, key)
        return Job(kind, key, process, changed, run, rows[-1] if rows else {})

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())


def shipped_recipes() -> dict[str, Path]:
    """Name -> file of every recipe that comes with the package."""
    return {path.stem: path for path in sorted(recipe_folder().glob("*.yaml"))}


def counted(nodes: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    """Kind -> slices of a run."""
    return Counter(node["kind"] for node in nodes.values() for _ in node["slices"])
