"""Scores from elsewhere: whatever the form and order of the file, by date and symbol."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.base import Panel, spec_hash
from intralpha.factors import FactorFileSpec, Ground
from intralpha.factors.file import FactorFileError, FactorFileSuffixError, read_scores
from intralpha.pipeline.address import stem

from .conftest import ASSETS, DAYS, OUT, Work

GROUND = Ground(DAYS, DAYS, DAYS)
# Unsorted in both keys, with a stock and a date that the recipe does not have, and holes.
ROWS = pl.DataFrame(
    [
        (date(2024, 1, 4), "600000.SH", 3.5),
        (date(2024, 1, 2), "300001.SZ", -1.0),
        (date(2024, 1, 3), "600000.SH", 9.0),
        (date(2024, 1, 2), "000001.SZ", 0.25),
        (date(2024, 1, 4), "000001.SZ", None),
        (date(2023, 12, 29), "000001.SZ", 7.0),
        (date(2024, 1, 4), "688001.SH", 8.0),
    ],
    schema={"date": pl.Date, "symbol": pl.String, "score": pl.Float64},
    orient="row",
)
EXPECTED = np.full((4, 3), np.nan, np.float32)
EXPECTED[0, :2] = 0.25, -1.0
EXPECTED[2, 2] = 3.5  # 2024-01-03 600000.SH is outside the universe


def write(path: Path, frame: pl.DataFrame) -> Path:
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        Panel.from_polars(frame, ("score",)).save(path)
    return path


def node_of(path: Path, **settings: object):
    (node,) = FactorFileSpec(path=str(path), **settings).nodes("theirs", GROUND)
    return node


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "panel"])
@pytest.mark.parametrize("sign", [1, -1])
def test_scores_are_laid_by_date_and_symbol(
    tmp_path: Path, work: Work, name: str, sign: int
) -> None:
    assert OUT == (1, 2)
    panel = work(node_of(write(tmp_path / name, ROWS), sign=sign))
    assert panel.names == ("score",)
    np.testing.assert_array_equal(panel["score"], sign * EXPECTED)
    np.testing.assert_array_equal(panel.dates, DAYS)
    np.testing.assert_array_equal(panel.assets, ASSETS)


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_dates_may_be_text_and_scores_whole_numbers(tmp_path: Path, work: Work, name: str) -> None:
    frame = ROWS.with_columns(pl.col("date").cast(pl.String), pl.col("score").cast(pl.Int64))
    panel = work(node_of(write(tmp_path / name, frame)))
    np.testing.assert_array_equal(panel["score"], np.trunc(EXPECTED))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("-01-0", "010").replace("-12-", "12"),
        lambda text: text.replace("-01-", "/1/").replace("-12-", "/12/"),
        lambda text: text.replace("600000.SH", "sh600000").replace("000001.SZ", "1"),
        lambda text: text.replace("000001.SZ", "000001.XSHE").replace("688001.SH", "688001"),
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text.replace("600000.SH,3.5", '"600000.SH", "3.5"'),
        lambda text: text.replace(",\n", ",NaN\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace("\n", "\t\n").replace(",", "\t"),
    ],
)
def test_a_csv_in_any_form_gives_the_same_scores(tmp_path: Path, work: Work, change) -> None:
    given = change(ROWS.write_csv())
    (tmp_path / "scores.csv").write_text(given, newline="")
    np.testing.assert_array_equal(work(node_of(tmp_path / "scores.csv"))["score"], EXPECTED)
    (tmp_path / "scores.csv").write_bytes(given.replace("\ufeff", "").encode("gbk"))
    np.testing.assert_array_equal(work(node_of(tmp_path / "scores.csv"))["score"], EXPECTED)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: text.replace("9.0\n", '9.0,"\n'), "line 4 .*4 fields, expected 3; a quote"),
        (lambda text: text.replace("7.0\n", '"7.0\n'), "score '\"7.0' in row 6; expected numbers"),
        (lambda text: text.replace("date,symbol", "date,date"), "expected each name once"),
        (lambda text: "", "found columns ; expected date, symbol and score"),
    ],
)
def test_a_torn_csv_loses_no_row_in_silence(tmp_path: Path, change, match: str) -> None:
    (tmp_path / "scores.csv").write_text(change(ROWS.write_csv()))
    with pytest.raises(FactorFileError, match=match):
        read_scores(FactorFileSpec(path=str(tmp_path / "scores.csv")))


def test_another_column_is_another_factor(tmp_path: Path, work: Work) -> None:
    path = write(tmp_path / "two.csv", ROWS.with_columns(other=pl.col("score") * 2))
    np.testing.assert_array_equal(work(node_of(path, column="other"))["score"], 2 * EXPECTED)
    one, two = (FactorFileSpec(path=str(path), column=c) for c in ("score", "other"))
    assert spec_hash(one) != spec_hash(two)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda f: f.drop("score"), "found columns date, symbol; expected date, symbol and score"),
        (lambda f: f.rename({"date": "day"}), "columns day, symbol, score"),
        (lambda f: pl.concat([f, f[:1]]), "found 2024-01-04 600000.SH twice"),
        (
            lambda f: f.with_columns(date=pl.lit("soon")),
            "found date 'soon' in row 1; expected dates",
        ),
        (lambda f: f.with_columns(score=pl.lit("high")), "score 'high' in row 1; expected numbers"),
        (lambda f: f.with_columns(symbol=pl.lit("AAPL")), "'AAPL' in row 1; expected symbols"),
        (
            lambda f: f.filter(pl.col("symbol") == "688001.SH"),
            "no score of any date asked for and stock of the recipe",
        ),
        (lambda f: f.with_columns(score=1e39), r"2024-01-04 600000.SH with score 1e\+39"),
        (lambda f: f[:0], "no score of any date asked for"),
        (lambda f: f.with_columns(date=None), "found 7 empty dates or symbols"),
        (lambda f: f.with_columns(score=np.inf), "2024-01-04 600000.SH with score inf"),
    ],
    ids=[
        "no score",
        "no date",
        "twice",
        "no dates",
        "no numbers",
        "no symbols",
        "other symbols",
        "beyond float32",
        "empty",
        "keyless",
        "infinite",
    ],
)
@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_files_that_hold_no_scores_are_refused(
    tmp_path: Path, work: Work, change, match: str, name: str
) -> None:
    path = write(tmp_path / name, change(ROWS))
    with pytest.raises(FactorFileError, match=match) as caught:
        work(node_of(path))
    assert caught.value.path == path


def test_other_things_are_refused(tmp_path: Path, work: Work) -> None:
    text = tmp_path / "scores.txt"
    text.write_text("date,symbol,score\n")
    with pytest.raises(FactorFileSuffixError, match=r"expected a name in \.csv or \.parquet"):
        work(node_of(text))
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no Parquet")
    with pytest.raises(FactorFileError, match="a readable table"):
        work(node_of(broken))
    panel = write(tmp_path / "panel", ROWS)
    with pytest.raises(FactorFileError, match=r"found names \('score',\)"):
        read_scores(FactorFileSpec(path=str(panel), column="other"))
    with pytest.raises(ValidationError, match="sign"):
        FactorFileSpec(path=str(panel), sign=2)


def test_an_absent_file_is_a_fault_of_the_recipe(tmp_path: Path) -> None:
    spec = FactorFileSpec(path=str(tmp_path / "absent.csv"))
    assert spec.faults() == (f"path: no file or folder {tmp_path / 'absent.csv'}",)
    write(tmp_path / "absent.csv", ROWS)
    assert spec.faults() == ()


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "panel"])
def test_the_content_moves_the_address_and_the_clock_does_not(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, ROWS)
    before = stem(node_of(path))
    for file in [path] if path.is_file() else path.iterdir():
        file.touch()
    assert stem(node_of(path)) == before
    if path.is_dir():
        path = path.rename(tmp_path / "old").parent / name
    write(path, ROWS.with_columns(pl.col("score") + 1))
    assert stem(node_of(path)) != before
    assert stem(node_of(path, sign=-1)) != stem(node_of(path))


def test_slices_need_the_universe_of_their_day_and_no_lake(tmp_path: Path) -> None:
    node = node_of(write(tmp_path / "scores.csv", ROWS))
    assert node.name == "score/theirs"
    assert node.reads == ()
    assert [s.name for s in node.slices] == [str(d) for d in DAYS]
    assert all(s.needs == {"universe": (s.name,)} and s.days is None for s in node.slices)
