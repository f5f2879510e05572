"""Ingest of a recipe: its sources into the lake, once, and which part of the lake they brought."""

import json
import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from intralpha.base import DataError, spec_hash
from intralpha.base.place import expand, placed
from intralpha.market import TABLES, Lake
from intralpha.market.manifest import read_manifest
from intralpha.market.merge import OnConflict
from intralpha.pipeline.code import code_reached
from intralpha.pipeline.recipe import DataSpec, Recipe, RecipeError, fault_of, lake_of, read_yaml
from intralpha.pipeline.store import Store
from intralpha.sources import IngestReport, QualityReport, SourceSpec, ingest, quality
from intralpha.sources.quality.spec import QualitySpec

log = logging.getLogger(__name__)

INGEST = "ingest"
WORTH_A_WORD = 0.01  # share of rows with a fault of values
SOURCES = TypeAdapter(tuple[SourceSpec, ...])
POLICIES: tuple[OnConflict, ...] = ("error", "keep", "replace")


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a lake that a recipe uses.

    Attributes
    ----------
    symbols : str [A]; None for all stocks of the lake
    first, last : sessions; None for all
    """

    symbols: np.ndarray | None = None
    first: date | None = None
    last: date | None = None

    def limits(self, data: DataSpec) -> DataSpec:
        """The data of a recipe within what its sources brought."""
        start, end = data.start or self.first, data.end or self.last
        return data.model_copy(update={"start": start, "end": end})


def ingest_key(recipe: Recipe) -> str:
    """Changes when a source, its files, its reader or the lake's place change."""
    sources = recipe.data.sources
    prints = [spec.make().fingerprint() for spec in sources]
    plain = [spec.model_dump(mode="json") for spec in sources]
    return spec_hash(INGEST, plain, prints, recipe.data.lake, code_reached(ingest, sources))


def ingested_part(recipe: Recipe, store: Store) -> Part | None:
    """What of the lake the recipe uses; None if its sources still have to be ingested, or more of
    the data is wrong than ``quality.fail_above`` allows, which a new ingest says.

    Another recipe may have added to the lake meanwhile: what this one brought is there all the
    same, as long as no file of it is gone.

    Raises
    ------
    NoLakeError
        A recipe without sources names a lake that is not there.
    """
    root = lake_of(recipe)
    if not recipe.data.sources:
        Lake(root)
        return Part()
    key = ingest_key(recipe)
    if not root.is_dir() or not store.has(INGEST, "folders", key):
        return None
    folder = store.get(INGEST, key).path
    facts = json.loads((folder / "covers.json").read_text())
    if not set(facts["files"]) <= set(read_manifest(root)):
        return None
    most = recipe.quality.fail_above
    if most is not None and max(facts.get("wrong", {}).values(), default=0.0) > most:
        return None  # the ingest says what is wrong
    if recipe.data.part == "lake":
        return Part()
    days = [date.fromisoformat(d) for d in facts["days"]]
    return Part(np.array(facts["symbols"], dtype=str), *days)


def run_ingest(recipe: Recipe, store: Store, show_progress: bool) -> Part:
    """Ingest the recipe's sources, record what they brought, and return the part to use.

    Parameters
    ----------
    recipe : its sources are read into its lake, which is made where there is none
    store : keeps the reports of the ingest and of the quality check, and what was brought
    show_progress : draw bars on stderr

    Returns
    -------
    Part
        Stocks and sessions of the daily rows that the sources brought; everything if the recipe
        says ``data.part: lake``.

    Raises
    ------
    SourceError
        A vendor file cannot be read at all.
    ConflictError
        The lake has other values under the same key.
    SetAsideError
        Most rows of a source cannot be used.
    QualityError
        More of the data is wrong than the recipe's ``quality.fail_above`` allows.
    """
    lake = Lake(lake_of(recipe), create=True)
    report = ingest(recipe.data.sources, lake, show_progress=show_progress)
    freq = recipe.data.bar_freq
    found = quality(lake, freq if freq in lake.freqs() else None, level2=False)
    report.demand(recipe.quality.fail_above)
    for count in report.counts:
        if count.quarantined:
            aside, worst = sum(count.quarantined.values()), report.worst(count)
            log.warning("ingest %s: %d rows set aside, %s", count.source, aside, worst)
    found.demand(recipe.quality.fail_above)
    for name in found.above(WORTH_A_WORD):
        log.warning("quality: %s: %s", name, found.found[name].cause or "see the report")
    key = ingest_key(recipe)
    folder = store.work(INGEST, key, recipe.name)
    (folder / "ingest.txt").write_text(report.to_text())
    (folder / "quality.txt").write_text(found.to_text())
    (folder / "quality.json").write_text(json.dumps(found.summary()))
    (folder / "covers.json").write_text(
        json.dumps(_covered(report, lake) | {"wrong": found.above(0.0)})
    )
    store.keep_folder(INGEST, key, folder, {"node": INGEST, "run": recipe.name})
    part = ingested_part(recipe, store)
    assert part is not None
    return part


