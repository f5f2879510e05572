"""The artifact store: what a step made, addressed by everything that could have changed it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from intralpha.base import DataError
from intralpha.pipeline.code_version import git_commit

FACTS = "artifact.json"


class UnknownArtifactError(DataError):
    """No artifact of that key is in the store."""

    def __init__(self, kind: str, key: str, root: Path) -> None:
        self.kind, self.key, self.root = kind, key, root
        super().__init__(
            f"no artifact {kind}/{key} under {root}.\nHint: `intralpha ls` lists what is there."
        )


@dataclass(frozen=True)
class Artifact:
    """One finished piece of work: a folder and the facts of its making.

    Attributes
    ----------
    kind : the step, such as ``features``
    key : content address: resolved spec, inputs and code version
    path : folder with the files
    facts : name, spec, inputs, code, git commit, seconds and time of making
    """

    kind: str
    key: str
    path: Path
    facts: dict[str, Any]


class Store:
    """A folder of artifacts; each appears complete or not at all.

    Parameters
    ----------
    root : folder, made when the first artifact is written
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """Where an artifact of this address lives."""
        return self.root / kind / key

    def work(self, kind: str, key: str) -> Path:
        """A folder that outlives a killed run, for work that is resumed (checkpoints)."""
        folder = self.root / ".work" / f"{kind}-{key}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def has(self, kind: str, key: str) -> bool:
        """Whether the artifact is finished."""
        return (self.path(kind, key) / FACTS).is_file()

    def get(self, kind: str, key: str) -> Artifact:
        """A finished artifact.

        Raises
        ------
        UnknownArtifactError
            If there is none of that address.
        """
        path = self.path(kind, key)
        if not (path / FACTS).is_file():
            raise UnknownArtifactError(kind, key, self.root)
        return Artifact(kind, key, path, json.loads((path / FACTS).read_text()))

    @contextmanager
    def making(self, kind: str, key: str, facts: dict[str, Any]) -> Iterator[Path]:
        """Make an artifact in a temporary folder that takes its name when the block succeeds."""
        target = self.path(kind, key)
        partial = target.with_name(f"{key}.partial-{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        started = perf_counter()
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        made = {
            "kind": kind,
            "key": key,
            **facts,
            "git_commit": git_commit(),
            "seconds": round(perf_counter() - started, 3),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        (partial / FACTS).write_text(json.dumps(made, indent=1, default=str))
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        shutil.rmtree(self.root / ".work" / f"{kind}-{key}", ignore_errors=True)

    def all(self) -> list[Artifact]:
        """Every finished artifact, oldest first."""
        found = [
            self.get(p.parent.parent.name, p.parent.name) for p in self.root.glob(f"*/*/{FACTS}")
        ]
        return sorted(found, key=lambda a: a.facts["made"])


def describe(artifact: Artifact) -> dict[str, Any]:
    """The artifact as a plain dictionary."""
    return asdict(artifact)
