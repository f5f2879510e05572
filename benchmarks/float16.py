"""What a network sees as float16 beside float32: errors, scores, bytes, and windows a second.

    python benchmarks/float16.py                  three simulated markets, windows of 20 x 24 x 64
    python benchmarks/float16.py --runs FOLDER    the same; a run that was stopped goes on
    python benchmarks/float16.py --quick          one small market, few windows, about a minute

On each market the network of `recipes/demo.yaml` is trained twice, on the same features, `kept` as
float32 and as float16. Relative errors are those of values that are not 0; scores are compared by
their rank correlation on each date, and the RankIC date by date, with standard errors over test
dates that are as far apart as the returns are long. Beside it stands what another seed of the
network changes: its first two seeds, each alone, both float32. Bytes are those of the store's
files.

Then windows of 20 days, 24 bars and 64 features of 5,000 stocks are cut by the trainer's own
batches, and cut and trained on by a GRU of 30 units, in turns: one thread, CPU time, the best of
seven and of three.
"""

import argparse
import os
import platform
import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from common.feeds import Size, drained, make_samples
from common.trained import HIDDEN, Training, network_of, pooled, rate

from intralpha import pipeline
from intralpha.base.half import HalfPanel, halved
from intralpha.datasets import Samples
from intralpha.evaluation import rank_ic, summarise
from intralpha.models import GRUSpec
from intralpha.pipeline.run import ingested

RECIPE = Path(__file__).parents[1] / "recipes" / "demo.yaml"
SEEDS = (2, 3, 4)
NAME = "gru_bars"
ALWAYS = (
    "portfolio=null",
    "factors.equal_weight=null",
    f"combination={{kind: single, name: {NAME}}}",
    "test.start=null",
    "test.horizons=[[1, 6]]",
    "workers=1",
)
QUICK = (
    f"factors.{NAME}.training.max_epochs=2",
    f"factors.{NAME}.schedule={{kind: rolling, train_days: 60, valid_days: 20, step_days: 80}}",
)


@dataclass(frozen=True)
class Found:
    """What a market showed.

    Attributes
    ----------
    median, most : relative error of what is not 0
    lost : numbers that became 0
    wide, narrow : RankIC on each test date, float32 and float16
    alike, seeds : rank correlation of their scores on each date, and of two seeds of float32
    seed_gap : RankIC of the first seed less that of the second, on each date
    bytes_wide, bytes_narrow : of the files
    """

    median: float
    most: float
    lost: int
    wide: np.ndarray
    narrow: np.ndarray
    alike: np.ndarray
    seeds: np.ndarray
    seed_gap: np.ndarray
    bytes_wide: int
    bytes_narrow: int


def run_of(seed: int, folder: Path, quick: bool, kept: str) -> pipeline.Plan:
    """A market and its network, trained."""
    stocks, end = (60, "2023-09-28") if quick else (150, "2024-06-28")
    source = (
        f"{{kind: simulated, n_assets: {stocks}, start: 2023-01-03, end: {end}, seed: {seed}, "
        "freq: 30, habits: {orders_per_day: 150}}"
    )
    said = (
        *ALWAYS,
        *(QUICK if quick else ()),
        f"data.sources=[{source}]",
        f"data.lake={folder}/lake-{seed}",
        f"factors.{NAME}.kept={kept}",
    )
    recipe = pipeline.load_recipe(RECIPE, said)
    for problem in pipeline.execute(pipeline.plan(recipe, folder / "runs"), False).problems:
        raise problem
    return ingested(pipeline.plan(recipe, folder / "runs"), False)


def market(seed: int, folder: Path, quick: bool) -> Found:
    """Everything that is measured on one market."""
    one, other = (run_of(seed, folder, quick, kept) for kept in ("float32", "float16"))
    exact, near = (planned.panel(f"seen/{NAME}").values for planned in (one, other))
    told = np.isfinite(exact) & (exact != 0)
    errors = np.abs(near[told].astype(np.float64) / exact[told] - 1)
    outputs, rounded = (planned.panel(f"outputs/{NAME}") for planned in (one, other))
    first, second = [n for n in outputs.names if n != "score"][:2]
    fwd = one.panel("forward").at(outputs.dates).values[:, :, 0].astype(np.float64)
    ics = {n: rank_ic(outputs[n].astype(np.float64), fwd) for n in ("score", first, second)}
    return Found(
        float(np.median(errors)),
        float(errors.max()),
        int(((near == 0) & told).sum()),
        ics["score"],
        rank_ic(rounded["score"].astype(np.float64), fwd),
        rank_ic(rounded["score"].astype(np.float64), outputs["score"].astype(np.float64)),
        rank_ic(outputs[first].astype(np.float64), outputs[second].astype(np.float64)),
        ics[first] - ics[second],
        filed(one),
        filed(other),
    )


def filed(planned: pipeline.Plan) -> int:
    """Bytes of what the network sees, in the store."""
    keys = planned.addresses[f"seen/{NAME}"].values()
    return sum(planned.store.size("seen", key) for key in keys)


