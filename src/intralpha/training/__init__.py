"""Objectives, the one fit loop, checkpoints, and seed ensembles over the folds of a schedule."""

from intralpha.training.fit import FitResult, TrainingDivergedError, TrainSpec, fit, predict
from intralpha.training.mse_bn import MseBnSpec
from intralpha.training.neg_ic import NegICSpec
from intralpha.training.objective import ObjectiveSpec
from intralpha.training.run_folds import Job, run_job, run_jobs, seed_mean, stack_in_time

__all__ = [
    "FitResult",
    "Job",
    "MseBnSpec",
    "NegICSpec",
    "ObjectiveSpec",
    "TrainSpec",
    "TrainingDivergedError",
    "fit",
    "predict",
    "run_job",
    "run_jobs",
    "seed_mean",
    "stack_in_time",
]
