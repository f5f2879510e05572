"""Ingest of a recipe: data of which too much is wrong stop it, or are told."""

import logging
from pathlib import Path

import pytest

from intralpha.pipeline.ingest import ingested_part, run_ingest
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.store import Store
from intralpha.sources import QualityError

COLUMNS = ("open", "high", "low", "close", "volume", "amount", "preclose", "date")


def recipe(folder: Path, amount: str, **quality: float) -> Recipe:
    rows = [f"600000.SH,10,10.1,9.9,10,12345,{amount},10,2024-01-{d:02}" for d in range(2, 6)]
    (folder / "a.csv").write_text("\n".join([f"symbol,{','.join(COLUMNS)}", *rows]) + "\n")
    source = {
        "kind": "mapping",
        "path": str(folder / "a.csv"),
        "table": "daily",
        "datetime_format": "%Y-%m-%d",
        "columns": {name: name for name in ("symbol", *COLUMNS)},
    }
    return Recipe.model_validate(
        {
            "name": "t",
            "data": {"lake": str(folder / "lake"), "sources": [source]},
            "quality": quality,
            "factors": {
                "a": {"kind": "zscore_mean", "features": {"kind": "day"}, "signs": {"close": 1}}
            },
        }
    )


def test_too_much_wrong_stops_and_is_not_kept(tmp_path: Path) -> None:
    store, wrong = Store(tmp_path / "runs"), recipe(tmp_path, "123.45", fail_above=0.01)
    for _ in range(2):
        with pytest.raises(QualityError, match=r"quality\.fail_above"):
            run_ingest(wrong, store, show_progress=False)
        assert ingested_part(wrong, store) is None
    looser = recipe(tmp_path, "123.45", fail_above=1.0)
    assert ingested_part(looser, store) is None, "nothing was kept"
    run_ingest(looser, store, show_progress=False)
    assert ingested_part(looser, store) is not None
    assert ingested_part(wrong, store) is None, "the threshold holds for what is kept, too"


def test_by_default_it_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "intralpha"):
        run_ingest(recipe(tmp_path, "123.45"), Store(tmp_path / "runs"), show_progress=False)
    assert ["thousand CNY?" in message for message in caplog.messages] == [True]


def test_honest_rows_pass_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    honest = recipe(tmp_path, "123451.2", fail_above=0.0)
    with caplog.at_level(logging.WARNING, "intralpha"):
        run_ingest(honest, Store(tmp_path / "runs"), show_progress=False)
    assert caplog.messages == []
