"""Weights of an index at the close of a date: published ones drifted, float caps elsewhere."""

from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import sum_in_turn
from intralpha.base.panel import as_days
from intralpha.market.caps import float_cap
from intralpha.market.daily import read_daily
from intralpha.market.lake import Lake
from intralpha.market.universe import intervals_mask

INDEX_NAMES = ("weight", "member", "origin")
# What a weight is made of, the values of ``origin``.
NOTHING, PUBLISHED, FLOAT_CAP, LATER_CAP = 0.0, 1.0, 2.0, 3.0


def index_weights(
    lake: Lake,
    index: str,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    fwd_snapshot: bool = False,
) -> Panel:
    r"""Constituents of an index and their weights at the close of each date.

    A constituent with a published weight :math:`w_0` of day :math:`t_0` has drifted with its price,

    .. math:: w_t \propto w_0 \, P_t / P_{t_0},

    P the adjusted close, cash dividends included: an index of prices falls by them, so this drifts
    a little towards those who pay. A constituent without one has its share of the float
    capitalisation: of all constituents where nothing is published, else on the scale on which the
    others' weights stand to theirs.

    Parameters
    ----------
    lake : with ``membership`` and ``daily``
    index : symbol, such as 000905.SH
    dates : sessions, ascending, shape [D]
    assets : symbols, shape [A]; constituents that are none of them are left out, and the weights
        of the others add up to 1 without them
    fwd_snapshot : whether the lake's last snapshot of float caps stands in for earlier dates: the
        weights are then known only when that is

    Returns
    -------
    Panel, float64, shape [D, A, 3]
        ``weight``: rows sum to 1, or to 0 where no constituent has a weight; ``member``: 1 for
        constituents, with a weight or without; ``origin``: what the weight is made of, 0 nothing,
        1 a published weight, 2 float cap, 3 float cap of a later snapshot. Known at the close of
        each date, without ``fwd_snapshot``.
    """
    days = as_days(dates)
    rows = lake.scan("membership").filter(pl.col("index") == index).collect()
    member = intervals_mask(rows, days, assets)
    weight, origin = np.zeros(member.shape), np.zeros(member.shape)
    published = _published(lake, rows.drop_nulls("weight"), days, assets)
    has = member & (published > 0)
    weight[has], origin[has] = published[has], PUBLISHED
    for what, ahead in ((FLOAT_CAP, False), (LATER_CAP, True))[: 1 + fwd_snapshot]:
        if (member & (origin == NOTHING)).any():
            cap = float_cap(lake, days, assets, ahead)["float_cap"]
            _fill(weight, origin, cap, what, member)
    total = sum_in_turn(weight)[:, None]
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    values = np.stack([weight, member.astype(np.float64), origin], axis=-1)
    return Panel(values, days, assets, INDEX_NAMES)


def constituents(lake: Lake, index: str, dates: Shaped[ndarray, "D"]) -> pl.DataFrame:
    """How many constituents an index has on each date, and what of their weights is published.

    Parameters
    ----------
    lake : with ``membership``
    index : symbol
    dates : shape [D]

    Returns
    -------
    pl.DataFrame
        ``date``, ``members``, ``published`` (those with a published weight), and ``list_date``
        (day of the newest published weight; null without any), one row a date. Known on each date.
    """
    rows = lake.scan("membership").filter(pl.col("index") == index).collect()
    first, stop = as_days(rows["in_date"]), as_days(rows["out_date"].fill_null(date.max))
    symbol, told = rows["symbol"].to_numpy(), rows["weight"].is_not_null().to_numpy()
    found = []
    for day in as_days(dates):
        now = (first <= day) & (day <= stop)
        listed = first[now & told]
        newest = listed.max().item() if len(listed) else None
        count, published = (len(set(symbol[kept])) for kept in (now, now & told))
        found.append((day.item(), count, published, newest))
    schema = {
        "date": pl.Date,
        "members": pl.Int64,
        "published": pl.Int64,
        "list_date": pl.Date,
    }
    return pl.DataFrame(found, schema=schema, orient="row")


def _published(
    lake: Lake,
    rows: pl.DataFrame,
    days: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
) -> Float[ndarray, "D A"]:
    """The newest published weight of each constituent, drifted to each date; 0 where none is."""
    out = np.zeros((len(days), len(assets)))
    place = {symbol: i for i, symbol in enumerate(assets.tolist())}
    known = rows.filter(
        pl.col("symbol").is_in(assets.tolist()),
        pl.col("in_date") <= days[-1].item(),
        pl.col("out_date").is_null() | (pl.col("out_date") >= days[0].item()),
    ).sort("in_date", maintain_order=True)
    if known.is_empty():
        return out
    first, stop = as_days(known["in_date"]), as_days(known["out_date"].fill_null(date.max))
    column = np.array([place[symbol] for symbol in known["symbol"]])
    told = known["weight"].to_numpy()
    prices = read_daily(lake, ("filled_close",), None, days[-1].item(), assets)
    price_DA = prices["filled_close"]
    then = _price(price_DA, prices.dates, first, column)
    for row, day in enumerate(days):
        now = (first <= day) & (day <= stop)
        on = np.full(int(now.sum()), day)
        moved = _price(price_DA, prices.dates, on, column[now]) / then[now]
        out[row, column[now]] = told[now] * np.where(np.isfinite(moved), moved, 1.0)
    return out


def _price(
    price_DA: Float[ndarray, "sessions A"],
    sessions: Shaped[ndarray, "sessions"],
    on: Shaped[ndarray, "N"],
    column: Shaped[ndarray, "N"],
) -> Float[ndarray, "N"]:
    """Adjusted close of the last session up to each day; NaN before the first one."""
    row = np.searchsorted(sessions, on, side="right") - 1
    return np.where(row >= 0, price_DA[np.maximum(row, 0), column], np.nan)


def _fill(
    weight: Float[ndarray, "D A"],
    origin: Float[ndarray, "D A"],
    cap: Float[ndarray, "D A"],
    what: float,
    member: Bool[ndarray, "D A"],
) -> None:
    """Weights of constituents that have none, by capitalisation, on the scale of the others."""
    held = np.where(member & (cap > 0), cap, 0.0)
    both = (origin != NOTHING) & (held > 0)
    of_others = sum_in_turn(np.where(both, held, 0.0))
    scale = np.divide(
        sum_in_turn(np.where(both, weight, 0.0)),
        of_others,
        out=np.where((origin != NOTHING).any(axis=1), 0.0, 1.0),
        where=of_others > 0,
    )
    lacks = (origin == NOTHING) & (held > 0) & (scale[:, None] > 0)
    weight[lacks] = (held * scale[:, None])[lacks]
    origin[lacks] = what
