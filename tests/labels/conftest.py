"""A small random daily market for labels: suspensions, missing rows, a locked day, a split."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Lake

DAYS = np.array(
    [d for d in np.arange("2024-01-02", "2024-04-30", dtype="datetime64[D]") if np.is_busday(d)]
)[:60]
ASSETS = np.array([f"60000{i}.SH" for i in range(9)])
SUSPENDED = (1, range(15, 18))
GAP = (2, range(20, 24))
LOCKED_UP, LOCKED_DOWN = (3, 30), (4, 30)
LIMIT_AT_CLOSE = (5, 30)  # trades below the limit first, closes at it
LATE = (6, 12)
SPLIT = (7, 25)


def make_daily(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for a, symbol in enumerate(ASSETS):
        close, factor = float(np.round(rng.uniform(8, 30), 2)), 1.0
        for d, day in enumerate(DAYS.astype(object)):
            if (a == LATE[0] and d < LATE[1]) or (a == GAP[0] and d in GAP[1]):
                continue
            preclose = round(close / 2, 2) if (a, d) == SPLIT else close
            factor *= 2 if (a, d) == SPLIT else 1
            up, down = round(preclose * 1.1, 2), round(preclose * 0.9, 2)
            volume = int(rng.integers(1, 900)) * 100
            last = round(float(np.clip(preclose * np.exp(rng.normal(0, 0.02)), down, up)), 2)
            high = low = last
            if a == SUSPENDED[0] and d in SUSPENDED[1]:
                last = high = low = preclose
                volume = 0
            elif (a, d) in (LOCKED_UP, LOCKED_DOWN):
                last = high = low = up if (a, d) == LOCKED_UP else down
            else:
                last = up if (a, d) == LIMIT_AT_CLOSE else last
                high, low = min(round(last * 1.01, 2), up), max(round(last * 0.99, 2), down)
            vwap = low + (high - low) * rng.random()
            rows.append((day, str(symbol), low, high, low, last, preclose, volume, volume * vwap,
                         factor, up, down, volume == 0, False, 1e8 * (a + 1.5)))  # fmt: skip
            close = last
    names = ("date symbol open high low close preclose volume amount adj_factor up_limit "
             "down_limit suspended st float_shares")  # fmt: skip
    return pl.DataFrame(rows, schema=names.split(), orient="row")


def make_industry() -> pl.DataFrame:
    codes = ["A", "A", "A", "B", "B", "B", "B", "C", "C"]
    start = DAYS[0].item()
    columns = {"symbol": ASSETS, "in_date": [start] * len(ASSETS), "scheme": "s", "code": codes}
    return pl.DataFrame(columns)


def write_lake(root: Path, daily: pl.DataFrame) -> Lake:
    lake = Lake(root, create=True)
    lake.append("daily", daily)
    lake.append("industry", make_industry())
    return lake


@pytest.fixture(scope="session")
def daily() -> pl.DataFrame:
    return make_daily(1)


@pytest.fixture(scope="session")
def lake(tmp_path_factory, daily) -> Lake:
    return write_lake(tmp_path_factory.mktemp("labels") / "lake", daily)
