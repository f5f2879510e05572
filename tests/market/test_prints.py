"""Prints: a digest moves with what it is of and nothing else; views show no more than that."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.market import Lake
from intralpha.market.restriction import LimitedLakeError, UndeclaredReadError

FIRST = date(2024, 1, 29)  # two months


def daily(days: int, symbols: tuple[str, ...] = ("000001.SZ", "600519.SH")) -> pl.DataFrame:
    rows = [
        {
            "date": FIRST + timedelta(d),
            "symbol": symbol,
            **dict.fromkeys(("open", "high", "low", "close", "preclose"), 10.0 + d + at),
            "volume": 100 * (d + 1),
            "amount": 1000.0 * (d + 1),
            "adj_factor": 1.0,
            "suspended": False,
        }
        for d in range(days)
        for at, symbol in enumerate(symbols)
    ]
    return pl.DataFrame(rows)


MEMBERS = pl.DataFrame(
    {
        "index": ["i"] * 3,
        "symbol": ["000001.SZ", "600519.SH", "600000.SH"],
        "in_date": [date(2024, 1, 2), date(2024, 2, 1), date(2024, 3, 1)],
        "out_date": [date(2024, 2, 10), None, None],
    },
    schema_overrides={"out_date": pl.Date},
)


def test_one_more_day_leaves_the_others(tmp_path: Path) -> None:
    short, long = (Lake(tmp_path / n, create=True) for n in ("short", "long"))
    short.append("daily", daily(5))
    long.append("daily", daily(6))
    old, new = short.day_prints("daily"), long.day_prints("daily")
    assert len(old) == 5
    assert len(set(old.values())) == 5
    assert {day: new[day] for day in old} == old


@given(cut=st.integers(1, 5))
def test_any_cut_into_appends_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    root = tmp_path_factory.mktemp("cut")
    parts, whole = Lake(root / "parts", create=True), Lake(root / "whole", create=True)
    rows, mid = daily(6), FIRST + timedelta(cut)
    parts.append("daily", rows.filter(pl.col("date") >= mid))
    parts.append("daily", rows.filter(pl.col("date") < mid).reverse())
    whole.append("daily", rows)
    assert parts.day_prints("daily") == whole.day_prints("daily")


@pytest.mark.parametrize("column", ["close", "volume", "st", "float_shares", "suspended"])
def test_one_value_moves_its_day_alone(tmp_path: Path, column: str) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", daily(6))
    before = lake.day_prints("daily")
    on = FIRST + timedelta(2)
    rows = lake.scan("daily", on, on).collect()
    changed = {
        "close": pl.col("close") - 0.01,
        "volume": pl.col("volume") + 1,
        "st": pl.lit(False),
        "float_shares": pl.lit(1.0),
        "suspended": ~pl.col("suspended"),
    }[column]
    low = pl.min_horizontal("low", "close")
    new = rows.with_columns(changed.alias(column)).with_columns(low=low)
    lake.append("daily", new, on_conflict="replace")
    after = lake.day_prints("daily")
    assert [day for day in before if before[day] != after[day]] == [on]


def test_a_later_event_leaves_earlier_days(tmp_path: Path) -> None:
    full, early = (Lake(tmp_path / n, create=True) for n in ("full", "early"))
    full.append("membership", MEMBERS)
    known = MEMBERS.filter(pl.col("in_date") <= date(2024, 2, 1))
    early.append("membership", known.with_columns(pl.lit(None, pl.Date).alias("out_date")))
    prints = [full.table_print("membership", date(2024, m, d)) for m, d in DAYS]
    others = [early.table_print("membership", date(2024, m, d)) for m, d in DAYS]
    assert len(set(prints)) == 5  # nothing, one in, two in, one out, three in
    assert prints[:4] == others[:4]
    assert prints[4:] != others[4:]
    assert full.table_print("fundamentals", date(2024, 1, 1)) == prints[0]


DAYS = [(1, 1), (1, 2), (2, 1), (2, 9), (2, 10), (3, 1)]


def test_a_view_shows_what_was_declared_up_to_its_last_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", daily(6))
    lake.append("membership", MEMBERS)
    last = FIRST + timedelta(3)  # 2024-02-01
    view = lake.limited(frozenset({("daily", None), ("membership", None)}), last)
    assert view.dates("daily")[-1] == last
    assert view.scan("daily").collect()["date"].max() == last
    assert view.scan("daily", None, date(2025, 1, 1)).collect()["date"].max() == last
    assert view.day_prints("daily") == {
        d: p for d, p in lake.day_prints("daily").items() if d <= last
    }
    members = view.scan("membership").collect()
    assert members["symbol"].to_list() == ["000001.SZ", "600519.SH"]
    assert members["out_date"].to_list() == [None, None]
    with pytest.raises(UndeclaredReadError, match=r"industry is read, but not declared"):
        view.scan("industry")
    with pytest.raises(UndeclaredReadError, match="bars of 30 minutes"):
        view.dates("bars", 30)
    with pytest.raises(LimitedLakeError, match="only be read"):
        view.append("daily", daily(1))
    with pytest.raises(UndeclaredReadError):
        view.limited(frozenset({("industry", None)}), None)
    assert view.limited(None, FIRST).dates("daily").tolist() == [FIRST]


def test_prints_are_kept_and_made_again_when_the_file_changes(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", daily(3))
    first = lake.day_prints("daily")
    kept = list((lake.root / ".cache/prints").rglob("*.json"))
    assert len(kept) == 1
    assert Lake(lake.root).day_prints("daily") == first
    lake.append("daily", daily(6))
    assert len(lake.day_prints("daily")) == 6
