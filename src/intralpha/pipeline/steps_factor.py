"""Steps that make factors: features, labels, training, scores, the combined signal."""

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import Progress

from intralpha.base import ConfigError, Panel
from intralpha.combination import SingleSpec, WeightsSpec, combine
from intralpha.datasets import Loader
from intralpha.evaluation import zscore
from intralpha.features import build as build_features
from intralpha.pipeline.plan import Step, Workshop
from intralpha.pipeline.recipe import FactorSpec, Network, Recipe, RecipeError, ZScoreMean
from intralpha.training import (
    Job,
    finished,
    predict_fold,
    run_jobs,
    seed_mean,
    stack_in_time,
    train_fold,
)


class SignError(ConfigError):
    """The signs of a factor do not name its features."""

    def __init__(self, given: list[str], features: list[str]) -> None:
        self.given, self.features = given, features
        super().__init__(f"signs are given for {given}; the feature set has {features}.")


def factor_steps(recipe: Recipe, name: str, spec: FactorSpec) -> list[Step]:
    """All steps of one factor; the last one holds its scores."""
    features = Step(
        f"features/{name}",
        "features",
        "features",
        spec.features,
        ("axes",),
        partial(_make_features, name=name),
    )
    if isinstance(spec, ZScoreMean):
        make = partial(_make_zscore_mean, name=name)
        inputs = ("axes", features.name)
        return [features, Step(f"score/{name}", "score", "evaluation", spec, inputs, make)]
    label = Step(
        f"label/{name}",
        "label",
        "labels",
        (spec.label, recipe.grid),
        ("axes",),
        partial(_make_label, name=name),
    )
    score = Step(
        f"score/{name}",
        "score",
        "training",
        (spec, recipe.grid),
        ("axes", features.name, label.name),
        partial(_make_network_score, name=name),
    )
    return [features, label, score]


def signal_step(recipe: Recipe) -> Step:
    """The combined signal, or the only factor's score."""
    scores = tuple(f"score/{name}" for name in combined(recipe))
    spec = recipe.combination
    return Step("signal", "signal", "combination", spec, ("axes", *scores), _make_signal)


def combined(recipe: Recipe) -> tuple[str, ...]:
    """Names of the factors that the signal is made of."""
    spec = recipe.combination
    if isinstance(spec, WeightsSpec):
        wanted = tuple(spec.weights)
    elif isinstance(spec, SingleSpec):
        wanted = (spec.name or next(iter(recipe.factors)),)
    else:
        wanted = tuple(recipe.factors)
    missing = [name for name in wanted if name not in recipe.factors]
    if missing:
        raise RecipeError(
            "combination", [f"no factor {n} in {list(recipe.factors)}" for n in missing]
        )
    return wanted


def sample_dates(recipe: Recipe, dates: np.ndarray) -> np.ndarray:
    """The grid of samples and tests."""
    return recipe.grid.dates(dates)


def _make_features(shop: Workshop, folder: Path, name: str) -> None:
    axes = shop.panel("axes")
    features = build_features(shop.recipe.factors[name].features)
    features.compute(shop.lake, axes.dates, axes.assets).save(folder / "panel")


def _make_label(shop: Workshop, folder: Path, name: str) -> None:
    axes = shop.panel("axes")
    spec = shop.recipe.factors[name]
    assert isinstance(spec, Network)
    dates = sample_dates(shop.recipe, axes.dates)
    mask = axes.at(dates)
    tested = (mask["universe"] > 0) & (mask["fwd_buyable"] > 0)
    spec.label.compute(shop.lake, dates, axes.assets, tested).save(folder / "panel")


def _make_zscore_mean(shop: Workshop, folder: Path, name: str) -> None:
    """Mean of signed z-scores on the grid, over the universe."""
    axes, panel = shop.panel("axes"), shop.panel(f"features/{name}")
    spec = shop.recipe.factors[name]
    assert isinstance(spec, ZScoreMean)
    if not set(spec.signs) <= set(panel.names):
        raise SignError(sorted(spec.signs), list(panel.names))
    dates = sample_dates(shop.recipe, axes.dates)
    masks = axes.at(dates)
    inside = masks["universe"] > 0
    if spec.fwd_over_tested:
        inside &= masks["fwd_buyable"] > 0
    values = panel.at(dates)
    parts = [
        zscore(sign * values[feature].astype(np.float64), inside, spec.clip)
        for feature, sign in spec.signs.items()
    ]
    score = np.mean(parts, axis=0)[:, :, None]
    Panel(score, dates, axes.assets, ("score",)).save(folder / "panel")


def _make_network_score(shop: Workshop, folder: Path, name: str) -> None:
    """Train every fold and seed, predict, and average the seeds."""
    spec = shop.recipe.factors[name]
    assert isinstance(spec, Network)
    axes = shop.panel("axes")
    work = shop.work_folder(f"score/{name}")
    loader = _loader(shop, name, spec, work)
    dates = sample_dates(shop.recipe, axes.dates)
    dates = dates[np.searchsorted(axes.dates, dates) >= spec.window_days - 1]
    made = spec.schedule.folds(axes.dates, dates, spec.label.offset)
    jobs = tuple(
        Job(
            fold,
            seed,
            spec.model,
            spec.objective,
            spec.training,
            loader,
            work / f"{fold.name}-seed{seed}",
        )
        for fold in made
        for seed in spec.seeds
    )
    bar = Progress(console=Console(stderr=True), disable=not shop.show_progress, transient=True)
    with bar:
        task = bar.add_task(f"training {name}", total=len(jobs))
        todo = [partial(_train_and_score, job) for job in jobs if not _scored(job)]
        run_jobs(todo, shop.recipe.workers, lambda done: bar.update(task, completed=done))
    panels = [Panel.load(job.folder / "scores") for job in jobs]
    history = pl.concat(pl.read_parquet(job.folder / "history.parquet") for job in jobs)
    count = len(spec.seeds)
    parts = [seed_mean(panels[i : i + count]) for i in range(0, len(panels), count)]
    stack_in_time(parts).save(folder / "panel")
    history.write_parquet(folder / "history.parquet")


def _loader(shop: Workshop, name: str, spec: Network, work: Path) -> Loader:
    """Transforms that learn nothing are done once for all folds."""
    return Loader(
        features=shop.artifact(f"features/{name}").path / "panel",
        masks=shop.artifact("axes").path / "panel",
        transform=spec.transform,
        window_days=spec.window_days,
        step=spec.step,
        label=shop.artifact(f"label/{name}").path / "panel",
    ).once(work / "transformed")


def _train_and_score(job: Job) -> None:
    train_fold(job)
    if not _scored(job):
        predict_fold(job.folder, job.model, job.load, job.fold.predict).save(job.folder / "scores")


def _scored(job: Job) -> bool:
    return finished(job) and (job.folder / "scores").is_dir()


def _make_signal(shop: Workshop, folder: Path) -> None:
    axes = shop.panel("axes")
    scores = {name: shop.panel(f"score/{name}") for name in combined(shop.recipe)}
    common = np.unique(np.concatenate([p.dates for p in scores.values()]))
    aligned = {name: p.reindex(common, axes.assets) for name, p in scores.items()}
    inside = axes.at(common)["universe"] > 0
    combine(aligned, shop.recipe.combination, inside).save(folder / "panel")
