"""Enrich: days of trades and snapshots in a lake become enriched minutes, one day at a time."""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from time import perf_counter

import numpy as np
import polars as pl
from jaxtyping import Float64, Shaped
from numpy import ndarray

from intralpha.base import spec_hash
from intralpha.base.ahead import ahead
from intralpha.base.panel import as_days
from intralpha.base.progress import progress
from intralpha.features.level2.minutes import (
    QUOTED,
    SNAPSHOT_COLUMNS,
    TRADE_COLUMNS,
    Minutes,
    auction_rows,
    bar_rows,
    quote_minutes,
    trade_minutes,
)
from intralpha.features.level2.order_statistics import (
    OrderStatistics,
    StatisticsStore,
    order_statistics,
)
from intralpha.features.level2.parents import parent_totals
from intralpha.features.level2.thresholds import BigOrderSpec, thresholds, window_of
from intralpha.market.hours import MINUTES
from intralpha.market.lake import Lake
from intralpha.market.manifest import read_manifest, replacing
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.ticks import Ticks

log = logging.getLogger(__name__)
VERSION = 1
CACHE = ".cache/level2/enriched"
RULE = "big_order"
TRADES_A_BLOCK, SNAPSHOTS_A_BLOCK = 4_000_000, 1_000_000


@dataclass(frozen=True)
class DayPlan:
    """What enriching would do with a session.

    Attributes
    ----------
    on : session
    state : ``no trades``, ``done`` (its minutes are what these inputs and settings give), ``to do``
    trades, snapshots : rows in the lake
    """

    on: date
    state: str
    trades: int = 0
    snapshots: int = 0


@dataclass(frozen=True)
class DayCount:
    """What enriching did with a session.

    Attributes
    ----------
    on : session
    stocks, trades, snapshots : read; only snapshots of stocks with trades count
    bars_added, bars_replaced, bars_kept : rows of ``bars``; kept ones were there with these values
    auctions : rows of ``auctions``
    without_id : trades that lack a buy or a sell id
    borrowed_threshold, no_threshold : stocks whose threshold is that of stocks of like size; that
        have none, and so no big-order amounts
    no_preclose : stocks without opening auction and previous close, whose minutes before the first
        trade carry its price
    """

    on: date
    stocks: int
    trades: int
    snapshots: int
    bars_added: int
    bars_replaced: int
    bars_kept: int
    auctions: int
    without_id: int
    borrowed_threshold: int
    no_threshold: int
    no_preclose: int

    def to_text(self) -> str:
        """One line; what is as it should be is not in it."""
        bars = self.bars_added + self.bars_replaced + self.bars_kept
        odd = {
            "trades without an id": self.without_id,
            "stocks with a borrowed threshold": self.borrowed_threshold,
            "stocks without a threshold": self.no_threshold,
            "stocks without a previous close": self.no_preclose,
        }
        said = f"{self.on}: {self.stocks:,} stocks, {self.trades:,} trades, "
        said += f"{self.snapshots:,} snapshots -> {bars:,} bars ({self.bars_replaced:,} replaced), "
        said += f"{self.auctions:,} auctions"
        return "; ".join([said, *(f"{n:,} {what}" for what, n in odd.items() if n)])


@dataclass(frozen=True)
class EnrichReport:
    """What an enriching did; ``done`` and ``no_trades`` are sessions that were left alone."""

    counts: tuple[DayCount, ...]
    done: tuple[date, ...]
    no_trades: tuple[date, ...]
    seconds: float

    def to_text(self) -> str:
        """A line for each session, and what was left alone."""
        lines = [c.to_text() for c in self.counts]
        lines.append(
            f"{len(self.counts):,} sessions written, {len(self.done):,} done before, "
            f"{len(self.no_trades):,} without trades; {self.seconds:.1f} s"
        )
        return "\n".join(lines)


def plan_days(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    spec: BigOrderSpec,
    store: StatisticsStore | None = None,
) -> list[DayPlan]:
    """State of every session, from checksums and daily rows alone; nothing is written.

    Parameters
    ----------
    lake : with ``trades``
    dates : sessions
    spec : when an order is big
    store : of daily statistics; default: a new one
    """
    store = store or StatisticsStore(lake, spec.days + 1)
    facts = read_manifest(lake.root)
    records = _Records(lake, spec, store)
    out = []
    for on in (day.item() for day in as_days(dates)):
        rows = [facts.get(f"{table}/date={on}.parquet") for table in ("trades", "snapshots")]
        if rows[0] is None:
            out.append(DayPlan(on, "no trades"))
            continue
        state = "done" if records.is_done(on) else "to do"
        out.append(DayPlan(on, state, rows[0].rows, rows[1].rows if rows[1] else 0))
    return out


