"""Objectives, the one fit loop, checkpoints, and seed ensembles over the folds of a schedule."""

from intralpha.training.fit import FitResult, TrainingDivergedError, TrainSpec, fit, predict
from intralpha.training.objectives import ObjectiveSpec, objective_value
from intralpha.training.run_folds import Job, run_job, run_jobs, seed_mean, stack_in_time

__all__ = [
    "FitResult",
    "Job",
    "ObjectiveSpec",
    "TrainSpec",
    "TrainingDivergedError",
    "fit",
    "objective_value",
    "predict",
    "run_job",
    "run_jobs",
    "seed_mean",
    "stack_in_time",
]
