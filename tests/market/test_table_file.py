"""Files of tables: what is written comes back, and bytes follow from the rows alone."""

from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from intralpha.market.table_file import GROUP_ROWS, write_rows


def _rows(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "date": [date(2024, 1, 2)] * n,
            "time": [time(9, 31)] * n,
            "at": [datetime(2024, 1, 2, 9, 31, 0, 5)] * n,
            "symbol": [f"{600000 + i % 7}.SH" for i in range(n)],
            "close": [None if i % 11 == 0 else 10 + i % 50 / 100 for i in range(n)],
            "amount": [float(i) ** 1.5 for i in range(n)],
            "volume": [i * 100 for i in range(n)],
            "suspended": [i % 3 == 0 for i in range(n)],
        },
        schema_overrides={"volume": pl.Int64},
    )


def test_rows_come_back(tmp_path: Path) -> None:
    rows = _rows(1000)
    write_rows(rows, tmp_path / "x.parquet")
    back = pl.read_parquet(tmp_path / "x.parquet")
    assert back.schema == rows.schema
    assert back.equals(rows)


def test_pieces_do_not_show_in_the_bytes(tmp_path: Path) -> None:
    rows = _rows(900)
    write_rows(rows, tmp_path / "one.parquet")
    write_rows(pl.concat([rows[:7], rows[7:500], rows[500:]], rechunk=False), tmp_path / "three")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "three").read_bytes()


def test_prices_are_a_dictionary_in_groups_that_threads_share(tmp_path: Path) -> None:
    write_rows(_rows(GROUP_ROWS + 1), tmp_path / "x.parquet")
    facts = pq.read_metadata(tmp_path / "x.parquet")
    assert facts.num_row_groups == 2
    coded = {
        c.path_in_schema: "RLE_DICTIONARY" in c.encodings
        for c in (facts.row_group(0).column(i) for i in range(facts.num_columns))
    }
    assert coded["close"]
    assert not coded["amount"]
