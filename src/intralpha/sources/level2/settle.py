"""Settle: records of whole stock-days become rows of the lake, with an account of every record."""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from intralpha.market import TABLES
from intralpha.market.hours import AFTER_HOURS_MS, AFTERNOON_MS, LUNCH_MS, MINUTE_MS, OPENING_MS
from intralpha.sources.level2.orders import make_orders
from intralpha.sources.level2.rows import TRADE
from intralpha.sources.level2.sequence import (
    BACKWARDS,
    REPEATED,
    SHARED,
    TWINS,
    Sequenced,
    backwards,
    in_sequence,
    set_aside,
)
from intralpha.sources.level2.snapshots import snapshot_rows
from intralpha.sources.level2.trades import trade_rows, with_sides
from intralpha.sources.remarks import DEAREST_YUAN
from intralpha.sources.source import Batch

AFTER_HOURS = "records after 15:05 (fixed-price trading) left out"
OTHER_HOURS = (
    "records stamped before 09:10 or over lunch: `time_zone` or `time_format` of the stream?"
)
DEAR = "records with a price above 10,000 CNY: `price_scale` of the stream?"
EARLY_MS = OPENING_MS - 5 * MINUTE_MS  # systems open a little before the auction


def settle_events(
    events: pl.DataFrame,
    names: list[str],
    origin: str,
    has_orders: bool,
    live: bool,
    by_time: tuple[str, ...] = (),
) -> Iterator[Batch]:
    """Batches of ``trades`` and ``orders`` from all events of some stock-days.

    Parameters
    ----------
    events : columns of ``EVENT``
    names : of the files, by their number
    origin : shown with the batch
    has_orders : whether the source may hold orders; if so there is a batch of them, even empty
    live : files still grow: Shanghai's orders after a stock's last trade wait for more
    by_time : exchanges whose records are numbered by time
    """
    late = pl.col("time") >= AFTER_HOURS_MS
    found = in_sequence(events.filter(~late), by_time)
    traded = pl.col("what") == TRADE
    trades, seen = with_sides(found.rows.filter(traded))
    notes = Counter(seen)
    notes.update({BACKWARDS: backwards(found.rows), SHARED: found.shared})
    notes.update(_odd(found.rows.filter(traded)))
    yield Batch(
        "trades",
        trade_rows(trades),
        origin,
        set_aside(found.clashes.filter(traded), names, REPEATED),
        _some(_left_out(events, found, late, traded)),
        int(events.select(traded.sum()).item()),
        _some(notes),
    )
    others = int(events.select((~traded).sum()).item())
    if not (others or has_orders):
        return
    made = make_orders(found.rows.filter(~traded), trades, names, live)
    clashes = set_aside(found.clashes.filter(~traded), names, REPEATED)
    repairs = _left_out(events, found, late, ~traded) + made.repairs
    bad = pl.concat([clashes, made.bad])
    made.notes.update(_odd(found.rows.filter(~traded)))
    yield Batch("orders", made.rows, origin, bad, _some(repairs), others, _some(made.notes))


def _odd(rows: pl.DataFrame) -> dict[str, int]:
    """Records of hours in which nobody trades, and at prices that no share has."""
    time = pl.col("time")
    lunch = (time >= LUNCH_MS + MINUTE_MS) & (time < AFTERNOON_MS - MINUTE_MS)
    return rows.select(
        ((time < EARLY_MS) | lunch).sum().alias(OTHER_HOURS),
        (pl.col("price") > DEAREST_YUAN).sum().alias(DEAR),
    ).row(0, named=True)


def _left_out(
    events: pl.DataFrame, found: Sequenced, late: pl.Expr, which: pl.Expr
) -> Counter[str]:
    """Records that are no rows and no fault."""
    after = int(events.select((late & which).sum()).item())
    return Counter({AFTER_HOURS: after, TWINS: found.twins.filter(which).height})


def _some(counts: Counter[str]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}


def settle_snapshots(raw: pl.DataFrame, origin: str) -> Batch:
    """A batch of ``snapshots``."""
    frame, counts, notes = snapshot_rows(raw)
    return Batch(
        "snapshots",
        frame,
        origin,
        repairs=_some(Counter(counts)),
        rows_read=raw.height,
        notes=_some(Counter(notes)),
    )


def account(
    table: str, origin: str, bad: pl.DataFrame, repairs: Counter[str], notes: Counter[str]
) -> Batch:
    """A batch without rows, for what belongs to files and not to stock-days.

    Parameters
    ----------
    table : of the lake
    origin : shown with the batch
    bad : rows of quarantine; so many count as read
    repairs : kind of repair -> number of rows it touched; zeros are left out
    notes : what was seen and left as it is -> how often; zeros are left out
    """
    empty = pl.DataFrame(schema=TABLES[table].columns)
    return Batch(table, empty, origin, bad, _some(repairs), bad.height, _some(notes))
