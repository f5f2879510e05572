"""Objectives, the one fit loop, weights that are kept, and jobs over folds and seeds."""

from intralpha.training.belonging import OtherTrainingError
from intralpha.training.checkpoint import DamagedCheckpointError
from intralpha.training.ensemble import seed_mean, stack_in_time
from intralpha.training.fit import FitResult, TrainingDivergedError, TrainSpec, fit, predict
from intralpha.training.fold import FoldJob, finished, predict_fold, train_fold
from intralpha.training.jobs import run_jobs
from intralpha.training.measurable import NothingToLearnError, UnmeasurableError
from intralpha.training.mse_bn import MseBnSpec
from intralpha.training.neg_ic import NegICSpec
from intralpha.training.network import Network
from intralpha.training.objective import ObjectiveSpec
from intralpha.training.weights import (
    NoWeightsError,
    OtherNetworkError,
    load_fitted,
    load_network,
    save_fitted,
    save_network,
)

__all__ = [
    "DamagedCheckpointError",
    "FitResult",
    "FoldJob",
    "MseBnSpec",
    "NegICSpec",
    "Network",
    "NoWeightsError",
    "NothingToLearnError",
    "ObjectiveSpec",
    "OtherNetworkError",
    "OtherTrainingError",
    "TrainSpec",
    "TrainingDivergedError",
    "UnmeasurableError",
    "finished",
    "fit",
    "load_fitted",
    "load_network",
    "predict",
    "predict_fold",
    "run_jobs",
    "save_fitted",
    "save_network",
    "seed_mean",
    "stack_in_time",
    "train_fold",
]
