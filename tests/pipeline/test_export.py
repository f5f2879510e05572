"""Tables as files: nothing is lost, nothing is cut, and a workbook opens."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.pipeline import RunResult, export_tables, load_recipe, plan, run_tables
from intralpha.pipeline.export import UnknownFormError, known_forms

TABLES = {
    "factor/a b/legs": pl.DataFrame({"leg": ["top", "=1+1"], "t": [2.5, float("nan")]}),
    "portfolio/daily": pl.DataFrame({"date": [date(2024, 1, 2)] * 300, "ret": [0.01] * 300}),
    "portfolio/lists": pl.DataFrame({"kept": [[1, 2]]}),
}


def test_parquet_is_the_table_and_csv_what_it_says(tmp_path: Path) -> None:
    paths = export_tables(TABLES, tmp_path, ("csv", "parquet"))
    assert len(paths) == 6
    for name, place in (("factor/a b/legs", "factor/a_b/legs"), ("portfolio/daily",) * 2):
        assert_frame_equal(pl.read_parquet(tmp_path / f"parquet/{place}.parquet"), TABLES[name])
    text = (tmp_path / "csv/factor/a_b/legs.csv").read_text()
    assert text == "leg,t\ntop,2.5\n=1+1,\n"
    assert pl.read_csv(tmp_path / "csv/portfolio/daily.csv").height == 300


def test_a_name_stays_inside_the_folder(tmp_path: Path) -> None:
    (path,) = export_tables({"../../x": TABLES["factor/a b/legs"]}, tmp_path / "in", ("csv",))
    assert (tmp_path / "in").resolve() in path.resolve().parents


@pytest.mark.slow
def test_the_workbook_has_every_table(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter", reason="intralpha[excel] is not installed")
    openpyxl = pytest.importorskip("openpyxl", reason="nothing that reads a workbook is installed")
    (path,) = export_tables(TABLES, tmp_path, ("xlsx",))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [
        "contents",
        *(f"{i} {n.replace('/', ' ')}" for i, n in enumerate(TABLES, 1)),
    ]
    legs = [[cell.value for cell in row] for row in book["1 factor a b legs"].rows]
    assert legs == [["leg", "t"], ["top", 2.5], ["=1+1", None]]
    assert book["1 factor a b legs"]["A3"].data_type == "s"  # text, not a formula
    assert book["2 portfolio daily"].max_row == 301
    assert len(list(tmp_path.iterdir())) == 1


def test_every_table_of_a_run(finished: tuple[Path, RunResult]) -> None:
    folder, result = finished
    tables = run_tables(plan(load_recipe(folder / "tiny.yaml"), folder / "runs"))
    assert {f"factor/{f.name}/legs" for f in result.factors} <= set(tables)
    wanted = {
        "factors",
        "training",
        "portfolio/fills",
        "portfolio/told_courses",
        "portfolio/yearly",
    }
    assert wanted <= set(tables)
    assert tables["portfolio/daily"].height == tables["portfolio/told_courses"].height > 50


def test_forms() -> None:
    assert known_forms(["parquet", "csv"]) == ("csv", "parquet")
    with pytest.raises(UnknownFormError, match="csv, parquet, xlsx"):
        known_forms(["pdf"])
