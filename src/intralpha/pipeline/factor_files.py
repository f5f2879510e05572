"""Factors from elsewhere, tested as they are: the recipe of files and a lake."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intralpha.base import ConfigError
from intralpha.factors.file import score_columns
from intralpha.pipeline.recipe import Recipe, apply_override, checked_recipe

NO_WORD = re.compile(r"[^A-Za-z0-9_-]+")


class SameNameError(ConfigError):
    """Two files would give factors of one name."""

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name, self.paths = name, list(paths)
        super().__init__(
            f"{' and '.join(map(str, paths))} would both be the factor {name}.\n"
            "Hint: rename one of the files."
        )


def factor_file_recipe(
    files: Sequence[Path],
    lake: Path,
    columns: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> Recipe:
    """A recipe that tests what files say, and nothing else.

    Parameters
    ----------
    files : csv, Parquet or folders of saved Panels, see :class:`intralpha.factors.FactorFileSpec`;
        each is named by its file, or by file and column where there are several
    lake : folder of the lake with the prices
    columns : which columns are scores; default: ``score``, or all others
    overrides : ``a.b.c=value`` each, as of ``--set``

    Raises
    ------
    FactorFileError, FactorFileSuffixError, SameNameError, RecipeError
    """
    named: dict[str, Path] = {}
    factors: dict[str, Any] = {}
    for path in files:
        taken = tuple(columns) or (score_columns(path) if path.exists() else ("score",))
        for column in taken:
            own = path.stem if len(taken) == 1 else f"{path.stem}_{column}"
            name = NO_WORD.sub("_", own)
            if name in named:
                raise SameNameError(name, (named[name], path))
            named[name] = path
            factors[name] = {"kind": "file", "path": str(path.resolve()), "column": column}
    first = next(iter(factors), "")
    raw: dict[str, Any] = {
        "name": "test",
        "about": f"Test of {', '.join(path.name for path in files)}.",
        "data": {"lake": str(lake.resolve())},
        "factors": factors,
        "combination": {"kind": "single", "name": first},
    }
    for override in overrides:
        apply_override(raw, override)
    return checked_recipe(raw, "intralpha test", Path.cwd())
