"""A small random market as a lake, and the look-ahead check that every feature set must pass."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.features import FeatureSet
from intralpha.market import Lake, bar_times

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
    )  # fmt: skip


def _frame(rows, names):
    return pl.DataFrame(rows, schema=names.split(), orient="row")


def write_lake(root: Path, frames: Frames) -> Lake:
    lake = Lake(root, create=True)
    for table in ("daily", "bars", "auctions"):
        lake.append(table, getattr(frames, table))
    return lake


def _later(frames: Frames, day: date, known_at: time, keep: bool) -> Frames:
    """Rows up to ``known_at`` on a day (``keep``), or the rows after that moment."""
    bars = (pl.col("date") > day) | ((pl.col("date") == day) & (pl.col("time") > known_at))
    end_of_day = pl.col("date") > day
    if known_at < time(15, 0):
        end_of_day = pl.col("date") >= day
    masks = {"daily": end_of_day, "bars": bars, "auctions": pl.col("date") > day}
    return Frames(**{t: getattr(frames, t).filter(~m if keep else m) for t, m in masks.items()})


KNOWN_BEFORE_OPEN = ("preclose", "adj_factor", "up_limit", "down_limit", "suspended", "st",
                     "float_shares", "total_shares")  # fmt: skip


def scrambled(frames: Frames, other: Frames, day: date, known_at: time) -> Frames:
    """The same past, and another market's numbers after that moment."""
    past, future = _later(frames, day, known_at, True), _later(other, day, known_at, False)
    known = frames.daily.filter(pl.col("date") == day).select("date", "symbol", *KNOWN_BEFORE_OPEN)
    daily = future.daily.update(known, on=["date", "symbol"], how="left")
    return Frames(
        pl.concat([past.daily, daily]),
        pl.concat([past.bars, future.bars]),
        pl.concat([past.auctions, future.auctions]),
    )


def cut(frames: Frames, day: date, known_at: time) -> Frames:
    """The same past and nothing after that moment, but what is known before the open."""
    past = _later(frames, day, known_at, True)
    known = frames.daily.filter(pl.col("date") == day)
    row = known.with_columns(
        pl.col("preclose").alias(c) for c in ("open", "high", "low", "close")
    ).with_columns(pl.lit(0).alias("volume").cast(pl.Int64), pl.lit(0.0).alias("amount"))
    daily = past.daily if known_at == time(15, 0) else pl.concat([past.daily, row])
    return Frames(daily, _grid_filled(past.bars, frames.bars, day), past.auctions)


def _grid_filled(past, whole, day):
    """Bars of the day that are not over yet stand in the grid without volume."""
    rest = whole.filter(pl.col("date") == day).join(
        past, on=["date", "symbol", "freq", "time"], how="anti"
    )
    prices = [pl.lit(1.0).alias(c) for c in ("open", "high", "low", "close", "amount")]
    return pl.concat([past, rest.with_columns(*prices, pl.lit(0, pl.Int64).alias("volume"))])


class LookAhead:
    """Checks feature sets against one market; scrambled and cut lakes are made once."""

    def __init__(self, root: Path) -> None:
        self.frames, self.other = make_frames(1), make_frames(2)
        self.assets = np.append(ASSETS, ABSENT)
        self.day = DAYS[30].item()
        self._root, self._lakes = root, {}
        self.lake = self._get("whole", lambda: self.frames)

    def _get(self, name: str, frames: Callable[[], Frames]) -> Lake:
        if name not in self._lakes:
            self._lakes[name] = write_lake(self._root / name, frames())
        return self._lakes[name]

    def _twins(self, known_at: time) -> tuple[Lake, Lake]:
        label = f"{known_at:%H%M}"
        mixed = self._get(
            f"mixed{label}", lambda: scrambled(self.frames, self.other, self.day, known_at)
        )
        short = self._get(f"cut{label}", lambda: cut(self.frames, self.day, known_at))
        return mixed, short

    def values(self, features: FeatureSet, lake: Lake) -> np.ndarray:
        """Values up to the day, computed over all days that the lake has."""
        panel = features.compute(lake, lake.dates("daily"), self.assets)
        return panel.values[: int(np.searchsorted(panel.dates, np.datetime64(self.day))) + 1]

    def assert_causal(self, features: FeatureSet) -> None:
        """Nothing after ``known_at`` on the day may change a value up to the day."""
        expected = self.values(features, self.lake)
        for column, name in enumerate(features.names):
            assert np.isfinite(expected[..., column]).any(), f"nothing was compared: {name}"
        for twin in self._twins(features.known_at):
            np.testing.assert_array_equal(self.values(features, twin), expected)

    def assert_slots_causal(self, features: FeatureSet, slot: int) -> None:
        """Bars after one bar of the day may not change it, unless it says it is known later."""
        at = features.times[slot]
        early = [
            column
            for column, name in enumerate(features.names)
            if (known := features.known_at_slot(name)) == "bar end" or known <= at
        ]
        assert early, "nothing was compared"
        expected = self.values(features, self.lake)[..., early]
        assert np.isfinite(expected[-1, : slot + 1]).any(axis=(0, 1)).all(), "nothing was compared"
        for twin in self._twins(at):
            found = self.values(features, twin)[..., early]
            np.testing.assert_array_equal(found[:-1], expected[:-1])
            np.testing.assert_array_equal(found[-1, : slot + 1], expected[-1, : slot + 1])


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
def level2_lakes(tmp_path_factory) -> Level2Lakes:
    return Level2Lakes(tmp_path_factory.mktemp("level2"))
