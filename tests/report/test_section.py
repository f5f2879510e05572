"""Sections of a report, from what a run left."""

import polars as pl
import pytest

from intralpha.report.section import training_sections


def history(**more: list[float | None]) -> pl.DataFrame:
    """Two fits of two epochs, of two factors."""
    rows = {
        "factor": ["a", "a", "b", "b"],
        "fold": ["2024"] * 4,
        "seed": [0] * 4,
        "epoch": [1, 2, 1, 2],
        "train_loss": [0.5, 0.4, 0.3, 0.2],
        "valid_rank_ic": [0.01, 0.02, 0.03, 0.04],
    }
    return pl.DataFrame(rows | more)


def drawn(frame: pl.DataFrame) -> dict[str, list[tuple[str, list[float]]]]:
    """Title of each figure -> name and values of its lines."""
    (section,) = training_sections(frame)
    return {f.layout.title.text: [(d.name, list(d.y)) for d in f.data] for f in section.charts}


def test_loss_and_rank_ic_of_every_fit() -> None:
    found = drawn(history(unit_correlation=[None] * 4))
    assert found == {
        "Training loss": [("a 2024", [0.5, 0.4]), ("b 2024", [0.3, 0.2])],
        "Validation RankIC while training": [("a 2024", [0.01, 0.02]), ("b 2024", [0.03, 0.04])],
    }


@pytest.mark.parametrize(
    ("column", "title"),
    [
        ("valid_icir", "Validation ICIR while training"),
        ("valid_mine.share", "Validation mine.share while training"),
        ("unit_correlation", "Correlation between units"),
    ],
)
def test_what_only_some_fits_have_is_drawn_of_those(column: str, title: str) -> None:
    found = drawn(history(**{column: [None, None, 0.7, 0.6]}))
    assert len(found) == 3
    assert found[title] == [("b 2024", [0.7, 0.6])]


def test_without_a_fit_there_is_no_section() -> None:
    assert training_sections(None) == []
    assert training_sections(history()[:0]) == []
