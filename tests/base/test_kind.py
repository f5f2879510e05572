"""Kinds: one table a family, open to others, with errors that say where and what."""

import pickle
import sys
import textwrap
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError

from intralpha.base import Kinded, Spec, spec_hash
from intralpha.base.kind import KindNameError


class ShapeSpec(Kinded):
    """A family of the test."""


class RoundSpec(ShapeSpec):
    kind: Literal["test.round", "test.circle"] = "test.round"
    radius: int = Field(gt=0)


class HollowSpec(ShapeSpec):
    kind: Literal["test.hollow"] = "test.hollow"
    inner: ShapeSpec


class Drawing(Spec):
    shape: ShapeSpec
    others: tuple[ShapeSpec, ...] = ()
    named: dict[str, ShapeSpec] = Field(default_factory=dict)
    perhaps: ShapeSpec | None = None


ROUND = {"kind": "test.round", "radius": 2}


def faults(raw: object) -> list[tuple[tuple, str]]:
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate(raw)
    return [(e["loc"], e["msg"]) for e in caught.value.errors()]


def test_a_field_of_the_family_takes_any_kind_wherever_it_stands() -> None:
    raw = {
        "shape": {"kind": "test.hollow", "inner": ROUND},
        "others": [ROUND, RoundSpec(kind="test.circle", radius=3)],
        "named": {"a": ROUND},
        "perhaps": ROUND,
    }
    drawing = Drawing.model_validate(raw)
    assert drawing.shape == HollowSpec(inner=RoundSpec(radius=2))
    assert [type(s) for s in drawing.others] == [RoundSpec, RoundSpec]
    assert drawing.model_dump(mode="json")["others"][1] == {"kind": "test.circle", "radius": 3}
    assert Drawing.model_validate(drawing.model_dump(mode="json")) == drawing
    assert Drawing.model_validate_json(drawing.model_dump_json()) == drawing
    assert pickle.loads(pickle.dumps(drawing)) == drawing


def test_every_key_of_a_kind_moves_the_hash() -> None:
    def hashed(radius: int, kind: str = "test.round") -> str:
        return spec_hash(Drawing.model_validate({"shape": {"kind": kind, "radius": radius}}))

    assert hashed(2) == hashed(2)
    assert len({hashed(2), hashed(3), hashed(2, "test.circle")}) == 3


def test_faults_name_their_place() -> None:
    inner = {"kind": "test.hollow", "inner": {"kind": "test.round", "radius": -1}}
    assert faults({"shape": inner}) == [
        (("shape", "inner", "radius"), "Input should be greater than 0")
    ]
    extra = {"shape": ROUND | {"colour": "red"}}
    assert faults(extra) == [(("shape", "colour"), "Extra inputs are not permitted")]
    assert faults({"shape": {"radius": 1}})[0][1].startswith(
        "kind is missing; expected one of test."
    )
    assert faults({"shape": 3})[0][1].startswith("expected a mapping with kind, one of test.")


def test_an_unknown_kind_names_what_to_do() -> None:
    assert "did you mean test.round?" in faults({"shape": {"kind": "test.rond"}})[0][1]
    assert "--plugins acme" in faults({"shape": {"kind": "acme.star"}})[0][1]


def test_a_foreign_kind_needs_a_prefix_and_takes_no_name_twice() -> None:
    with pytest.raises(KindNameError, match="carries a prefix"):

        class Bare(ShapeSpec):
            kind: Literal["bare"] = "bare"

    with pytest.raises(KindNameError, match="RoundSpec has that name"):

        class Again(ShapeSpec):
            kind: Literal["test.round"] = "test.round"


def test_only_the_file_that_mentions_a_kind_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shapes_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "family.py").write_text(
        textwrap.dedent('''
        from intralpha.base import Kinded

        class TileSpec(Kinded):
            """A family elsewhere."""
            homes = ("shapes_of_a_test",)
        ''')
    )
    for name in ("square", "star"):
        (folder / f"{name}.py").write_text(
            textwrap.dedent(f"""
            from typing import Literal
            from shapes_of_a_test.family import TileSpec

            class Made(TileSpec):
                kind: Literal["tiles.{name}"] = "tiles.{name}"
            """)
        )
    monkeypatch.syspath_prepend(tmp_path)
    from shapes_of_a_test.family import TileSpec

    assert TileSpec.model_validate({"kind": "tiles.star"}).kind == "tiles.star"
    assert "shapes_of_a_test.square" not in sys.modules
    assert list(TileSpec.kinds()) == ["tiles.square", "tiles.star"]
