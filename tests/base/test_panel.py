"""Panel: axes are checked, conversions lose nothing, windows are views."""

from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.base import DataError, Panel
from intralpha.base.panel import PanelFolderError, PanelShapeError, UnknownNameError

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]")
ASSETS = np.array(["000001.SZ", "600519.SH"])


def small(dtype: type = np.float32) -> Panel:
    values = np.arange(12, dtype=dtype).reshape(3, 2, 2)
    return Panel(values, DAYS, ASSETS, ("close", "volume"))


def test_a_name_is_a_view_of_the_values() -> None:
    panel = small()
    assert np.shares_memory(panel["volume"], panel.values)
    np.testing.assert_array_equal(panel["volume"], [[1, 3], [5, 7], [9, 11]])


def test_a_window_of_days_is_a_contiguous_view() -> None:
    window = small().values[0:2]
    assert window.flags.c_contiguous
    assert not window.flags.owndata


def test_between_keeps_both_ends_and_shares_memory() -> None:
    panel = small()
    part = panel.between(date(2024, 1, 3), date(2024, 1, 9))
    assert part.dates.tolist() == [date(2024, 1, 3), date(2024, 1, 4)]
    assert np.shares_memory(part.values, panel.values)
    assert part.values[0, 0, 0] == 4


def test_select_and_at_reorder() -> None:
    panel = small().select(["volume", "close"]).at(DAYS[[0, 2]])
    assert panel.names == ("volume", "close")
    np.testing.assert_array_equal(panel.values[:, 0, :], [[1, 0], [9, 8]])


def test_reindex_fills_with_nan_and_ignores_order() -> None:
    days = np.array(["2024-01-03", "2024-01-08"], dtype="datetime64[D]")
    out = small().reindex(days, np.array(["600519.SH", "300750.SZ", "000001.SZ"]))
    np.testing.assert_array_equal(out["close"][0], [6, np.nan, 4])
    assert np.isnan(out.values[1]).all()


def test_reindex_keeps_the_bars_of_a_day() -> None:
    times = (time(10, 0), time(10, 30))
    values = np.arange(3 * 2 * 2, dtype=np.float32).reshape(3, 2, 2, 1)
    panel = Panel(values, DAYS, ASSETS, ("x",), times)
    out = panel.reindex(DAYS[1:2], ASSETS[::-1])
    np.testing.assert_array_equal(out["x"][0], [[5, 4], [7, 6]])


@pytest.mark.parametrize(
    ("shape", "dates"), [((3, 2), DAYS), ((2, 2, 2), DAYS), ((3, 1, 2, 2), DAYS)]
)
def test_values_that_do_not_fit_the_axes_are_refused(
    shape: tuple[int, ...], dates: np.ndarray
) -> None:
    with pytest.raises(PanelShapeError, match=r"expected|ask for"):
        Panel(np.zeros(shape, np.float32), dates, ASSETS, ("close", "volume"))


def test_integer_values_unsorted_days_and_twins_are_refused() -> None:
    with pytest.raises(DataError, match="int64"):
        Panel(np.zeros((3, 2, 1), np.int64), DAYS, ASSETS, ("x",))
    with pytest.raises(DataError, match="ascend"):
        Panel(np.zeros((3, 2, 1), np.float32), DAYS[::-1], ASSETS, ("x",))
    with pytest.raises(DataError, match="unique"):
        Panel(np.zeros((3, 2, 2), np.float32), DAYS, ASSETS, ("x", "x"))


def test_unknown_names_are_told_with_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="no name vwap; this Panel has: close, volume"):
        small()["vwap"]


def test_long_table_and_back() -> None:
    panel = small(np.float64)
    panel.values[1, 1, 0] = np.nan
    frame = panel.to_polars()
    assert frame.height == 6
    assert frame["close"].null_count() == 1
    back = Panel.from_polars(frame, ("close", "volume"), dtype=np.float64)
    np.testing.assert_array_equal(back.values, panel.values)


def test_long_table_of_bars_has_a_time_column() -> None:
    panel = Panel.full(DAYS, ASSETS, ("x",), (time(10, 0), time(10, 30)), fill=1.0)
    frame = panel.to_polars()
    assert frame.height == 12
    assert frame.columns == ["date", "symbol", "time", "x"]
    assert frame["time"].unique().sort().to_list() == [time(10, 0), time(10, 30)]


def test_duplicate_rows_are_refused() -> None:
    frame = pl.DataFrame({"date": [date(2024, 1, 2)] * 2, "symbol": ["a", "a"], "x": [1.0, 2.0]})
    with pytest.raises(DataError, match="twice"):
        Panel.from_polars(frame, ("x",))


def test_rows_outside_given_axes_are_left_out() -> None:
    frame = small().to_polars()
    panel = Panel.from_polars(frame, ("close",), dates=DAYS[1:], assets=ASSETS[:1])
    np.testing.assert_array_equal(panel["close"], [[4], [8]])


def test_saved_panels_open_memory_mapped(tmp_path: Path) -> None:
    panel = Panel.full(DAYS, ASSETS, ("x",), (time(10, 0),), fill=3.0)
    panel.save(tmp_path / "p")
    back = Panel.load(tmp_path / "p")
    assert isinstance(back.values, np.memmap)
    np.testing.assert_array_equal(back.values, panel.values)
    assert (back.times, back.names, list(back.assets)) == (panel.times, ("x",), list(ASSETS))
    assert not list(tmp_path.glob("*.partial"))


def test_pandas_and_xarray_carry_the_same_values() -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    panel = small(np.float64)
    assert panel.to_pandas().loc[("2024-01-03", "600519.SH"), "volume"] == 7
    assert float(panel.to_xarray().sel(date="2024-01-03", asset="600519.SH", name="volume")) == 7


@given(st.permutations(range(6)))
def test_row_order_of_a_table_does_not_matter(order: list[int]) -> None:
    frame = small(np.float64).to_polars()
    shuffled = Panel.from_polars(frame[order], ("close", "volume"), dtype=np.float64)
    np.testing.assert_array_equal(shuffled.values, small(np.float64).values)


def test_a_panel_shows_its_axes_not_its_values() -> None:
    days = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    panel = Panel(np.full((2, 2, 1), 0.25), days, np.array(["<a>", "b"]), ("score",))
    expected = "Panel of 2 days (2024-01-02 to 2024-01-03), 2 assets, 1 names (score), float64"
    assert repr(panel) == expected
    page = panel._repr_html_()
    assert "<td>&lt;a&gt;</td><td>0.25</td>" in page
    bars = Panel(np.zeros((2, 1, 2, 1)), days, panel.assets, ("x",), (time(15),))
    assert "1 bars, 2 assets" in repr(bars)
    empty = Panel.full(days[:0], panel.assets, ("x",))
    assert "0 days (none)" in repr(empty)
    assert "<tbody></tbody>" in empty._repr_html_()


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    panel, path = small(), tmp_path / "panel"
    path.mkdir()
    panel.save(str(path))  # an empty folder is nothing
    other = Panel(panel.values + 1, DAYS, ASSETS, ("close", "volume"))
    (tmp_path / "file").write_text("x")
    for taken in (path, tmp_path / "file"):
        with pytest.raises(PanelFolderError, match=f"found {taken} already"):
            other.save(taken)
    np.testing.assert_array_equal(Panel.load(str(path)).values, panel.values)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "panel"]