def with_error(values: np.ndarray) -> str:
    """Mean over dates and its standard error."""
    known = values[np.isfinite(values)]
    return f"{known.mean():+.5f} +- {known.std(ddof=1) / np.sqrt(len(known)):.5f}"


def tell(name: str, one: Found) -> None:
    """A row of the table."""
    print(
        f"{name:10}{one.median:10.2e}{one.most:10.2e}{one.lost:6}{len(one.wide):6}"
        f"   {with_error(one.wide)}   {with_error(one.narrow - one.wide)}"
        f"   {np.nanmean(one.alike):.5f}   {with_error(one.seed_gap)}   {np.nanmean(one.seeds):.3f}"
        f"{one.bytes_narrow / one.bytes_wide:9.3f}",
        flush=True,
    )


def together(found: list[Found]) -> Found:
    """Dates of all markets one after another."""
    series = ("wide", "narrow", "alike", "seeds", "seed_gap")
    joined = {n: np.concatenate([getattr(one, n) for one in found]) for n in series}
    sums = {
        n: sum(getattr(one, n) for one in found) for n in ("lost", "bytes_wide", "bytes_narrow")
    }
    median = float(np.mean([one.median for one in found]))
    return Found(median, max(one.most for one in found), **joined, **sums)


def as_half(samples: Samples) -> Samples:
    """The same samples with their features as float16."""
    window = samples.windows["x"]
    panel = window.panel
    halves = np.empty(panel.values.shape, np.float16)  # type: ignore[union-attr]
    exponents_DF = np.empty((len(panel.dates), len(panel.names)), np.int16)
    for day, values in enumerate(panel.values):  # type: ignore[union-attr]
        halves[day], exponents_DF[day], _ = halved(values)
    half = HalfPanel(halves, exponents_DF, panel.dates, panel.assets, panel.names, panel.times)
    return replace(samples, windows={"x": replace(window, panel=half)})


def speeds(quick: bool) -> dict[str, float]:
    """Windows a second, cut alone and cut and trained on; both forms take turns."""
    size = Size(500 if quick else 5_000, 2, 20, 24, 64, 500 if quick else 5_000)
    wide = make_samples(size)
    forms = {"float32": wide, "float16": as_half(wide)}
    trainings = {n: Training(network_of(GRUSpec(hidden=HIDDEN), size), s) for n, s in forms.items()}
    for name, samples in forms.items():
        trainings[name].epoch(islice(pooled(samples, size), 1))
    count, out = size.stocks * size.dates, dict[str, float]()
    for again in range(3 if quick else 7):
        for name, samples in forms.items():
            work = {"cut": lambda s=samples: drained((b.x, b.y) for b in pooled(s, size))}
            if again < 3:
                work["epoch"] = lambda s=samples, n=name: trainings[n].epoch(pooled(s, size))
            for what, once in work.items():
                key = f"{what} {name}"
                out[key] = max(out.get(key, 0.0), rate(once, count, 1))
    for name, samples in forms.items():
        panel = samples.windows["x"].panel
        held = panel.halves if isinstance(panel, HalfPanel) else panel.values
        print(
            f"{name}: {held.nbytes / 1e6:,.0f} MB, cut {out[f'cut {name}']:,.0f} windows/s, "
            f"epoch {out[f'epoch {name}']:,.0f} windows/s",
            flush=True,
        )
    return out


def main() -> None:
    """Markets, then windows, then a line of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, about a minute")
    parser.add_argument("--runs", type=Path, help="keeps lakes and what was trained")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, {os.cpu_count()} cores, one thread, torch {torch.__version__}")
    print(
        f"{'market':10}{'median':>10}{'largest':>10}{'to 0':>6}{'dates':>6}   "
        f"{'RankIC of float32':21}   {'float16 less float32':21}   {'alike':7}   "
        f"{'seed less seed':21}   {'seeds':5}{'bytes':>9}"
    )
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.runs or Path(scratch)).absolute()
        for seed in SEEDS[: 1 if given.quick else None]:
            found.append(market(seed, folder, given.quick))
            tell(f"seed {seed}", found[-1])
    whole = together(found)
    tell("together", whole)
    speed = speeds(given.quick)
    gap = whole.narrow - whole.wide
    print(
        f"RESULT largest_error={whole.most:.2e} rank_ic_change={np.nanmean(gap):+.5f} "
        f"rank_ic_change_se={summarise(gap).std / np.sqrt(np.isfinite(gap).sum()):.5f} "
        f"score_correlation={np.nanmean(whole.alike):.5f} "
        f"bytes={whole.bytes_narrow / whole.bytes_wide:.3f} "
        f"x_cut={speed['cut float16'] / speed['cut float32']:.2f} "
        f"x_epoch={speed['epoch float16'] / speed['epoch float32']:.2f}"
    )


if __name__ == "__main__":
    main()
