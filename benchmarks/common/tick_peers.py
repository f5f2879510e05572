"""Trades of a made-up session, and five tick statistics as Polars and DuckDB would make them.

They are what our kernels are measured against, so each is written as a practised user of the tool
writes it once the obvious way has turned out slow: DuckDB groups orders and joins their totals
back, Polars has windows, each because the other way took twice as long there. The statistics are
those of spec 3.2, #16 to #20: share of big orders, their buys in the first half hour, the return
that they pushed, the return that big active orders pushed in the first half
hour, and the difference of concentration.
"""

from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from polars import col, when

from intralpha.market.ticks import Ticks

ON = date(2024, 1, 2)
OPEN, EARLY, NOON, AFTER, CLOSING = 34_200_000, 36_000_000, 41_400_000, 46_800_000, 53_820_000
STATISTICS = (
    "bigorder_amt_perc", "early_bigorder_buy_perc", "bigorder_ret2",
    "early_active_bigorder_ret", "concentration_diff",
)  # fmt: skip
RESTING = 64


def make_trades(n_trades: int, n_stocks: int, shared_ids: bool = True, seed: int = 0) -> Ticks:
    """A session: lognormal activity, opening and closing auctions, orders with several fills.

    An active order meets one or more resting ones; a resting order is met about twice before it
    is replaced. With ``shared_ids`` an order's id counts all orders of a channel of hundreds of
    stocks, as the exchanges number them; else those of its stock.
    """
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 0.9, n_stocks)
    counts = np.maximum((n_trades * weight / weight.sum()).astype(np.int64), 2)
    counts[-1] += max(n_trades - counts.sum(), 2 - counts[-1])
    bounds = np.concatenate([[0], np.cumsum(counts)])
    total = int(bounds[-1])
    kinds = {"seq": np.int64, "time": np.int32, "price": np.float64, "volume": np.int64,
             "buy_id": np.int64, "sell_id": np.int64, "side": np.int16}  # fmt: skip
    columns = {name: np.empty(total, kind) for name, kind in kinds.items()}
    start = np.round(rng.lognormal(2.7, 0.7, n_stocks) * 100).astype(np.int64) + 300
    _fill(bounds, start, 150 if shared_ids else 3, seed, *columns.values())
    symbols = np.array([f"{600_000 + i}.SH" for i in range(n_stocks)])
    return Ticks(ON, "trades", symbols, bounds, columns)


