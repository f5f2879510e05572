"""Networks of half a year each, of which some are kept, beside one trained anew every ten days.

    python benchmarks/sample_blocks.py                    three simulated markets of 100 stocks
    python benchmarks/sample_blocks.py --runs FOLDER      the same; a run that was stopped goes on
    python benchmarks/sample_blocks.py --seeds 2,3        other markets
    python benchmarks/sample_blocks.py --quick            one market of 60 stocks, short blocks

The simulated market has a regime of its own every calendar year: what a signal pays and where it
shows. RankIC of returns over the next five days, with its standard error over test dates five
sessions apart, so that returns do not overlap; as a share of what the oracle reaches on the same
dates; and the difference to the rolling network, date by date. Beside the blocks that the rules
keep stand all whose ICIR is above 0 (``above 0``) and the best alone (``best one``), for a mean of
several networks is better than one of them. Of all dates, of the half-years after a change of the
year (January to June) and of those before one (July to December).

Then, what tells how a block will do: its ICIR on the sessions after it that stop its training, or
that of a cross-validation inside the block; each beside the ICIR of what came after both.
"""

import argparse
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
import torch

from intralpha import pipeline
from intralpha.datasets import CutSpec, Fold, Loader
from intralpha.evaluation import average_ranks, rank_ic, summarise
from intralpha.factors import SampleBlocks
from intralpha.pipeline.run import ingested
from intralpha.training import FoldJob, train_fold
from intralpha.training.measurable import mean_label

RECIPE = Path(__file__).parents[1] / "recipes" / "sample_blocks.yaml"
SEEDS = (2, 3, 4)
SOURCE = (
    "{{kind: simulated, n_assets: {stocks}, start: 2022-01-04, end: {end}, seed: {seed}, freq: 30}}"
)
ROLLING_SINCE = "2022-12-01"  # it needs 131 sessions before the first test date
BEST_ONE = "factors.blocks.select={at_most: 1, at_least: 1}"
ABOVE_0 = "factors.blocks.select={min_stability: 0, max_correlation: 1, at_most: 99}"
QUICK = (
    "factors.blocks.blocks={first: 2022-01-01, every_months: 3, train_days: 60, stop_days: 30}",
    "factors.NAME.seeds=[0]",
    "factors.NAME.training.max_epochs=1",
    "test.start=2022-10-10",
    "test.grid.anchor=2022-10-10",
)
QUICK_ROLLING = (
    "factors.rolling.schedule={kind: rolling, train_days: 60, valid_days: 5, step_days: 60}"
)
FOLDS = 4  # of the cross-validation
LEAST_AHEAD = 40  # dates after a block that its ICIR is measured on
PARTS = ("all", "after a change", "before a change")


@dataclass(frozen=True)
class Found:
    """What a market showed.

    Attributes
    ----------
    rank_ic : name -> RankIC on each test date, with the oracle's
    dates : datetime64[D], those that all of them have
    blocks : rows of (ICIR of stopping, ICIR of the cross-validation, ICIR afterwards)
    kept : rows of (decision, blocks trained, blocks kept)
    """

    rank_ic: dict[str, np.ndarray]
    dates: np.ndarray
    blocks: np.ndarray
    kept: pl.DataFrame


def changes(seed: int, folder: Path, quick: bool, name: str) -> tuple[str, ...]:
    """Settings of a market and one factor.

    Parameters
    ----------
    seed : of the market
    folder : of the lakes
    quick : less of everything
    name : of the factor
    """
    stocks, end = (60, "2023-03-31") if quick else (100, "2025-06-30")
    other = "rolling" if name == "blocks" else "blocks"
    said = [f"data.sources=[{SOURCE.format(stocks=stocks, end=end, seed=seed)}]"]
    said += [f"data.lake={folder}/lake-{seed}", f"factors.{other}=null", f"combination.name={name}"]
    short = [s.replace("NAME", name) for s in QUICK if "blocks.blocks" not in s or name == "blocks"]
    short += [QUICK_ROLLING] if name == "rolling" else []
    since = [f"data.start={ROLLING_SINCE}"] if name == "rolling" and not quick else []
    return (*said, *since, *(short if quick else ()))


