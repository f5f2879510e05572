"""The verbs `ingest` and `quality` on a file of sources."""

from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from intralpha.market import Lake
from intralpha.market.merge import OnConflict
from intralpha.pipeline.recipe import RecipeError, expand_path
from intralpha.sources import SourceSpec, ingest, quality

SOURCES = TypeAdapter(tuple[SourceSpec, ...])
POLICIES: tuple[OnConflict, ...] = ("error", "keep", "replace")


def ingest_files(path: Path, lake: Path | None, on_conflict: str) -> str:
    """Read the sources of a YAML file into a lake; returns the reports as text.

    Parameters
    ----------
    path : a recipe (its ``data`` is used), a list of sources, or one source
    lake : folder; default: the recipe's
    on_conflict : ``error``, ``keep`` or ``replace``

    Raises
    ------
    RecipeError
        The file is no such thing, or no lake is named.
    """
    if on_conflict not in POLICIES:
        raise RecipeError("--on-conflict", [f"found {on_conflict!r}, expected one of {POLICIES}"])
    if not path.is_file():
        raise RecipeError(str(path), ["no such file"])
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    data = raw.get("data", {}) if isinstance(raw, dict) else {}
    wanted = data.get("sources", raw)
    target = lake or (expand_path(data["lake"]) if "lake" in data else None)
    if target is None:
        raise RecipeError(str(path), ["names no lake; give one with --lake"])
    try:
        specs = SOURCES.validate_python(wanted if isinstance(wanted, list) else [wanted])
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise RecipeError(str(path), faults) from error
    done = ingest(specs, Lake(target, create=True), on_conflict=_policy(on_conflict))
    return f"{done.to_text()}\n{quality_text(target, None)}"


def _policy(text: str) -> OnConflict:
    return next(p for p in POLICIES if p == text)


def quality_text(lake: Path, freq: int | None) -> str:
    """The quality report of a lake as text."""
    return quality(Lake(lake), freq).to_text()
