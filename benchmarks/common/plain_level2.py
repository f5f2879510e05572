"""Factors of a stock-day straight from a vendor's rows, by the formulas of spec 3, 4.3 and 6.4.

Nothing of the package is used: raw rows are read from the archive, cast and added up in the
plainest way there is. ``day_mean`` is the rule for big orders, as in the recipe.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

OPEN, EARLY, LUNCH, NOON, CLOSING = 34_200_000, 36_000_000, 41_400_000, 46_800_000, 53_820_000
MOUTAI = "level2/sh600519_20230201_datayes.zip"
MIXED = "level2/trades_sz000001_sh600000_20230201.zip"
BOOKS = "level2/snapshots_5sz_20220601.zip"


@dataclass(frozen=True)
class Trades:
    """Trades of a stock-day in their order: ms since midnight, CNY, shares, ids, active side."""

    time: np.ndarray
    price: np.ndarray
    volume: np.ndarray
    buy: np.ndarray
    sell: np.ndarray
    side: np.ndarray

    @property
    def amount(self) -> np.ndarray:
        """CNY."""
        return self.price * self.volume


def csv_of(data: Path, archive: str, end: str) -> pl.DataFrame:
    """A member of an archive, everything as text."""
    with zipfile.ZipFile(data / archive) as whole:
        name = next(n for n in whole.namelist() if n.endswith(end))
        return pl.read_csv(io.BytesIO(whole.read(name)), infer_schema=False)


def _ms(text: pl.Expr) -> pl.Expr:
    parts = text.str.slice(-12)
    h, m, s = (parts.str.slice(a, b).cast(pl.Float64) for a, b in ((0, 2), (3, 2), (6, 6)))
    return ((h * 3600 + m * 60 + s) * 1000).round().cast(pl.Int64)


def _trades(rows: pl.DataFrame, names: tuple[str, ...]) -> Trades:
    clock, price, volume, buy, sell, flag, number = names
    made = rows.select(
        time=_ms(pl.col(clock)),
        price=pl.col(price).cast(pl.Float64).round(2),
        volume=pl.col(volume).cast(pl.Float64),
        buy=pl.col(buy).cast(pl.Int64),
        sell=pl.col(sell).cast(pl.Int64),
        flag=pl.col(flag),
        number=pl.col(number).cast(pl.Int64),
    ).sort("number")
    flags = {"B": 1, "S": -1, "N": 0}
    later = np.sign(made["buy"].to_numpy() - made["sell"].to_numpy())
    side = np.array([flags.get(f or "", s) for f, s in zip(made["flag"], later, strict=True)])
    time = made["time"].to_numpy()
    side = np.where((time < OPEN) | (time >= CLOSING), 0, side)
    return Trades(time, *(made[n].to_numpy() for n in ("price", "volume", "buy", "sell")), side)


def raw_trades(data: Path) -> dict[str, Trades]:
    """The three stocks of 2023-02-01."""
    names = (
        "TradTime",
        "TradPrice",
        "TradVolume",
        "TradeBuyNo",
        "TradeSellNo",
        "TradeBSFlag",
        "BizIndex",
    )
    out = {"600519.SH": _trades(csv_of(data, MOUTAI, "trade.csv"), names)}
    mixed = csv_of(data, MIXED, ".csv").filter(pl.col("ExecType").fill_null("F") != "4")
    for symbol, code, number in (("000001.SZ", 1, "ApplSeqNum"), ("600000.SH", 600000, "BizIndex")):
        rows = mixed.filter(pl.col("SecurityID").cast(pl.Int64) == code)
        names = (
            "TradeTime",
            "TradePrice",
            "TradeQty",
            "BidApplSeqNum",
            "OfferApplSeqNum",
            "TradeBSFlag",
            number,
        )
        out[symbol] = _trades(rows, names)
    return out


# --- statistics ----------------------------------------------------------------------------------


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Of the pairs that are whole."""
    known = np.isfinite(x) & np.isfinite(y)
    return float(np.corrcoef(x[known], y[known])[0, 1])


