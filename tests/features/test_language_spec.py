"""Feature sets of expressions: compiled once for the same texts, anew for others."""

from pathlib import Path

import pytest

from intralpha.features import ExpressionSpec, LibrarySpec
from intralpha.features.language.library import LibraryError
from intralpha.features.session_factors import UnusableLibraryError

MINE = "name: mine\nframe: minute\nfactors: [{name: late, expr: 'mean(ret)'}]\n"
DAY = "name: days\nframe: day\nuses: [PART]\nfactors: [{name: a, expr: 'late - ago(late, 1)'}]\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    return path


def test_the_same_texts_are_compiled_once() -> None:
    spec = LibrarySpec(library="ms22")
    assert spec.make() is spec.make() is LibrarySpec(library="ms22").make()
    written = ExpressionSpec(factors={"a": "mean(ret)"})
    assert written.make() is ExpressionSpec(factors={"a": "mean(ret)"}).make()


@pytest.mark.parametrize(
    "other",
    [
        {"names": ("ms_rv",)},
        {"smooth_days": 5},
        {"cache": False},
        {"base_freq": 1},
        {"library": "minute15"},
    ],
)
def test_another_choice_is_another_set(other: dict) -> None:
    made = LibrarySpec(library="ms22").make()
    changed = LibrarySpec(**{"library": "ms22", **other}).make()
    assert changed is not made
    assert (changed.names, changed.settings) != (made.names, made.settings)


def test_the_order_of_factors_is_theirs() -> None:
    one = ExpressionSpec(factors={"a": "mean(ret)", "b": "sum(volume)"}).make()
    other = ExpressionSpec(factors={"b": "sum(volume)", "a": "mean(ret)"}).make()
    assert (one.names, other.names) == (("a", "b"), ("b", "a"))


def test_an_edited_file_is_noticed(mine: Path) -> None:
    spec = LibrarySpec(library=str(mine))
    assert spec.make().names == ("late",)
    before = spec.content()
    mine.write_text(MINE.replace("mean(ret)", "mean(volume)"))
    assert "mean(volume)" in spec.content() != before
    mine.write_text(MINE.replace("late", "early"))
    assert spec.make().names == ("early",)
    mine.write_text(MINE)
    assert spec.content() == before


def test_an_edited_file_that_the_library_uses_is_noticed(mine: Path, tmp_path: Path) -> None:
    days = tmp_path / "days.yaml"
    days.write_text(DAY.replace("PART", str(mine)))
    spec = LibrarySpec(library=str(days))
    before = spec.content()
    assert spec.make() is spec.make()
    mine.write_text(MINE.replace("mean(ret)", "mean(volume)"))
    assert "mean(volume)" in spec.content() != before


def test_a_file_that_the_library_uses_lies_beside_it(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, stands = tmp_path / "own", tmp_path / "elsewhere"
    own.mkdir()
    stands.mkdir()
    monkeypatch.chdir(stands)
    (own / "days.yaml").write_text(DAY.replace("PART", "mine.yaml, minute15"))
    spec = LibrarySpec(library="../own/days.yaml")
    (stands / "mine.yaml").write_text(MINE)  # not that one
    with pytest.raises(LibraryError) as caught:
        spec.make()
    assert "library days, uses: no library mine.yaml" in str(caught.value)
    assert f"nor a file {own / 'mine.yaml'};" in str(caught.value)
    mine.rename(own / "mine.yaml")
    before = spec.content()
    assert "mean(ret)" in before
    (own / "mine.yaml").write_text(MINE.replace("mean(ret)", "mean(volume)"))
    assert "mean(volume)" in spec.content() != before


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (MINE.replace("minute", "day").replace("mean(ret)", "ret"), "whose frame is day"),
        (MINE.replace("minute", "vbar"), "whose frame is vbar"),
        (MINE + "segments: 30\n", "whose segments are bars of 30 minutes"),
    ],
)
def test_a_library_that_cannot_be_used_is_refused(
    mine: Path, tmp_path: Path, other: str, found: str
) -> None:
    mine.write_text(other)
    days = tmp_path / "days.yaml"
    days.write_text(DAY.replace("PART", "minute15, mine.yaml").replace("late", "bigorder_ret"))
    with pytest.raises(UnusableLibraryError) as caught:
        LibrarySpec(library=str(days)).make()
    assert f"library days, uses: found {mine}, {found}; expected one" in str(caught.value)
    days.write_text(days.read_text().replace(", mine.yaml", ""))
    assert LibrarySpec(library=str(days)).make().names == ("a",)
