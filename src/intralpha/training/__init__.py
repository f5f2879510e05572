"""Objectives, the one fit loop, weights that are kept, and jobs over folds and seeds."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.belonging import OtherTrainingError
    from intralpha.training.called import NetworkOutputError
    from intralpha.training.checkpoint import DamagedCheckpointError
    from intralpha.training.ensemble import ensemble
    from intralpha.training.fit import FitResult, TrainingDivergedError, TrainSpec, fit, predict
    from intralpha.training.fold import FoldJob, finished, predict_fold, train_fold
    from intralpha.training.losses.mse_bn import MseBnSpec
    from intralpha.training.losses.neg_ic import NegICSpec
    from intralpha.training.measurable import NothingToLearnError, UnmeasurableError
    from intralpha.training.network import Network, Seen, outputs_of, shapes_of
    from intralpha.training.objective import LossShapeError, ObjectiveSpec, Truth
    from intralpha.training.two_pass import NotApartError, backward
    from intralpha.training.weights import (
        NoWeightsError,
        OtherNetworkError,
        load_fitted,
        load_network,
        save_fitted,
        save_network,
    )

lazily(__name__)
