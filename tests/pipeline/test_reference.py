"""Every key is explained, on the page, on the command line and in the schema of editors."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from tests.commands import command

from intralpha.base.keys import keys_of, kinds_of, summary
from intralpha.pipeline import UnknownKeyError, explain_key, keys_page, recipe_schema, reference
from intralpha.pipeline.reference import ROOTS, Place, places

# Mappings with names of a user's own.
OWN = ("signs", "weights", "parameters", "over", "mixture", "ranked")
ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


def test_every_key_and_every_kind_is_described() -> None:
    # Kinds that other tests have made in this process are not ours.
    found = [place for place in places() if place.spec.__module__.startswith("intralpha.")]
    keys = [place for place in found if place.key is not None]
    assert len(keys) > 200
    silent = [p.written for p in keys if p.key is not None and not p.key.about]
    silent += [p.written for p in found if p.key is None and not summary(p.spec)]
    assert silent == []


def test_every_key_of_every_shipped_recipe_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are read from the files: none is known to the test, none is invented."""
    known = list(places())  # once for all of them
    monkeypatch.setattr(reference, "places", lambda: iter(known))
    asked = {path for file in RECIPES for path in paths(yaml.safe_load(file.read_text()))}
    assert len(asked) > 60
    for path in sorted(asked):
        assert explain_key(path)


def paths(value: Any, *above: str) -> set[str]:
    """Dotted keys of a recipe, without what a user's own mapping holds."""
    if isinstance(value, list):
        return set().union(*(paths(one, *above) for one in value)) if value else set()
    if not isinstance(value, dict) or (above and above[-1] in OWN):
        return set()
    if above[-1:] == ("factors",) and len(above) > 1:  # expressions
        return set()
    out = set[str]()
    for name, part in value.items():
        if name == "kind" or (above and above[-1] in ("style_bounds", "columns")):
            continue
        here = (*above, str(name))
        named = above in [("factors",), ("sets",), ("portfolios",)]
        out |= {".".join(here)} if not named else set()
        out |= paths(part, *here)
    return out


def test_a_key_is_found_from_the_top_and_by_its_end() -> None:
    whole = explain_key("factors.NAME.network.model")
    assert whole == explain_key("network.model")
    either = explain_key("factors.mine.model")  # two kinds of factors have one
    assert either.startswith(whole)
    assert "factors.NAME.[sample_blocks].model: " in either
    assert explain_key("factors.mine.schedule") == explain_key("network.schedule")
    assert explain_key("factors.mine") in explain_key("factors")
    inside = explain_key("factors.mine.inputs.day.features.mode")
    assert inside == explain_key("factors.mine.features.mode")
    assert explain_key("factors.mine.inputs.day").startswith(explain_key("network.inputs"))
    listed = explain_key("factors.mine.features.library")
    assert explain_key("sets.mine.features.sets.library") == listed
    assert "kind: gru" in whole
    assert "hidden  integer (> 0); default 30." in whole
    assert "data.sources.[mapping].volume_unit: " in explain_key("volume_unit")
    told = explain_key("sources.mapping.volume_unit")
    assert told.splitlines()[1:] == [
        "  type     one of shares, lots",
        "  default  shares",
        "  choices  shares, lots",
    ]
    assert explain_key("").startswith("Recipe: ")
    assert "\n  factors " in explain_key("")


@pytest.mark.parametrize(("asked", "near"), [("volum_unit", "volume_unit"), ("data.lakes", "lake")])
def test_a_key_that_is_not_there_is_refused_with_what_is_near(asked: str, near: str) -> None:
    with pytest.raises(UnknownKeyError, match=rf"did you mean .*{near}") as caught:
        explain_key(asked)
    assert near in caught.value.near


def test_parts_of_a_key_must_follow_each_other() -> None:
    place = Place(("factors", "NAME", "[network]", "model"), None, BaseModel)
    for asked in ("factors.x.model", "x.model", "model", "network.model", "factors.model"):
        assert place.answers(asked.split(".")), asked
    for asked in ("data.x.model", "data.factors.x.model", "factors.x.y.model", "model.factors"):
        assert not place.answers(asked.split(".")), asked


def test_the_page_is_what_the_command_makes() -> None:
    hint = "run `intralpha explain --page > docs/keys.md`"
    assert (ROOT / "docs" / "keys.md").read_text() == said("--page").stdout, hint


