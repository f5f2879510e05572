"""What the reports print: read as printed, and every line has a reader that is known."""

import math
from pathlib import Path

import pytest
from benchmarks.reports.ours import READERS
from benchmarks.reports.printed import STUDY, PrintedError, number, printed_tables

FIRST = """report: '009'
tables:
  - id: T1
    about: two figures
    run: s009
    read: printed
    columns: {mean: rank_ic_mean, drawdown: -top_max_drawdown}
    rows:
      one: {ours: x, printed: 1.50%% -2.25%%}
      two: {ours: null, printed: %s}
    not_targets: [[one, drawdown]]
"""


def test_figures_as_printed_by_hand(tmp_path: Path) -> None:
    found = [number(cell) for cell in ("13.42%", "1.41", "-5.08%", "53")]
    assert found == pytest.approx([0.1342, 1.41, -0.0508, 53])
    assert math.isnan(number("-"))
    (tmp_path / "009.yaml").write_text(FIRST % "'- 3'")
    (table,) = printed_tables(tmp_path)
    assert (table.report, table.id, table.recipes) == ("009", "T1", ("s009",))
    assert [row.printed for row in table.rows] == [("1.50%", "-2.25%"), ("-", "3")]
    assert table.not_targets == {("one", "drawdown")}


def test_a_line_that_lacks_a_figure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "009.yaml").write_text(FIRST % "'3'")
    with pytest.raises(PrintedError, match="two: found 1 figures; expected 2"):
        printed_tables(tmp_path)


def test_the_five_reports_hold_together() -> None:
    tables = {(t.report, t.id): t for t in printed_tables()}
    assert len(tables) == 36
    cells = [c for t in tables.values() for row in t.rows for c in row.printed if c != "-"]
    assert len(cells) == 2123
    assert all(math.isfinite(number(cell)) for cell in cells)
    for table in tables.values():
        assert table.read in {*READERS, STUDY} if table.run else table.why, table.id
        names = {row.name for row in table.rows}
        assert len(names) == len(table.rows), f"{table.id}: a line twice"
        for row, column in table.not_targets:
            assert row in names, row
            assert column in table.columns, column
    assert len(tables["001", "T18 to T29, whole"].not_targets) == 5
    rows = {row.name: row.printed for row in tables["001", "T8"].rows}
    assert rows["multivariate ms"][0] == "13.46%"
    rows = {row.name: row.printed for row in tables["004", "T2 to T6"].rows}
    assert rows["10 min, raw excess, attention"][-2:] == ("0.65", "50%")