def enrich(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    spec: BigOrderSpec | None = None,
    show_progress: bool = True,
    trades_a_block: int = TRADES_A_BLOCK,
    snapshots_a_block: int = SNAPSHOTS_A_BLOCK,
) -> EnrichReport:
    """Write the enriched minutes of sessions to ``bars``, and opening auctions to ``auctions``.

    Parameters
    ----------
    lake : with ``trades``; ``snapshots`` and ``daily`` are used where they are
    dates : sessions, in the order of time
    spec : when an order is big; default: ``BigOrderSpec()``
    show_progress : a bar on stderr
    trades_a_block, snapshots_a_block : rows read at a time, and at least one stock; the result does
        not depend on them

    Returns
    -------
    EnrichReport
        A session whose minutes are already what these inputs and settings give is left alone, so a
        stopped run goes on where it was. Of stocks with trades, 1-minute bars of another source
        are replaced; other stocks and longer bars stay as they are. Columns of the book are null
        for a stock without snapshots, big amounts where no threshold is known.

    Raises
    ------
    UnsortedTicksError
        Rows of a stock are in several places of a file.
    LakeWriteError
        The disk is full or refuses; sessions finished before are complete.

    Notes
    -----
    Which minutes a session has is known at their ends, which orders were big after its close.
    Memory: two blocks of trades (56 bytes a trade, and as much again while they are read), or two
    of snapshots (190 bytes each, likewise), the day's minutes (41 kB a stock, four times while
    they are written), and 11 MB of order statistics for each session looked back on.
    """
    spec = spec or BigOrderSpec()
    started = perf_counter()
    store = StatisticsStore(lake, spec.days + 1)
    plans = plan_days(lake, dates, spec, store)
    todo = [p for p in plans if p.state == "to do"]
    sizes = (trades_a_block, snapshots_a_block)
    counts = []
    with progress(show_progress) as bar:
        task = bar.add_task("enrich", total=sum(p.trades + p.snapshots for p in todo))
        for plan in todo:
            bar.update(task, description=f"enrich {plan.on}")
            day = _Day(lake, plan.on, spec, store, sizes)
            for rows in day.work():
                bar.advance(task, rows)
            counts.append(day.write())
            _Records(lake, spec, store).keep(plan.on)
            log.info("enriched %s: %d of %d sessions", plan.on, len(counts), len(todo))
    left = {s: tuple(p.on for p in plans if p.state == s) for s in ("done", "no trades")}
    return EnrichReport(tuple(counts), left["done"], left["no trades"], perf_counter() - started)


def rules_used(lake: Lake, dates: Shaped[ndarray, "D"]) -> dict[date, BigOrderSpec]:
    """By which rule orders counted as big in the enriched minutes that a lake has now.

    Parameters
    ----------
    lake : with ``bars``
    dates : sessions

    Returns
    -------
    dict
        Without the sessions of which it is not known: minutes of another source, or changed since.
    """
    bars, out = lake.checksums("bars", 1), {}
    for on in (day.item() for day in as_days(dates)):
        path = lake.root / CACHE / f"{on}.json"
        record = json.loads(path.read_text()) if path.is_file() else {}
        if RULE in record and record["bars"] == bars.get(on):
            out[on] = BigOrderSpec.model_validate(record[RULE])
    return out


