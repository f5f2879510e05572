"""Weights of an index by hand: drifted from what was published, filled by float caps."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.market import Lake, constituents, index_weights

DAYS = [date(2024, 1, n) for n in (2, 3, 4, 5)]
STOCKS = ("000001.SZ", "000002.SZ", "600000.SH", "600001.SH")
CLOSE = {
    "000001.SZ": (10.0, 11.0, 12.0, 12.0),
    "000002.SZ": (20.0, 20.0, 20.0, 10.0),
    "600000.SH": (5.0, 5.0, 6.0, 6.0),
    "600001.SH": (8.0, 8.0, 8.0, 8.0),
}
SHARES = {"000001.SZ": 100.0, "000002.SZ": 100.0, "600000.SH": 400.0, "600001.SH": 1000.0}
INDEX = "000300.SH"
AXES = np.array(DAYS, dtype="datetime64[D]"), np.array(STOCKS)


def made(root, rows, shares=SHARES) -> Lake:
    """Four stocks on four sessions, of which rows (symbol, in, out, weight) are constituents."""
    lake = Lake(root, create=True)
    frame = pl.DataFrame(
        [(d, s, CLOSE[s][i]) for i, d in enumerate(DAYS) for s in STOCKS],
        schema={"date": pl.Date, "symbol": pl.String, "close": pl.Float64},
        orient="row",
    )
    frame = frame.with_columns(
        pl.col("close").shift(1).over("symbol").fill_null(pl.col("close")).alias("preclose"),
        *(pl.col("close").alias(name) for name in ("open", "high", "low")),
        pl.lit(1000.0).alias("volume"),
        (pl.col("close") * 1000).alias("amount"),
        pl.lit(1.0).alias("adj_factor"),
        pl.lit(False).alias("suspended"),
        pl.lit(False).alias("st"),
        pl.lit(None, pl.Float64).alias("up_limit"),
        pl.lit(None, pl.Float64).alias("down_limit"),
        pl.col("symbol").replace_strict(shares, default=None).alias("float_shares"),
        pl.col("symbol").replace_strict(shares, default=None).alias("total_shares"),
    )
    lake.append("daily", frame)
    names = ("symbol", "in_date", "out_date", "weight")
    schema = dict(zip(names, (pl.String, pl.Date, pl.Date, pl.Float64), strict=True))
    table = pl.DataFrame(rows, schema=schema, orient="row").with_columns(index=pl.lit(INDEX))
    lake.append("membership", table)
    return lake


def laid(lake: Lake, **more):
    """weight, member and origin of every date and stock."""
    found = index_weights(lake, INDEX, *AXES, **more)
    return found["weight"], found["member"], found["origin"]


def test_published_weights_drift_with_prices(tmp_path) -> None:
    """From 60 : 40 at 10 and 20: at 11 and 20 it is 66 : 40, at 12 and 10 it is 72 : 20."""
    rows = [("000001.SZ", DAYS[0], None, 0.6), ("000002.SZ", DAYS[0], None, 0.4)]
    weight, member, origin = laid(made(tmp_path, rows))
    np.testing.assert_allclose(weight[0], [0.6, 0.4, 0, 0])
    np.testing.assert_allclose(weight[1], [66 / 106, 40 / 106, 0, 0])
    np.testing.assert_allclose(weight[3], [72 / 92, 20 / 92, 0, 0])
    assert member.tolist() == [[1, 1, 0, 0]] * 4
    assert origin.tolist() == [[1, 1, 0, 0]] * 4


def test_the_newest_list_counts_from_its_own_close(tmp_path) -> None:
    rows = [
        ("000001.SZ", DAYS[0], DAYS[1], 0.6),
        ("000002.SZ", DAYS[0], DAYS[1], 0.4),
        ("000001.SZ", DAYS[2], None, 0.5),
        ("600000.SH", DAYS[2], None, 0.5),
    ]
    lake = made(tmp_path, rows)
    weight, member, _ = laid(lake)
    np.testing.assert_allclose(weight[1], [66 / 106, 40 / 106, 0, 0])
    np.testing.assert_allclose(weight[2:], [[0.5, 0, 0.5, 0]] * 2)  # no price moved on the last day
    assert member[2].tolist() == [1, 0, 1, 0]
    told = constituents(lake, INDEX, AXES[0])
    assert told["members"].to_list() == [2, 2, 2, 2]
    assert told["published"].to_list() == [2, 2, 2, 2]
    assert told["list_date"].to_list() == [DAYS[0], DAYS[0], DAYS[2], DAYS[2]]


def test_without_published_weights_by_float_cap(tmp_path) -> None:
    """Caps of the first day: 1000, 2000, 2000; the stock of 8000 is no constituent."""
    rows = [(s, DAYS[0], None, None) for s in STOCKS[:3]]
    lake = made(tmp_path, rows)
    weight, _, origin = laid(lake)
    np.testing.assert_allclose(weight[0], [0.2, 0.4, 0.4, 0])
    np.testing.assert_allclose(weight[3], [1200 / 4600, 1000 / 4600, 2400 / 4600, 0])
    assert (origin[:, :3] == 2).all()
    told = constituents(lake, INDEX, AXES[0])
    assert told.row(0) == (DAYS[0], 3, 0, None)


def test_a_constituent_without_a_weight_stands_to_the_others_as_its_cap(tmp_path) -> None:
    """0.3 and 0.6 for caps of 1000 and 2000: 2000 more are worth 0.6, and all is 1.5."""
    rows = [
        ("000001.SZ", DAYS[0], None, 0.3),
        ("000002.SZ", DAYS[0], None, 0.6),
        ("600000.SH", DAYS[0], None, None),
    ]
    weight, _, origin = laid(made(tmp_path, rows))
    np.testing.assert_allclose(weight[0], [0.2, 0.4, 0.4, 0])
    assert origin[0].tolist() == [1, 1, 2, 0]


def test_nothing_is_known_before_a_snapshot_unless_asked_for(tmp_path) -> None:
    """A snapshot of the last day says 1200 and 1000; at the prices of the first 1000 and 2000."""
    rows = [(s, DAYS[0], None, None) for s in STOCKS[:2]]
    lake = made(tmp_path, rows, shares={})
    snapshot = pl.DataFrame(
        {
            "symbol": STOCKS[:2],
            "announce_date": [DAYS[3]] * 2,
            "item": ["float_cap"] * 2,
            "value": [1200.0, 1000.0],
        }
    )
    lake.append("fundamentals", snapshot)
    weight, member, origin = laid(lake)
    assert weight[:3].sum() == 0
    assert member[:3, :2].all()
    np.testing.assert_allclose(weight[3], [1200 / 2200, 1000 / 2200, 0, 0])
    ahead, _, origin = laid(lake, fwd_snapshot=True)
    np.testing.assert_allclose(ahead[0], [1 / 3, 2 / 3, 0, 0])
    assert origin[0].tolist() == [3, 3, 0, 0]
    assert origin[3].tolist() == [2, 2, 0, 0]


def test_what_comes_later_changes_nothing(tmp_path) -> None:
    """Lists, weights and ends after the second session: its weights stay as they are."""
    rows = [("000001.SZ", DAYS[0], None, 0.6), ("000002.SZ", DAYS[0], None, None)]
    before = laid(made(tmp_path / "before", rows))
    later = [
        ("000001.SZ", DAYS[0], DAYS[1], 0.6),
        ("000002.SZ", DAYS[0], DAYS[2], None),
        ("600001.SH", DAYS[2], None, 0.9),
    ]
    other = made(tmp_path / "other", later)
    after = laid(other)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one[:2], two[:2])
    assert not np.array_equal(before[0][2:], after[0][2:])


def test_an_index_that_nobody_belongs_to(tmp_path) -> None:
    lake = made(tmp_path, [("000001.SZ", DAYS[0], None, 0.6)])
    assert not index_weights(lake, "000905.SH", *AXES).values.any()
