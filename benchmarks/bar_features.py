"""30-minute bar features from one-minute bars: our library against Polars expressions.

The same features are made by both from the same Parquet files and from the same rows in memory,
with the same masks (limit-locked minutes and the closing auction left out) and the same rule of
at least five valid minutes. The numbers must agree to 1e-3 of each other (prices of the library are
float32), NaN for NaN, or the benchmark fails. ``tval_rel`` is left out: it looks back over days.
Nothing is kept between runs: with the library's own store a second one would read its values.

    python benchmarks/bar_features.py            2,000 stocks, 10 days
    python benchmarks/bar_features.py --quick    400 stocks, 5 days
"""

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

THREADS = int(os.environ.setdefault("POLARS_MAX_THREADS", "2"))

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402

from intralpha.base import Panel  # noqa: E402
from intralpha.features import LibrarySpec  # noqa: E402
from intralpha.features.engine.machine import run  # noqa: E402
from intralpha.features.session_reader import SessionReader  # noqa: E402
from intralpha.features.time_factors import TimeFactors  # noqa: E402
from intralpha.market import Lake, bar_times  # noqa: E402

BAR_INPUTS = ("open", "high", "low", "close", "volume", "amount")
NAMES = (
    *("tval_mean", "tval_std", "tvol_mean", "bar_ret", "bar_range", "bar_clv", "bar_vwap_dev"),
    *("bar_apb", "bar_arpp", "ret_std", "ret_skew", "ret_kurt", "ret_down_share", "ret_maxabs"),
    *("path_eff", "illiq", "prop_acorr_ret", "prop_t_ret", "corr_ret_TradeValue"),
    *(f"prop_{op}_Trade{x}" for x in ("Volume", "Value") for op in ("t", "std", "acorr", "skew")),
    *("corr_close_TradeVolume", "bar_val_share"),
)
LEAST = 5
SUB_BARS = 30
CONTINUOUS = 237


