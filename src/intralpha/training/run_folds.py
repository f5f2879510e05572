"""All trainings of a schedule: folds and seeds, in one process or in several."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import torch

from intralpha.base import Panel
from intralpha.datasets import Fold, Samples
from intralpha.models import ModelSpec
from intralpha.training.fit import TrainSpec, fit, predict
from intralpha.training.objective import ObjectiveSpec


@dataclass(frozen=True, eq=False)
class Job:
    """One network to train: a fold and a seed.

    Attributes
    ----------
    load : makes the samples of the fold; called in the process that trains, so that large arrays
        are opened there (memory-mapped) and not sent
    folder : checkpoint and result of this job
    """

    fold: Fold
    seed: int
    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    load: Callable[[Fold], Samples]
    folder: Path


def run_job(job: Job) -> tuple[Panel, pl.DataFrame]:
    """Train and predict; a job that was finished before is read back.

    Returns
    -------
    scores : Panel [D, A, 1] on the predicted dates of the fold
    history : with the columns of the fit, and ``fold``, ``seed``, ``best_epoch``
    """
    scores, history = job.folder / "scores", job.folder / "history.parquet"
    if finished(job):
        return Panel.load(scores), pl.read_parquet(history)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    samples = job.load(job.fold)
    done = fit(
        job.model, job.objective, samples, job.fold, job.training, job.seed, job.folder / "state"
    )
    rows = done.history.with_columns(
        fold=pl.lit(job.fold.name), seed=pl.lit(job.seed), best_epoch=pl.lit(done.best_epoch)
    )
    if not scores.is_dir():
        predict(done.model, samples, job.fold.predict).save(scores)
    partial = job.folder / "history.partial"
    rows.write_parquet(partial)
    partial.replace(history)
    return Panel.load(scores), rows


def run_jobs(
    jobs: tuple[Job, ...], workers: int, watch: Callable[[int], None] | None = None
) -> tuple[list[Panel], pl.DataFrame]:
    """Run every job, in this process or in several; scores in the order of the jobs.

    Each job uses one thread, so the scores do not depend on ``workers``. Jobs finished before are
    read back without a process.
    """
    results = {i: run_job(job) for i, job in enumerate(jobs) if finished(job)}
    todo = [i for i in range(len(jobs)) if i not in results]
    for i, result in _run_all([jobs[i] for i in todo], min(workers, len(todo))):
        results[todo[i]] = result
        if watch is not None:
            watch(len(results))
    panels = [results[i][0] for i in range(len(jobs))]
    return panels, pl.concat(results[i][1] for i in range(len(jobs)))


def _run_all(jobs: list[Job], workers: int) -> Iterator[tuple[int, tuple[Panel, pl.DataFrame]]]:
    """Position and result of each job, as they finish."""
    if workers <= 1:
        threads = torch.get_num_threads()
        try:
            yield from ((i, run_job(job)) for i, job in enumerate(jobs))
        finally:
            torch.set_num_threads(threads)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(run_job, job): i for i, job in enumerate(jobs)}
        yield from ((futures[done], done.result()) for done in as_completed(futures))


def finished(job: Job) -> bool:
    """Whether the job's scores and history are there."""
    return (job.folder / "history.parquet").is_file() and (job.folder / "scores").is_dir()


def stack_in_time(parts: list[Panel]) -> Panel:
    """Join Panels of disjoint dates on the same assets into one, in time order."""
    ordered = sorted(parts, key=lambda p: p.dates[0])
    values = np.concatenate([p.values for p in ordered])
    dates = np.concatenate([p.dates for p in ordered])
    return Panel(values, dates, parts[0].assets, parts[0].names)


def seed_mean(panels: list[Panel]) -> Panel:
    """Mean over seeds of the daily population z-scores [Spec 14]; NaN where any seed has none."""
    total = np.zeros(panels[0].values.shape)
    for panel in panels:
        values = panel.values.astype(np.float64)
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / count
        centred = np.where(known, values - mean, 0)
        std = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
        total += np.where(known, centred / np.where(std > 0, std, 1), np.nan)
    first = panels[0]
    return Panel((total / len(panels)).astype(np.float32), first.dates, first.assets, first.names)
