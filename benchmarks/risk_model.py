"""Was risk forecast right? Bias statistics, R-squared and QLIKE of both risk models.

Every five sessions the covariance is estimated from what is known at the close, and the returns of
portfolios over the next five sessions are set against five times their forecast variance:

    random     50 names at equal weights against all names at equal weights (active)
    long       the same 50 names, held alone
    style      a third of the names with the largest exposure against the third with the smallest
    optimised  inverse covariance times a random vector of mean 0 (what an optimiser would hold)

A bias statistic is the standard deviation of return over forecast volatility, the mean over all
portfolios of a sort; 1 is right, above 1 is too little risk forecast. The peer of QLIKE is the
covariance of the same year of returns shrunk to its diagonal (half and half), that of speed is
statsmodels' WLS on the same daily fits.

    python benchmarks/risk_model.py                  300 simulated stocks, 3 years
    python benchmarks/risk_model.py --data FOLDER    961 real stocks (INTRALPHA_REAL_DATA)
    python benchmarks/risk_model.py --quick          60 simulated stocks, 16 months
"""

import argparse
import os
import platform
import tempfile
from collections import deque
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np

from intralpha.base import Panel
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.risk import (
    FactorRiskSpec,
    PcaRiskSpec,
    PriceVolumeSpec,
    RiskEstimate,
    RiskModelSpec,
    bias_statistic,
    qlike,
    rolling_estimates,
)
from intralpha.risk.cross_section_fit import fit_cross_section
from intralpha.risk.design import Design
from intralpha.risk.factor_covariance import ewma_weights
from intralpha.risk.model import laid_out
from intralpha.sources import QlibSpec, SimulatedMarket, SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

AHEAD, PORTFOLIOS, NAMES = 5, 40, 50
SORTS = ("random", "long", "style", "optimised")
EIGENFACTOR = FactorRiskSpec(eigenfactor=1.2)
TABLES = ("daily", "instruments", "industry")
SHORT = PriceVolumeSpec(
    momentum_days=100, beta_days=100, volatility_days=100, month_days=15, year_months=6
)


def simulated(stocks: int, start: date, end: date, folder: Path) -> Lake:
    """Daily rows of a simulated market: few orders, as only daily rows are looked at."""
    lake = Lake(folder, create=True)
    habits = HabitSpec(orders_per_day=150)
    spec = SimulatedSpec(n_assets=stocks, start=start, end=end, habits=habits, seed=5)
    for batch in SimulatedMarket(spec).batches():
        if batch.table in TABLES:
            lake.append(batch.table, batch.frame)
    return lake


def real(data: Path, folder: Path) -> Lake:
    """961 stocks of the daily benchmark; no share counts and no dated industries."""
    lake = Lake(folder, create=True)
    ingest([QlibSpec.model_validate({"kind": "qlib", "path": str(data / "daily_qlib_960.tar.xz")})],
           lake, show_progress=False)  # fmt: skip
    return lake


class Portfolios:
    """Weights of every sort on one date, from what is known at its close."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def of(self, known: RiskEstimate, styles: RiskEstimate) -> dict[str, np.ndarray]:
        """Sort -> weights, shape [portfolios, A].

        Parameters
        ----------
        known : whose covariance the optimised portfolios use
        styles : whose exposures the style portfolios sort by
        """
        count = len(known.assets)
        even = np.full(count, 1 / count)
        names = min(NAMES, count // 3)
        held = np.zeros((PORTFOLIOS, count))
        for row in held:
            row[self._rng.choice(count, names, replace=False)] = 1 / names
        alpha = self._rng.standard_normal((PORTFOLIOS, count))
        alpha -= alpha.mean(axis=1, keepdims=True)
        return {
            "random": held - even,
            "long": held,
            "style": self._styles(styles),
            "optimised": solved(known, alpha),
        }

    def _styles(self, one: RiskEstimate) -> np.ndarray:
        columns = [k for k, n in enumerate(one.names) if n != "country" and ":" not in n]
        third = len(one.assets) // 3
        out = np.zeros((len(columns), len(one.assets)))
        for row, k in zip(out, columns, strict=True):
            order = np.argsort(one.loadings_AK[:, k], kind="stable")
            row[order[-third:]], row[order[:third]] = 1 / third, -1 / third
        return out


def solved(one: RiskEstimate, alpha: np.ndarray) -> np.ndarray:
    """Inverse covariance times each vector, by Woodbury's identity."""
    root = _root(one.factor_cov_KK)
    b = one.loadings_AK @ root
    scaled = b / one.specific_var_A[:, None]
    inner = np.eye(b.shape[1]) + b.T @ scaled
    direct = alpha / one.specific_var_A
    out = direct - (direct @ b) @ np.linalg.solve(inner, scaled.T)
    return out / np.abs(out).sum(axis=1, keepdims=True)


