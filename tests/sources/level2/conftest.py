"""A Shanghai stock-day written by hand, in a vendor's files."""

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from intralpha.market import TABLES, validate
from intralpha.sources.level2.source import Level2Source, Level2Spec
from intralpha.sources.source import Batch

ENTRUST = (
    "SecurityID,OrderChannel,OrderTime,OrderType,OrderNO,OrderPrice,Balance,OrderBSFlag,BizIndex"
)
TRADE = (
    "SecurityID,TradeChan,TradTime,TradPrice,TradVolume,TradeBuyNo,TradeSellNo,TradeBSFlag,BizIndex"
)
# Opening auction: sell 10 (300 at 10.00) meets buy 11 (100). Then buy 30 takes 200 of 10 and 100 of
# 20, rests with 400 at 10.02; sell 31 (150) and sell 33 (50) fill against it; 200 of it are taken
# back. Buy 40 (400 shares, filled) takes what is left of 20. Closing auction: 50 meets 51.
ORDER_LINES = (
    "600001,4,09:20:00.000,A,10,10.00,300,S,1",
    "600001,4,09:21:00.000,A,11,10.00,100,B,2",
    "600001,4,09:30:01.000,A,20,10.01,500,S,4",
    "600001,4,09:30:02.010,A,30,10.02,400,B,7",
    "600001,4,10:00:00.000,D,30,10.02,200,B,10",
    "600001,4,14:58:00.000,A,50,10.00,100,B,12",
    "600001,4,14:59:00.000,A,51,10.00,100,S,13",
)
TRADE_LINES = (
    "600001,4,09:25:00.500,10.00,100,11,10,N,3",
    "600001,4,09:30:02.010,10.00,200,30,10,B,5",
    "600001,4,09:30:02.010,10.01,100,30,20,B,6",
    "600001,4,09:40:00.000,10.02,150,30,31,S,8",
    "600001,4,09:50:00.000,10.02,50,30,33,S,9",
    "600001,4,11:00:00.000,10.01,400,40,20,B,11",
    "600001,4,15:00:00.100,10.00,100,50,51,N,14",
)
MS = 3_600_000
# id -> seq, time, side, price, shares: the orders of that day as they were entered.
ENTERED = {
    10: (1, 9 * MS + 1_200_000, -1, 10.00, 300),
    11: (2, 9 * MS + 1_260_000, 1, 10.00, 100),
    20: (4, 9 * MS + 1_801_000, -1, 10.01, 500),
    30: (5, 9 * MS + 1_802_010, 1, 10.02, 700),
    31: (8, 9 * MS + 2_400_000, -1, 10.02, 150),
    33: (9, 9 * MS + 3_000_000, -1, 10.02, 50),
    40: (11, 11 * MS, 1, 10.01, 400),
    50: (12, 14 * MS + 3_480_000, 1, 10.00, 100),
    51: (13, 14 * MS + 3_540_000, -1, 10.00, 100),
}

Write = Callable[[Iterable[str], Iterable[str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes order and trade lines as entrust.csv and trade.csv of 2023-02-01."""

    def files(orders: Iterable[str] = ORDER_LINES, trades: Iterable[str] = TRADE_LINES) -> Path:
        folder = tmp_path / "vendor" / "20230201"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "entrust.csv").write_text("\n".join([ENTRUST, *orders]) + "\n")
        (folder / "trade.csv").write_text("\n".join([TRADE, *trades]) + "\n")
        return folder.parent

    return files


def datayes(path: Path, **keys) -> Level2Spec:
    return Level2Spec.model_validate({"preset": "datayes_shanghai", "path": str(path), **keys})


def read(spec: Level2Spec, **keys) -> dict[str, Batch]:
    """All batches of a source as one for each table; every row is valid."""
    out: dict[str, Batch] = {}
    for table, found in by_table(Level2Source(spec, **keys).batches()).items():
        frame = pl.concat(b.frame for b in found)
        repairs: dict[str, int] = {}
        notes: dict[str, int] = {}
        for batch in found:
            for total, counts in ((repairs, batch.repairs), (notes, batch.notes)):
                for name, n in counts.items():
                    total[name] = total.get(name, 0) + n
        bad = pl.concat(b.quarantined for b in found)
        rows = sum(b.rows_read for b in found)
        out[table] = Batch(table, validate(table, frame), "", bad, repairs, rows, notes)
    return out


def by_table(batches: Iterable[Batch]) -> dict[str, list[Batch]]:
    out: dict[str, list[Batch]] = {}
    for batch in batches:
        assert list(batch.frame.columns) == list(TABLES[batch.table].columns)
        out.setdefault(batch.table, []).append(batch)
    return out


def reasons(batch: Batch) -> dict[str, int]:
    """Why lines were set aside -> how many."""
    return dict(batch.quarantined["reason"].value_counts().rows())


def entered(batch: Batch) -> dict[int, tuple]:
    """Orders by their id."""
    rows = batch.frame.filter(~pl.col("cancel"))
    columns = rows.select("id", "seq", "time", "side", "price", "volume").rows()
    assert len(columns) == rows["id"].n_unique()
    return {row[0]: row[1:] for row in columns}
