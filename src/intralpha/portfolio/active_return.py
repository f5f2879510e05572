"""Term: the signal earned by deviating from the benchmark."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from intralpha.base import DataError
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.terms import Term, TermSpec


class NoSignalError(DataError):
    """There is no alpha at all on a decision date."""

    def __init__(self, date: np.datetime64, count: int) -> None:
        self.date, self.count = date, count
        super().__init__(
            f"alpha is NaN for all {count} assets on {date}; expected at least one value.\n"
            "Hint: decide only on dates that have scores."
        )


@dataclass(frozen=True)
class ActiveReturn(Term):
    r"""Signal of the active weights, :math:`f^\top (w - w_b)`.

    A name whose alpha is NaN has no view: it counts with the mean of the known alphas (0 for a
    z-score), and it is not bought, except as far as the band of its active weight asks for it.

    Raises
    ------
    NoSignalError
        Every alpha is NaN. Spec 18.2.
    """

    def contribute(self, program: LinearProgram, snapshot: Snapshot, factor: float) -> None:
        """Add the signal to the gain of every weight.

        Parameters
        ----------
        program : the program that is written, over A assets
        snapshot : what is known at the decision
        factor : worth of one unit of the term

        Raises
        ------
        NoSignalError
            Every alpha is NaN.
        """
        alpha = snapshot.alpha.astype(np.float64)
        absent = np.isnan(alpha)
        if absent.all():
            raise NoSignalError(snapshot.date, len(alpha))
        alpha[absent] = alpha[~absent].mean()
        program.gain += factor * alpha
        program.offset -= factor * float(alpha @ snapshot.benchmark)
        program.no_view(absent)


class ActiveReturnSpec(TermSpec):
    """The signal of the active weights; see :class:`ActiveReturn`."""

    kind: Literal["active_return"] = "active_return"

    def make(self) -> ActiveReturn:
        """The term as an objective takes it, without its factor."""
        return ActiveReturn()