def make_day(rng: np.random.Generator, day: np.datetime64, symbols: np.ndarray) -> pl.DataFrame:
    """One-minute rows of all stocks: ticks of 0.01, some minutes without trades, a few locked."""
    shape = (len(symbols), 240)
    steps = rng.normal(0, 0.0012, shape)
    close = np.round(20 * np.exp(np.cumsum(steps, axis=1)), 2)
    close = np.clip(close, 18.0, 22.0)  # the limits: 20 +- 10 %
    close[: len(symbols) // 50, 100:160] = 22.0
    first = np.concatenate([np.full((shape[0], 1), 20.0), close[:, :-1]], axis=1)
    spread = 0.01 * rng.integers(0, 3, shape)
    flat = (close == 22.0) & (first == 22.0)
    high = np.where(flat, 22.0, np.minimum(np.maximum(first, close) + spread, 22.0))
    low = np.where(flat, 22.0, np.maximum(np.minimum(first, close) - spread, 18.0))
    volume = np.where(rng.random(shape) < 0.05, 0, 100 * (1 + rng.lognormal(3, 1.2, shape)) // 1)
    volume[:, 237:239] = 0
    amount = np.round(volume * (low + (high - low) * rng.random(shape)), 2)
    return pl.DataFrame(
        {
            "date": np.full(close.size, day),
            "freq": np.full(close.size, 1, dtype=np.int16),
            "symbol": np.repeat(symbols, 240),
            "time": pl.Series(bar_times(1)).gather(np.tile(np.arange(240), len(symbols))),
            "open": np.round(first, 2).ravel(),
            "high": np.round(high, 2).ravel(),
            "low": np.round(low, 2).ravel(),
            "close": close.ravel(),
            "volume": volume.ravel().astype(np.int64),
            "amount": amount.ravel(),
        }
    )


def make_lake(root: Path, n_stocks: int, n_days: int) -> tuple[Lake, np.ndarray, np.ndarray]:
    """A lake of random minute bars with flat daily rows that hold the limit prices."""
    rng = np.random.default_rng(0)
    symbols = np.array([f"{600000 + i}.SH" for i in range(n_stocks)])
    days = np.busday_offset("2024-01-02", np.arange(n_days), roll="forward")
    lake = Lake(root, create=True)
    for day in days:
        lake.append("bars", make_day(rng, day, symbols))
        row = {"open": 20.0, "high": 20.0, "low": 20.0, "close": 20.0, "preclose": 20.0}
        row |= {"volume": 100, "amount": 2000.0, "adj_factor": 1.0, "suspended": False}
        frame = pl.DataFrame({"date": np.full(n_stocks, day), "symbol": symbols})
        frame = frame.with_columns(**{name: pl.lit(value) for name, value in row.items()})
        limits = {"up_limit": pl.lit(22.0), "down_limit": pl.lit(18.0)}
        lake.append("daily", frame.with_columns(**limits))
    return lake, days, symbols


def corr(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """Pearson, NaN where a side does not vary."""
    return pl.when((x.std() > 0) & (y.std() > 0)).then(pl.corr(x, y))


def polars_features(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The features as Polars expressions, one row a (date, symbol, bar)."""
    minute = (pl.int_range(pl.len()) % 240).alias("minute")
    o, h, low, c = pl.col("open"), pl.col("high"), pl.col("low"), pl.col("close")
    before = pl.when(pl.col("minute") == 0).then(o).otherwise(c.shift(1))
    locked = (h == low) & (((h - 22.0).abs() < 0.005) | ((h - 18.0).abs() < 0.005))
    rows = (
        rows.with_columns(minute)
        .with_columns(
            bar=pl.col("minute") // SUB_BARS,
            before=before,
            day_amount=pl.col("amount").sum().over("date", "symbol"),
            ok=~locked & (pl.col("minute") < CONTINUOUS),
        )
        .with_columns(
            start=pl.col("before").first().over("date", "symbol", "bar"),
            bar_amount=pl.col("amount").sum().over("date", "symbol", "bar"),
            r=(c / pl.col("before")).log(),
            typical=(o + h + low + c) / 4,
        )
        .filter("ok")
    )
    grouped = rows.group_by("date", "symbol", "bar").agg(*aggregates())
    return grouped.filter(pl.col("traded_minutes") > 0).select(
        "date", "symbol", "bar", *finishing()
    )


def aggregates() -> list[pl.Expr]:
    """What one pass over a group yields."""
    r, c, v, a = pl.col("r"), pl.col("close"), pl.col("volume").cast(pl.Float64), pl.col("amount")
    traded = v > 0
    pair = pl.col("minute").diff() == 1

    def acorr(x: pl.Expr) -> pl.Expr:
        return corr(x.filter(pair), x.shift(1).filter(pair))

    def shape(name: str, x: pl.Expr) -> list[pl.Expr]:
        mean, std = x.mean(), x.std(ddof=0)
        skew = pl.when(std > 0).then(x.skew())
        return [
            mean.alias(f"mean_{name}"), std.alias(f"std_{name}"), skew.alias(f"skew_{name}"),
            acorr(x).alias(f"acorr_{name}"),
        ]  # fmt: skip

    return [
        *shape("v", v), *shape("a", a), *shape("r", r),
        pl.len().alias("minutes"), traded.sum().alias("traded_minutes"),
        pair.sum().alias("pairs"),
        v.sum().alias("sum_v"), a.sum().alias("sum_a"),
        pl.col("high").max().alias("top"), pl.col("low").min().alias("bottom"),
        c.last().alias("end"), pl.col("start").first(), pl.col("typical").mean(),
        (a / v).filter(traded).mean().alias("mean_vwap"),
        (r.abs() / a).filter(traded).mean().alias("impact"),
        pl.when(r.std() > 0).then(r.kurtosis()).alias("kurt_r"),
        (r.clip(upper_bound=0) ** 2).sum().alias("falling"), (r**2).sum().alias("squares"),
        r.abs().max().alias("jump"), r.sum().alias("drift"), r.abs().sum().alias("path"),
        corr(r.filter(traded), a.filter(traded)).alias("corr_ra"),
        corr(c.filter(traded), v.filter(traded)).alias("corr_cv"),
        pl.col("bar_amount").first(), pl.col("day_amount").first(),
    ]  # fmt: skip


def finishing() -> list[pl.Expr]:
    """The named features from the aggregates, null where the minutes do not suffice."""
    col = pl.col
    vwap, spread = col("sum_a") / col("sum_v"), col("top") - col("bottom")
    enough, traded = col("minutes") >= LEAST, col("traded_minutes") >= LEAST
    paired = enough & (col("pairs") >= LEAST)
    operators = {
        "tval_mean": col("mean_a").log1p(), "tval_std": col("std_a").log1p(),
        "tvol_mean": col("mean_v").log1p(),
        "bar_arpp": pl.when(spread > 0).then((col("typical") - col("bottom")) / spread)
        .otherwise(0.5),
        "ret_std": col("std_r"), "ret_skew": col("skew_r"), "ret_kurt": col("kurt_r"),
        "ret_down_share": col("falling") / col("squares"), "ret_maxabs": col("jump"),
        "path_eff": col("drift").abs() / col("path"), "prop_t_ret": col("mean_r") / col("std_r"),
        "prop_t_TradeVolume": col("mean_v") / col("std_v"),
        "prop_std_TradeVolume": col("std_v") / col("mean_v"),
        "prop_skew_TradeVolume": col("skew_v"),
        "prop_t_TradeValue": col("mean_a") / col("std_a"),
        "prop_std_TradeValue": col("std_a") / col("mean_a"),
        "prop_skew_TradeValue": col("skew_a"),
    }  # fmt: skip
    lagged = {"prop_acorr_ret": "r", "prop_acorr_TradeVolume": "v", "prop_acorr_TradeValue": "a"}
    features = {name: pl.when(enough).then(value) for name, value in operators.items()}
    features |= {name: pl.when(paired).then(col(f"acorr_{x}")) for name, x in lagged.items()}
    features |= {
        "corr_ret_TradeValue": pl.when(traded).then(col("corr_ra")),
        "corr_close_TradeVolume": pl.when(traded).then(col("corr_cv")),
        "bar_apb": pl.when(traded).then((col("mean_vwap") / vwap).log()),
        "illiq": pl.when(traded).then((col("impact") * 1e8 + 1e-6).log()),
        "bar_ret": (col("end") / col("start")).log(),
        "bar_range": spread / col("start"),
        "bar_clv": pl.when(spread > 0)
        .then((2 * col("end") - col("top") - col("bottom")) / spread)
        .otherwise(0.0),
        "bar_vwap_dev": (col("end") / vwap).log(),
        "bar_val_share": col("bar_amount") / col("day_amount"),
    }
    return [features[name].cast(pl.Float32).alias(name) for name in NAMES]


def polars_whole(lake: Lake, days: np.ndarray) -> pl.DataFrame:
    """Day by day from the lake, as our feature set does; all days at once needs far more memory."""
    columns = ("date", "symbol", "time", *BAR_INPUTS)
    return pl.concat(
        polars_features(lake.scan("bars", day.item(), day.item(), 1).select(columns)).collect()
        for day in days
    )


def check_equal(panel: Panel, frame: pl.DataFrame) -> float:
    """Largest difference between the two, in units of max(1, |value|); fails if too large."""
    row = np.searchsorted(panel.dates, frame["date"].to_numpy().astype("datetime64[D]"))
    column = np.searchsorted(panel.assets, frame["symbol"].to_numpy().astype(str))
    slot = frame["bar"].to_numpy()
    worst, compared = 0.0, 0
    for name in NAMES:
        theirs = np.full(panel[name].shape, np.nan)
        values = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        theirs[row, slot, column] = values
        ours = panel[name].astype(np.float64)
        # Constant series: rounding decides whether their deviation is 0; ours is NaN by rule.
        both = np.isfinite(ours) & np.isfinite(theirs)
        assert (both == np.isfinite(ours)).all(), f"{name}: a value of ours is missing in Polars"
        assert (np.isfinite(theirs) & ~both).mean() < 1e-3, f"{name}: missing in ours"
        gap = np.abs(ours[both] - theirs[both]) / np.maximum(1, np.abs(theirs[both]))
        worst, compared = max(worst, float(gap.max())), compared + int(both.sum())
    assert compared > 0.9 * panel.values.size, "hardly anything was compared"
    assert worst < 1e-3, f"the two disagree by {worst:.2g}"
    return worst


def best_of(work: Callable[[], object], repeats: int) -> float:
    """Shortest wall time in seconds."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def machine_seconds(lake: Lake, day: np.datetime64, symbols: np.ndarray, repeats: int) -> float:
    """One day that is already in memory, one thread."""
    factors = LibrarySpec(library="bar64_30", names=NAMES).make().factors
    assert isinstance(factors, TimeFactors)
    session = SessionReader(lake, 1, cache=False, axis=symbols).read(day.item())
    assert session is not None
    program = factors.program()
    return best_of(lambda: run(program, factors.rows(program, session), threads=1), repeats)


def main() -> None:
    """Measure, compare, print a table and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    quick = parser.parse_args().quick
    n_stocks, n_days, repeats = (400, 5, 2) if quick else (2000, 10, 3)
    features = LibrarySpec(library="bar64_30", names=NAMES, cache=False).make()
    with TemporaryDirectory() as folder:
        lake, days, symbols = make_lake(Path(folder), n_stocks, n_days)
        panel = features.compute(lake, days, symbols)  # compiles, warms the file cache
        worst = check_equal(panel, polars_whole(lake, days))
        one_day = lake.scan("bars", days[0].item(), days[0].item(), 1).collect()
        n = n_stocks * n_days
        speeds = {
            f"intralpha, from the lake ({THREADS} threads)": n
            / best_of(lambda: features.compute(lake, days, symbols), repeats),
            f"Polars, from the lake ({THREADS} threads)": n
            / best_of(lambda: polars_whole(lake, days), repeats),
            "intralpha, in memory (1 thread)": n_stocks
            / machine_seconds(lake, days[0], symbols, 30 * repeats),
            f"Polars, in memory ({THREADS} threads)": n_stocks
            / best_of(lambda: polars_features(one_day.lazy()).collect(), repeats),
        }
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; "
          f"{n_stocks:,} stocks x {n_days} days x 240 minutes, {len(NAMES)} features; "
          f"largest difference {worst:.1e}\n")  # fmt: skip
    print(f"{'':42s}{'stock-days/s':>14s}{'minutes/s':>16s}")
    for name, speed in speeds.items():
        print(f"{name:42s}{speed:14,.0f}{speed * 240:16,.0f}")
    ours, theirs, machine, expressions = speeds.values()
    print(
        f"\nRESULT x_polars={ours / theirs:.2f} x_polars_in_memory={machine / expressions:.2f} "
        f"stock_days_per_s={ours:.0f} machine_stock_days_per_s={machine:.0f}"
    )


if __name__ == "__main__":
    main()
