"""Kinds of a family as text."""

from typing import Literal

import pytest

from intralpha.base import Kinded
from intralpha.base.choices import NoKindError, by_default, kind_named, listed, recipe_lines


class TuneSpec(Kinded):
    """A family."""


class PairSpec(TuneSpec):
    """A tune of two others."""

    first: TuneSpec
    kind: Literal["tunes.pair"] = "tunes.pair"


class NoteSpec(TuneSpec):
    """One note."""

    pitch: int = 60
    kind: Literal["tunes.note"] = "tunes.note"


def test_a_kind_is_found_or_its_neighbours_are_named() -> None:
    assert kind_named(TuneSpec, "tunes.note") is NoteSpec
    with pytest.raises(NoKindError, match=r"no kind tunes.not of TuneSpec.*\n.*mean tunes.note"):
        kind_named(TuneSpec, "tunes.not")


def test_a_kind_whose_key_has_no_default_has_none_itself() -> None:
    assert by_default(TuneSpec, "tunes.note") == NoteSpec()
    assert by_default(TuneSpec, "tunes.pair") is None


def test_recipe_lines_begin_with_the_kind_at_every_depth() -> None:
    lines = recipe_lines("tune", PairSpec(first=NoteSpec(pitch=3)))
    assert lines.splitlines() == [
        *("tune:", "  kind: tunes.pair", "  first:", "    kind: tunes.note", "    pitch: 3")
    ]


def test_columns_stand_below_each_other_and_the_last_is_cut() -> None:
    text = listed([("a", "what"), ("long", "word " * 40)]).splitlines()
    assert text[0] == "a     what"
    assert text[1].startswith("long  word word")
    assert text[1].endswith("...")
    assert len(text[1]) <= 96