def moment(x: np.ndarray, k: int) -> float:
    """Population skewness (3) or excess kurtosis (4)."""
    gap = x - x.mean()
    return float((gap**k).mean() / (gap**2).mean() ** (k / 2)) - (3 if k == 4 else 0)


# --- minutes -------------------------------------------------------------------------------------


def minute_of(time: np.ndarray) -> np.ndarray:
    """0 to 239; lunch stamps in the last of the morning, 15:00 in the last."""
    morning = np.minimum((time - OPEN) // 60_000, 119)
    return np.where(time < NOON, morning, np.minimum(120 + (time - NOON) // 60_000, 239))


def minutes(t: Trades) -> dict[str, np.ndarray]:
    """240 rows: O H L C, shares V, CNY A, trades N, active buys AB and sells AS in CNY."""
    inside = t.time >= OPEN
    m = minute_of(t.time)
    out = {k: np.zeros(240) for k in ("O", "H", "L", "C", "V", "A", "N", "AB", "AS")}
    price = t.price[~inside][-1] if (~inside).any() else t.price[0]
    for k in range(240):
        mine = inside & (m == k)
        p, a, s = t.price[mine], t.amount[mine], t.side[mine]
        if len(p):
            out["O"][k], out["H"][k], out["L"][k], out["C"][k] = p[0], p.max(), p.min(), p[-1]
            price = p[-1]
        else:
            for name in "OHLC":
                out[name][k] = price
        out["V"][k], out["A"][k], out["N"][k] = t.volume[mine].sum(), a.sum(), len(p)
        out["AB"][k], out["AS"][k] = a[s > 0].sum(), a[s < 0].sum()
    out["r"] = np.append(out["C"][0] / out["O"][0], out["C"][1:] / out["C"][:-1]) - 1
    return out


def minute_factors(t: Trades) -> dict[str, float]:
    """Of spec 3.1 and 4.3, from minutes 1 to 237."""
    b = minutes(t)
    cont = np.arange(240) < 237
    r, V, A, N = (np.where(cont, b[k], np.nan) for k in ("r", "V", "A", "N"))
    traded, net = cont & (b["V"] > 0), np.where(cont, b["AB"] - b["AS"], np.nan)
    late = np.append(r[210:237], b["C"][239] / b["C"][236] - 1)
    before = np.append(np.nan, r[:-1])
    before[120] = np.nan  # no pair over lunch
    net_before = np.append(np.nan, net[:-1])
    net_before[120] = np.nan
    per = np.where(traded, A / np.where(traded, N, 1), -np.inf)
    best = np.argsort(-per, kind="stable")[: int(np.ceil(0.3 * traded.sum()))]
    down = traded & (r < 0)
    ab, net_c = b["AB"] + b["AS"], net[:237]
    return {
        "late_skew_ret": moment(late, 3),
        "down_vol_perc": float(np.nansum(r[r < 0] ** 2) / np.nansum(r**2)),
        "corr_ret_lastret": pearson(r, before),
        "volume_perc2": float(b["V"][30:60].sum() / t.volume.sum()),
        "volume_perc7": float(b["V"][180:210].sum() / t.volume.sum()),
        "corr_volume_item": pearson(V[traded], N[traded]),
        "early_corr_volume_ret": pearson(V[:30][traded[:30]], r[:30][traded[:30]]),
        "bigorder_ret": float(np.prod(1 + r[np.sort(best)]) - 1),
        "down_single_amt_perc": float(
            (A[down].sum() / N[down].sum()) / (A[traded].sum() / N[traded].sum())
        ),
        "corr_volume_amplitude": pearson(V[traded], ((b["H"] - b["L"]) / b["L"])[traded]),
        "early_active_buy_perc": float(b["AB"][:30].sum() / ab[:30].sum()),
        "corr_netactivebuy_lastret": pearson(net, before),
        "corr_netactivebuy_nextret": pearson(net_before, r),
        "l2_actbuy": float(b["AB"][:237].sum() / ab[:237].sum()),
        "l2_actbuy_late": float(b["AB"][210:237].sum() / ab[210:237].sum()),
        "l2_netact_str": float(net_c.mean() / net_c.std()),
    }


# --- trades and parent orders --------------------------------------------------------------------


def parents(t: Trades) -> tuple[dict[int, float], dict[int, float]]:
    """CNY that each buy and each sell order executed in the day, auctions included."""
    out: tuple[dict[int, float], dict[int, float]] = ({}, {})
    for ids, totals in zip((t.buy, t.sell), out, strict=True):
        for number, amount in zip(ids.tolist(), t.amount.tolist(), strict=True):
            totals[number] = totals.get(number, 0.0) + amount
    return out


def trade_factors(t: Trades) -> dict[str, float]:
    """Of spec 3.2 and 4.3; an order is big from the mean of the day's orders on."""
    buys, sells = parents(t)
    B, S = np.array([*buys.values()]), np.array([*sells.values()])
    both, day = np.concatenate([B, S]), t.amount.sum()
    theta, middle = both.mean(), np.exp(np.log(both).mean())
    big_buy = np.array([buys[n] >= theta for n in t.buy.tolist()])
    big_sell = np.array([sells[n] >= theta for n in t.sell.tolist()])
    inside = (t.time >= OPEN) & (t.time < CLOSING)
    early, a = inside & (t.time < EARLY), t.amount
    price, half = t.price[inside], t.time[inside] >= NOON
    step = np.append(0.0, np.diff(np.log(price)))
    step[1:][half[1:] & ~half[:-1]] = 0.0
    moved = np.zeros(len(a))
    moved[inside] = step
    active = np.where(t.side > 0, big_buy, big_sell) & (t.side != 0)
    sold = inside & (t.side < 0)
    return {
        "bigorder_amt_perc": (B[theta <= B].sum() + S[theta <= S].sum()) / (2 * day),
        "early_bigorder_buy_perc": a[early & big_buy].sum()
        / (a[early & big_buy].sum() + a[early & big_sell].sum()),
        "bigorder_ret2": np.exp(moved[big_buy | big_sell].sum()) - 1,
        "early_active_bigorder_ret": np.exp(moved[early & active].sum()) - 1,
        "concentration_diff": ((B**2).sum() - (S**2).sum()) / day**2,
        "l2_big_net": (B[theta <= B].sum() - S[theta <= S].sum()) / day,
        "l2_small_net": (B[middle > B].sum() - S[middle > S].sum()) / day,
        "l2_big_actbuy": a[inside & (t.side > 0) & big_buy].sum() / day,
        "l2_big_actsell": a[sold & big_sell].sum() / day,
        "l2_conc_buy": (B**2).sum() / day**2 * len(B),
        "l2_conc_sell": (S**2).sum() / day**2 * len(S),
        "l2_outsize": (a[sold].sum() / sold.sum()) / (a[inside].sum() / inside.sum()),
    }


# --- orders and books ----------------------------------------------------------------------------


def order_factors(data: Path) -> dict[str, float]:
    """Of spec 3.3, of 600519: sizes as they were entered, put together by the rule of spec 2.4."""
    trade, entrust = csv_of(data, MOUTAI, "trade.csv"), csv_of(data, MOUTAI, "entrust.csv")
    orders: dict[int, list[float]] = {}  # id -> [time, side, price, shares]
    clock = trade.select(_ms(pl.col("TradTime"))).to_series().to_list()
    names = ("TradeBSFlag", "TradeBuyNo", "TradeSellNo", "TradPrice", "TradVolume")
    for when, (flag, buy, sell, price, volume) in zip(
        clock, trade.select(names).rows(), strict=True
    ):
        if flag != "N":
            side = 1 if flag == "B" else -1
            mine = orders.setdefault(
                int(buy if side > 0 else sell), [when, side, float(price), 0.0]
            )
            mine[2] = max(mine[2], float(price)) if side > 0 else min(mine[2], float(price))
            mine[3] += float(volume)
    clock = entrust.select(_ms(pl.col("OrderTime"))).to_series().to_list()
    names = ("OrderType", "OrderNO", "OrderBSFlag", "OrderPrice", "Balance")
    for when, (kind, number, flag, price, volume) in zip(
        clock, entrust.select(names).rows(), strict=True
    ):
        if kind == "A":
            side = 1 if flag == "B" else -1
            mine = orders.setdefault(int(number), [when, side, 0.0, 0.0])
            mine[2] = float(price)
            mine[3] += float(volume)
    time, side, price, q = np.array([*orders.values()]).T
    inside = ((time >= OPEN) & (time <= LUNCH)) | ((time >= NOON) & (time < CLOSING))
    bids, asks = inside & (side > 0), inside & (side < 0)
    return {
        "skew_order_diff": moment(q[bids], 3) - moment(q[asks], 3),
        "kurt_order_diff": moment(q[bids], 4) - moment(q[asks], 4),
        "early_kurt_order": moment(q[inside & (time < EARLY)], 4),
        "corr_buyorder_volume_price": pearson(q[bids], np.round(price[bids], 2)),
    }


def raw_books(data: Path) -> dict[str, dict[str, np.ndarray]]:
    """Snapshots by stock: time, prices and shares of both sides [N, 10]; no level is 0."""
    sides = {"b": ("BidPrice", "BidVolume"), "a": ("AskPrice", "AskVolume")}
    own = csv_of(data, MOUTAI, "snapshot.csv").with_columns(
        code=pl.lit("600519.SH"), clock=pl.col("UpdateTime")
    )
    others = csv_of(data, BOOKS, ".csv").with_columns(
        code=pl.col("SecurityID"), clock=pl.col("MDTime")
    )
    theirs = {"b": ("BuyPrice", "BuyOrderQty"), "a": ("SellPrice", "SellOrderQty")}
    out = {}
    for frame, names in ((own, sides), (others, theirs)):
        stamped = frame.with_columns(ms=_ms(pl.col("clock")))
        for (code,), some in stamped.group_by("code"):
            rows = some.unique("ms", keep="last").sort("ms")
            book = {"time": rows["ms"].to_numpy()}
            for side, (price, volume) in names.items():
                for letter, name in (("p", price), ("q", volume)):
                    columns = [
                        rows[f"{name}{k}"].cast(pl.Float64).fill_null(0.0) for k in range(1, 11)
                    ]
                    book[side + letter] = np.stack([c.to_numpy() for c in columns], axis=1)
            out[str(code)] = book
    return out


def book_factors(book: dict[str, np.ndarray]) -> dict[str, float]:
    """Of spec 6.4: means of series over the snapshots of continuous trading with both sides."""
    t, bp, ap, bq, aq = (book[k] for k in ("time", "bp", "ap", "bq", "aq"))
    inside = ((t >= OPEN) & (t <= LUNCH)) | ((t >= NOON) & (t < CLOSING))
    both = (bp[:, 0] > 0) & (ap[:, 0] > 0) & (bq[:, 0] > 0) & (aq[:, 0] > 0)
    kept = inside & both
    bp, ap, bq, aq = (np.round(x[kept], 2) for x in (bp, ap, bq, aq))
    late = t[kept] >= NOON
    mid = (bp[:, 0] + ap[:, 0]) / 2
    bids, asks = bq.sum(axis=1), aq.sum(axis=1)
    imb = (bids - asks) / (bids + asks)
    spread = (ap[:, 0] - bp[:, 0]) / mid
    vwap = [
        np.where(q.sum(axis=1) > 0, (p * q).sum(axis=1) / q.sum(axis=1), np.nan)
        for p, q in ((bp, bq), (ap, aq))
    ]
    return {
        "t_spread_mean": float(spread.mean()),
        "t_spread_std": float(spread.std()),
        "t_imb1_mean": float(((bq[:, 0] - aq[:, 0]) / (bq[:, 0] + aq[:, 0])).mean()),
        "t_imb10_mean": float(imb.mean()),
        "t_imb10_acorr": pearson(np.where(late[1:] == late[:-1], imb[1:], np.nan), imb[:-1]),
        "t_slope_mean": float(((mid - vwap[0]) / mid - (vwap[1] - mid) / mid).mean()),
    }
