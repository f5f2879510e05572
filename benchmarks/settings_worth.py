"""What each setting of a portfolio is worth on real stocks, and where its excess return comes from.

`recipes/real_settings.yaml` has one signal, a portfolio, and portfolios beside it of which each
changes one setting; the two-weekly one is a run of its own. Each is taken apart by industries
(Brinson), by styles, by what trading, blocked orders and cost took, and its tracking error is set
beside what the risk model expected.

    python benchmarks/settings_worth.py --data FOLDER --keep KEEP     all of them, in turn
    python benchmarks/settings_worth.py --data FOLDER --keep KEEP --only csi300 slower
    python benchmarks/settings_worth.py --data FOLDER --quick         961 stocks, half a year

FOLDER holds the real samples (INTRALPHA_REAL_DATA). Lake and runs stay in KEEP: a command that was
cut goes on where it was, and settings that are done are not made again. Parts are daily sums times
244 over the sessions: added, not compounded.
"""

import argparse
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from intralpha.backtest import PortfolioRun, load_run
from intralpha.evaluation.nav import SESSIONS_PER_YEAR
from intralpha.pipeline import Plan, execute, load_recipe, plan

RECIPE = Path(__file__).parents[1] / "recipes/real_settings.yaml"
TODAY, TWO_WEEKLY = "today", "two_weekly"
QUICK = (
    "test.start=2018-01-02",
    "test.end=2018-06-29",
    "data.start=2015-07-01",
    "data.sources=[{kind: qlib, path: '${INTRALPHA_REAL_DATA}/daily_qlib_960.tar.xz'}, "
    "{kind: index_members, path: '${INTRALPHA_REAL_DATA}/reference/index_members.tar.xz'}, "
    "{kind: stock_basic, path: '${INTRALPHA_REAL_DATA}/reference/stock_basic.parquet'}, "
    "{kind: daily_basic, path: '${INTRALPHA_REAL_DATA}/reference/daily_basic.parquet'}]",
    "factors.gru_day.schedule={kind: once, since: 2017-01-03, upto: 2017-12-29, valid_share: 0.2}",
    "factors.gru_day.training.max_epochs=1",
    "factors.gru_day.seeds=[0]",
)
QUICK_ONLY = (TODAY, "slower", "csi300")
BRINSON = ("allocation", "selection", "interaction")
BESIDE = ("trading", "cost", "benchmark_gap")
STYLED = ("country", "industries", "specific", "unmodelled")


def finished(changes: tuple[str, ...], runs: Path) -> Plan:
    """The recipe with changes, made as far as it is not yet."""
    planned = plan(load_recipe(RECIPE, changes), runs)
    if planned.pending:  # the lake is not there yet
        execute(planned, show_progress=False)
        planned = plan(load_recipe(RECIPE, changes), runs)
    problems = execute(planned, show_progress=False).problems
    if problems:
        raise SystemExit("\n".join(map(str, problems)))
    return planned


def settings() -> tuple[str, ...]:
    """Names of all settings, in the order of the recipe."""
    return TODAY, *load_recipe(RECIPE).portfolios, TWO_WEEKLY


def made(name: str, changes: tuple[str, ...], runs: Path) -> dict[str, float]:
    """Figures of one setting; the recipe is made without the others."""
    further = load_recipe(RECIPE).portfolios
    left = tuple(f"portfolios.{one}=null" for one in further if one != name)
    often = ("portfolio.every=2",) if name == TWO_WEEKLY else ()
    planned = finished((*changes, *left, *often), runs)
    return figures(planned, f"/{name}" if name in further else "")


def slowness(planned: Plan, suffix: str) -> float:
    """Mean correlation of the signal with that of the decision before, over stocks with both."""
    own = suffix and planned.recipe.portfolios[suffix[1:]].combines() is not None
    score = planned.panel(f"signal{suffix}" if own else "signal")["score"]
    found = []
    for old, new in pairwise(score):
        both = np.isfinite(old) & np.isfinite(new)
        found.append(np.corrcoef(old[both], new[both])[0, 1] if both.sum() > 2 else np.nan)
    return float(np.nanmean(found))


