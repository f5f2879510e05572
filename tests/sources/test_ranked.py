"""Indices of a lake's own stocks by size: by hand, and against a plain loop over rows."""

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.audit import scramble
from intralpha.market import Lake, index_weights
from intralpha.sources import RankedIndicesSpec
from intralpha.sources.exchange.index import INDEX
from intralpha.sources.ranked import RankedIndexError, rank_indices

BIG, SMALL = "000300.SH", "990001.SH"


@cache
def spec() -> RankedIndicesSpec:
    """Its symbols are looked up in a table, which no import of a test may do."""
    return RankedIndicesSpec.model_validate(
        {
            "ranked": {
                BIG: {"to_share": 0.5},
                SMALL: {"from_share": 0.5, "to_share": 1, "weight": "equal"},
            }
        }
    )


def lake_of(folder: Path, closes: dict[str, list[float]], days: list[date]) -> Lake:
    """Stocks with 100 shares each: the price is the size."""
    rows = [
        {
            "date": day, "symbol": symbol, "open": price, "high": price, "low": price,
            "close": price, "preclose": prices[max(i - 1, 0)], "volume": 100.0,
            "amount": 100 * price, "adj_factor": 1.0, "float_shares": 100.0,
            "total_shares": 100.0, "suspended": False, "st": symbol == "600004.SH",
        }
        for symbol, prices in closes.items()
        for i, (day, price) in enumerate(zip(days, prices, strict=True))
    ]  # fmt: skip
    lake = Lake(folder, create=True)
    about = {"exchange": "SSE", "board": "main", "name": "", "list_date": date(2000, 1, 3)}
    stocks = pl.DataFrame([{"symbol": s, **about} for s in closes])
    lake.append("instruments", stocks.with_columns(delist_date=pl.lit(None, pl.Date)))
    lake.append("daily", pl.DataFrame(rows))
    return lake


CLOSES = {
    "600001.SH": [40.0, 44.0, 44.0, 44.0, 44.0],
    "600002.SH": [10.0, 10.0, 12.0, 60.0, 60.0],
    "600003.SH": [8.0, 8.0, 8.0, 8.0, 8.8],
    "600005.SH": [2.0, 3.0, 3.0, 3.0, 3.0],
    "600004.SH": [90.0, 90.0, 90.0, 90.0, 90.0],  # ST: in no index, though the largest
}
DAYS = [date(2023, 6, d) for d in (7, 8, 9, 12, 13)]  # the 12th is a review


@pytest.fixture
def small(tmp_path: Path) -> Lake:
    return lake_of(tmp_path / "lake", CLOSES, DAYS)


def closes_of(lake: Lake, index: str) -> list[float]:
    rows = lake.scan("daily").filter(pl.col("symbol") == index).sort("date").collect()
    return rows["close"].to_list()


def test_by_hand(small: Lake) -> None:
    """Chosen by the 7th: 40 and 10 by cap, 8 and 2 in equal parts; anew by the 9th for the 12th."""
    dates = small.dates("daily")
    done = rank_indices(spec(), small, dates)
    assert done.sessions == 4
    first = 1000 * (0.8 * 1.1 + 0.2)
    second = first * (44 / 54 + 10 / 54 * 1.2)
    third = second * (44 / 56 + 12 / 56 * 5)  # the caps of the 9th, and a move fivefold
    assert closes_of(small, BIG) == pytest.approx([first, second, third, third], abs=0.006)
    halves = 1000 * (0.5 + 0.5 * 1.5)
    assert closes_of(small, SMALL) == pytest.approx(
        [halves, halves, halves, halves * (0.5 * 1.1 + 0.5)], abs=0.006
    )
    rows = small.scan("membership").filter(pl.col("index") == BIG).sort("in_date", "symbol")
    found = rows.collect()
    assert found["in_date"].to_list() == [DAYS[1]] * 2 + [DAYS[3]] * 2
    assert found["out_date"].to_list() == [date(2023, 6, 11)] * 2 + [date(2023, 12, 10)] * 2
    assert found["symbol"].to_list() == ["600001.SH", "600002.SH"] * 2
    assert found["weight"].to_list() == pytest.approx([44 / 54, 10 / 54, 44 / 104, 60 / 104])
    small_rows = small.scan("membership").filter(pl.col("index") == SMALL).collect()
    assert {*small_rows["symbol"]} == {"600003.SH", "600005.SH"}
    about = small.scan("instruments").filter(pl.col("board") == "index").collect()
    assert {*about["symbol"]} == {BIG, SMALL}


def test_a_benchmark_sees_the_weights(small: Lake) -> None:
    rank_indices(spec(), small, small.dates("daily"))
    assets = np.array(sorted(CLOSES))
    laid = index_weights(small, BIG, np.array(DAYS[1:3], "datetime64[D]"), assets)
    np.testing.assert_allclose(laid["weight"][0, :2], [44 / 54, 10 / 54])
    np.testing.assert_allclose(laid["weight"][1, :2], [44 / 56, 12 / 56])


