"""Day check by hand: which stocks are only in one of the tables, and which trades contradict."""

from datetime import date
from pathlib import Path

import polars as pl

from intralpha.market import Lake
from intralpha.sources.level2.day_check import check_day

ON = date(2024, 1, 2)


def trades(symbol: str, rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    """A trade of 100 shares at 2 CNY for each (buy_id, sell_id, side), all at 10:00."""
    frame = pl.DataFrame(rows, schema=["buy_id", "sell_id", "side"], orient="row")
    return frame.with_columns(
        date=pl.lit(ON), symbol=pl.lit(symbol), time=pl.lit(36_000_000), price=pl.lit(2.0),
        volume=pl.lit(100), seq=pl.int_range(pl.len()),
    )  # fmt: skip


def daily(volumes: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"date": ON, "symbol": list(volumes), "volume": list(volumes.values())}
    ).with_columns(
        *(pl.lit(2.0).alias(n) for n in ("open", "high", "low", "close", "preclose")),
        amount=2.0 * pl.col("volume"), adj_factor=1.0, suspended=pl.col("volume") == 0,
    )  # fmt: skip


def lake_of(folder: Path, rows: pl.DataFrame, volumes: dict[str, int]) -> Lake:
    lake = Lake(folder, create=True)
    boards = {s: "index" if s.startswith("399") else "main" for s in volumes}
    lake.append("instruments", pl.DataFrame(
        {"symbol": list(boards), "exchange": "SZSE", "board": list(boards.values())}
    ))  # fmt: skip
    lake.append("trades", rows)
    lake.append("daily", daily(volumes))
    return lake


def test_stocks_of_one_table_only(tmp_path: Path):
    """A suspended stock needs no trades, and an index has none."""
    both = pl.concat([trades("000001.SZ", [(1, 2, -1)]), trades("000002.SZ", [(1, 2, -1)])])
    volumes = {"000001.SZ": 100, "000003.SZ": 500, "000004.SZ": 0, "399001.SZ": 10**6}
    found = check_day(lake_of(tmp_path / "lake", both, volumes), ON)
    assert (found.only_trades, found.only_daily) == (("000002.SZ",), ("000003.SZ",))
    assert found.differences.is_empty()
    assert "equal to daily   1 stocks, 0 differ; 1 have no daily row, 1 only that" in (
        found.to_text()
    )


def test_a_side_contradicts_two_known_orders_only(tmp_path: Path):
    rows = [
        (5, 4, 1), (4, 5, -1),  # the later order is the active one
        (4, 5, 1), (5, 4, -1),  # the earlier one is said to be
        (0, 5, 1), (5, 0, -1), (-1, 5, 1),  # an order is not known
        (4, 5, 0),  # nobody was active
    ]  # fmt: skip
    lake = lake_of(tmp_path / "lake", trades("000001.SZ", rows), {"000001.SZ": 800})
    found = check_day(lake, ON)
    assert found.contradicted == 2
    assert (found.active_buys, found.active_sells, found.no_side) == (4, 3, 1)
    assert (found.without_buy_id, found.without_sell_id) == (2, 1)
    assert f"{2 / 7:.2%} contradict the ids" in found.to_text()


def test_a_volume_of_float32_is_equal_within_its_precision(tmp_path: Path) -> None:
    """16,777,217 shares have no float32; a share more or less of a small volume is a difference."""
    rows = [
        trades(symbol, [(1, 2, -1)]).with_columns(volume=pl.lit(volume))
        for symbol, volume in (("000001.SZ", 16_777_217), ("000002.SZ", 16_777_217))
    ]
    lake = lake_of(
        tmp_path / "lake", pl.concat([*rows, trades("000003.SZ", [(1, 2, -1)])]),
        {"000001.SZ": 16_777_216, "000002.SZ": 16_777_211, "000003.SZ": 101},
    )  # fmt: skip
    found = check_day(lake, ON).differences.filter(pl.col("column") == "volume")
    assert found["symbol"].to_list() == ["000002.SZ", "000003.SZ"]
