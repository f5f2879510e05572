"""Docstrings: a function with three or more parameters says what each of them is.

Left out are the verbs of the command line, whose options carry the text that ``--help`` prints, and
functions whose text stands elsewhere: a method of a family that the family's own method describes,
and one that begins with "See" and the name of a function that takes the same.
"""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import typer
import typer.main

from intralpha.cli import app

SRC = Path(__file__).parents[1] / "src"
MANY = 3
POINTER = re.compile(r"See :(?:meth|func|class):`[~.]?([\w.]+)`")


@dataclass(frozen=True)
class Function:
    """A public function or method as it is written."""

    module: str
    owner: str
    name: str
    takes: tuple[str, ...]
    doc: str

    @property
    def place(self) -> str:
        return ".".join(part for part in (self.module, self.owner, self.name) if part)

    @property
    def unsaid(self) -> list[str]:
        """Parameters without a word in the section of that name."""
        said = names_said(self.doc)
        return [name for name in self.takes if name not in said]


def names_said(doc: str) -> set[str]:
    """Names at the margin of the section "Parameters"."""
    lines = [*inspect.cleandoc(doc).splitlines(), "", ""]
    rules = [i for i, line in enumerate(lines) if re.fullmatch("-{3,}", line)]
    starts = [i for i in rules if lines[i - 1] == "Parameters"]
    if not starts:
        return set()
    end = min((i - 1 for i in rules if i > starts[0]), default=len(lines))
    margin = [line for line in lines[starts[0] + 1 : end] if line and not line[0].isspace()]
    return {name.strip(" *") for line in margin for name in line.split(" : ")[0].split(",")}


class Tree:
    """Public functions of some modules, and which classes are made from which.

    Parameters
    ----------
    modules : dotted name -> source text
    """

    def __init__(self, modules: dict[str, str]) -> None:
        self.functions: list[Function] = []
        self.bases: dict[str, list[str]] = defaultdict(list)
        for module, text in modules.items():
            self._walk(ast.parse(text), module, "")
        self._named: dict[str, list[Function]] = defaultdict(list)
        for one in self.functions:
            self._named[f"{one.owner}.{one.name}".strip(".")].append(one)

    def _walk(self, node: ast.Module | ast.ClassDef, module: str, owner: str) -> None:
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                written = (ast.unparse(base) for base in child.bases)
                self.bases[child.name] += [b.split("[")[0].split(".")[-1] for b in written]
            if not isinstance(child, ast.ClassDef | ast.FunctionDef) or child.name[0] == "_":
                continue
            if isinstance(child, ast.ClassDef):
                self._walk(child, module, child.name)
                continue
            every = (*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs)
            takes = tuple(a.arg for a in every if a.arg not in {"self", "cls"})
            doc = ast.get_docstring(child) or ""
            self.functions.append(Function(module, owner, child.name, takes, doc))

    def lacking(self) -> Iterator[Function]:
        """Functions that leave a parameter without a word, here and where they point to."""
        for one in self.functions:
            if len(one.takes) >= MANY and one.unsaid and not self._said_elsewhere(one):
                yield one

    def _said_elsewhere(self, one: Function) -> bool:
        families = (f"{family}.{one.name}" for family in self._families(one.owner))
        found = POINTER.match(one.doc)
        target = found[1] if found else ""
        last, before = target.split(".")[-1], ".".join(target.split(".")[-2:])
        places = (*families, last, before, f"{last}.{one.name}")
        others = [other for place in places for other in self._named.get(place, ())]
        return any(set(one.takes) <= names_said(other.doc) for other in others if other != one)

    def _families(self, owner: str) -> Iterator[str]:
        """Classes that a class is made from, near ones first."""
        for base in set(self.bases.get(owner, ())) - {owner}:
            yield base
            yield from self._families(base)


def package() -> Tree:
    """The functions of the package."""
    files = {path: path.relative_to(SRC).with_suffix("") for path in SRC.rglob("*.py")}
    return Tree({".".join(parts.parts): path.read_text("utf-8") for path, parts in files.items()})


def verbs(of: typer.Typer) -> Iterator[str]:
    """Module and name of each function that is a command."""
    for command in of.registered_commands:
        assert command.callback is not None
        yield f"{command.callback.__module__}.{command.callback.__qualname__}"
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from verbs(group.typer_instance)


def commands(of: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command below one, by the words that call it."""
    yield name, of
    for word, below in getattr(of, "commands", {}).items():
        yield from commands(below, f"{name} {word}".strip())


def test_every_parameter_is_described() -> None:
    tree, of_cli = package(), set(verbs(app))
    assert len([f for f in tree.functions if len(f.takes) >= MANY]) > 300, "nothing was read"
    assert of_cli <= {one.place for one in tree.functions}
    bad = [f for f in tree.lacking() if f.place not in of_cli]
    assert [f"{one.place}: {', '.join(one.unsaid)}" for one in bad] == []


def test_every_command_and_option_tells_what_it_is() -> None:
    found = dict(commands(typer.main.get_command(app)))
    assert {"run", "level2 enrich", "features show"} <= set(found)
    silent = [name for name, one in found.items() if not one.help]
    silent += [
        f"{name} {given.name}"
        for name, one in found.items()
        for given in one.params
        if not getattr(given, "help", None)
    ]
    assert silent == []


DESCRIBED = '''
def solve(first, second, third):
    """Solve.

    Parameters
    ----------
    first, second : what is solved
    third : how

    Returns
    -------
    fourth : nothing
    """
'''


def test_a_described_function_lacks_nothing() -> None:
    assert list(Tree({"m": DESCRIBED}).lacking()) == []


@pytest.mark.parametrize(
    ("said", "instead", "unsaid"),
    [
        ("first, second :", "first :", ["second"]),
        ("    third : how\n", "", ["third"]),
        ("third)", "third, fourth)", ["fourth"]),
        ("third)", "third, *, fourth)", ["fourth"]),
        ("Parameters", "Arguments", ["first", "second", "third"]),
    ],
)
def test_a_word_that_is_missing_is_found(said: str, instead: str, unsaid: list[str]) -> None:
    source = DESCRIBED.replace(said, instead)
    assert [one.unsaid for one in Tree({"m": source}).lacking()] == [unsaid]


FAMILY = '''
class Shape(Kinded):
    def area(self, first, second, third):
        """The area.

        Parameters
        ----------
        first, second, third : sides
        """


class Flat(Shape):
    """A family in between."""


class Square(Flat):
    def area(self, first, second, third):
        """One side times itself."""
'''


def test_a_family_speaks_for_its_kinds() -> None:
    assert list(Tree({"m": FAMILY}).lacking()) == []
    stranger = Tree({"m": FAMILY.replace("Square(Flat)", "Square(Circle)")})
    assert [one.place for one in stranger.lacking()] == ["m.Square.area"]
    silent = Tree({"m": FAMILY.replace("first, second, third : sides", "first : side")})
    assert [one.place for one in silent.lacking()] == ["m.Shape.area", "m.Square.area"]


POINTING = '''
def squared(first, second, third):
    """See :func:`m.solve`."""
'''


@pytest.mark.parametrize("change", [("m.solve", "m.dissolve"), ("See ", "As "), ("third)", "x)")])
def test_a_pointer_must_lead_to_what_it_leaves_out(change: tuple[str, str]) -> None:
    assert list(Tree({"m": DESCRIBED, "n": POINTING}).lacking()) == []
    astray = Tree({"m": DESCRIBED, "n": POINTING.replace(*change)})
    assert [one.place for one in astray.lacking()] == ["n.squared"]
