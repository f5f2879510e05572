"""Objectives, the one fit loop, weights that are kept, and jobs over folds and seeds."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.average import Average, AverageSpec
    from intralpha.training.belonging import OtherTrainingError
    from intralpha.training.called import NetworkOutputError
    from intralpha.training.checkpoint import DamagedCheckpointError
    from intralpha.training.device import NoDeviceError, chosen_device
    from intralpha.training.diverged import TrainingDivergedError
    from intralpha.training.ensemble import ensemble
    from intralpha.training.fit import FitResult, fit
    from intralpha.training.fold import FoldJob, finished, predict_fold, train_fold
    from intralpha.training.live import Running, outcome_told, watched
    from intralpha.training.losses.mse_bn import MseBnSpec
    from intralpha.training.losses.neg_ic import NegICSpec
    from intralpha.training.measurable import NothingToLearnError, UnmeasurableError
    from intralpha.training.metric import MetricSpec
    from intralpha.training.network import Network, Seen, outputs_of, shapes_of
    from intralpha.training.objective import LossShapeError, ObjectiveSpec, Truth
    from intralpha.training.optimiser import OptimiserSpec
    from intralpha.training.predict import predict
    from intralpha.training.rate import RateSpec
    from intralpha.training.selection import SelectSpec
    from intralpha.training.spread import seed_spread
    from intralpha.training.train_spec import TrainSpec
    from intralpha.training.two_pass import NotApartError, backward
    from intralpha.training.validation import Validation
    from intralpha.training.weights import (
        NoWeightsError,
        OtherNetworkError,
        load_fitted,
        load_network,
        save_fitted,
        save_network,
    )

lazily(__name__)
