"""What is there: shipped recipes, finished runs, artifacts."""

from importlib.resources import files
from pathlib import Path

import yaml

from intralpha.pipeline.artifacts import Store
from intralpha.pipeline.recipe import RecipeError


def recipe_folder() -> Path:
    """Folder of the shipped recipes: inside the installed package, or beside its sources."""
    inside = Path(str(files("intralpha"))) / "recipes"
    beside = Path(str(files("intralpha"))).parent.parent / "recipes"
    return inside if inside.is_dir() else beside


def find_recipe(wanted: Path) -> Path:
    """A file as given, or the shipped recipe of that name.

    Raises
    ------
    RecipeError
        If it is neither; the shipped names are listed.
    """
    if wanted.is_file():
        return wanted
    shipped = recipe_folder() / f"{wanted.name.removesuffix('.yaml')}.yaml"
    if wanted.parent == Path() and shipped.is_file():
        return shipped
    names = ", ".join(p.stem for p in sorted(recipe_folder().glob("*.yaml")))
    raise RecipeError(str(wanted), [f"no such file, and no shipped recipe of that name ({names})"])


def list_recipes() -> str:
    """Shipped recipes, a line each with what they do."""
    lines = []
    for path in sorted(recipe_folder().glob("*.yaml")):
        about = str(yaml.safe_load(path.read_text(encoding="utf-8")).get("about", ""))
        lines.append(f"{path.stem:<14} {about}")
    return "\n".join([*lines, f"\nfolder: {recipe_folder()}"])


def list_runs(runs: Path) -> str:
    """Finished runs with their reports, newest last."""
    found = sorted(runs.glob("*/report.html"), key=lambda p: p.stat().st_mtime)
    if not found:
        return f"no finished run under {runs}; `intralpha run RECIPE` makes one"
    return "\n".join(f"{p.parent.name:<24} {p}" for p in found)


def list_artifacts(runs: Path) -> str:
    """Every artifact: when it was made, in how long, and its address."""
    lines = [
        f"{a.facts['made']}  {a.facts['seconds']:>9.1f} s  {a.facts['step']:<28} {a.kind}/{a.key}"
        for a in Store(runs / "artifacts").all()
    ]
    return "\n".join(lines) if lines else f"no artifact under {runs}"
