"""How high are the levels of a market, real or simulated? Drift, volatility, turnover, books.

    python benchmarks/market_levels.py --quick                   60 stocks, five seeds, a minute
    python benchmarks/market_levels.py                           presets demo, market, tiny
    python benchmarks/market_levels.py --lake LAKE [--lake ...]  of lakes, real ones too

A lake's levels are those of all its rows, with quantiles (1, 5, 95, 99 %) over stretches of 366
sessions, 1.5 years, the length of ``demo``. The bands below are such ranges of the real lakes: 1 to
99 % of the three indices for what an index does, where a random walk's luck decides, and 5 to 95 %
for the stocks; see results/2026-11-exchange-levels.md. Simulated levels are asked
to be inside them for every seed: closes of all sessions, and trading on every twentieth of them
(``market``: sixtieth), which is what a day's turnover, amplitude and book need.
"""

import argparse
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.market import Lake, at_down_limit, at_up_limit, read_daily
from intralpha.sources import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.truth import snapshot_rows

YEAR, STRETCH, STEP = 244, 366, 20
QUANTILES = (0.01, 0.05, 0.95, 0.99)
CLUSTER_LAGS = range(1, 11)
FEWEST_STOCKS, FEWEST_DAYS = 5, 60
MORNING, NOON, AFTERNOON, CALL = 34_200_000, 41_400_000, 46_800_000, 53_820_000
SEEDS, TICK_STOCKS = 5, 60

BANDS = {
    "index: log return a year": (-0.37, 0.62),
    "index: volatility a year": (0.106, 0.448),
    "index: Sharpe ratio": (-1.67, 2.83),
    # Down to two standard errors of an uncorrelated series with this clustering, over a year.
    "index: returns, lag 1": (-0.20, 0.26),
    "index: size of returns, mean of lags 1 to 10": (-0.01, 0.39),
    "stocks: volatility a day, median": (0.0191, 0.0418),
    "stocks: standard deviation across, median day": (0.0180, 0.0268),
    "stocks: share of variance that is the market's": (0.1665, 0.5309),
    "stocks: days closed at limit-up": (0.0031, 0.0371),
    "stocks: days closed at limit-down": (0.0006, 0.0388),
    "stocks: turnover of the float a day, median": (0.0058, 0.0265),
    "stocks: turnover of the float a day, mean": (0.0107, 0.0394),
    "stocks: amplitude (high - low) / close, median": (0.0247, 0.0431),
    "books: states with two sides outside limits": (0.995, 1.0),
    "books: spread, basis points, median": (1.3, 12.2),
}
# What 12 stocks in two months can show: the rest of ``tiny`` is luck, and printed without a band.
TINY = ("stocks: turnover", "books: states with two sides")


@dataclass(frozen=True, eq=False)
class Market:
    """What the levels are taken from; NaN where there is nothing.

    Attributes
    ----------
    index : simple returns of each index, shape [D]
    ret_DA : simple returns of days with trades, from the adjusted close before
    turnover_DA : volume over float shares
    amplitude_DA : (high - low) / close
    up_DA, down_DA : 1 where the close is at its limit, 0 where it is not
    books : rows of ``snapshots`` with ``up_limit`` and ``down_limit``; None where there are none
    """

    index: dict[str, Float[ndarray, "D"]]
    ret_DA: Float[ndarray, "D A"]
    turnover_DA: Float[ndarray, "D A"]
    amplitude_DA: Float[ndarray, "D A"]
    up_DA: Float[ndarray, "D A"]
    down_DA: Float[ndarray, "D A"]
    books: pl.DataFrame | None = None

    def between(self, first: int, last: int) -> "Market":
        """Sessions from ``first`` on, before ``last``."""
        parts = (self.ret_DA, self.turnover_DA, self.amplitude_DA, self.up_DA, self.down_DA)
        index = {name: ret[first:last] for name, ret in self.index.items()}
        return Market(index, *(x[first:last] for x in parts))


