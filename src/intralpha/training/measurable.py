"""Whether a training has something to learn from, and its metric can be measured."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError
from intralpha.datasets import Fold, Samples
from intralpha.datasets.samples import has_label
from intralpha.evaluation.ic import MIN_STOCKS


class NothingToLearnError(DataError):
    """No training date has two samples with a label."""

    def __init__(self, fold: str, n_dates: int, labels: "Labels") -> None:
        self.fold, self.n_dates, self.labels = fold, n_dates, labels
        super().__init__(
            f"fold {fold}: none of {n_dates} training dates has two samples with a label; {labels}."
            "\nHint: look at the universe mask, the label, the features' history, rules of rows."
        )


class UnmeasurableError(DataError):
    """The metric cannot be measured on the validation dates, so no epoch can be chosen."""

    def __init__(self, fold: str, n_dates: int, why: str, metric: str = "RankIC") -> None:
        self.fold, self.n_dates, self.why, self.metric = fold, n_dates, why, metric
        super().__init__(
            f"fold {fold}: the {metric} of none of {n_dates} validation dates can be measured: "
            f"{why}.\nHint: RankIC, as IC and ICIR, needs "
            f"{MIN_STOCKS} stocks with a score and a label that are not all equal on a date."
        )


@dataclass(frozen=True)
class Labels:
    """Labels of the samples of one or more dates.

    Parameters
    ----------
    n_samples, n_labelled : largest number on a date
    n_total : samples with a label, of all dates
    n_varied : dates with enough labels of which some differ
    """

    n_samples: int
    n_labelled: int
    n_total: int
    n_varied: int

    def __str__(self) -> str:
        return (
            f"at most {self.n_samples} samples on a date, at most {self.n_labelled} of them with a "
            "label that is a number"
        )


def labels_on(samples: Samples, dates: Shaped[ndarray, " n_dates"]) -> Labels:
    """What the labels of some dates allow; no window is cut.

    Parameters
    ----------
    samples : windows with labels
    dates : datetime64[D], sample dates
    """
    found = [samples.labels(day) for day in dates]
    columns = [y if y.ndim == 2 else y[:, None] for y in found]
    known = [mean_label(y[has_label(y)]) for y in columns]
    counts = [len(y) for y in known]
    varied = [y for y in known if len(y) >= MIN_STOCKS and y.min() < y.max()]
    return Labels(max(map(len, found), default=0), max(counts, default=0), sum(counts), len(varied))


def mean_label(values: Float[ndarray, "*axes H"]) -> Float[ndarray, "*axes"]:
    """Mean over the columns of a label that are known; NaN where none is.

    Parameters
    ----------
    values : [..., H]
    """
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=-1, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return total / known.sum(axis=-1)


def check_labels(samples: Samples, fold: Fold, metric: str = "RankIC", days: int = 1) -> None:
    """Refuse a training that has nothing to learn from, or cannot be validated.

    Parameters
    ----------
    samples : windows with labels
    fold : its training and validation dates are looked at
    metric : what it is validated by, named in the error
    days : validation dates whose RankIC the metric needs; 0: two samples with a label do

    Raises
    ------
    NothingToLearnError
        No training date has two samples with a label.
    UnmeasurableError
        Too few validation dates have enough samples with labels that differ.
    """
    train = labels_on(samples.learnt(fold.train), fold.train)
    if train.n_labelled < 2:
        raise NothingToLearnError(fold.name, len(fold.train), train)
    valid = labels_on(samples.judged, fold.valid)
    if valid.n_varied >= days and valid.n_labelled >= 2:
        return
    why = "all labels of a date are equal" if valid.n_labelled >= MIN_STOCKS else str(valid)
    if valid.n_varied:
        why = f"it needs {days} dates that can be measured; found {valid.n_varied}"
    raise UnmeasurableError(fold.name, len(fold.valid), why, metric)


def rows_left_out(samples: Samples, fold: Fold) -> dict[str, int]:
    """How many rows with a label are trained on, and how many rules leave out; none: no rules.

    Parameters
    ----------
    samples : windows with labels
    fold : its training dates count
    """
    if samples.rows is None:
        return {}
    every = labels_on(samples, fold.train).n_total
    kept = labels_on(samples.learnt(fold.train), fold.train).n_total
    return {"rows": kept, "rows_left_out": every - kept}
