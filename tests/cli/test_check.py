"""`intralpha check` without heavy libraries finds and prints what it does with them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import command

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
HEAVY = ("torch", "numba", "scipy", "highspy", "polars", "numpy", "pyarrow")

# Each case in a process of its own, so that none sees what another has done. With the libraries all
# modules are there before; so they are for changes of a recipe that was read without them.
ASK = """
import json, sys
from multiprocessing import get_context
from pathlib import Path

import pydantic, rich.console, yaml

from intralpha.cli.check import resolved, resolved_quickly
from intralpha.cli.stand_ins import stand_ins

if sys.argv[1] == "with":
    import highspy, numba, polars, scipy, torch
if sys.argv[1] == "read before":
    held = stand_ins()
    held.__enter__()
if sys.argv[1] != "without":
    resolved(Path("demo"), ())

def ask(case):
    recipe, *overrides = case
    work = resolved if sys.argv[1] == "with" else resolved_quickly
    try:
        found = work(Path(recipe), tuple(overrides))
    except Exception as error:
        found = error
    text = found if isinstance(found, str | None) else f"{type(found).__name__}: {found}"
    heavy = [n for n in HEAVY if n in sys.modules]
    return text, heavy

if __name__ == "__main__":
    with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        print(json.dumps(pool.map(ask, json.load(sys.stdin), chunksize=1)))
"""

FAULTS = {
    "name": "name: x\ndata: {lakes: here}\nfactors: {}\n",
    "twice": "name: x\nname: y\n",
    "not_yaml": "name: [\n",
    "a_list": "- 1\n",
    "empty": "",
    "order": "name: x\ndata: {lake: l, start: 2024-02-01, end: 2024-01-01}\nfactors: {}\n",
}
CHANGES = [
    "factors.gru_bars.model.kind=grue",
    "factors.gru_bars.model.kind=acme.net",
    "factors.gru_bars.model.hiden=3",
    "factors.gru_bars.schedule={kind: rolling, train_days: 0}",
    "factors.equal_weight.signs={ret21: 1}",
    "factors.equal_weight.features.library=price_volum",
    "factors.equal_weight.features.smooth_days=5",
    "factors.gru_bars.features.library=bar64",
    "factors.gru_bars.features.names=[bar_rt]",
    "factors.gru_bars.features={kind: expression, factors: {a: 'sum(amonut)', b: 'std(ret)'}}",
    "factors.gru_bars.features={kind: expression, frame: trade, factors: {a: 'sum(amonut)'}}",
    "factors.gru_bars.features={kind: expression, frame: day, factors: {a: 'std(retn, days=5)'}}",
    "factors.gru_bars.features={kind: expression, factors: {a: 'sum(amount)'}}",
    "factors.equal_weight.features={kind: expression, factors: {'a b': 'sum(amount)'}}",
    "factors.equal_weight.features={kind: expression, expressions: {a: 'sum(clse)'}}",
    "combination.weights={nobody: 1}",
    "portfolio.problem.turnover_one_sided=lots",
    "portfolio.problem.constraints=[{kind: style_bnd}]",
    "portfolio.benchmark.kind=index",
    "test.horizons=[[6, 1]]",
    "test.start=2030-01-01",
    "data.sources=[{kind: simulated, preset: huge}]",
    "grid.every=0",
    "nonsense",
]


def asked(how: str, cases: list[list[str]]) -> list[tuple[str | None, list[str]]]:
    done = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {HEAVY!r}\n{ASK}", how],
        input=json.dumps(cases),
        env=os.environ | {"INTRALPHA_REAL_DATA": "/data", "INTRALPHA_LAKES": "/lakes"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_both_ways_find_the_same(tmp_path: Path) -> None:
    for name, text in FAULTS.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    shipped = [[str(path)] for path in sorted(RECIPES.glob("*.yaml"))]
    faults = [[str(path)] for path in sorted(tmp_path.glob("*.yaml"))]
    changes = [["demo", change] for change in CHANGES]
    alone = [*shipped, *faults, [str(tmp_path / "none.yaml")], ["nowhere"], changes[0]]
    cases = [*alone, *changes[1:]]
    quickly = asked("without", alone) + asked("read before", changes[1:])
    slowly = asked("with", cases)
    for case, (quick, heavy), (slow, imported) in zip(cases, quickly, slowly, strict=True):
        # Any error but RecipeError is left to a process that has the libraries.
        settled = str(slow).startswith(("RecipeError", "name: "))
        assert quick == (slow if settled else None), case
        assert heavy == []
        assert imported == list(HEAVY)
    texts = [str(text) for text, _ in slowly]
    assert all(text.startswith("name: ") for text in texts[: len(shipped)])
    assert all(text.startswith("RecipeError") for text in texts[len(alone) - 3 : len(alone)])
    others = texts[len(shipped) :]
    assert sum(text.startswith("RecipeError") for text in others) > 2 * len(others) // 3


def ended(own: bool, *words: str) -> tuple[int, str, str]:
    """How the command ends in a process that is its own, or in one that has imported everything."""
    if own:
        line = [sys.executable, "-c", "from intralpha.cli import main; main()", "check", *words]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    else:
        done = command("check", *words)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ["demo"]),
        (2, ["demo", "--set", "grid.every=0"]),
        (2, ["demo", "--set", "factors.equal_weight.features.library=price_volum"]),
    ],
)
def test_the_command_ends_alike(code: int, words: list[str]) -> None:
    first = ended(True, *words)
    assert first == ended(False, *words)
    assert first[0] == code