@njit(cache=True)
def _chance(state) -> float:
    """Next number in [0, 1) of a splitmix sequence."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((z ^ (z >> np.uint64(31))) >> np.uint64(11)) / 2.0**53


@njit(cache=True)
def _fill(bounds, start, gap, seed, seq, time, price, volume, buy, sell, side) -> None:
    state = np.array([seed], np.uint64)
    for s in range(len(bounds) - 1):
        lo, n = bounds[s], bounds[s + 1] - bounds[s]
        opening, closing = n // 80 + 1, n // 60
        resting = np.empty((2, RESTING), np.int64)
        last_id, tick = np.int64(1000), start[s]
        for k in range(2 * RESTING):
            last_id += 1 + int(2 * gap * _chance(state))
            resting[k % 2, k // 2] = last_id
        active, left, way = np.int64(0), 0, 0
        for i in range(n):
            row = lo + i
            if left == 0:
                last_id += 1 + int(2 * gap * _chance(state))
                active, way = last_id, int(2 * _chance(state))
                left = 1
                while left < 30 and _chance(state) < 0.45:
                    left += 1
                if _chance(state) < 0.3:
                    tick = max(tick + (1 if way == 0 else -1), 100)
            left -= 1
            # A resting order: often one of the last, and often replaced after it was met.
            place = int(RESTING * _chance(state) ** 3)
            other = resting[1 - way, place]
            if _chance(state) < 0.5:
                last_id += 1 + int(2 * gap * _chance(state))
                resting[1 - way, place] = last_id
            seq[row], price[row] = 2 * i + 1, tick / 100
            volume[row] = 100 * (1 + int((_chance(state) + 0.01) ** -0.9))
            buy[row], sell[row] = (active, other) if way == 0 else (other, active)
            if i < opening:
                time[row], side[row] = 33_900_000, 0
            elif i >= n - closing:
                time[row], side[row] = 54_000_000, 0
            else:
                part = (i - opening) / (n - opening - closing)
                moment = int(14_220_000 * part**1.2)
                time[row] = OPEN + moment + (0 if moment < 7_200_000 else AFTER - NOON)
                side[row] = 1 if way == 0 else -1


def to_frame(trades: Ticks) -> pl.DataFrame:
    """Rows of table ``trades``."""
    counts = np.diff(trades.bounds)
    names = pl.Series(trades.symbols.tolist()).gather(np.repeat(np.arange(len(counts)), counts))
    frame = pl.DataFrame({"symbol": names, **trades.columns})
    return frame.select(pl.lit(trades.on).alias("date"), pl.all())


def polars_parents(rows: pl.LazyFrame) -> pl.DataFrame:
    """Executed amount, shares and fills of every order."""
    sides = []
    for name, sign in (("buy_id", 1), ("sell_id", -1)):
        part = rows.group_by("symbol", col(name).alias("id")).agg(
            amount=(col("price") * col("volume")).sum(), shares=col("volume").sum(),
            fills=pl.len(), first_time=col("time").min(), last_time=col("time").max(),
        )  # fmt: skip
        sides.append(part.with_columns(side=pl.lit(sign, pl.Int8)))
    return pl.concat(sides).collect()


def polars_statistics(rows: pl.LazyFrame, theta: pl.DataFrame) -> pl.DataFrame:
    """The five statistics of every stock."""
    amount = col("price") * col("volume")
    rows = rows.select(
        "symbol", "time", "price", "side", "buy_id", "sell_id", a=amount
    ).join(theta.lazy(), on="symbol", maintain_order="left")  # fmt: skip
    rows = rows.with_columns(
        b=col("a").sum().over("symbol", "buy_id"), s=col("a").sum().over("symbol", "sell_id")
    )
    first = col("time") >= AFTER
    cont = (col("time") >= OPEN) & (col("time") < CLOSING)
    big_buy, big_sell = col("b") >= col("theta"), col("s") >= col("theta")
    same = (
        cont & cont.shift(1) & (col("symbol") == col("symbol").shift(1)) & (first == first.shift(1))
    )
    rows = rows.with_columns(
        step=when(same).then((col("price") / col("price").shift(1)).log()).otherwise(0.0),
        early=cont & (col("time") < EARLY),
        big_buy=big_buy,
        big_sell=big_sell,
        aggressor=when(col("side") == 1).then(big_buy).otherwise((col("side") == -1) & big_sell),
    )
    day = col("a").sum()

    def within(mask: pl.Expr, values: str = "a") -> pl.Expr:
        return when(mask).then(values).otherwise(0.0).sum()

    buys, sells = within(col("early") & col("big_buy")), within(col("early") & col("big_sell"))
    return (
        rows.group_by("symbol")
        .agg(
            (within(col("big_buy")) + within(col("big_sell"))) / (2 * day),
            (buys / (buys + sells)).alias("x17"),
            (within(col("big_buy") | col("big_sell"), "step").exp() - 1).alias("x18"),
            (within(col("early") & col("aggressor"), "step").exp() - 1).alias("x19"),
            ((col("a") * (col("b") - col("s"))).sum() / day**2).alias("x20"),
        )
        .collect()
        .select("symbol", *(pl.nth(i + 1).alias(n) for i, n in enumerate(STATISTICS)))
    )


PARENTS_SQL = """
select symbol, {name} as id, {sign} as side, sum(price * volume) as amount,
  sum(volume) as shares, count(*) as fills, min(time) as first_time, max(time) as last_time