def figures(planned: Plan, suffix: str) -> dict[str, float]:
    """What a portfolio came to, fractions a year unless the name says otherwise."""
    run = load_run(list(planned.folders(f"portfolio{suffix}").values()), planned.axes.assets)
    (told,) = planned.folders(f"attribution{suffix}").values()
    (styled,) = planned.folders(f"style_attribution{suffix}").values()
    (risk,) = planned.folders(f"active_risk{suffix}").values()
    daily = pl.read_parquet(told / "daily.parquet")
    year = SESSIONS_PER_YEAR / daily.height
    out = {name: float(daily[name].sum()) * year for name in (*BRINSON, *BESIDE)}
    net = float(daily["excess_ret"].sum()) * year
    out |= {"excess_net": net, "excess_gross": net - out["cost"]}
    parts = pl.read_parquet(styled / "style_years.parquet").filter(year="all")
    styles = parts.filter(kind="style")
    out["styles"] = float(styles["excess"].sum()) * year
    out |= {
        name: float(parts.filter(kind="part", part=name)["excess"].sum()) * year for name in STYLED
    }
    out |= {f"style:{n}": v * year for n, v in styles.select("part", "excess").iter_rows()}
    expected = pl.read_parquet(risk / "yearly.parquet").filter(year="all").row(0, named=True)
    out["te_expected"] = expected["expected_tracking_error"]
    out["te_realised"] = expected["realised_tracking_error"]
    out["te_whole"] = float(daily["excess_ret"].std()) * SESSIONS_PER_YEAR**0.5  # type: ignore[arg-type]
    return out | traded(run) | {"autocorrelation": slowness(planned, suffix)}


def traded(run: PortfolioRun) -> dict[str, float]:
    """Turnover, holdings, and how much of the orders was blocked."""
    daily, ledger = run.ledger.daily, run.ledger
    rebalances = max(len(run.solutions), 1)
    orders = ledger.fills.height + ledger.blocked.height
    return {
        "turnover_rebalance": float(daily["turnover_one_sided"].sum()) / rebalances,
        "turnover_year": float(daily["turnover_one_sided"].mean()) * SESSIONS_PER_YEAR,  # type: ignore[arg-type]
        "blocked_share": ledger.blocked.height / max(orders, 1),
        "holdings": float(daily["n_holdings"].mean()),  # type: ignore[arg-type]
        "decisions": float(len(run.solutions)),
        "relaxed": float(sum(bool(one.relaxed) for one in run.solutions)),
    }


def show(found: dict[str, dict[str, float]]) -> None:
    """Tables of the figures: what came, by industries, by styles."""
    per_cent = 100.0
    blocks = (
        ("excess_gross", "cost", "excess_net", "te_expected", "te_realised", "te_whole",
         "turnover_rebalance", "turnover_year", "blocked_share", "autocorrelation"),
        (*BRINSON, *BESIDE, "excess_net"),
        ("styles", *STYLED, *BESIDE, "excess_net"),
        tuple(name for name in next(iter(found.values())) if name.startswith("style:")),
    )  # fmt: skip
    for names in blocks:
        print("| portfolio |", " | ".join(n.removeprefix("style:") for n in names), "|")
        print("|---" * (len(names) + 1) + "|")
        for portfolio, one in found.items():
            cells = [f"{per_cent * one.get(name, np.nan):.2f}" for name in names]
            print(f"| {portfolio} |", " | ".join(cells), "|")
        print()
    for portfolio, one in found.items():
        print(portfolio, {n: round(one[n], 1) for n in ("decisions", "relaxed", "holdings")})


def main() -> None:
    """Make every setting in turn, then print the tables and a last line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("INTRALPHA_REAL_DATA"))
    parser.add_argument("--keep", type=Path, help="folder where a run goes on")
    parser.add_argument("--only", nargs="*", help="settings; default: all")
    parser.add_argument("--quick", action="store_true", help="half a year, three settings")
    given = parser.parse_args()
    if given.data is None:
        print("RESULT today_net=nan")  # no folder of real data: nothing is measured
        return
    found = {}
    with tempfile.TemporaryDirectory() as there:
        keep = given.keep or Path(there)
        os.environ["INTRALPHA_REAL_DATA"] = str(given.data)
        os.environ["INTRALPHA_LAKES"] = str(keep / "lakes")
        wanted = given.only or (QUICK_ONLY if given.quick else settings())
        if unknown := sorted(set(wanted) - set(settings())):
            parser.error(f"no setting {', '.join(unknown)}; known are {', '.join(settings())}")
        changes = QUICK if given.quick else ()
        for name in wanted:
            since = perf_counter()
            found[name] = made(name, changes, keep / "runs")
            print(f"{name}: {perf_counter() - since:.0f} s", file=sys.stderr, flush=True)
    show(found)
    words = (f"{name}_net={100 * one['excess_net']:.2f}" for name, one in found.items())
    print("RESULT", *words)


if __name__ == "__main__":
    main()