def test_the_page_has_every_key_once() -> None:
    text = keys_page()
    seen: set[type[BaseModel]] = set()
    waiting = [root for _, root, _ in ROOTS]
    while waiting:
        spec = waiting.pop()
        if spec in seen:
            continue
        seen.add(spec)
        kinds = kinds_of(spec)
        assert all(f"\n#### kind: {kind}\n" in text for kind in kinds)
        assert not kinds or text.count(f"\n### {spec.__name__}\n") == 1
        for key in () if kinds else keys_of(spec):
            assert f"\n| `{key.name}` | " in text
            waiting += key.specs
        waiting += kinds.values()
    assert len(seen) > 50


def accepts(schema: dict[str, Any], part: Any, value: Any) -> bool:
    """Whether a value fits a part of a schema: of what editors use, that which ours has."""
    if "$ref" in part:
        return accepts(schema, schema["$defs"][part["$ref"].rpartition("/")[2]], value)
    if set(part) == {"required"}:
        return set(part["required"]) <= set(value)
    if "oneOf" in part:
        return sum(accepts(schema, one, value) for one in part["oneOf"]) == 1
    if "anyOf" in part:
        return any(accepts(schema, one, value) for one in part["anyOf"])
    if "enum" in part or "const" in part:
        return value in part.get("enum", [part.get("const")])
    if "properties" in part:
        known = part["properties"]
        return (
            isinstance(value, dict)
            and set(part.get("required", ())) <= set(value) <= set(known)
            and all(accepts(schema, known[name], one) for name, one in value.items())
        )
    if part.get("type") == "array" and "items" in part:
        return isinstance(value, list) and all(accepts(schema, part["items"], v) for v in value)
    if isinstance(part.get("additionalProperties"), dict):
        inner = part["additionalProperties"]
        return isinstance(value, dict) and all(accepts(schema, inner, v) for v in value.values())
    plain = {"string": str, "integer": int, "number": int | float, "boolean": bool, "null": None}
    wanted = plain.get(part.get("type"), object)
    return value is None if wanted is None else isinstance(value, wanted)


def test_the_schema_takes_what_is_shipped_and_refuses_what_is_misspelt() -> None:
    schema = json.loads(recipe_schema())
    for file in RECIPES:
        raw = json.loads(json.dumps(yaml.safe_load(file.read_text()), default=str))
        assert accepts(schema, schema, raw), file.name
        if "extends" in raw:
            continue
        assert not accepts(schema, schema, raw | {"factor": {}})
        assert not accepts(schema, schema, {k: v for k, v in raw.items() if k != "factors"})
        for name in raw["factors"]:
            wrong = {**raw["factors"], name: {**raw["factors"][name], "kind": "netwrk"}}
            assert not accepts(schema, schema, raw | {"factors": wrong})


HEAVY = ("torch", "numba", "numpy", "polars", "scipy")
COMMAND = f"""
import sys
from intralpha.cli import main
try:
    main()
finally:
    print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


def said(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, "explain", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("words", [("factors.x.schedule",), ("--page",), ("--schema",), ()])
def test_the_command_needs_no_heavy_library(words: tuple[str, ...]) -> None:
    done = said(*words)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stderr.split() == []
    first = {"--page": "# Keys", "--schema": "{"}
    expected = first[words[0]] if words and words[0] in first else explain_key(*words)
    assert done.stdout.startswith(expected.splitlines()[0] + "\n")


@pytest.mark.slow
def test_kinds_of_plugins_are_explained(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        '"""Mine."""\n\nfrom typing import Literal\n\nfrom pydantic import Field\n\n'
        "from intralpha.models import ModelSpec\n\n\nclass NetSpec(ModelSpec):\n"
        '    """My own network."""\n\n    kind: Literal["mine.net"] = "mine.net"\n'
        '    hidden: int = Field(default=8, gt=0, description="width of it")\n'
    )
    explain = partial(command, "explain", folder=tmp_path)
    done = explain("mine.net", "--plugins", "./mine.py")
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.splitlines()[0].endswith("model.[mine.net]: My own network.")
    assert "hidden  integer (> 0); default 8. width of it" in done.stdout
    assert "kind: mine.net" in explain("model", "--plugins", "./mine.py").stdout
    assert explain("mine.net").returncode == 2
