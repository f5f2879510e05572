"""ScheduleSpec: which dates train, which validate, which are predicted; one kind a file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import ConfigError, Kinded, Spec
from intralpha.base.panel import as_days
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
            "Hint: shorten what the schedule trains and validates on, or use more data. Sample "
            "dates are those with a whole window of features before them."
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
    name : first session of the block it predicts, a predicted date or not
    train, valid : datetime64[D], sample dates, ascending
    predict : datetime64[D], dates on which scores are asked for, ascending
    """

    name: str
    train: Shaped[ndarray, " n_train"]
    valid: Shaped[ndarray, " n_valid"]
    predict: Shaped[ndarray, " n_predict"]

    @property
    def trainable(self) -> bool:
        """Whether there is something to train on and something to validate on."""
        return len(self.train) > 0 and len(self.valid) > 0


@dataclass(frozen=True)
class Block:
    """Sessions that one training predicts, and how the past before them is split.

    Parameters
    ----------
    begins : first session predicted; no label of training or validation reaches it
    ends : first date that is predicted no more; None: all to come
    since : first date that may train; None: the first there is
    valid : first date of validation; or a share of the purged past, its last part, at least one
        date of it
    """

    begins: np.datetime64
    ends: np.datetime64 | None
    since: np.datetime64 | None
    valid: np.datetime64 | float


class ScheduleSpec(Kinded):
    """When a network is trained again, and on which past."""

    homes = ("intralpha.datasets",)

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """The blocks of sessions that one training each predicts.

        Parameters
        ----------
        sessions : datetime64[D], all sessions, ascending, at least one
        label_offset : sessions from a sample date to the last price of its label

        Yields
        ------
        Block
            In time order, disjoint and without a gap between them; the last may begin after the
            last session. Later sessions add blocks, and change none but by an end that was not
            known.
        """
        raise NotImplementedError

    def folds(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        samples: Shaped[ndarray, " n_samples"],
        label_offset: int,
        scored: Shaped[ndarray, " n_scored"] | None = None,
    ) -> tuple[Fold, ...]:
        """Every training of the schedule, purged: no label window reaches the block after it.

        Parameters
        ----------
        sessions : datetime64[D], all sessions, ascending
        samples : datetime64[D], dates that may train and validate, sessions, ascending
        label_offset : sessions from a sample date to the last price of its label
        scored : datetime64[D], dates that are predicted, sessions, ascending; default: ``samples``

        Returns
        -------
        tuple of Fold, in time order
            Predicted dates are disjoint and, from the first on, without a gap: all of ``scored``.
            What a fold trains on does not depend on ``scored``. Folds at the beginning that lack
            training or validation dates are left out. Later sessions change no fold but the last,
            which is predicted further and trained as before.

        Raises
        ------
        NoFoldError
            No fold is left.
        EmptyFoldError
            A later fold lacks training or validation dates.
        """
        days, past = as_days(sessions), as_days(samples)
        asked = past if scored is None else as_days(scored)
        blocks = self.blocks(days, label_offset) if len(days) else iter(())
        made = (fold_of(block, days, past, label_offset, asked) for block in blocks)
        return usable(self, (fold for fold in made if len(fold.predict)), past)


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


def fold_of(
    block: Block,
    sessions: Shaped[ndarray, " n_sessions"],
    samples: Shaped[ndarray, " n_samples"],
    label_offset: int,
    scored: Shaped[ndarray, " n_scored"],
) -> Fold:
    """Split the samples before a block in two, and purge both parts [Spec 11].

    Parameters
    ----------
    block : what is predicted, and how its past is split
    sessions : datetime64[D], all sessions
    samples : datetime64[D], dates that may train and validate
    label_offset : sessions from a sample date to the last price of its label
    scored : datetime64[D], dates that may be predicted
    """
    past = samples[samples < block.begins]
    if block.since is not None:
        past = past[past >= block.since]
    past = past[purge(past, block.begins, label_offset, sessions)]
    at = _first_valid(past, block.valid)
    train, valid = past[:at], past[at:]
    if len(valid):
        train = train[purge(train, valid[0], label_offset, sessions)]
    predict = scored[scored >= block.begins]
    if block.ends is not None:
        predict = predict[predict < block.ends]
    return Fold(str(block.begins), train, valid, predict)


def _first_valid(past: Shaped[ndarray, " n_past"], valid: np.datetime64 | float) -> int:
    """Position of the first date of validation."""
    if isinstance(valid, np.datetime64):
        return int(np.searchsorted(past, valid))
    return int(len(past) * (1 - valid))


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
