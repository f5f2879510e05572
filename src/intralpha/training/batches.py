"""Batches: which samples of the training days make one step."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
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
    weights_D : float64 [D], how often each date is drawn in an epoch, in ratios; None: each once
    """

    samples: Samples
    dates: Shaped[ndarray, " n_dates"]
    spec: TrainSpec
    days: int = 1
    weights_D: Float[ndarray, " n_dates"] | None = None

    @staticmethod
    def of(
        samples: Samples,
        dates: Shaped[ndarray, " n_dates"],
        spec: TrainSpec,
        weights_D: Float[ndarray, " n_dates"] | None = None,
    ) -> "Batches":
        """Batches of some dates.

        Parameters
        ----------
        samples : windows with labels
        dates : datetime64[D], training dates
        spec : ``batch: days`` without ``batch_days`` takes as many dates a step as have about
            ``batch_size`` samples with a label, by their mean over all dates
        weights_D : [D], as of the class
        """
        if spec.batch != "days":
            return Batches(samples, dates, spec, 1, weights_D)
        if spec.batch_days is not None:
            return Batches(samples, dates, spec, spec.batch_days, weights_D)
        mean = labels_on(samples, dates).n_total / max(len(dates), 1)
        days = max(1, round(spec.batch_size / max(mean, 1)))
        return Batches(samples, dates, spec, days, weights_D)

    def shuffled(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Batches of at least two labelled samples, in random order.

        Parameters
        ----------
        rng : decides the order of days, or which samples a pooled batch holds
        """
        return (batch for batch in self._every(rng) if len(batch) > 1)

    def _every(self, rng: np.random.Generator) -> Iterator[Batch]:
        dates = self.dates if self.weights_D is None else drawn(self.dates, self.weights_D, rng)
        if self.spec.batch == "pooled":
            yield from self.samples.pooled(dates, self.spec.batch_size, rng)
        elif self.spec.batch == "day":
            yield from self.samples.days(rng.permutation(dates), labelled=True)
        else:
            order = rng.permutation(dates)
            for start in range(0, len(order), self.days):
                # All samples of some dates, which stand by date and stock in a batch.
                some = np.sort(order[start : start + self.days])
                yield from self.samples.pooled(some, ALL, rng)


def drawn(
    dates: Shaped[ndarray, " D"], weights_D: Float[ndarray, " D"], rng: np.random.Generator
) -> Shaped[ndarray, " D"]:
    r"""As many dates as there are, each about as often as its weight says.

    A date of share p of the weights is drawn :math:`\lfloor D p \rfloor` or
    :math:`\lceil D p \rceil` times, D p times in the mean (systematic resampling): equal weights
    give every date once.

    Parameters
    ----------
    dates : datetime64[D] [D], ascending
    weights_D : [D], 0 or more, not all 0
    rng : decides who is rounded up

    Returns
    -------
    datetime64[D] [D]
        Ascending, a date that is drawn twice stands there twice.

    Examples
    --------
    >>> dates = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    >>> drawn(dates, np.array([1.0, 0.0]), np.random.default_rng(0)).tolist()
    [datetime.date(2024, 1, 2), datetime.date(2024, 1, 2)]
    """
    count = len(dates)
    share_D = np.cumsum(weights_D) / weights_D.sum()
    places = (np.arange(count) + rng.random()) / count
    return dates[np.minimum(np.searchsorted(share_D, places, side="right"), count - 1)]