class _Day:
    """One session on its way: trades first, then snapshots, then the lake."""

    def __init__(
        self,
        lake: Lake,
        on: date,
        spec: BigOrderSpec,
        store: StatisticsStore,
        sizes: tuple[int, int],
    ) -> None:
        self._lake, self._on, self._store, self._sizes = lake, on, store, sizes
        self._limits = thresholds(lake, on, spec, store, with_middle=False)
        self._daily = _daily_rows(lake, on, "preclose")
        self._minutes: list[Minutes] = []
        self._snapshots = 0
        self._quotes = np.zeros((len(QUOTED), 0, MINUTES))
        self._count = dict.fromkeys(("trades", "id", "borrowed", "none", "preclose"), 0)

    def work(self) -> Iterator[int]:
        """Read and add up, block by block; yields the rows of each."""
        statistics: list[OrderStatistics] | None = None if self._store.has(self._on) else []
        for trades in self._blocks("trades", TRADE_COLUMNS, self._sizes[0]):
            if statistics is not None:
                statistics.append(order_statistics(trades))
            self._add(trades)
            yield len(trades)
        if statistics is not None:
            self._store.keep(self._on, OrderStatistics.join(statistics))
        symbols = np.concatenate([m.symbols for m in self._minutes])
        self._quotes = np.full((len(QUOTED), len(symbols), MINUTES), np.nan)
        for snapshots in self._blocks("snapshots", SNAPSHOT_COLUMNS, self._sizes[1]):
            here = np.isin(snapshots.symbols, symbols)
            self._snapshots += int(np.diff(snapshots.bounds)[here].sum())
            found = quote_minutes(snapshots)[:, here]
            self._quotes[:, np.searchsorted(symbols, snapshots.symbols[here])] = found
            yield len(snapshots)

    def write(self) -> DayCount:
        """Put the rows into the lake."""
        minutes = Minutes.join(self._minutes)
        self._minutes = []
        auctions = self._lake.append("auctions", auction_rows(minutes), on_conflict="replace")
        rows = bar_rows(minutes, self._quotes)
        stocks = len(minutes.symbols)
        del minutes
        self._quotes = np.zeros((len(QUOTED), 0, MINUTES))
        bars = self._lake.append("bars", rows, on_conflict="replace")
        return DayCount(
            self._on, stocks, self._count["trades"], self._snapshots, bars.rows_added,
            bars.rows_replaced, bars.rows_kept,
            auctions.rows_added + auctions.rows_replaced + auctions.rows_kept,
            self._count["id"], self._count["borrowed"], self._count["none"],
            self._count["preclose"],
        )  # fmt: skip

    def _blocks(self, table: str, columns: tuple[str, ...], rows: int) -> Iterator[Ticks]:
        """Blocks of whole stocks, read ahead."""
        return ahead(read_ticks(self._lake, table, self._on, columns, block_rows=rows))

    def _add(self, trades: Ticks) -> None:
        theta, _, own = self._limits.of(trades.symbols)
        preclose = _aligned(self._daily, "preclose", trades.symbols)
        minutes = trade_minutes(trades, parent_totals(trades), theta, preclose)
        self._minutes.append(minutes)
        known = np.isfinite(theta)
        self._count["trades"] += len(trades)
        self._count["id"] += int(((trades["buy_id"] <= 0) | (trades["sell_id"] <= 0)).sum())
        self._count["borrowed"] += int((known & ~own).sum()) if len(self._limits.symbols) else 0
        self._count["none"] += int((~known).sum())
        late = (minutes.auction[3] == 0) & (minutes["trades"][:, 0] == 0)
        self._count["preclose"] += int((late & np.isnan(preclose)).sum())


class _Records:
    """Which sessions are enriched, from what and with which result; small files in ``.cache``."""

    def __init__(self, lake: Lake, spec: BigOrderSpec, store: StatisticsStore) -> None:
        self._lake, self._spec, self._store = lake, spec, store
        self._inputs = {t: lake.checksums(t) for t in ("trades", "snapshots")}
        self._results = {"bars": lake.checksums("bars", 1), "auctions": lake.checksums("auctions")}

    def is_done(self, on: date) -> bool:
        """Whether the lake's minutes are those that the inputs and settings of now give."""
        path = self._lake.root / CACHE / f"{on}.json"
        if not path.is_file():
            return False
        # Records of earlier versions do not say the rule; it is in the key.
        kept, now = json.loads(path.read_text()), self._record(on)
        return {RULE: now[RULE]} | kept == now

    def keep(self, on: date) -> None:
        """Note that they are."""
        with replacing(self._lake.root / CACHE / f"{on}.json") as partial:
            partial.write_text(json.dumps(self._record(on)))

    def _record(self, on: date) -> dict[str, object]:
        results = {table: files.get(on) for table, files in self._results.items()}
        return {"key": self._key(on), RULE: self._spec.model_dump(), **results}

    def _key(self, on: date) -> str:
        """Of everything that the minutes of a session depend on."""
        trades = self._inputs["trades"]
        window = window_of(self._store, on, self._spec) if self._spec.rule != "fixed_200k" else ()
        before = self._store.daily_sessions[self._store.daily_sessions < as_days([on])[0]]
        digest = hashlib.blake2b(digest_size=16)
        sizes = _daily_rows(self._lake, before[-1].item(), "value") if len(before) else None
        for rows in (_daily_rows(self._lake, on, "preclose"), sizes):
            if rows is not None:
                digest.update("\n".join(rows["symbol"].to_list()).encode())
                digest.update(rows.to_series(1).to_numpy().tobytes())
        return spec_hash(
            VERSION,
            self._spec,
            trades[on],
            self._inputs["snapshots"].get(on),
            [[str(day), trades.get(day)] for day in window],
            digest.hexdigest(),
        )


def _daily_rows(lake: Lake, on: date, name: str) -> pl.DataFrame:
    """Symbol and ``preclose`` or float market value of a session, by symbol."""
    rows = lake.scan("daily", on, on).with_columns(value=pl.col("float_shares") * pl.col("close"))
    return rows.select("symbol", pl.col(name).fill_null(np.nan)).sort("symbol").collect()


def _aligned(rows: pl.DataFrame, name: str, symbols: ndarray) -> Float64[ndarray, "A"]:
    """Values of stocks, NaN where there are none."""
    known = dict(rows.select("symbol", name).iter_rows())
    return np.array([known.get(s, np.nan) for s in symbols.tolist()], dtype=np.float64)
