"""Stock-days of a lake as the references read them, with what float32 keeps of each number."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.market import Lake, closing_auctions, read_bars, read_daily

from .bar64_level2 import Level2Day
from .day import MinuteDay

FIELDS = ("open", "high", "low", "close", "volume", "amount", "trades")
LEVEL2 = {
    "VB": "active_buy_volume", "VS": "active_sell_volume", "AB": "active_buy_amount",
    "AS": "active_sell_amount", "NB": "active_buy_trades", "NS": "active_sell_trades",
    "big_buy": "big_buy_amount", "big_sell": "big_sell_amount", "net_bid": "net_bid_amount",
    "spread": "spread", "depth": "depth_imbalance", "quotes": "quotes",
}  # fmt: skip
FACTS = ("preclose", "up_limit", "down_limit", "suspended")


def enriched_symbols(lake: Lake, on: date) -> np.ndarray:
    """Stocks whose minutes were made from trades and snapshots."""
    rows = lake.scan("bars", on, on, 1).filter(pl.col("quotes").is_not_null())
    return np.array(sorted(rows.select("symbol").unique().collect()["symbol"]), dtype=str)


def stock_day(lake: Lake, on: date, symbol: str) -> Level2Day:
    """One stock and session."""
    columns, assets = {n: n for n in FIELDS} | LEVEL2, np.array([symbol])
    bars = read_bars(lake, on, 1, tuple(columns.values()), assets)
    daily = read_daily(lake, FACTS, on, on, assets)
    rows = {n: bars[c][0, :, 0].astype(np.float32).astype(float) for n, c in columns.items()}
    opening = lake.scan("auctions", on, on).filter(pl.col("symbol") == symbol).collect()
    names = ("price", "volume", "amount", "trades")
    found = {f"auction_{n}": float(opening[n][0]) for n in names} if opening.height else {}
    minutes = MinuteDay(
        **{n: rows.pop(n) for n in FIELDS},
        **{n: float(daily[n][0, 0]) for n in FACTS[:3]},
        **found,
        closing_auction=bool(closing_auctions(np.array([symbol]), on)[0]),
        suspended=bool(daily["suspended"][0, 0] > 0),
    )
    return Level2Day(minutes, **rows)
