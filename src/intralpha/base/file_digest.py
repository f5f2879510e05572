"""File digest: SHA-256 of what a file holds."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file's bytes as they are now.

    Parameters
    ----------
    path : of the file; read piece by piece
    """
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()