def _root(cov: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(cov)
    return vectors * np.sqrt(np.maximum(values, 0))


def variances(one: RiskEstimate, weights: np.ndarray) -> np.ndarray:
    """Forecast of each portfolio, of one session."""
    exposed = weights @ one.loadings_AK
    factor = np.einsum("pk,kl,pl->p", exposed, one.factor_cov_KK, exposed)
    return factor + weights**2 @ one.specific_var_A


def shrunken(past: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The peer's forecast: covariance of past returns, half shrunk to its diagonal."""
    w = ewma_weights(len(past), 90.0)
    r = np.nan_to_num(past) - w @ np.nan_to_num(past)
    whole = w @ (r @ weights.T) ** 2
    return 0.5 * whole + 0.5 * (w @ r**2) @ (weights**2).T


def judge(
    specs: dict[str, RiskModelSpec], lake: Lake, first: int, every: int
) -> dict[str, dict[str, dict]]:
    """Model -> figures.

    Parameters
    ----------
    specs : the models; the first is one of factors and gives the styles
    lake : the market
    first : place of the first session looked at, from the end if it is below 0
    every : sessions between estimates
    """
    sessions = lake.dates("daily")
    symbols = lake.scan("daily").select("symbol").unique().collect()["symbol"].to_list()
    assets = np.array(sorted(symbols))
    days = sessions[first:]
    mask = universe(lake, UniverseSpec(min_listed_days=60), days, assets)
    inside = Panel(mask[:, :, None].astype(np.float32), days, assets, ("universe",))
    price = read_daily(lake, ("filled_close",), assets=assets)
    close = price.at(sessions)["filled_close"]
    dates = days[specs["factors"].window_days : -AHEAD - 1 : every]
    walks = {name: rolling_estimates(spec, lake, dates, inside) for name, spec in specs.items()}
    past = deque(maxlen=specs["factors"].past_days)
    r2, seen = [], {name: [] for name in (*specs, "eigenfactor", "shrunk")}
    choose, spent = Portfolios(0), dict.fromkeys(specs, 0.0)
    while True:
        step = {}
        for name, walk in walks.items():
            since = perf_counter()
            step[name] = next(walk, None)
            spent[name] += perf_counter() - since
        one, base = step["factors"] or (None, None)
        if one is None:
            break
        past.append(one)
        r2.append((one.date, one.r2))
        if base is None:
            continue
        at = int(np.searchsorted(sessions, one.date))
        d = int(np.searchsorted(days, one.date))
        pool = assets[mask[d] & np.isin(assets, base.assets)]
        a = np.searchsorted(assets, pool)
        realised = close[at + AHEAD, a] / close[at, a] - 1
        span = slice(max(at - 252, 0), at + 1)
        before = close[span, a][1:] / close[span, a][:-1] - 1
        styles = base.on(pool)
        known = {name: step[name][1].on(pool) for name in specs}
        cov = EIGENFACTOR.covariance(laid_out(tuple(past), base.names, pool)[0])
        known["eigenfactor"] = replace(known["factors"], factor_cov_KK=cov)
        for name, model in known.items():
            choose._rng = np.random.default_rng(at)  # the same names for every model
            for sort, weights in choose.of(model, styles).items():
                got = weights @ np.nan_to_num(realised)
                seen[name].append((one.date, sort, got, AHEAD * variances(model, weights)))
                if name == "factors" and sort != "optimised":
                    peer = AHEAD * shrunken(before, weights)
                    seen["shrunk"].append((one.date, sort, got, peer))
    print(", ".join(f"{name} {s:.1f} s" for name, s in spent.items()), end="; ")
    print(f"{len(dates)} estimates, {len(r2)} sessions, {len(assets)} stocks")
    return {name: figures(rows) for name, rows in seen.items()} | {"r2": by_year(r2)}


def figures(rows: list[tuple]) -> dict[str, dict]:
    """Sort -> bias over all dates, and QLIKE by year."""
    out = {}
    for sort in dict.fromkeys(row[1] for row in rows):
        mine = [row for row in rows if row[1] == sort]
        got, told = np.array([r[2] for r in mine]), np.array([r[3] for r in mine])
        years = np.array([int(str(r[0])[:4]) for r in mine])
        bias = [bias_statistic(got[:, p], told[:, p]) for p in range(got.shape[1])]
        loss = {int(y): qlike(got[years == y].ravel(), told[years == y].ravel())
                for y in np.unique(years)}  # fmt: skip
        whole = qlike(got.ravel(), told.ravel())
        out[sort] = {"bias": float(np.mean(bias)), "spread": float(np.std(bias)),
                     "qlike": whole, "years": loss}  # fmt: skip
    return out


def by_year(r2: list[tuple]) -> dict[int, float]:
    """Mean R-squared of the daily fits by year; 0 for all."""
    years = np.array([int(str(day)[:4]) for day, _ in r2])
    values = np.array([value for _, value in r2])
    told = {int(y): float(np.nanmean(values[years == y])) for y in np.unique(years)}
    return {0: float(np.nanmean(values))} | told


def speed(stocks: int, days: int) -> float:
    """Time of statsmodels' weighted fits over ours, of the same days."""
    if find_spec("statsmodels") is None:
        return float("nan")
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    industry = rng.integers(0, 30, stocks)
    x = np.column_stack([np.ones(stocks), np.eye(30)[industry], rng.standard_normal((stocks, 10))])
    cap = np.exp(rng.normal(23, 1, stocks))
    design = Design(tuple(map(str, range(41))), x, slice(1, 31))
    ret, everyone = rng.normal(0, 0.02, (days, stocks)), np.ones(stocks, dtype=bool)
    share = np.bincount(industry, cap)
    free = np.delete(x, 30, axis=1)
    free[:, 1:30] -= x[:, 30:31] * share[:29] / share[29]
    since = perf_counter()
    ours = [fit_cross_section(one, design, cap, everyone).returns_K for one in ret]
    middle = perf_counter()
    theirs = [sm.WLS(one, free, weights=np.sqrt(cap)).fit().params for one in ret]
    end = perf_counter()
    differ = np.abs(np.delete(np.array(ours), 30, axis=1) - np.array(theirs)).max()
    if differ > 1e-10:
        raise SystemExit(f"statsmodels finds other factor returns: {differ:.3g}")
    print(f"a fit of {stocks} stocks: {1e3 * (middle - since) / days:.2f} ms, statsmodels "
          f"{1e3 * (end - middle) / days:.2f} ms, factor returns within {differ:.1e}")  # fmt: skip
    return (end - middle) / (middle - since)


def show(found: dict[str, dict]) -> None:
    """Tables for a results file."""
    print("| model | " + " | ".join(f"bias {sort}" for sort in SORTS) + " |")
    for name, rows in found.items():
        if name not in ("r2", "shrunk"):
            cells = [f"{rows[s]['bias']:.3f} +- {rows[s]['spread']:.3f}" for s in SORTS]
            print(f"| {name} | " + " | ".join(cells) + " |")
    names = [name for name in found if name != "r2"]
    print("| year | R2 | " + " | ".join(f"QLIKE {n}" for n in names) + " |")
    for year, r2 in found["r2"].items():
        own = [found[n]["random"] for n in names]
        cells = [one["qlike"] if year == 0 else one["years"].get(year, np.nan) for one in own]
        label = "all" if year == 0 else year
        print(f"| {label} | {r2:.3f} | " + " | ".join(f"{c:.3f}" for c in cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="60 simulated stocks, 16 months")
    parser.add_argument("--sessions", type=int, default=1500, help="last ones that are explained")
    parser.add_argument("--data", type=Path, help="folder of the real samples")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        window = {}
        if given.data:
            lake, first, every = real(given.data, Path(folder)), -given.sessions, 5
            styles = PriceVolumeSpec()
        else:
            stocks, end = (60, date(2024, 4, 30)) if given.quick else (300, date(2025, 12, 31))
            lake = simulated(stocks, date(2023, 1, 3), end, Path(folder))
            first, every, styles = 100, 5, SHORT
            window = {"window_days": 120} if given.quick else {}
        specs = {
            "factors": FactorRiskSpec(exposures=styles, **window),
            "pca": PcaRiskSpec(**window),
        }
        found = judge(specs, lake, first, every)
    show(found)
    ratio = speed(1_000 if given.quick else 5_000, 20 if given.quick else 50)
    mine = found["factors"]
    gain = mine["random"]["qlike"] - found["shrunk"]["random"]["qlike"]
    print(
        f"RESULT bias_random={mine['random']['bias']:.3f} bias_long={mine['long']['bias']:.3f} "
        f"bias_style={mine['style']['bias']:.3f} bias_optimised={mine['optimised']['bias']:.3f} "
        f"bias_optimised_eigenfactor={found['eigenfactor']['optimised']['bias']:.3f} "
        f"r2={found['r2'][0]:.3f} qlike_less_shrunk={gain:.4f} x_statsmodels={ratio:.2f}"
    )


if __name__ == "__main__":
    main()