def of_lake(lake: Lake) -> Market:
    """A lake with ``daily`` rows, or with ``snapshots`` alone."""
    if not lake.has("daily"):
        nothing = np.full((1, 1), np.nan)
        return Market({}, *(nothing,) * 5, books=_books_of(lake))
    names = ("adj_close", "close", "high", "low", "volume", "float_shares", "up_limit", "traded")
    panel = read_daily(lake, (*names, "down_limit"))
    kinds = lake.scan("instruments").select("symbol", "board").collect()
    board = dict(kinds.iter_rows())
    is_index = np.array([board.get(s) == "index" for s in panel.assets.tolist()])
    level = panel["adj_close"]
    traded = (panel["traded"] == 1.0) & ~is_index
    ret = np.full(level.shape, np.nan)
    ret[1:] = level[1:] / level[:-1] - 1
    stocks = {n: np.where(traded, panel[n], np.nan)[:, ~is_index] for n in panel.names}
    close = stocks["close"]
    return Market(
        index={str(panel.assets[i]): ret[:, i] for i in np.flatnonzero(is_index)},
        ret_DA=np.where(traded, ret, np.nan)[:, ~is_index],
        turnover_DA=stocks["volume"] / stocks["float_shares"],
        amplitude_DA=(stocks["high"] - stocks["low"]) / close,
        up_DA=_flag(at_up_limit(close, stocks["up_limit"]), stocks["up_limit"]),
        down_DA=_flag(at_down_limit(close, stocks["down_limit"]), stocks["down_limit"]),
        books=_books_of(lake) if lake.has("snapshots") else None,
    )


def of_simulated(spec: SimulatedSpec, every: int) -> Market:
    """Closes of every session of a market, and the trading of every ``every``-th."""
    market = SimulatedMarket(spec)
    floor, days, traded, books = Floor(spec.seed, spec.habits), [], [], []
    for t, day in enumerate(market.days()):
        days.append(day)
        turnover = amplitude = np.full(len(day.close), np.nan)
        if t % every == every // 2:
            bars, tapes = floor.trade(day)
            volume = bars.volume.sum(axis=1)
            high, low = bars.high.max(axis=1), bars.low.min(axis=1)
            quiet = volume == 0
            turnover = np.where(quiet, np.nan, volume / day.float_shares)
            amplitude = np.where(quiet, np.nan, (high - low) / day.close)
            few = dict(list(tapes.items())[:TICK_STOCKS])
            books.append(_with_limits(snapshot_rows(day, np.array(market.stock_symbols), few), day))
        traded.append((turnover, amplitude))
    live = np.array([d.listed & ~d.halted for d in days])
    close = np.where(live, np.array([d.close for d in days]) / 100, np.nan)
    before = np.array([d.preclose for d in days]) / 100
    up, down = (np.array([getattr(d, n) for d in days]) for n in ("up_yuan", "down_yuan"))
    return Market(
        index={"index": np.array([d.index_close / d.index_preclose - 1 for d in days])},
        ret_DA=np.where(np.isfinite(up), close / before - 1, np.nan),  # not the days without limit
        turnover_DA=np.array([t for t, _ in traded]),
        amplitude_DA=np.array([a for _, a in traded]),
        up_DA=_flag(at_up_limit(close, up), close + up),
        down_DA=_flag(at_down_limit(close, down), close + down),
        books=pl.concat(books),
    )


