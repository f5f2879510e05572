"""Dated: a folder of its own for what is filed, and the newest of it one folder above."""

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path


def dated_folder(of: Path) -> Path:
    """Make a folder that nothing else has, named by the time (UTC).

    Parameters
    ----------
    of : ``runs/NAME``
    """
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    for name in chain([stamp], (f"{stamp}-{number}" for number in count(2))):
        with suppress(FileExistsError):
            (of / name).mkdir(parents=True)
            return of / name
    raise AssertionError("numbers have no end")


def keep_newest(path: Path, name: str) -> None:
    """Copy a file of a dated folder to the folder above, in one step.

    Parameters
    ----------
    path : the file
    name : of the copy
    """
    newest = path.parent.parent / name
    partial = newest.with_name(f".{name}.{os.getpid()}.partial")
    shutil.copyfile(path, partial)
    partial.replace(newest)
