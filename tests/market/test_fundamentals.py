"""Announcements by date, against a plain loop; a restated value changes nothing before."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.market import Lake, announced, years_before

DAYS = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
ASSETS = np.array(["000001.SZ", "600000.SH", "600001.SH"])


def rows(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = np.arange("2023-12-20", "2024-02-10", dtype="datetime64[D]")
    found = {
        (str(rng.choice(ASSETS[:2])), rng.choice(days).item(), str(rng.choice(["a", "b", "c"])))
        for _ in range(60)
    }
    return pl.DataFrame(
        [(*key, float(i)) for i, key in enumerate(sorted(found))],
        schema=["symbol", "announce_date", "item", "value"],
        orient="row",
    )


def lake_of(root, frame) -> Lake:
    lake = Lake(root, create=True)
    lake.append("fundamentals", frame)
    return lake


def test_the_last_value_announced_by_each_date(tmp_path):
    frame = rows(0)
    found = announced(lake_of(tmp_path, frame), DAYS, ASSETS, ("b", "a"))
    assert list(found) == ["b", "a"]
    for item in found:
        for d, day in enumerate(DAYS.tolist()):
            for a, symbol in enumerate(ASSETS.tolist()):
                known = [
                    (on, value)
                    for s, on, i, value in frame.iter_rows()
                    if (s, i) == (symbol, item) and on <= day
                ]
                expected = max(known)[1] if known else np.nan
                np.testing.assert_equal(found[item][d, a], expected)
    assert np.isnan(found["a"][:, 2]).all()


def test_a_restated_value_changes_nothing_before(tmp_path):
    frame = rows(1)
    again = pl.DataFrame(
        {
            "symbol": ["600000.SH"],
            "announce_date": [date(2024, 1, 25)],
            "item": ["a"],
            "value": [-7.0],
        }
    )
    kept = frame.filter(
        ~((pl.col("symbol") == "600000.SH") & (pl.col("item") == "a")
          & (pl.col("announce_date") >= date(2024, 1, 25)))
    )  # fmt: skip
    old = announced(lake_of(tmp_path / "a", kept), DAYS, ASSETS, ("a",))["a"]
    new = announced(lake_of(tmp_path / "b", pl.concat([kept, again])), DAYS, ASSETS, ("a",))["a"]
    before = np.datetime64("2024-01-25") > DAYS
    np.testing.assert_array_equal(old[before], new[before])
    assert (new[~before][:, 1] == -7.0).all()


def test_dates_may_stand_there_twice_and_far_apart(tmp_path):
    lake = lake_of(tmp_path, rows(2))
    days = np.array(["2024-01-31", "2024-02-01", "2024-02-01"], dtype="datetime64[D]")
    found = announced(lake, days, ASSETS, ("a",))["a"]
    whole = announced(lake, DAYS, ASSETS, ("a",))["a"]
    np.testing.assert_array_equal(found, whole[np.searchsorted(DAYS, days)])
    assert announced(lake, DAYS[:0], ASSETS, ("a",))["a"].shape == (0, 3)


def test_years_before_keeps_the_order():
    days = np.array(["2024-02-28", "2024-02-29", "2024-03-01"], dtype="datetime64[D]")
    expected = ["2021-02-28", "2021-03-01", "2021-03-01"]
    assert years_before(days, 3).astype(str).tolist() == expected
