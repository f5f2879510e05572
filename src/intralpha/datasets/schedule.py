"""ScheduleSpec: which dates train, which validate, which are predicted; one kind a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import dropwhile

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import ConfigError, Kinded, Spec
from intralpha.labels import purge


class NoFoldError(ConfigError):
    """A schedule leaves nothing to train on or to predict."""

    def __init__(self, spec: Spec, samples: Shaped[ndarray, "D"]) -> None:
        self.spec, self.n_samples = spec, len(samples)
        span = f"{len(samples)} sample dates" + (
            f" between {samples[0]} and {samples[-1]}" if len(samples) else ""
        )
        super().__init__(
            f"schedule {spec} makes no fold from {span}.\n"
            "Hint: shorten the training window, or use more data."
        )


class LongWindowError(ConfigError):
    """No sample date has a whole window before it."""

    def __init__(self, window_days: int, n_sessions: int) -> None:
        self.window_days, self.n_sessions = window_days, n_sessions
        super().__init__(
            f"a window spans {window_days} sessions; there are {n_sessions}, and no sample date "
            "has as many up to it.\n"
            "Hint: a smaller window_days, of which each counts `every` sessions, or more data."
        )


class EmptyFoldError(ConfigError):
    """A fold in the middle of a schedule has nothing to train on, so its dates would be lost."""

    def __init__(self, name: str, n_train: int, n_valid: int) -> None:
        self.name, self.n_train, self.n_valid = name, n_train, n_valid
        super().__init__(
            f"the fold that predicts from {name} has {n_train} training and {n_valid} validation "
            "dates after purging; both must be positive in every fold after the first.\n"
            "Hint: lengthen the training or validation window, or sample more often."
        )


@dataclass(frozen=True, eq=False)
class Fold:
    """One training.

    Parameters
    ----------
    name : first predicted date
    train, valid, predict : datetime64[D], sample dates, ascending
    """

    name: str
    train: Shaped[ndarray, " n_train"]
    valid: Shaped[ndarray, " n_valid"]
    predict: Shaped[ndarray, " n_predict"]

    @property
    def trainable(self) -> bool:
        """Whether there is something to train on and something to validate on."""
        return len(self.train) > 0 and len(self.valid) > 0


class ScheduleSpec(Kinded):
    """When a network is trained again, and on which past."""

    homes = ("intralpha.datasets",)

    def folds(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        grid_dates: Shaped[ndarray, " n_grid"],
        label_offset: int,
    ) -> tuple[Fold, ...]:
        """Every training of the schedule, purged: no label window reaches the block after it.

        Parameters
        ----------
        sessions : datetime64[D], all sessions, ascending
        grid_dates : datetime64[D], sample dates, a subset of the sessions, ascending
        label_offset : sessions from a sample date to the last price of its label

        Returns
        -------
        tuple of Fold, in time order
            Predicted dates are disjoint and, from the first on, without a gap. Folds at the
            beginning that lack training or validation dates are left out. Later sessions change
            no fold but the last, which is predicted further and trained as before.

        Raises
        ------
        NoFoldError
            No fold is left.
        EmptyFoldError
            A later fold lacks training or validation dates.
        """
        raise NotImplementedError


def with_window(
    samples: Shaped[ndarray, " n_samples"],
    sessions: Shaped[ndarray, " n_sessions"],
    window_days: int,
) -> Shaped[ndarray, " n_kept"]:
    """Those sample dates that have a whole window of sessions up to and with them.

    Parameters
    ----------
    samples : datetime64[D], sessions among ``sessions``
    sessions : datetime64[D], ascending
    window_days : sessions in a window
    """
    return samples[np.searchsorted(sessions, samples) >= window_days - 1]


def purged_fold(
    past: Shaped[ndarray, " n_past"],
    valid_start: np.datetime64,
    predict: Shaped[ndarray, " n_predict"],
    sessions: Shaped[ndarray, " n_sessions"],
    label_offset: int,
) -> Fold:
    """Split the samples before a predicted block in two, and purge both parts.

    Parameters
    ----------
    past : datetime64[D], sample dates before the block
    valid_start : first date of validation
    predict : datetime64[D], the block, at least one date
    sessions : datetime64[D], all sessions
    label_offset : sessions from a sample date to the last price of its label
    """
    past = past[purge(past, predict[0], label_offset, sessions)]
    train, valid = past[past < valid_start], past[past >= valid_start]
    if len(valid):
        train = train[purge(train, valid[0], label_offset, sessions)]
    return Fold(str(predict[0]), train, valid, predict)


def usable(
    spec: ScheduleSpec, made: Iterable[Fold], samples: Shaped[ndarray, "D"]
) -> tuple[Fold, ...]:
    """The folds from the first that can be trained on.

    Parameters
    ----------
    spec : the schedule that made them
    made : folds in time order
    samples : datetime64[D], the sample dates they were made from

    Raises
    ------
    NoFoldError
        No fold is left.
    EmptyFoldError
        A later fold lacks training or validation dates.
    """
    kept = tuple(dropwhile(lambda fold: not fold.trainable, made))
    if not kept:
        raise NoFoldError(spec, samples)
    for fold in kept:
        if not fold.trainable:
            raise EmptyFoldError(fold.name, len(fold.train), len(fold.valid))
    return kept