def series(said: tuple[str, ...], runs: Path) -> tuple[pipeline.Plan, dict[str, pl.DataFrame]]:
    """A run, and the tests of its factor and of the oracle."""
    planned = pipeline.plan(pipeline.load_recipe(RECIPE, said), runs)
    result = pipeline.execute(planned, show_progress=False)
    for problem in result.problems:
        raise problem
    planned = ingested(pipeline.plan(pipeline.load_recipe(RECIPE, said), runs), False)
    return planned, {f.name: f.series.select("date", "rank_ic") for f in result.factors}


def market(seed: int, folder: Path, quick: bool) -> Found:
    """Everything that is measured on one market.

    Parameters
    ----------
    seed : of the market
    folder : of lakes and runs
    quick : less of everything
    """
    runs, said = folder / "runs", changes(seed, folder, quick, "blocks")
    planned, found = series(said, runs)
    tests = {"blocks": found["blocks"], "oracle": found["oracle"]}
    tests["above 0"] = series((*said, ABOVE_0), runs)[1]["blocks"]
    tests["best one"] = series((*said, BEST_ONE), runs)[1]["blocks"]
    tests["rolling"] = series(changes(seed, folder, quick, "rolling"), runs)[1]["rolling"]
    joined = None
    for name, frame in tests.items():
        part = frame.rename({"rank_ic": name})
        joined = part if joined is None else joined.join(part, on="date")
    assert joined is not None
    joined = joined.drop_nulls().sort("date")
    decided = [
        pl.read_parquet(p / "candidates.parquet")
        for p in planned.folders("selected/blocks").values()
    ]
    kept = pl.concat(decided).group_by("decision", maintain_order=True)
    counts = kept.agg(trained=pl.len(), kept=pl.col("kept").sum())
    blocks = np.array(list(predictors(planned, folder / f"cross-{seed}")))
    dates = joined["date"].to_numpy().astype("datetime64[D]")
    return Found({n: joined[n].to_numpy() for n in tests}, dates, blocks.reshape(-1, 3), counts)


def predictors(planned: pipeline.Plan, folder: Path) -> Iterator[tuple[float, float, float]]:
    """Of every block with enough dates after it: what was known of it, and what came.

    Parameters
    ----------
    planned : with the factor ``blocks``, executed
    folder : takes the trainings of the cross-validation
    """
    spec = planned.recipe.factors["blocks"]
    assert isinstance(spec, SampleBlocks)
    label = planned.panel("label/blocks")
    for name in ("seen/blocks", "universe", "label/blocks"):
        shutil.rmtree(folder / name, ignore_errors=True)  # of a run that was stopped
        planned.panel(name).save(folder / name)
    cut = CutSpec(window_days=spec.views["x"].window_days, step=spec.views["x"].step)
    load = Loader.of(
        folder / "seen/blocks", folder / "universe", folder / "label/blocks", None, cut
    )
    weights = planned.folders("weights/blocks")
    for fold in planned.folds["blocks"]:
        said = planned.panel(f"block/blocks.{fold.name}")
        days = said.dates[np.isin(said.dates, label.dates)]
        fwd = mean_label(label.at(days).values)
        after = rank_ic(said.at(days)["score"].astype(np.float64), fwd)
        if np.isfinite(after).sum() < LEAST_AHEAD:
            continue
        own = [path for name, path in weights.items() if name.startswith(fold.name)]
        stop = np.mean([best(path) for path in own])
        inside = []
        for part in parts_of(fold, label.dates, spec.offset):
            place = folder / "folds" / part.name
            train_fold(FoldJob(part, 0, spec.model, spec.objective, spec.training, load, place))
            inside.append(best(place))
        yield float(stop), float(np.mean(inside)), float(summarise(after).icir)


def best(folder: Path) -> float:
    """ICIR of the epoch that a training kept."""
    history = pl.read_parquet(folder / "history.parquet")
    return float(history.filter(pl.col("epoch") == pl.col("best_epoch"))["valid_icir"][0])


