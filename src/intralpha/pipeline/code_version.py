"""Which code made an artifact: a hash of the folders it could have used, and the git commit."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

import intralpha

PACKAGE = Path(intralpha.__file__).parent
FLOW = (
    "base",
    "market",
    "sources",
    "features",
    "labels",
    "models",
    "datasets",
    "evaluation",
    "training",
    "risk",
    "combination",
    "portfolio",
    "backtest",
    "report",
    "audit",
    "pipeline",
)


@cache
def code_version(upto: str) -> str:
    """Hash of every source file in the folders from ``base`` down to ``upto``.

    A step is made again when code it may have called has changed, and only then: a new chart in
    ``report`` retrains nothing.
    """
    folders = FLOW[: FLOW.index(upto) + 1]
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((PACKAGE / folder).rglob("*")):
            if path.suffix in {".py", ".yaml", ".csv", ".html", ".css"}:
                digest.update(str(path.relative_to(PACKAGE)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def git_commit() -> str:
    """Commit of the checkout the package runs from, ``+`` if it has changes, else ``unknown``."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", "-C", str(PACKAGE), *words],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
