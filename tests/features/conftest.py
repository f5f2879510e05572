"""A small random market as a lake, on which every feature set must pass the look-ahead check."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import FeatureSet
from intralpha.market import Lake, bar_times
from intralpha.testing import assert_causal

from .level2_lakes import Level2Lakes

N_DAYS = 40
ASSETS = np.array(
    ["000001.SZ", "000002.SZ", "300001.SZ", "600000.SH", "600001.SH", "600002.SH", "688001.SH"]
)
ABSENT = "601999.SH"
DAYS = np.array([d for d in np.arange("2024-01-02", "2024-03-31", dtype="datetime64[D]")
                 if np.is_busday(d)])[:N_DAYS]  # fmt: skip
SUSPENDED = (1, range(15, 18))  # daily rows without volume, bars absent
LOCKED = (2, 20)  # every bar at the up-limit
SPLIT = (3, 22)  # factor doubles, price halves
LATE = (4, 8)  # listed on that day
GAP = (5, range(25, 27))  # no rows at all


@dataclass(frozen=True)
class Frames:
    """The tables of one market."""

    daily: pl.DataFrame
    bars: pl.DataFrame
    auctions: pl.DataFrame
    fundamentals: pl.DataFrame


def _bar_path(rng, preclose, low_limit, high_limit):
    """48 five-minute bars of one stock-day inside its limits, a tenth of them without trades."""
    bars, last = [], preclose
    for _ in range(48):
        if rng.random() < 0.1:
            bars.append((last, last, last, last, 0, 0.0))
            continue
        first, final = np.clip(np.round(last * np.exp(rng.normal(0, 0.003, 2)), 2),
                               low_limit, high_limit)  # fmt: skip
        top = min(max(first, final) + 0.01 * rng.integers(0, 3), high_limit)
        bottom = max(min(first, final) - 0.01 * rng.integers(0, 3), low_limit)
        volume = 100 * int(rng.lognormal(4, 1) + 1)
        price = bottom + (top - bottom) * rng.random()
        bars.append((first, round(top, 2), round(bottom, 2), final, volume, volume * price))
        last = final
    return np.array(bars)


def _coarser(bars, n):
    """Join every ``n`` bars into one."""
    groups = bars.reshape(-1, n, 6)
    ends = groups[:, 0, 0], groups[:, :, 1].max(1), groups[:, :, 2].min(1), groups[:, -1, 3]
    return np.column_stack([*ends, groups[:, :, 4].sum(1), groups[:, :, 5].sum(1)])


def make_frames(seed: int) -> Frames:
    """Seven stocks over forty days with a suspension, a locked day, a split and missing rows."""
    rng = np.random.default_rng(seed)
    daily, bars, auctions = [], [], []
    for a, symbol in enumerate(ASSETS):
        close, factor = float(np.round(rng.uniform(8, 30), 2)), 1.0 + a
        for d, day in enumerate(DAYS.astype(object)):
            if (a == LATE[0] and d < LATE[1]) or (a == GAP[0] and d in GAP[1]):
                continue
            split = (a, d) == SPLIT
            preclose = round(close / 2, 2) if split else close
            factor = factor * 2 if split else factor
            up, down = round(preclose * 1.1, 2), round(preclose * 0.9, 2)
            head = (day, str(symbol))
            if a == SUSPENDED[0] and d in SUSPENDED[1]:
                row = (*[preclose] * 4, 0, 0.0)
            else:
                path = _bar_path(rng, preclose, down, up)
                if (a, d) == LOCKED:
                    volume = 100.0 * rng.integers(1, 50, 48)
                    path = np.column_stack([np.full((48, 4), up), volume, volume * up])
                for freq in (5, 15):
                    times = bar_times(freq)
                    for t, bar in zip(times, _coarser(path, freq // 5), strict=True):
                        bars.append((*head, freq, t, *bar[:4], int(bar[4]), bar[5]))
                auctions.append((*head, time(9, 25), path[0, 0], 500, 500 * path[0, 0]))
                row = tuple(_coarser(path, 48)[0])
            suspended = row[4] == 0
            daily.append((*head, *row[:4], preclose, int(row[4]), row[5], factor, up, down,
                          suspended, False, 1e8 * (1 + a), 2e8 * (1 + a)))  # fmt: skip
            close = float(row[3])
    return Frames(
        _frame(daily, "date symbol open high low close preclose volume amount adj_factor up_limit "
               "down_limit suspended st float_shares total_shares"),
        _frame(bars, "date symbol freq time open high low close volume amount"),
        _frame(auctions, "date symbol time price volume amount"),
        _frame(_books(daily), "symbol announce_date item value"),
    )  # fmt: skip


def _books(daily):
    """Book equity every ten days, low and high over price among small and large stocks alike."""
    first = {row[1]: row[5] * row[-1] for row in reversed(daily)}
    order = sorted(first, key=first.get)
    ratio = dict(zip(order, (0.2, 1.0, 3.0, 0.9, 0.21, 1.1, 3.1), strict=True))
    return [
        (symbol, day, "book_equity", first[symbol] * ratio[symbol] * (1 + 0.01 * k))
        for symbol in order
        for k, day in enumerate(DAYS[::10].astype(object))
    ]


def _frame(rows, names):
    return pl.DataFrame(rows, schema=names.split(), orient="row")


def write_lake(root: Path, frames: Frames) -> Lake:
    lake = Lake(root, create=True)
    for table in ("daily", "bars", "auctions", "fundamentals"):
        lake.append(table, getattr(frames, table))
    return lake


class LookAhead:
    """Checks feature sets against one market, whose noisy and cut copies are made once."""

    def __init__(self, root: Path) -> None:
        self.frames = make_frames(1)
        self.assets = np.append(ASSETS, ABSENT)
        self.day = DAYS[30].item()
        self._copies = root / "copies"
        self.lake = write_lake(root / "whole", self.frames)

    def assert_causal(self, features: FeatureSet) -> None:
        """Nothing after ``known_at`` on the day may change a value up to the day."""
        assert_causal(features, self.lake, self.day, None, self.assets, self._copies)

    def assert_slots_causal(self, features: FeatureSet, slot: int) -> None:
        """Bars after one bar of the day may not change it, unless it says it is known later."""
        at = features.times[slot]
        assert_causal(features, self.lake, self.day, at, self.assets, self._copies)


@pytest.fixture(scope="session")
def look_ahead(tmp_path_factory) -> LookAhead:
    return LookAhead(tmp_path_factory.mktemp("lakes"))


@pytest.fixture(scope="session")
def market_frames(look_ahead) -> Frames:
    return look_ahead.frames


@pytest.fixture(scope="session")
def lake(look_ahead) -> Lake:
    return look_ahead.lake


@pytest.fixture(scope="session")
def level2_lakes(made_once) -> Level2Lakes:
    return Level2Lakes(made_once)
