"""What is there: shipped recipes, finished runs, artifacts, and what no run needs any more."""

import json
from difflib import get_close_matches
from pathlib import Path

import yaml

from intralpha.pipeline.extends import recipe_folder
from intralpha.pipeline.ingest import INGEST
from intralpha.pipeline.lake_steps import KIND
from intralpha.pipeline.recipe import Recipe, RecipeError, load_recipe
from intralpha.pipeline.store import Artifact, Store

OF_LAKES = (INGEST, KIND)  # what lakes hold already, whoever uses it
STUDY = "study.json"  # what a study files
MANY = 20  # folders of one node that are shown one by one


def find_recipe(wanted: Path) -> Path:
    """A file as given, or the shipped recipe of that name.

    Raises
    ------
    RecipeError
        If it is neither; what is alike is named, a file of that name with ``.yaml`` first, else
        the shipped ones.
    """
    if wanted.is_file():
        return wanted
    shipped = recipe_folder() / f"{wanted.name.removesuffix('.yaml')}.yaml"
    if wanted.parent == Path() and shipped.is_file():
        return shipped
    names = sorted(p.stem for p in recipe_folder().glob("*.yaml"))
    beside = [
        str(p) for p in (wanted.with_suffix(".yaml"), wanted.with_suffix(".yml")) if p.is_file()
    ]
    alike = beside or get_close_matches(wanted.stem, names)
    meant = f"did you mean {' or '.join(alike)}?" if alike else f"shipped are {', '.join(names)}"
    raise RecipeError(str(wanted), [f"no such file, and no shipped recipe of that name; {meant}"])


def place_of(path: Path) -> Path:
    """Folder that relative paths of a recipe start from: its own; the current one if shipped."""
    folder = path.resolve().parent
    return Path.cwd() if folder == recipe_folder().resolve() else folder


def open_recipe(wanted: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe file, or a shipped recipe by name.

    Raises
    ------
    RecipeError
    """
    path = find_recipe(wanted)
    return load_recipe(path, overrides, place_of(path))


def list_recipes() -> str:
    """Shipped recipes, a line each with what they do."""
    lines = []
    for path in sorted(recipe_folder().glob("*.yaml")):
        about = str(yaml.safe_load(path.read_text(encoding="utf-8")).get("about", ""))
        lines.append(f"{path.stem:<14} {about}")
    return "\n".join([*lines, f"\nfolder: {recipe_folder()}"])


def list_runs(runs: Path) -> str:
    """Finished runs and studies with their reports, newest last."""
    found = finished_reports(runs)
    if not found:
        return f"no finished run under {runs}; `intralpha run RECIPE` makes one"
    return "\n".join(f"{p.parts[-3]:<24} {p.parts[-2]:<20} {p}{_study(p)}" for p in found)


def _study(report: Path) -> str:
    """What is said of a study, which no command takes for a run."""
    return "  study" if (report.parent / STUDY).is_file() else ""


def finished_reports(runs: Path) -> list[Path]:
    """Reports of finished runs and studies, ``NAME/TIME/report.html``, newest last."""
    return sorted(runs.glob("*/*/report.html"), key=lambda p: p.stat().st_mtime)


def list_artifacts(runs: Path) -> str:
    """What is kept: folders one by one, long chains of them and days of Panels counted."""
    store = Store(runs / "artifacts")
    found: dict[tuple[str, str], list[Artifact]] = {}
    for one in store.all():
        found.setdefault((one.facts["node"], one.facts.get("stem", one.key)), []).append(one)
    lines = sorted(line for group in found.values() for line in _lines(group))
    for kind, (count, size) in store.days_by_kind().items():
        lines.append(f"{count:>8,} days of {kind:<20} {size / 2**20:>12,.1f} MiB")
    return "\n".join(lines) if lines else f"no artifact under {runs}"


def _lines(group: list[Artifact]) -> list[str]:
    """A line an artifact, or one for many of the same node and spec: the time of the newest."""
    if len(group) <= MANY:
        return [
            f"{a.facts['made']}  {a.facts.get('seconds', 0.0):>9.1f} s  {a.facts['node']:<24} "
            f"{a.kind}/{a.key}"
            for a in group
        ]
    last, seconds = group[-1], sum(a.facts.get("seconds", 0.0) for a in group)
    count = f"{len(group):,} slices of {last.kind}"
    return [f"{last.facts['made']}  {seconds:>9.1f} s  {last.facts['node']:<24} {count}"]


def collect_garbage(runs: Path, dry_run: bool) -> str:
    """Delete artifacts that no run needs any more: those of no run and no study.

    What is needed stands in ``run.json`` and ``study.json`` under ``runs``. Delete the folder of a
    run or study first if what it was made of may go, too. What a run that is going on has finished
    already would be deleted: wait for it.

    Parameters
    ----------
    runs : folder of the runs
    dry_run : only say what would go
    """
    store = Store(runs / "artifacts")
    needed = _needed(runs)
    kept = store.addresses()
    gone = {at: p for at, p in kept.items() if at not in needed and at[0] not in OF_LAKES}
    size = sum(_size(path) for path in gone.values())
    if not dry_run:
        store.remove(gone.values())
    word = "would be deleted" if dry_run else "deleted"
    return f"{len(gone):,} of {len(kept):,} artifacts {word}, {size / 2**20:,.1f} MiB"


def _needed(runs: Path) -> set[tuple[str, str]]:
    """Kind and address of all that runs and studies are made of."""
    out: set[tuple[str, str]] = set()
    for path in runs.glob("*/*/run.json"):
        for node in json.loads(path.read_text())["nodes"].values():
            out |= {(node["kind"], key) for key in node["slices"].values()}
    for path in runs.glob(f"*/*/{STUDY}"):
        for kind, keys in json.loads(path.read_text(encoding="utf-8"))["needs"].items():
            out |= {(kind, key) for key in keys}
    return out


def _size(path: Path) -> int:
    parts = path.rglob("*") if path.is_dir() else [path]
    return sum(p.stat().st_size for p in parts if p.is_file())
