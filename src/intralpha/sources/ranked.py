"""Indices of a lake's own stocks, ranked by float capitalisation: constituents, weights, levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.cross_section import sum_in_turn
from intralpha.market import Lake, StepDone, read_daily
from intralpha.market.boards import boards_of
from intralpha.market.caps import float_cap
from intralpha.sources.exchange.index import next_review
from intralpha.sources.ranked_spec import RankedIndexSpec, RankedIndicesSpec

BOARD, NAME = "index", "Stocks ranked {:g} to {:g} % by size, {} from {:g} points"
STOCKS = ("main", "star", "chinext", "bse")  # boards; other instruments are never ranked
NAMES = ("open", "close", "preclose", "volume", "amount", "st")
ROW = ("index", "symbol", "in_date")  # of a constituent
NEAR = 1e-9  # weights that another machine's or version's rounding moved are the same
EXCHANGES = {"SH": "SSE", "SZ": "SZSE", "BJ": "BSE"}


class RankedIndexError(DataError):
    """An index that cannot be made of a lake."""

    def __init__(self, index: str, fault: str, hint: str) -> None:
        self.index = index
        super().__init__(f"index {index}: {fault}.\nHint: {hint}")


@dataclass(frozen=True, eq=False)
class Sessions:
    """What the levels are made of.

    Attributes
    ----------
    dates, assets : axes, [D] and [A]
    open_DA, close_DA : over preclose; 1 without a row or a trade
    cap_DA : float capitalisation at the close, CNY; 0 where it is not known
    plain_DA : whether a stock has a row that is not of an ST stock
    volume_DA, amount_DA : of the session, 0 without a row
    """

    dates: Shaped[ndarray, "D"]
    assets: Shaped[ndarray, "A"]
    open_DA: Float[ndarray, "D A"]
    close_DA: Float[ndarray, "D A"]
    cap_DA: Float[ndarray, "D A"]
    plain_DA: Bool[ndarray, "D A"]
    volume_DA: Float[ndarray, "D A"]
    amount_DA: Float[ndarray, "D A"]


@dataclass(frozen=True, eq=False)
class Index:
    """What is made of an index.

    Attributes
    ----------
    symbol, name : the name says the ranks
    upto : last session
    members : rows of ``membership``
    levels : rows of ``daily``
    """

    symbol: str
    name: str
    upto: date
    members: pl.DataFrame
    levels: pl.DataFrame


def rank_indices(spec: RankedIndicesSpec, lake: Lake, dates: Shaped[ndarray, "D"]) -> StepDone:
    """Write rows of ``membership``, ``daily`` and ``instruments`` for every index.

    All are made anew from the lake's first session on, so that the rows of a session are the same
    whatever came after it; those of the lake must be the same, too, or have been made by the same
    ranks of rows of ``daily`` that were replaced since. Nothing is written unless all of it can be.

    Parameters
    ----------
    spec : which indices
    lake : with ``daily``; share counts or dated float caps
    dates : sessions, up to the last of which levels are made

    Returns
    -------
    StepDone

    Raises
    ------
    RankedIndexError
        No stock has a float capitalisation, or the lake has another index of the symbol.
    """
    if len(dates) == 0:
        return StepDone(0, "no sessions")
    found = _indices(spec, lake, dates[-1].item())
    for one in found:
        _check(one, lake)
    lines = []
    for one in found:
        about = (one.symbol, EXCHANGES[one.symbol[-2:]], BOARD, one.name)
        told = dict(zip(("symbol", "exchange", "board", "name"), about, strict=True))
        dates_null = {c: pl.lit(None, pl.Date) for c in ("list_date", "delist_date")}
        row = pl.DataFrame([told]).with_columns(**dates_null)
        for table, rows in (("instruments", row), ("membership", one.members)):
            lake.append(table, rows, "replace")
        lake.append("daily", one.levels, "replace")
        reviews, rows = one.members["in_date"].n_unique(), one.members.height
        lines.append(f"{one.symbol}: {one.levels.height} levels, {reviews} reviews, {rows} rows")
    lines.append(f"{len(found)} indices to {dates[-1]}")
    return StepDone(max(one.levels.height for one in found), "\n".join(lines))


def to_make(spec: RankedIndicesSpec, lake: Lake, dates: Shaped[ndarray, "D"]) -> tuple[date, ...]:
    """Sessions, the lake's first one apart, on which one of the indices has no row; if all have
    one, those on which it is not what these ranks make of the lake.

    Parameters
    ----------
    spec : which indices
    lake : with ``daily``
    dates : datetime64[D] of sessions
    """
    rows = lake.scan("daily").filter(pl.col("symbol").is_in(list(spec.ranked)))
    count = rows.group_by("date").len().filter(pl.col("len") == len(spec.ranked)).collect()
    have = {*count["date"].to_list()}
    first = lake.dates("daily")[:1]
    days = [day.item() for day in dates if day not in first]
    lack = tuple(day for day in days if day not in have)
    if lack or not days:
        return lack
    found = _indices(spec, lake, days[-1])
    other = {day for one in found for day in _other_levels(one, lake)["date"]}
    return tuple(day for day in days if day in other)


def _indices(spec: RankedIndicesSpec, lake: Lake, last: date) -> list[Index]:
    """All of them up to a session; nothing is written."""
    seen = _sessions(lake, last)
    return [_made(symbol, ranks, seen) for symbol, ranks in spec.ranked.items()]


def _sessions(lake: Lake, last: date) -> Sessions:
    view = lake.limited(None, last)
    daily = read_daily(view, NAMES)
    boards = boards_of(view, daily.assets.tolist())
    kept = np.array([boards[symbol] in STOCKS for symbol in daily.assets.tolist()])
    assets, preclose = daily.assets[kept], daily["preclose"][:, kept]

    def over(name: str) -> Float[ndarray, "D A"]:
        value = daily[name][:, kept].astype(np.float64)
        fine = (value > 0) & (preclose > 0)
        return np.divide(value, preclose, out=np.ones(value.shape), where=fine)

    volume = np.nan_to_num(daily["volume"][:, kept].astype(np.float64))
    opened = np.where(volume > 0, over("open"), 1.0)
    cap = np.nan_to_num(float_cap(view, daily.dates, assets)["float_cap"].astype(np.float64))
    return Sessions(
        daily.dates,
        assets,
        opened,
        over("close"),
        cap,
        np.isfinite(preclose) & ~(daily["st"][:, kept] > 0),
        volume,
        np.nan_to_num(daily["amount"][:, kept].astype(np.float64)),
    )


def _made(index: str, ranks: RankedIndexSpec, seen: Sessions) -> Index:
    """Constituents with their weights at the first close of a period, and daily rows."""
    members, levels = [], []
    level = ranks.base
    for row, which, weight, until in _weights(index, ranks, seen):
        at_open, at_close = (
            level * float(sum_in_turn(weight * moved[row, which]))
            for moved in (seen.open_DA, seen.close_DA)
        )
        on = seen.dates[row].item()
        if until is not None:
            drifted = _whole(weight * seen.close_DA[row, which]).tolist()
            symbols = seen.assets[which].tolist()
            pairs = zip(symbols, drifted, strict=True)
            members += [(index, symbol, on, until, share) for symbol, share in pairs]
        sums = (float(v[row, which].sum()) for v in (seen.volume_DA, seen.amount_DA))
        levels.append((on, index, at_open, at_close, level, *sums))
        level = at_close
    name = NAME.format(100 * ranks.from_share, 100 * ranks.to_share, ranks.weight, ranks.base)
    return Index(index, name, seen.dates[-1].item(), _membership(members), _daily(levels))


def _weights(
    index: str, ranks: RankedIndexSpec, seen: Sessions
) -> Iterator[tuple[int, Int[ndarray, "N"], Float[ndarray, "N"], date | None]]:
    """Row of a session, columns of the constituents, the weights that go into it, and on the first
    one after a review the last day of what was chosen.

    Weights lie on the constituents alone: a sum over other stocks, too, would change in its last
    bits with every stock that is listed later.
    """
    which, weight, due = np.zeros(0, np.int64), np.zeros(0), date.min
    for row in range(1, len(seen.dates)):
        on, until = seen.dates[row].item(), None
        if on >= due:
            which, weight = _chosen(index, ranks, seen, row - 1)
            due = next_review(on)
            until = due - timedelta(days=1)
        yield row, which, weight, until
        weight = _whole(weight * seen.close_DA[row, which])


def _chosen(
    index: str, ranks: RankedIndexSpec, seen: Sessions, row: int
) -> tuple[Int[ndarray, "N"], Float[ndarray, "N"]]:
    """Constituents of a review by the close of a session, in the order of the axis, and weights."""
    cap_A = np.where(seen.plain_DA[row], seen.cap_DA[row], 0.0)
    order = np.argsort(-cap_A, kind="stable")[: int((cap_A > 0).sum())]
    if len(order) == 0:
        raise RankedIndexError(
            index,
            f"no stock has a float capitalisation at the close of {seen.dates[row]}",
            "ingest daily.float_shares, or dated caps (source daily_basic) from the first day on",
        )
    first, stop = (round(share * len(order)) for share in (ranks.from_share, ranks.to_share))
    chosen = np.sort(order[first : max(stop, first + 1)])
    return chosen, _whole(np.ones(len(chosen)) if ranks.weight == "equal" else cap_A[chosen])


def _whole(weight: Float[ndarray, "N"]) -> Float[ndarray, "N"]:
    return weight / sum_in_turn(weight)


def _membership(rows: list[tuple[str, str, date, date, float]]) -> pl.DataFrame:
    schema = {
        "index": pl.String,
        "symbol": pl.String,
        "in_date": pl.Date,
        "out_date": pl.Date,
        "weight": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _daily(rows: list[tuple[date, str, float, float, float, float, float]]) -> pl.DataFrame:
    """Rows of the index, in points of two digits; high and low are the larger and the smaller of
    open and close, as what lies between is not known.
    """
    names = ("open", "close", "preclose", "volume", "amount")
    schema = {"date": pl.Date, "symbol": pl.String} | dict.fromkeys(names, pl.Float64)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    points = frame.with_columns(pl.col("open", "close", "preclose").round(2))
    return points.with_columns(
        high=pl.max_horizontal("open", "close"),
        low=pl.min_horizontal("open", "close"),
        adj_factor=pl.lit(1.0),
        suspended=pl.lit(value=False),
        st=pl.lit(value=False),
    )


def _check(one: Index, lake: Lake) -> None:
    """What the lake says of the index must be of these ranks."""
    members, levels = _other_members(one, lake), _other_levels(one, lake)
    if members.is_empty() and levels.is_empty():
        return
    names = lake.scan("instruments").filter(pl.col("symbol") == one.symbol).select("name")
    if one.name not in names.collect()["name"].to_list():
        raise RankedIndexError(
            one.symbol,
            f"{members.height} constituents and {levels.height} levels of it in the lake are not "
            "of these ranks",
            "give the index another symbol, or ingest into a lake of its own",
        )
    lost = members.join(one.members, on=list(ROW), how="anti")
    if not lost.is_empty():
        raise RankedIndexError(
            one.symbol,
            f"rows of `daily` were replaced, and {lost.height} constituents of then are none now; "
            f"the first is {lost['symbol'][0]} from {lost['in_date'][0]}",
            "give the index another symbol, or ingest all into a new lake",
        )


def _other_members(one: Index, lake: Lake) -> pl.DataFrame:
    """Rows of the lake, from days that were made, that are not those of the index."""
    mine = (pl.col("index") == one.symbol) & (pl.col("in_date") <= one.upto)
    there = lake.scan("membership").filter(mine).collect()
    beside = there.join(one.members, on=[*ROW, "out_date"], how="left", suffix="_made")
    same = (pl.col("weight") / pl.col("weight_made") - 1).abs() < NEAR
    return beside.filter(~same.fill_null(value=False)).select(there.columns)


def _other_levels(one: Index, lake: Lake) -> pl.DataFrame:
    """The same of ``daily``."""
    there = lake.scan("daily", None, one.upto).filter(pl.col("symbol") == one.symbol)
    rows = there.with_columns(pl.col("volume", "amount").cast(pl.Float64))
    mine = rows.select(one.levels.columns).collect()
    return mine.join(one.levels, on=list(one.levels.columns), how="anti", nulls_equal=True)
