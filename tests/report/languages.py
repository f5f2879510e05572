"""Every sentence that our pages may say, found in the sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import intralpha

ROOT = Path(intralpha.__file__).parent
PLACES = {"text": (0,), "Chart": (0, 1, 3), "Section": (0,), "square_chart": (0, 1)}
PLACES |= {"matrix_chart": (1, 2), "heat_map": (2,), "monthly_map": (0, 1)}
PLACES |= {"training_charts": (2, 3), "_curve": (2, 3), "_rank_ic_chart": (1,)}
FILES = (
    *sorted((ROOT / "report").glob("*.py")),
    *sorted((ROOT / "ui").glob("*.py")),
    ROOT / "pipeline" / "head.py",
)


def sentences() -> Iterator[str]:
    """Literal sentences of sources and templates."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _of_call(node)
            elif isinstance(node, ast.Assign):
                yield from _of_reading(node)
    for path in sorted((ROOT / "report").glob("*.html")):
        yield from re.findall(r'text\("(.*?)"', path.read_text(encoding="utf-8"))


def _of_call(node: ast.Call) -> Iterator[str]:
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    for place in PLACES.get(called, ()):
        if place < len(node.args):
            yield from _literals(node.args[place])


def _of_reading(node: ast.Assign) -> Iterator[str]:
    names = {t.id for t in node.targets if isinstance(t, ast.Name)}
    if names & {"READING", "ABOUT", "NOTES", "_DRAWN", "PARTS"}:
        yield from (s for s in _literals(node.value) if " " in s)


def _literals(node: ast.expr) -> Iterator[str]:
    """Strings of an expression that are said, not those inside other calls."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.Tuple):
        yield from (s for one in node.elts for s in _literals(one))
    elif isinstance(node, ast.Dict):
        yield from (s for one in node.values for s in _literals(one))
