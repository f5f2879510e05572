"""A page a shipped recipe: its comment, what it is made of, its file, and every key resolved."""

import re
from collections.abc import Iterator
from pathlib import Path

from intralpha.base import Spec
from intralpha.pipeline import Recipe, load_recipe
from intralpha.pipeline.recipe import dump_recipe

PARTS = ("features", "inputs", "transform", "label", "schedule", "model", "objective")


def recipe_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Name of the page -> its Markdown, for every recipe of a folder."""
    for path in sorted(folder.glob("*.yaml")):
        yield f"recipes/{path.stem}", recipe_page(path)


def recipe_page(path: Path) -> str:
    """What the file says, and what it comes to.

    Parameters
    ----------
    path : of a recipe
    """
    text, recipe = path.read_text(encoding="utf-8"), load_recipe(path, place=path.parent)
    lines = [f"# {path.stem}", "", recipe.about, "", *comment(text), ""]
    lines += [f"    intralpha run {path.stem} --dry-run", f"    intralpha run {path.stem}", ""]
    extends = re.search(r"^extends: (\S+)", text, re.MULTILINE)
    if extends:
        lines += [
            f"It goes on from [{extends[1]}]({extends[1]}.md) and says what is different.",
            "",
        ]
    lines += ["## What it is made of", "", *parts(recipe), ""]
    lines += ["## The file", "", "```yaml", text.rstrip(), "```", ""]
    lines += [
        "## Every key",
        "",
        "What `intralpha check` prints: the file, what it extends and the",
    ]
    lines += ["defaults; [keys](../docs/keys.md) says what each key means.", ""]
    shown = dump_recipe(recipe).replace(str(path.parent.resolve()), ".").rstrip()
    lines += ["<details><summary>the resolved recipe</summary>", "", "```yaml", shown, "```"]
    return "\n".join([*lines, "", "</details>", ""])


def comment(text: str) -> list[str]:
    """The lines of comment that begin the file."""
    found = re.match(r"(?:#.*\n)+", text)
    return [re.sub(r"^# ?", "", line) for line in found[0].splitlines()] if found else []


def parts(recipe: Recipe) -> list[str]:
    """A table of the factors and the kinds of their parts, and lines for what is made of them."""
    rows = ["| factor | kind | parts |", "|---|---|---|"]
    rows += [f"| `{n}` | {kind(f)} | {', '.join(_parts(f))} |" for n, f in recipe.factors.items()]
    sources = ", ".join(kind(one) for one in recipe.data.sources) or "what the lake holds"
    rows = [f"* data: {sources}", f"* combination: {kind(recipe.combination)}", "", *rows]
    if recipe.portfolio is not None:
        rows.insert(2, f"* portfolio: against {kind(recipe.portfolio.benchmark)}, replayed")
    return rows


def _parts(factor: Spec) -> Iterator[str]:
    for name in PARTS:
        one = getattr(factor, name, None)
        if isinstance(one, dict) and one:
            yield f"{name}: " + ", ".join(f"`{key}`" for key in one)
        elif isinstance(one, Spec):
            library = getattr(one, "library", None)
            yield f"{name}: {kind(one)}" + (f" `{library}`" if isinstance(library, str) else "")


def kind(spec: Spec) -> str:
    """Kind of a spec, or the name of its class."""
    return str(getattr(spec, "kind", type(spec).__name__))