def parts_of(fold: Fold, sessions: np.ndarray, offset: int) -> Iterator[Fold]:
    """A block's own dates in parts, each judged by a network of the others, purged on both sides.

    Parameters
    ----------
    fold : the block
    sessions : datetime64[D], every session: the recipe's samples
    offset : sessions that a label reaches
    """
    place = np.searchsorted(sessions, fold.train)
    for number, at in enumerate(np.array_split(np.arange(len(place)), FOLDS)):
        away = (place < place[at[0]] - offset) | (place > place[at[-1]] + offset)
        yield Fold(f"{fold.name}-part{number}", fold.train[away], fold.train[at], fold.train[:0])


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error over the dates that have a value."""
    known = values[np.isfinite(values)]
    return float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))


def inside(dates: np.ndarray, part: str) -> np.ndarray:
    """Whether dates lie in a part of the years."""
    first_half = dates.astype("datetime64[M]").astype(int) % 12 < 6
    return {"all": np.ones(len(dates), bool), PARTS[1]: first_half, PARTS[2]: ~first_half}[part]


def tell(title: str, found: list[Found]) -> dict[str, float]:
    """Rows of a table, the dates of several markets together; returns shares of the oracle's."""
    shares = {}
    for part in PARTS:
        taken = [inside(one.dates, part) for one in found]
        if not any(mask.any() for mask in taken):
            continue
        of = {
            name: np.concatenate(
                [one.rank_ic[name][m] for one, m in zip(found, taken, strict=True)]
            )
            for name in found[0].rank_ic
        }
        best_mean = mean_and_error(of["oracle"])[0]
        for name, values in of.items():
            mean, error = mean_and_error(values)
            more, of_it = mean_and_error(values - of["rolling"])
            beside = f"{more:+.4f} +- {of_it:.4f}" if name not in ("rolling", "oracle") else ""
            row = f"{title:10}{part:16}{name:12}{len(values):5}{mean:9.4f} +- {error:.4f}"
            print(f"{row}{mean / best_mean:8.1%}   {beside}", flush=True)
            shares[f"{part}, {name}"] = mean / best_mean
    return shares


def correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Pearson's and Spearman's correlation; NaN for fewer than three."""
    if len(x) < 3:
        return np.nan, np.nan
    ranks = average_ranks(np.stack([x, y]))
    return float(np.corrcoef(x, y)[0, 1]), float(np.corrcoef(ranks)[0, 1])


def tell_predictors(found: list[Found]) -> tuple[float, float]:
    """How the two ICIRs that are known early go with what came; markets less their means."""
    rows = np.concatenate(
        [one.blocks - one.blocks.mean(axis=0) for one in found if len(one.blocks)]
    )
    print(f"\n{len(rows)} blocks with at least {LEAST_AHEAD} dates after the stop interval")
    out = []
    for at, name in enumerate(("ICIR of the stop interval", f"ICIR of {FOLDS}-fold validation")):
        pearson, spearman = correlation(rows[:, at], rows[:, 2])
        print(f"{name:28} with the ICIR after: Pearson {pearson:+.2f}, Spearman {spearman:+.2f}")
        out.append(spearman)
    means = np.concatenate([one.blocks for one in found]).mean(axis=0)
    print("means: stop {:.3f}, cross-validation {:.3f}, after {:.3f}".format(*means))
    return out[0], out[1]


def main() -> None:
    """Markets one after another, then all together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    parser.add_argument("--runs", type=Path, help="keeps lakes and what was trained")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="of the markets")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, {os.cpu_count()} cores, one thread")
    print(
        f"{'market':10}{'part':16}{'':12}{'dates':>5}{'RankIC':>19}{'of oracle':>9}   minus rolling"
    )
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.runs or Path(scratch)).absolute()
        for seed in [int(word) for word in given.seeds.split(",")][: 1 if given.quick else None]:
            started = process_time()
            found.append(market(seed, folder, given.quick))
            tell(f"seed {seed}", found[-1:])
            print(f"{process_time() - started:.0f} s of the CPU; blocks trained and kept: ", end="")
            print(", ".join(f"{d} {n} {k}" for d, n, k in found[-1].kept.iter_rows()), flush=True)
    shares = tell("together", found)
    stop, cross = tell_predictors(found)
    names = ("blocks", "above 0", "best one", "rolling")
    said = " ".join(f"{n.replace(' ', '_')}_share={shares[f'all, {n}']:.3f}" for n in names)
    print(f"RESULT {said} stop_to_after={stop:.2f} cross_to_after={cross:.2f}")


if __name__ == "__main__":
    main()
