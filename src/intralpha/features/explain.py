"""Explain: what the libraries hold, and what one factor is, costs and needs, as text."""

from intralpha.features.engine.program import assemble
from intralpha.features.language.compile import Compiler
from intralpha.features.language.frames import FRAMES, WHOLE_DAY
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import (
    FactorEntry,
    Library,
    LibraryError,
    libraries,
    load_library,
)
from intralpha.features.language.syntax import nearest

SIGNS = {-1: "negative", 0: "not known", 1: "positive"}


def list_libraries() -> str:
    """One line a shipped library: frame, segments, number of factors, source."""
    lines = [f"{'library':18}{'frame':8}{'one number a':14}{'factors':>8}  source"]
    for name in libraries():
        library = load_library(name)
        per = "day" if library.segments == "day" else f"{library.segments} minutes"
        count = len(library.factors)
        lines.append(f"{name:18}{library.frame:8}{per:14}{count:8}  {library.source}")
    return "\n".join(lines)


def show_library(name: str) -> str:
    """The factors of a library with their expressions."""
    library = load_library(name)
    width = max(len(f.name) for f in library.factors)
    lines = [f"{f.name:{width}}  {_one_line(f.expr)}" for f in library.factors]
    return "\n".join([f"{library.name}: frame {library.frame}, {library.source}", *lines])


def explain_factor(name: str) -> str:
    """Formula, unit, source, inputs and cost of a factor, wherever it is found.

    Parameters
    ----------
    name : of a factor, or ``library.factor`` where several libraries have one of that name

    Raises
    ------
    LibraryError
        No shipped library has it.
    """
    wanted, _, only = name.rpartition(".")
    found = [
        (library, factor)
        for library in map(load_library, [wanted] if wanted else libraries())
        for factor in library.factors
        if factor.name == only
    ]
    if not found:
        known = sorted({f.name for n in libraries() for f in load_library(n).factors})
        raise LibraryError(f"no library has a factor {name}; {nearest(only, known)}")
    return "\n\n".join(_explained(library, factor) for library, factor in found)


def _explained(library: Library, factor: FactorEntry) -> str:
    facts = {
        "expression": _one_line(factor.expr),
        "source": factor.source or library.source,
        "expected sign": SIGNS[factor.direction],
        "on locked days": "stays" if factor.on_locked == "keep" else "NaN",
    }
    if library.frame in FRAMES:
        facts |= _compiled(library, factor)
    width = max(map(len, facts))
    lines = [f"  {key:{width}}  {text}" for key, text in facts.items()]
    return "\n".join([f"{factor.name} (library {library.name}, frame {library.frame})", *lines])


def _compiled(library: Library, factor: FactorEntry) -> dict[str, str]:
    """What only the compiled factor can tell."""
    frame, graph = FRAMES[library.frame], Graph()
    rows = 0 if library.segments == "day" else int(library.segments) // max(frame.minutes, 1)
    compiler = Compiler(frame, graph, rows)
    output = compiler.factor(factor.expr, factor.on_locked)
    program = assemble(graph, [output])
    used = [graph.ops[i] for i in graph.used([output])]
    inputs = sorted(op.name for op in used if op.code == "input")
    at_close = not rows or bool({op.name for op in used} & set(WHOLE_DAY))
    of_rows = sum(op.on == "row" and op.code != "input" for op in used)
    of_days = sum(op.on == "day" and op.code != "input" for op in used)
    return {
        "unit": str(compiler.units[0]),
        "known at": "15:00" if at_close else "end of the bar",
        "reads": ", ".join(inputs),
        "cost": f"{of_rows} passes over rows, {of_days} numbers a segment, "
        f"{program.row_registers} registers; shared parts count once in a set",
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
