"""Indices of a lake's own stocks, ranked by float capitalisation: constituents, weights, levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import DataError
from intralpha.market import Lake, StepDone, read_daily
from intralpha.market.caps import float_cap
from intralpha.sources.exchange.index import next_review
from intralpha.sources.ranked_spec import RankedIndexSpec, RankedIndicesSpec

BOARD, NAME = "index", "Stocks ranked {:.0%} to {:.0%} by size"
NAMES = ("open", "close", "preclose", "volume", "amount", "st")
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


def rank_indices(spec: RankedIndicesSpec, lake: Lake, dates: Shaped[ndarray, "D"]) -> StepDone:
    """Write rows of ``membership``, ``daily`` and ``instruments`` for every index.

    All are made anew from the lake's first session on, so that the rows of a session are the same
    whatever came after it; those of the lake must be the same, too.

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
        No stock has a float capitalisation, or the lake has other constituents of the index.
    ConflictError
        The lake has other levels of it.
    """
    if len(dates) == 0:
        return StepDone(0, "no sessions")
    seen = _sessions(lake, dates[-1].item())
    lines = []
    for index, ranks in spec.ranked.items():
        members, levels = _made(index, ranks, seen)
        _check(index, lake, members)
        name = NAME.format(ranks.from_share, ranks.to_share)
        about = (index, EXCHANGES[index[-2:]], BOARD, name)
        told = dict(zip(("symbol", "exchange", "board", "name"), about, strict=True))
        dates_null = {c: pl.lit(None, pl.Date) for c in ("list_date", "delist_date")}
        lake.append("instruments", pl.DataFrame([told]).with_columns(**dates_null), "replace")
        lake.append("membership", members)
        lake.append("daily", levels)
        reviews = members["in_date"].n_unique()
        lines.append(f"{index}: {levels.height} levels, {reviews} reviews, {members.height} rows")
    lines.append(f"{len(spec.ranked)} indices to {dates[-1]}")
    return StepDone(len(seen.dates) - 1, "\n".join(lines))


def without_level(
    spec: RankedIndicesSpec, lake: Lake, dates: Shaped[ndarray, "D"]
) -> tuple[date, ...]:
    """Sessions, the lake's first one apart, on which one of the indices has no row.

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
    return tuple(day.item() for day in dates if day not in first and day.item() not in have)


def _sessions(lake: Lake, last: date) -> Sessions:
    view = lake.limited(None, last)
    known = view.scan("instruments").filter(pl.col("board") == BOARD).collect()["symbol"]
    daily = read_daily(view, NAMES)
    kept = ~np.isin(daily.assets, known.to_numpy().astype(str))
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


def _made(index: str, ranks: RankedIndexSpec, seen: Sessions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Constituents with their weights at the first close of a period, and daily rows."""
    members, levels = [], []
    level = ranks.base
    for row, weight_A, until in _weights(index, ranks, seen):
        at_open, at_close = (
            level * float(weight_A @ moved[row]) for moved in (seen.open_DA, seen.close_DA)
        )
        drifted = weight_A * seen.close_DA[row]
        drifted /= drifted.sum()
        inside, on = weight_A > 0, seen.dates[row].item()
        if until is not None:
            members += [
                (index, str(seen.assets[i]), on, until, float(drifted[i]))
                for i in np.flatnonzero(inside)
            ]
        sums = (float(v[row, inside].sum()) for v in (seen.volume_DA, seen.amount_DA))
        levels.append((on, index, at_open, at_close, level, *sums))
        level = at_close
    return _membership(members), _daily(levels)


def _weights(
    index: str, ranks: RankedIndexSpec, seen: Sessions
) -> Iterator[tuple[int, Float[ndarray, "A"], date | None]]:
    """Row of a session, weights that go into it, and on the first one after a review the last day
    of what was chosen.
    """
    weight_A, due = np.zeros(len(seen.assets)), date.min
    for row in range(1, len(seen.dates)):
        on, until = seen.dates[row].item(), None
        if on >= due:
            weight_A = _chosen(index, ranks, seen, row - 1)
            due = next_review(on)
            until = due - timedelta(days=1)
        yield row, weight_A, until
        weight_A = weight_A * seen.close_DA[row]
        weight_A = weight_A / weight_A.sum()


def _chosen(index: str, ranks: RankedIndexSpec, seen: Sessions, row: int) -> Float[ndarray, "A"]:
    """Weights of a review by the close of a session."""
    cap_A = np.where(seen.plain_DA[row], seen.cap_DA[row], 0.0)
    order = np.argsort(-cap_A, kind="stable")[: int((cap_A > 0).sum())]
    if len(order) == 0:
        raise RankedIndexError(
            index,
            f"no stock has a float capitalisation at the close of {seen.dates[row]}",
            "ingest daily.float_shares, or dated caps (source daily_basic) from the first day on",
        )
    first, stop = (round(share * len(order)) for share in (ranks.from_share, ranks.to_share))
    chosen = order[first : max(stop, first + 1)]
    weight_A = np.zeros(len(cap_A))
    weight_A[chosen] = 1.0 if ranks.weight == "equal" else cap_A[chosen]
    return weight_A / weight_A.sum()


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


def _check(index: str, lake: Lake, members: pl.DataFrame) -> None:
    """What the lake says of the index must be of these ranks."""
    if not lake.has("membership"):
        return
    there = lake.scan("membership").filter(pl.col("index") == index).collect()
    other = there.join(members, on=["index", "symbol", "in_date"], how="anti").height
    if other:
        raise RankedIndexError(
            index,
            f"{other} of its {there.height} constituents in the lake are not of these ranks",
            "give the index another symbol, or ingest into a lake of its own",
        )