def test_a_second_time_and_with_more_sessions_nothing_before_changes(tmp_path: Path) -> None:
    cut = {symbol: prices[:3] for symbol, prices in CLOSES.items()}
    lake = lake_of(tmp_path / "lake", cut, DAYS[:3])
    assert len(spec().todo(lake, lake.dates("daily"))) == 2
    rank_indices(spec(), lake, lake.dates("daily"))
    assert spec().todo(lake, lake.dates("daily")) == ()
    before = closes_of(lake, BIG)
    other = lake_of(tmp_path / "other", CLOSES, DAYS)
    rows = other.scan("daily").filter(pl.col("date") > DAYS[2]).collect()
    lake.append("daily", rows)
    assert spec().todo(lake, lake.dates("daily")) == tuple(DAYS[3:])
    rank_indices(spec(), lake, lake.dates("daily"))
    rank_indices(spec(), other, other.dates("daily"))
    assert closes_of(lake, BIG)[:2] == before
    assert closes_of(lake, BIG) == closes_of(other, BIG)


def test_what_the_lake_has_of_an_index_is_not_mixed(small: Lake) -> None:
    rank_indices(spec(), small, small.dates("daily"))
    wider = RankedIndicesSpec.model_validate({"ranked": {BIG: {"to_share": 0.25}}})
    with pytest.raises(RankedIndexError, match="not of these ranks"):
        rank_indices(wider, small, small.dates("daily"))
    for ranks in ({"to_share": 0.75}, {"to_share": 0.5, "weight": "equal"}):
        more = RankedIndicesSpec.model_validate({"ranked": {BIG: ranks}})
        assert more.todo(small, small.dates("daily")) == tuple(DAYS[1:]), "they are of other ranks"
        with pytest.raises(RankedIndexError, match="not of these ranks"):
            rank_indices(more, small, small.dates("daily"))


def test_a_last_bit_of_a_weight_is_no_other_index(small: Lake) -> None:
    """Of a machine or a version that rounds otherwise, whatever it called the index."""
    rank_indices(spec(), small, small.dates("daily"))
    rows = small.scan("membership").collect()
    moved = rows.with_columns(pl.col("weight") * (1 + 2**-50))
    assert not moved.equals(rows)
    small.append("membership", moved, "replace")
    named = small.scan("instruments").filter(pl.col("board") == "index").collect()
    small.append("instruments", named.with_columns(name=pl.lit("Stocks by size")), "replace")
    rank_indices(spec(), small, small.dates("daily"))
    assert small.scan("membership").collect().equals(rows)
    far = rows.with_columns(pl.col("weight") * (1 + 1e-6))
    small.append("membership", far, "replace")
    small.append("instruments", named.with_columns(name=pl.lit("Stocks by size")), "replace")
    with pytest.raises(RankedIndexError, match="not of these ranks"):
        rank_indices(spec(), small, small.dates("daily"))


def test_levels_from_elsewhere_stay_alone(small: Lake) -> None:
    """A vendor's closes of an index whose constituents it does not give; nothing is written."""
    row = small.scan("daily").filter(pl.col("symbol") == "600001.SH").collect()
    small.append("daily", row.with_columns(symbol=pl.lit(BIG)))
    before = small.version()
    with pytest.raises(RankedIndexError, match="not of these ranks"):
        rank_indices(spec(), small, small.dates("daily"))
    assert small.version() == before


def test_rows_that_were_mended_make_the_index_anew(small: Lake, tmp_path: Path) -> None:
    """A close that was wrong, on a day that is no review: the index is that of the right ones."""
    rank_indices(spec(), small, small.dates("daily"))
    right = CLOSES | {"600001.SH": [40.0, 44.0, 44.0, 44.0, 45.0]}
    other = lake_of(tmp_path / "other", right, DAYS)
    mended = other.scan("daily").filter(pl.col("date") == DAYS[-1]).collect()
    small.append("daily", mended, "replace")
    assert spec().todo(small, small.dates("daily")) == (DAYS[-1],)
    for lake in (small, other):
        rank_indices(spec(), lake, lake.dates("daily"))
        assert spec().todo(lake, lake.dates("daily")) == ()
    assert closes_of(small, BIG) == closes_of(other, BIG)


def test_a_mended_row_that_changes_constituents_is_told(small: Lake, tmp_path: Path) -> None:
    rank_indices(spec(), small, small.dates("daily"))
    right = CLOSES | {"600003.SH": [50.0, 8.0, 8.0, 8.0, 8.8]}
    other = lake_of(tmp_path / "other", right, DAYS)
    small.append("daily", other.scan("daily").collect(), "replace")
    before = small.version()
    with pytest.raises(RankedIndexError, match="rows of `daily` were replaced"):
        rank_indices(spec(), small, small.dates("daily"))
    assert small.version() == before


