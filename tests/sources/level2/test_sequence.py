"""Records in the order of their numbers, whatever order they were read in."""

from datetime import date
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from intralpha.sources.level2.rows import CANCEL, EVENT, ORDER, TRADE
from intralpha.sources.level2.sequence import Numbers, in_sequence, marks_of
from intralpha.sources.level2.source import Level2Spec
from intralpha.sources.source import Batch

from .conftest import read

STOCK = 600_001 * 4


def _events(*rows: tuple[int, int, int, float, int, int]) -> pl.DataFrame:
    """Records of one stock: number, what, id, price, file, line."""
    columns = ("seq", "what", "id", "price", "file", "line")
    frame = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        date=pl.lit(date(2023, 2, 1)),
        stock=pl.lit(STOCK),
        time=pl.lit(36_000_000),
        channel=pl.lit(4),
        buy_id=pl.lit(0),
        sell_id=pl.lit(0),
        side=pl.lit(1),
        volume=pl.lit(100),
        kind=pl.lit(0),
    )
    return frame.select(pl.col(c).cast(t) for c, t in EVENT.items())


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 0, 3, 1)])
def test_of_repeated_numbers_the_first_file_wins(order: tuple[int, ...]) -> None:
    events = _events(
        (1, ORDER, 1, 10.0, 0, 2),
        (2, ORDER, 2, 10.1, 0, 9),
        (2, ORDER, 2, 10.2, 0, 12),
        (2, ORDER, 2, 10.3, 1, 2),
        (2, TRADE, 0, 10.4, 1, 3),
    )
    found = in_sequence(events[list(order)])
    assert found.rows["price"].to_list() == [10.0, 10.1, 10.4]
    assert found.clashes["price"].to_list() == [10.2, 10.3]
    assert found.shared == 1


def test_marks_in_any_pieces_are_those_of_the_whole() -> None:
    numbers = [1, 2, 3, 9, 17, 18, 40, 41, 8]
    events = _events(*((n, ORDER, n, 10.0, 0, n) for n in numbers))
    for pieces in ([events], [events[5:], events[:2], events[2:5]], [events[4:5], events]):
        seen = Numbers(of_channels=False)
        for piece in pieces:
            seen.add(marks_of(piece, of_channels=False))
        lost = set(range(1, 42)) - set(numbers)
        assert seen.missing() == {"numbers missing in 600001.SH on 2023-02-01": len(lost)}


@pytest.mark.parametrize("broken", [2**28 + 1, 24_617_040_671_952, 2**63 - 1])
def test_a_number_that_is_none_takes_no_memory_and_its_place_is_missing(broken: int) -> None:
    events = _events(
        *((n, ORDER, n, 10.0, 0, n) for n in (1, 2, 4)), (broken, ORDER, 3, 10.0, 0, 3)
    )
    seen = Numbers(of_channels=False)
    seen.add(marks_of(events, of_channels=False))
    assert seen.missing() == {"numbers missing in 600001.SH on 2023-02-01": 1}


def test_numbers_by_time_put_orders_before_trades_and_what_rests_behind_them() -> None:
    """By hand: 11 is entered and hit by 12 at once; 12's rest is listed then; 11 is taken back."""
    rows = _events(
        (900, CANCEL, 11, 10.0, 1, 9),
        (7, ORDER, 12, 10.0, 1, 8),
        (8, ORDER, 11, 10.0, 1, 7),
        (1, TRADE, 0, 10.0, 0, 2),
        (1, ORDER, 5, 10.0, 1, 3),
    ).with_columns(
        time=pl.Series([10, 10, 10, 10, 9], dtype=pl.Int32),
        buy_id=pl.Series([0, 0, 0, 12, 0]),
        sell_id=pl.Series([0, 0, 0, 11, 0]),
    )
    found = in_sequence(rows, ("SH",))
    assert found.rows["seq"].to_list() == [1, 2, 3, 4, 5]
    assert found.rows["what"].to_list() == [ORDER, ORDER, TRADE, ORDER, CANCEL]
    assert found.rows["id"].to_list() == [5, 11, 0, 12, 11]
    assert (found.shared, found.clashes.height) == (0, 0)
    assert in_sequence(rows, ("SZ",)).rows["seq"].to_list() == [1, 1, 7, 8, 900]


HALVES = {
    "t_am.csv": ["09:30:00,10.01,100", "09:31:00,10.02,200", "10:00:00,10.03,300"],
    "t_pm.csv": ["13:00:00,10.04,400", "13:00:00,10.04,400"],
}


def numberless(folder: Path, files: dict[str, list[str]]) -> Batch:
    """Trades of one stock-day without numbers."""
    day = folder / "20240301"
    day.mkdir(parents=True)
    for name, lines in files.items():
        (day / name).write_text("\n".join(["t,p,v,s", *(f"{x},600000.SH" for x in lines)]) + "\n")
    columns = {"time": "t", "price": "p", "volume": "v", "symbol": "s"}
    stream = {"holds": "trades", "pattern": "t*.csv", "columns": columns}
    found = read(Level2Spec.model_validate({"path": str(folder), "streams": {"t": stream}}))
    return found["trades"]


@pytest.mark.parametrize("order", list(permutations(HALVES)))
def test_trades_without_numbers_in_several_files(tmp_path: Path, order: tuple[str, ...]) -> None:
    found = numberless(tmp_path / "x", {name: HALVES[name] for name in order})
    rows = found.frame.sort("seq")
    assert found.quarantined.is_empty()
    assert rows["volume"].to_list() == [100, 200, 300, 400, 400]
    assert rows["seq"].to_list() == [2, 3, 4, 2**32 + 2, 2**32 + 3]


def test_a_file_that_grows_keeps_its_numbers(tmp_path: Path) -> None:
    short = numberless(tmp_path / "a", HALVES | {"t_am.csv": HALVES["t_am.csv"][:1]}).frame
    whole = numberless(tmp_path / "b", HALVES).frame
    assert short.join(whole, on=whole.columns, how="anti", nulls_equal=True).is_empty()


def test_a_copy_of_a_file_adds_nothing(tmp_path: Path) -> None:
    copies = {"t_am_copy.csv": HALVES["t_am.csv"], "t_zz.csv": HALVES["t_pm.csv"]}
    found = numberless(tmp_path / "x", HALVES | copies)
    assert found.frame["volume"].sum() == 1400
    assert sum(found.repairs.values()) == 5
