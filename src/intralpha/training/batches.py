"""Batches: which samples of the training days make one step."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.datasets import Batch, Samples
from intralpha.training.measurable import labels_on
from intralpha.training.train_spec import TrainSpec

ALL = sys.maxsize


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of the training days, anew for every epoch.

    Attributes
    ----------
    samples : windows with labels
    dates : datetime64[D], training dates
    spec : ``batch`` and ``batch_size``
    days : dates in a step where it holds several whole ones
    """

    samples: Samples
    dates: Shaped[ndarray, " n_dates"]
    spec: TrainSpec
    days: int = 1

    @staticmethod
    def of(samples: Samples, dates: Shaped[ndarray, " n_dates"], spec: TrainSpec) -> "Batches":
        """Batches of some dates.

        Parameters
        ----------
        samples : windows with labels
        dates : datetime64[D], training dates
        spec : ``batch: days`` without ``batch_days`` takes as many dates a step as have about
            ``batch_size`` samples with a label, by their mean over all dates
        """
        if spec.batch != "days":
            return Batches(samples, dates, spec)
        if spec.batch_days is not None:
            return Batches(samples, dates, spec, spec.batch_days)
        mean = labels_on(samples, dates).n_total / max(len(dates), 1)
        return Batches(samples, dates, spec, max(1, round(spec.batch_size / max(mean, 1))))

    def shuffled(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Batches of at least two labelled samples, in random order.

        Parameters
        ----------
        rng : decides the order of days, or which samples a pooled batch holds
        """
        return (batch for batch in self._every(rng) if len(batch) > 1)

    def _every(self, rng: np.random.Generator) -> Iterator[Batch]:
        if self.spec.batch == "pooled":
            yield from self.samples.pooled(self.dates, self.spec.batch_size, rng)
        elif self.spec.batch == "day":
            yield from self.samples.days(rng.permutation(self.dates), labelled=True)
        else:
            order = rng.permutation(self.dates)
            for start in range(0, len(order), self.days):
                # All samples of some dates, which stand by date and stock in a batch.
                some = np.sort(order[start : start + self.days])
                yield from self.samples.pooled(some, ALL, rng)