def _covered(report: Any, lake: Lake) -> dict[str, Any]:
    """Stocks and sessions of the daily rows that the sources brought, and their tables' files."""
    daily = [cover for cover in report.covers if cover.table == "daily"]
    symbols = sorted(set[str]().union(*(cover.symbols for cover in daily)))
    days = [str(min(c.first for c in daily)), str(max(c.last for c in daily))] if daily else []
    tables = {cover.table for cover in report.covers}
    files = [name for name in read_manifest(lake.root) if name.split("/")[0] in tables]
    return {"symbols": symbols, "days": days, "files": files}


def quality_counts(recipe: Recipe, store: Store) -> dict[str, int]:
    """Counts of the quality report that was made after the ingest; empty where there was none:
    without sources, and in the store of an audit's scrambled world.
    """
    if not recipe.data.sources or not store.has(INGEST, "folders", ingest_key(recipe)):
        return {}
    path = store.get(INGEST, ingest_key(recipe)).path / "quality.json"
    return json.loads(path.read_text())


@dataclass(frozen=True)
class FilesIngested:
    """What an ingest of files did, and what is wrong in the lake after it.

    Attributes
    ----------
    report : rows read, set aside and put into the lake
    found : the quality report of the whole lake
    fail_above : what the file says of ``quality.fail_above``; None: nothing
    """

    report: IngestReport
    found: QualityReport
    fail_above: float | None

    def to_text(self) -> str:
        """Both reports."""
        return f"{self.report.to_text()}\n{self.found.to_text()}"


class NothingToCheckError(DataError):
    """A folder has no rows whose quality could be told."""

    def __init__(self, lake: Lake, freq: int | None) -> None:
        self.root, self.freq = lake.root, freq
        have = [name for name in TABLES if lake.has(name)]
        bars = f"bars of {freq} minutes" if freq else "bars"
        super().__init__(
            f"nothing to check in {lake.root}: it has {', '.join(have) or 'no table'}; expected "
            f"daily rows, {bars} or Level-2.\n"
            "Hint: `intralpha ingest` fills a lake; check the path."
        )


def ingest_files(path: Path, lake: Path | None, on_conflict: str) -> FilesIngested:
    """Read the sources of a YAML file into a lake.

    Parameters
    ----------
    path : a recipe (its ``data`` is used), a list of sources, or one source; relative paths in it
        start from its folder
    lake : folder; default: the recipe's
    on_conflict : ``error``, ``keep`` or ``replace``

    Raises
    ------
    RecipeError
        The file is no such thing, or no lake is named.
    """
    if on_conflict not in POLICIES:
        raise RecipeError("--on-conflict", [f"found {on_conflict!r}, expected one of {POLICIES}"])
    raw = read_yaml(path)
    given = raw if isinstance(raw, dict) else {}
    data = given.get("data", {})
    wanted = data.get("sources", raw)
    folder = path.resolve().parent
    target = lake or (folder / expand(data["lake"]) if "lake" in data else None)
    if target is None:
        raise RecipeError(str(path), ["names no lake; give one with --lake"])
    try:
        sources = wanted if isinstance(wanted, list) else [wanted]
        specs = SOURCES.validate_python(sources, context=placed(folder))
        most = QualitySpec.model_validate(given.get("quality", {})).fail_above
    except ValidationError as error:
        raise RecipeError(str(path), [fault_of(e) for e in error.errors()]) from error
    if not specs:
        raise RecipeError(str(path), ["lists no sources; expected a list of them, each a kind"])
    done = ingest(specs, Lake(target, create=True), on_conflict=_policy(on_conflict))
    return FilesIngested(done, quality(Lake(target), level2=False), most)


def _policy(text: str) -> OnConflict:
    return next(p for p in POLICIES if p == text)


def lake_quality(lake: Path, freq: int | None) -> QualityReport:
    """The quality report of a lake.

    Raises
    ------
    NothingToCheckError
        It has no rows that could be looked at.
    """
    found = quality(Lake(lake), freq)
    if not found.checked:
        raise NothingToCheckError(Lake(lake), freq)
    return found