def _flag(at: ndarray, known: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    return np.where(np.isfinite(known), at.astype(float), np.nan)


def _with_limits(rows: pl.DataFrame, day: Day) -> pl.DataFrame:
    symbols = rows["symbol"].unique(maintain_order=True).to_list()
    where = np.flatnonzero(~day.halted)[: len(symbols)]
    limits = {"symbol": symbols, "up_limit": day.up_yuan[where], "down_limit": day.down_yuan[where]}
    return rows.join(pl.DataFrame(limits), on="symbol")


def _books_of(lake: Lake) -> pl.DataFrame:
    rows = lake.scan("snapshots").collect()
    if not lake.has("daily"):
        nothing = pl.lit(None, pl.Float64)
        return rows.with_columns(up_limit=nothing, down_limit=nothing)
    limits = lake.scan("daily").select("date", "symbol", "up_limit", "down_limit").collect()
    return rows.join(limits, on=["date", "symbol"], how="left")


def levels(market: Market, name: str | None = None) -> dict[str, float]:
    """Figure -> value; of the index of that name, default: the mean over all of them."""
    chosen = [market.index[name]] if name else list(market.index.values())
    indices = [_index_levels(ret) for ret in chosen]
    out = {k: float(np.mean([x[k] for x in indices])) for k in (indices[0] if indices else ())}
    return out | _stock_levels(market) | (_book_levels(market.books) if _some(market) else {})


def _some(market: Market) -> bool:
    return market.books is not None and market.books.height > 0


def _index_levels(ret: Float[ndarray, "D"]) -> dict[str, float]:
    ret = ret[np.isfinite(ret)]
    size = np.abs(ret)
    return {
        "index: log return a year": float(np.log1p(ret).mean() * YEAR),
        "index: volatility a year": float(ret.std() * np.sqrt(YEAR)),
        "index: Sharpe ratio": float(ret.mean() / ret.std() * np.sqrt(YEAR)),
        "index: returns, lag 1": _correlation(ret[1:], ret[:-1]),
        "index: size of returns, mean of lags 1 to 10": float(
            np.mean([_correlation(size[k:], size[:-k]) for k in CLUSTER_LAGS])
        ),
    }


def _correlation(x: ndarray, y: ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def _stock_levels(market: Market) -> dict[str, float]:
    ret = market.ret_DA
    known = np.isfinite(ret)
    if known.sum() == 0:
        return {}
    wide, long = known.sum(axis=1) >= FEWEST_STOCKS, known.sum(axis=0) >= FEWEST_DAYS / 2
    across = np.nanstd(ret[wide], axis=1)
    pairs = [
        ("turnover of the float a day, median", np.nanmedian, market.turnover_DA),
        ("turnover of the float a day, mean", np.nanmean, market.turnover_DA),
        ("amplitude (high - low) / close, median", np.nanmedian, market.amplitude_DA),
    ]
    return {
        "stocks: volatility a day, median": float(np.median(np.nanstd(ret[:, long], axis=0))),
        "stocks: standard deviation across, median day": float(np.median(across)),
        "stocks: share of variance that is the market's": _market_share(ret[wide][:, long]),
        "stocks: days closed at limit-up": _mean(market.up_DA),
        "stocks: days closed at limit-down": _mean(market.down_DA),
        **{f"stocks: {n}": float(f(x)) for n, f, x in pairs if np.isfinite(x).any()},
    }


def _mean(values: Float[ndarray, "D A"]) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def _market_share(ret: Float[ndarray, "D A"]) -> float:
    """Mean squared correlation of each stock with the mean of the others."""
    known = np.isfinite(ret)
    total, count = np.where(known, ret, 0.0).sum(axis=1), known.sum(axis=1)
    out = []
    for own, here in zip(ret.T, known.T, strict=True):
        others = (total[here] - own[here]) / (count[here] - 1)
        out.append(_correlation(own[here], others) ** 2)
    return float(np.mean(out))


def _book_levels(books: pl.DataFrame) -> dict[str, float]:
    """Of the states of continuous trading; a state is at a limit if its best quote is."""
    time, bid, ask = pl.col("time"), pl.col("bid_price1"), pl.col("ask_price1")
    open_ = time.is_between(MORNING, NOON - 1) | time.is_between(AFTERNOON, CALL - 1)
    both = (bid.fill_null(0) > 0) & (ask.fill_null(0) > 0)
    locked = (pl.col("last") >= pl.col("up_limit") - 0.005) | (
        pl.col("last") <= pl.col("down_limit") + 0.005
    )
    rows = books.filter(open_, ~locked.fill_null(value=False))
    counted = books.drop_nulls("trades").group_by("date", "symbol").agg(pl.col("trades").max())
    spread = (ask - bid) / ((ask + bid) / 2) * 1e4
    out = {
        "books: states with two sides outside limits": rows.select(both.mean()).item(),
        "books: spread, basis points, median": rows.filter(both).select(spread.median()).item(),
        "books: spread, ticks, median": rows.filter(both)
        .select(((ask - bid) * 100).round().median())
        .item(),
        "books: states with ten levels on both sides": rows.select(
            (
                (pl.col("bid_price10").fill_null(0) > 0) & (pl.col("ask_price10").fill_null(0) > 0)
            ).mean()
        ).item(),
    }
    if counted.height:
        out["books: trades a stock and day, median"] = counted["trades"].median()
    return out


def show_lake(folder: Path) -> None:
    """Levels of the whole lake, and their range over stretches of it."""
    market = of_lake(Lake(folder))
    days = len(market.ret_DA)
    cuts = [market.between(k, k + STRETCH) for k in range(0, days - STRETCH + 1, STEP)]
    print(
        f"\n{folder.name}: {days} sessions, {market.ret_DA.shape[1]} stocks, {len(cuts)} stretches"
    )
    for name in market.index:
        whole = _index_levels(market.index[name])
        parts = [_index_levels(cut.index[name]) for cut in cuts if _lasts(cut.index[name])]
        _range_lines({f"{name} {k}": v for k, v in whole.items()}, name, parts)
    rest = {k: v for k, v in levels(market).items() if not k.startswith("index")}
    _range_lines(rest, "", [_stock_levels(cut) for cut in cuts])


def _lasts(ret: Float[ndarray, "D"]) -> bool:
    return bool(np.isfinite(ret).sum() > STRETCH - 10)


def _range_lines(whole: dict[str, float], prefix: str, parts: list[dict[str, float]]) -> None:
    for name, value in whole.items():
        key = name.removeprefix(f"{prefix} ")
        values = [p[key] for p in parts if key in p]
        spread = np.quantile(values, QUANTILES) if values else ()
        print(f"{name:62}{value:10.4f}  " + "".join(f"{v:9.4f}" for v in spread))


def show_simulated(label: str, make: Callable[[int], Market], seeds: int) -> tuple[int, int, float]:
    """Levels of each seed beside the bands: how many are inside, of how many, the mean drift."""
    found = [levels(make(seed)) for seed in range(1, seeds + 1)]
    print(f"\n{label}, seeds 1 to {seeds}")
    inside = total = 0
    for name in found[0]:
        values = [f[name] for f in found]
        asked = name in BANDS and (label != "tiny" or name.startswith(TINY))
        low, high = BANDS[name] if asked else (-np.inf, np.inf)
        good = sum(low <= v <= high for v in values)
        inside, total = inside + good * asked, total + len(values) * asked
        each = "".join(f"{v:9.4f}" for v in values)
        mark = "" if good == len(values) else "  OUTSIDE"
        print(f"{name:52}{each}  mean{np.mean(values):9.4f}  [{low:g}, {high:g}]{mark}")
    drift = float(np.mean([f["index: log return a year"] for f in found]))
    return inside, total, drift


def main() -> None:
    """Print levels of lakes if there are any, else of simulated markets beside the bands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60 stocks of preset demo")
    parser.add_argument("--lake", type=Path, action="append", help="a lake to take levels of")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    for folder in given.lake or ():
        show_lake(folder)
    if given.lake:
        return
    sizes = {"demo": {"n_assets": 60}} if given.quick else {"demo": {}, "market": {}, "tiny": {}}
    every = {"demo": 60 if given.quick else 20, "market": 60, "tiny": 4}
    inside = total = 0
    drifts = []
    for preset, size in sizes.items():

        def make(seed: int, given: dict = {"preset": preset} | size, step=every[preset]) -> Market:
            return of_simulated(SimulatedSpec.model_validate(given | {"seed": seed}), step)

        good, all_, drift = show_simulated(preset, make, SEEDS)
        inside, total = inside + good, total + all_
        drifts.append(drift)
    print(f"RESULT levels_in_band={inside} levels={total} index_log_drift={drifts[0]:.3f}")


if __name__ == "__main__":
    main()
