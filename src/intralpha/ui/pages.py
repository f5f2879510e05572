"""Pages: lists with links, in the layout of the reports; nothing is worked out."""

import json
from collections.abc import Sequence

from flask import url_for
from markupsafe import Markup

from intralpha.pipeline.browse import Kept, Runs, counted, shipped_recipes
from intralpha.report.language import Text, text
from intralpha.report.render import filled
from intralpha.report.tables import Cell, said, table

Tables = Sequence[tuple[str | Text, Markup]]
MOST = 1_000  # rows of a list


def all_runs(found: Runs) -> str:
    """Finished runs, newest first, with boxes to choose which to set side by side."""
    box = Markup('<input type="checkbox" name="run" value="{}" aria-label="{}">')
    rows = []
    for run in list(found.folders())[:MOST]:
        name, _, time = run.partition("/")
        report = _link(_of("report", run), text("report"))
        rows.append((box.format(run, run), _link(_of("one_run", run), name), time, report))
    header = (text("compare"), text("run"), text("finished (UTC)"), text("report"))
    return _page(text("Runs"), ((text("Finished runs"), table(header, rows)),), choose=bool(rows))


def one_run(found: Runs, run: str) -> str:
    """A run: its report, its recipe, and the artifacts that it is made of."""
    recipe = found.file(run, "recipe.yaml")
    links = [(_link(_of("report", run), text("report")),)]
    if recipe is not None:
        links.append((_link(_of("recipe", run), text("recipe")),))
    nodes = found.nodes(run)
    if nodes:
        links.append((_link(_of("tables", run), text("Tables")),))
    kept = found.artifacts()
    made = [
        (_link(url_for("of_kind", kind=kind), kind) if kind in kept else kind, count)
        for kind, count in sorted(counted(nodes).items())
    ]
    tables: Tables = (
        (text("Pages"), table(("",), links)),
        (text("Made of"), table((text("kind"), text("slices")), made)),
    )
    told = recipe.read_text(encoding="utf-8") if recipe is not None else ""
    return _page(run, tables, told=told)


def tables(found: Runs, run: str) -> str:
    """Every table of a run, to be saved."""
    name, _, time = run.partition("/")
    rows = [
        (
            _link(url_for("one_table", name=name, time=time, wanted=one), one),
            frame.height,
            frame.width,
        )
        for one, frame in found.tables(run).items()
    ]
    header = (text("csv of a table"), text("rows"), text("columns"))
    return _page(run, ((text("Tables"), table(header, rows)),))


def jobs(found: Runs) -> str:
    """What runs now, and what runs that ended left half made."""
    rows = [
        (
            one.run or "–",
            one.kind,
            one.key,
            text("process {}", str(one.process)) if one.process else text("nobody: left half made"),
            one.changed.strftime("%Y-%m-%d %H:%M:%S"),
            *(Cell(of, one.last.get(of)) for of in ("epoch", "train_loss", "valid_rank_ic")),
        )
        for one in found.jobs()
    ]
    header = ("run", "kind", "slices", "made by", "last change (UTC)", "epoch")
    heads = (*map(text, header), said("train_loss"), said("valid_rank_ic"))
    return _page(text("Running"), ((text("Slices in work"), table(heads, rows)),))


def kinds(found: Runs) -> str:
    """Kinds of artifacts and how many there are."""
    folders = [
        (_link(url_for("of_kind", kind=kind), kind), len(keys))
        for kind, keys in found.artifacts().items()
    ]
    days = [(kind, count, size) for kind, (count, size) in found.days().items()]
    tables: Tables = (
        (text("Folders"), table((text("kind"), text("number")), folders)),
        (text("Days"), table((text("kind"), text("number"), text("bytes")), days)),
    )
    return _page(text("Artifacts"), tables)


def of_kind(kind: str, keys: Sequence[str]) -> str:
    """The artifacts of a kind."""
    rows = [(_link(url_for("artifact", kind=kind, key=key), key),) for key in keys[:MOST]]
    return _page(kind, ((text("Artifacts"), table((text("address"),), rows)),))


def artifact(kind: str, key: str, kept: Kept) -> str:
    """What an artifact was made of, and its files.

    Parameters
    ----------
    kind, key : of the artifact
    kept : its facts and files
    """
    files = table((text("file"), text("bytes")), list(kept.files.items()))
    told = json.dumps(kept.facts, indent=1, ensure_ascii=False)
    return _page(f"{kind}/{key}", ((text("Files"), files),), told=told)


def recipes() -> str:
    """Recipes that come with the package."""
    rows = [(_link(url_for("shipped", name=name), name),) for name in shipped_recipes()]
    return _page(text("Recipes"), ((text("Shipped recipes"), table((text("recipe"),), rows)),))


def failure(name: str, told: str) -> str:
    """What an error of ours says."""
    return _page(name, (), told=told)


def _of(page: str, run: str) -> str:
    """Address of a page of a run."""
    name, _, time = run.partition("/")
    return url_for(page, name=name, time=time)


def _link(to: str, label: str | Text) -> Markup:
    return Markup('<a href="{}">{}</a>').format(to, label)


def _page(title: str | Text, tables: Tables, told: str = "", choose: bool = False) -> str:
    links = (
        (url_for("all_runs"), text("Runs")),
        (url_for("jobs"), text("Running")),
        (url_for("kinds"), text("Artifacts")),
        (url_for("recipes"), text("Recipes")),
    )
    to = url_for("compare") if choose else ""
    of = {"heading": title, "links": links, "tables": tables, "told": told, "choose": to}
    return filled("browse.html", str(title), **of)
