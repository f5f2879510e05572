"""Sections of a report, from what a run left."""

from datetime import date

import polars as pl
import pytest

from intralpha.report.section import date_weight_sections, training_sections


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
    """Title of each figure -> name and values of its traces."""
    (section,) = training_sections(frame)
    charts = [chart for chart in section.charts if chart is not None]
    return {str(c.title): [(str(t.name), list(t.y)) for t in c.traces] for c in charts}  # type: ignore[union-attr]


def test_loss_and_rank_ic_of_every_fit() -> None:
    found = drawn(history(unit_correlation=[None] * 4))
    assert found == {
        "Training loss, a": [("fold 2024, seed 0", [0.5, 0.4])],
        "Training loss, b": [("fold 2024, seed 0", [0.3, 0.2])],
        "Validation RankIC, a": [("fold 2024, seed 0", [0.01, 0.02])],
        "Validation RankIC, b": [("fold 2024, seed 0", [0.03, 0.04])],
    }


def test_the_best_epoch_is_a_point_and_a_seed_a_colour() -> None:
    frame = history(best_epoch=[2, 2, 1, 1]).with_columns(
        seed=pl.Series([0, 0, 1, 1]), factor=pl.lit("a")
    )
    assert drawn(frame)["Training loss, a"] == [
        ("fold 2024, seed 0", [0.5, 0.4]),
        ("fold 2024, seed 1", [0.3, 0.2]),
        ("best epoch, seed 0", [0.4]),
        ("best epoch, seed 1", [0.3]),
    ]
    (section,) = training_sections(frame)
    assert section.charts[0] is not None
    assert [t.colour for t in section.charts[0].traces] == [0, 1, 0, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("column", "title"),
    [
        ("valid_icir", "Validation ICIR, b"),
        ("valid_mine.share", "Validation mine.share, b"),
        ("unit_correlation", "Correlation between units, b"),
    ],
)
def test_what_only_some_fits_have_is_drawn_of_those(column: str, title: str) -> None:
    found = drawn(history(**{column: [None, None, 0.7, 0.6]}))
    assert len(found) == 5
    assert found[title] == [("fold 2024, seed 0", [0.7, 0.6])]


def test_without_a_fit_there_is_no_section() -> None:
    assert training_sections(None) == []
    assert training_sections(history()[:0]) == []


def test_weights_of_training_dates_a_line_a_fold_and_their_number() -> None:
    days = [date(2024, 1, d) for d in (2, 3, 4)]
    frame = pl.DataFrame(
        {
            "factor": ["a"] * 5 + ["b"],
            "fold": ["2024"] * 2 + ["2025"] * 3 + ["2024"],
            "date": [*days[:2], *days, days[0]],
            "weight": [0.5, 1.5, 0.0, 0.0, 3.0, 1.0],
        }
    )
    (section,) = date_weight_sections(frame)
    a, b = (chart for chart in section.charts if chart is not None)
    assert [(str(t.name), list(t.y)) for t in a.traces] == [  # type: ignore[union-attr]
        ("2024", [0.5, 1.5]),
        ("2025", [0.0, 0.0, 3.0]),
    ]
    assert [list(t.x) for t in b.traces] == [days[:1]]  # type: ignore[union-attr]
    cells = str(section.tables[0][1])
    for said in ("1.60", "2024-01-04", 'data-v="3"'):  # (0.5 + 1.5)^2 / (0.25 + 2.25)
        assert said in cells
    assert date_weight_sections(None) == date_weight_sections(frame[:0]) == []
