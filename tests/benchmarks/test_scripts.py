"""Scripts of benchmarks ask the package for what it has: most of them run too long for a test."""

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "benchmarks"


def taken(script: Path) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a script takes from the package."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "intralpha":
            yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize("script", sorted(ROOT.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_script_imports_is_there(script: Path) -> None:
    lacking = [
        f"{module}.{name}"
        for module, name in taken(script)
        if not hasattr(import_module(module), name) and find_spec(f"{module}.{name}") is None
    ]
    assert lacking == []