def test_stocks_that_are_listed_later_change_no_bit_of_what_was(tmp_path: Path) -> None:
    """Sixty stocks for four weeks, then seven more whose symbols lie between theirs."""
    rng, days = np.random.default_rng(0), [date(2023, 7, d) for d in range(3, 29)]
    prices = {
        f"{600001 + 2 * i}.SH": np.round(20 * np.exp(rng.normal(0, 0.02, 26).cumsum()), 2).tolist()
        for i in range(60)
    }
    lake = lake_of(tmp_path / "lake", {s: p[:20] for s, p in prices.items()}, days[:20])
    rank_indices(spec(), lake, lake.dates("daily"))
    first = lake.scan("membership").collect()
    young = {f"{600002 + 6 * i}.SH": [10.0] * 26 for i in range(7)}
    other = lake_of(tmp_path / "other", prices | young, days)
    lake.append("daily", other.scan("daily").filter(pl.col("date") > days[19]).collect())
    rank_indices(spec(), lake, lake.dates("daily"))
    assert lake.scan("membership").collect().equals(first)


def test_only_stocks_are_ranked(tmp_path: Path) -> None:
    """A vendor's rows of an index and of a fund, with turnover like the stocks', unnamed there."""
    lake = lake_of(tmp_path / "lake", CLOSES, DAYS)
    rows = lake.scan("daily").filter(pl.col("symbol") == "600001.SH").collect()
    for symbol in ("000905.SH", "510050.SH"):
        lake.append("daily", rows.with_columns(symbol=pl.lit(symbol)))
    rank_indices(spec(), lake, lake.dates("daily"))
    assert {*lake.scan("membership").collect()["symbol"]} == {*CLOSES} - {"600004.SH"}


def test_a_lake_whose_rows_derive_their_limits_can_be_audited(tmp_path: Path) -> None:
    """A copy with another future chains every row anew, those of the index among them."""
    plain = lake_of(tmp_path / "plain", CLOSES, DAYS).scan("daily").collect()
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", plain.with_columns(derived=pl.lit("limits")))
    rank_indices(spec(), lake, lake.dates("daily"))
    other = scramble(lake, DAYS[2], tmp_path / "other")
    assert closes_of(other, SMALL)[:2] == closes_of(lake, SMALL)[:2]
    assert closes_of(other, SMALL)[2:] != closes_of(lake, SMALL)[2:]


@pytest.mark.parametrize(
    ("ranked", "said"),
    [
        ({"small": {"to_share": 1}}, "990001.SH"),
        ({BIG: {"from_share": 0.5, "to_share": 0.5}}, "not below"),
        ({}, "at least 1"),
        ({"990001.BJ": {"to_share": 1}}, "990001.BJ is not like"),
        ({"600519.SH": {"to_share": 1}}, "600519.SH is the number of a stock"),
        ({BIG: {"to_share": 1, "base": 1}}, "greater than or equal to 100"),
    ],
)
def test_what_is_no_index_is_told(ranked: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RankedIndicesSpec.model_validate({"ranked": ranked})


def test_without_a_capitalisation_it_is_told(tmp_path: Path) -> None:
    lake = lake_of(tmp_path / "lake", CLOSES, DAYS)
    none = pl.lit(None, pl.Float64)
    rows = lake.scan("daily").collect().with_columns(float_shares=none, total_shares=none)
    bare = Lake(tmp_path / "bare", create=True)
    bare.append("instruments", lake.scan("instruments").collect())
    bare.append("daily", rows)
    with pytest.raises(RankedIndexError, match="at the close of 2023-06-07"):
        rank_indices(spec(), bare, bare.dates("daily"))


def test_ranks_of_a_simulated_market_against_a_plain_loop(
    half_year_lake: Path, tmp_path: Path
) -> None:
    """Halts, ex-dividend days, a review: levels from rows in dictionaries, stock by stock."""
    source, lake = Lake(half_year_lake), Lake(tmp_path / "lake", create=True)
    for table in ("instruments", "daily"):
        lake.append(table, source.scan(table).collect())
    dates = lake.dates("daily")
    spec = RankedIndicesSpec.model_validate({"ranked": {BIG: {"from_share": 0.1, "to_share": 0.6}}})
    rank_indices(spec, lake, dates)
    rows = source.scan("daily").filter(pl.col("symbol") != INDEX).collect().to_dicts()
    by_day: dict[date, dict] = {}
    for row in rows:
        by_day.setdefault(row["date"], {})[row["symbol"]] = row
    level, weights, caps, levels = 1000.0, {}, {}, []
    for i, (day, there) in enumerate(sorted(by_day.items())):
        if i == 1 or day == date(2023, 6, 12):
            before = by_day[dates[i - 1].item()]
            fine = [s for s in caps if s in before and not before[s]["st"]]
            ranked = sorted(fine, key=lambda s: (-caps[s], s))
            chosen = ranked[round(0.1 * len(ranked)) : round(0.6 * len(ranked))]
            weights = {s: caps[s] / sum(caps[c] for c in chosen) for s in chosen}
        if i:
            moved = {
                s: there[s]["close"] / there[s]["preclose"] if s in there else 1.0 for s in weights
            }
            level *= sum(w * moved[s] for s, w in weights.items())
            whole = sum(w * moved[s] for s, w in weights.items())
            weights = {s: w * moved[s] / whole for s, w in weights.items()}
            levels.append(level)
        caps |= {s: row["close"] * row["float_shares"] for s, row in there.items()}
    np.testing.assert_allclose(closes_of(lake, BIG), levels, atol=0.0051)