from {source} group by symbol, {name}
"""
STATISTICS_SQL = f"""
with t as (
  select symbol, seq, time, price, side, buy_id, sell_id, price * volume as a from {{source}}
), buys as (
  select symbol, buy_id, sum(a) as b from t group by symbol, buy_id
), sells as (
  select symbol, sell_id, sum(a) as s from t group by symbol, sell_id
), steps as (
  select symbol, buy_id, sell_id, side, a, time >= {OPEN} and time < {EARLY} as early,
    case when time >= {OPEN} and time < {CLOSING}
      then coalesce(ln(price / lag(case when time >= {OPEN} then price end)
        over (partition by symbol, time >= {AFTER} order by seq)), 0) else 0 end as step
  from t
), marked as (
  select symbol, early, step, a, b, s, b >= theta as big_buy, s >= theta as big_sell,
    case side when 1 then b >= theta when -1 then s >= theta else false end as aggressor
  from steps join buys using (symbol, buy_id) join sells using (symbol, sell_id)
    join theta using (symbol)
), sums as (
  select symbol, sum(a) as day, sum(a) filter (big_buy) as buys, sum(a) filter (big_sell) as sells,
    coalesce(sum(a) filter (early and big_buy), 0) as early_buys,
    coalesce(sum(a) filter (early and big_sell), 0) as early_sells,
    sum(step) filter (big_buy or big_sell) as pushed, sum(step) filter (early and aggressor) as led,
    sum(a * (b - s)) as squares
  from marked group by symbol
)
select symbol, (coalesce(buys, 0) + coalesce(sells, 0)) / (2 * day) as {STATISTICS[0]},
  early_buys / nullif(early_buys + early_sells, 0) as {STATISTICS[1]},
  exp(coalesce(pushed, 0)) - 1 as {STATISTICS[2]}, exp(coalesce(led, 0)) - 1 as {STATISTICS[3]},
  squares / day ** 2 as {STATISTICS[4]}
from sums
"""


def contenders(
    frame: pl.DataFrame, path: Path, theta: pl.DataFrame
) -> dict[str, Callable[[], pl.DataFrame]]:
    """Name -> work, of the peers that are installed."""
    work: dict[str, Callable[[], pl.DataFrame]] = {
        "parents, Polars, memory": lambda: polars_parents(frame.lazy()),
        "parents, Polars, Parquet": lambda: polars_parents(pl.scan_parquet(path)),
        "statistics, Polars, memory": lambda: polars_statistics(frame.lazy(), theta),
        "statistics, Polars, Parquet": lambda: polars_statistics(pl.scan_parquet(path), theta),
    }
    if find_spec("duckdb"):
        import duckdb

        memory = duckdb.connect()
        memory.register("rows", frame)
        memory.register("theta_rows", theta)
        memory.execute("create table trades as select * from rows")
        memory.execute("create table theta as select * from theta_rows")
        sides = (("buy_id", 1), ("sell_id", -1))

        def parents(source: str) -> Any:
            parts = [PARENTS_SQL.format(name=n, sign=k, source=source) for n, k in sides]
            return memory.sql(" union all ".join(parts)).to_arrow_table()

        def statistics(source: str) -> pl.DataFrame:
            return memory.sql(STATISTICS_SQL.format(source=source)).pl()

        file = f"read_parquet('{path}')"
        work |= {
            "parents, DuckDB, memory": lambda: parents("trades"),
            "parents, DuckDB, Parquet": lambda: parents(file),
            "statistics, DuckDB, memory": lambda: statistics("trades"),
            "statistics, DuckDB, Parquet": lambda: statistics(file),
        }
    return work


def best_of(work: Callable[[], Any], times: int) -> float:
    """Least seconds of several runs."""
    least = float("inf")
    for _ in range(times):
        started = perf_counter()
        work()
        least = min(least, perf_counter() - started)
    return least
