"""Schedule: which dates train, which validate, which are predicted, and when to retrain."""

from dataclasses import dataclass
from datetime import date
from itertools import dropwhile
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from intralpha.base import ConfigError, Spec
from intralpha.base.panel import as_days
from intralpha.labels import purge


class RollingSpec(Spec):
    """A window of fixed length that moves by a few sessions [Spec 14: 000, 004]."""

    kind: Literal["rolling"] = "rolling"
    train_days: int = Field(default=120, gt=0, description="sessions of training before validation")
    valid_days: int = Field(default=5, gt=0, description="sessions of validation after training")
    step_days: int = Field(default=10, gt=0, description="sessions predicted by one model")


class HalfYearlySpec(Spec):
    """Everything since the first sample, retrained each half-year [Spec 14: 002, 003]."""

    kind: Literal["half_yearly"] = "half_yearly"
    first: date = Field(description="first date predicted")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="last part of the samples")


class YearlySpec(Spec):
    """Retrained once a year on the years before [001; protocol: 8 years, last 20 % validation]."""

    kind: Literal["yearly"] = "yearly"
    first_year: int = Field(description="first year predicted")
    window_years: int | None = Field(default=None, gt=0, description="null: all years before")
    valid: Literal["last_year", "share"] = Field(default="share", description="validation block")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="for valid: share")


ScheduleSpec = Annotated[RollingSpec | HalfYearlySpec | YearlySpec, Field(discriminator="kind")]


class NoFoldError(ConfigError):
    """A schedule leaves nothing to train on or to predict."""

    def __init__(self, spec: Spec, first: str, last: str) -> None:
        self.spec, self.first, self.last = spec, first, last
        super().__init__(
            f"schedule {spec} makes no fold from samples between {first} and {last}.\n"
            "Hint: shorten the training window, or use more data."
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

    Attributes
    ----------
    name : first predicted date
    train, valid, predict : sample dates, datetime64[D], ascending
    """

    name: str
    train: np.ndarray
    valid: np.ndarray
    predict: np.ndarray


def folds(
    spec: ScheduleSpec, sessions: np.ndarray, grid_dates: np.ndarray, label_offset: int
) -> tuple[Fold, ...]:
    """Every training of a schedule, purged: no label window reaches the block after it.

    Parameters
    ----------
    spec : schedule
    sessions : all sessions, ascending
    grid_dates : sample dates, a subset of the sessions
    label_offset : sessions from a sample date to the last price of its label

    Returns
    -------
    tuple of Fold, in time order; predicted dates are disjoint and, from the first on, without a
    gap. Folds at the beginning that lack training or validation dates are left out.

    Raises
    ------
    NoFoldError
        If no fold is left.
    EmptyFoldError
        If a later fold lacks training or validation dates.
    """
    days, samples = as_days(sessions), as_days(grid_dates)
    if isinstance(spec, RollingSpec):
        made = _rolling(spec, days, samples, label_offset)
    elif isinstance(spec, HalfYearlySpec):
        made = _half_yearly(spec, days, samples, label_offset)
    else:
        made = _yearly(spec, days, samples, label_offset)
    kept = tuple(dropwhile(lambda f: not _trainable(f), (f for f in made if len(f.predict))))
    if not kept:
        raise NoFoldError(spec, str(samples[0]), str(samples[-1]))
    for fold in kept:
        if not _trainable(fold):
            raise EmptyFoldError(fold.name, len(fold.train), len(fold.valid))
    return kept


def _trainable(fold: Fold) -> bool:
    return len(fold.train) > 0 and len(fold.valid) > 0


def _make(
    past: np.ndarray,
    valid_start: np.datetime64,
    predict: np.ndarray,
    days: np.ndarray,
    offset: int,
) -> Fold:
    """Split the samples before the predicted block at ``valid_start`` and purge both parts."""
    past = past[purge(past, predict[0], offset, days)]
    train, valid = past[past < valid_start], past[past >= valid_start]
    if len(valid):
        train = train[purge(train, valid[0], offset, days)]
    return Fold(str(predict[0]), train, valid, predict)


def _rolling(spec: RollingSpec, days: np.ndarray, samples: np.ndarray, offset: int) -> list[Fold]:
    """Validation ends where its labels are known; training ends where validation begins."""
    out = []
    need = spec.train_days + spec.valid_days + offset
    for at in range(need, len(days), spec.step_days):
        predict = samples[(samples >= days[at]) & (samples < _day(days, at + spec.step_days))]
        if len(predict) == 0:
            continue
        known = at - offset
        first, split = known - spec.valid_days - spec.train_days, known - spec.valid_days
        past = samples[(samples >= days[first]) & (samples < days[known])]
        out.append(_make(past, days[split], predict, days, offset))
    return out


def _half_yearly(
    spec: HalfYearlySpec, days: np.ndarray, samples: np.ndarray, offset: int
) -> list[Fold]:
    months = samples.astype("datetime64[M]").astype(int)
    halves = months // 6
    later = samples >= as_days([spec.first])[0]
    out = []
    for half in np.unique(halves[later]):
        predict = samples[later & (halves == half)]
        past = samples[samples < predict[0]]
        past = past[purge(past, predict[0], offset, days)]
        if len(past) > 1:
            cut = past[int(len(past) * (1 - spec.valid_share))]
            out.append(_make(past, cut, predict, days, offset))
    return out


def _yearly(spec: YearlySpec, days: np.ndarray, samples: np.ndarray, offset: int) -> list[Fold]:
    years = samples.astype("datetime64[Y]").astype(int) + 1970
    out = []
    for year in range(spec.first_year, int(years.max()) + 1):
        predict = samples[years == year]
        first = year - spec.window_years if spec.window_years else 0
        past = samples[(years < year) & (years >= first)]
        # The year begins on its first session, which need not be on the grid.
        begins = (
            days[np.searchsorted(days, np.datetime64(f"{year}-01-01", "D"))]
            if (len(predict))
            else None
        )
        if begins is None or len(past) < 2:
            continue
        past = past[purge(past, begins, offset, days)]
        if len(past) < 2:
            continue
        cut = past[int(len(past) * (1 - spec.valid_share))]
        if spec.valid == "last_year":
            cut = np.datetime64(f"{year - 1}-01-01", "D")
        out.append(_make(past, cut, predict, days, offset))
    return out


def _day(days: np.ndarray, at: int) -> np.datetime64:
    return days[at] if at < len(days) else days[-1] + np.timedelta64(1, "D")
