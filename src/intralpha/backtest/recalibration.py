"""Recalibration: the risk forecast for a portfolio, set right by its own past surprises."""

from dataclasses import dataclass, replace

from jaxtyping import Float
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base import Spec


class RecalibrationSpec(Spec):
    r"""Variances multiplied by how far those of the portfolio's own past decisions were wrong.

    .. math:: k^2 = \max\Bigl(least,\ \frac{p + \sum_i 2^{-i/h} z_i^2}{p + \sum_i 2^{-i/h}}\Bigr),
              \qquad z_i^2 = \frac{R_i^2}{n_i\, a_i^\top \Sigma_i a_i}

    with the active weights :math:`a_i` of the i-th last decision, their expected variance of a
    session by the risk model alone, and the active return :math:`R_i` of the weights that were held
    over its :math:`n_i` sessions up to the rebalance after it, or up to now.

    A model that is right for every portfolio of its market is wrong for one that an optimiser
    chose by it, and the more so the longer that one leans the same way. What is set right is one
    number a decision, known at its close.
    """

    half_life: float = Field(
        default=26.0, gt=0, description="decisions after which a surprise counts half"
    )
    prior: float = Field(
        default=10.0,
        ge=0,
        description="decisions as foreseen that are added to those that were seen",
    )
    least: float = Field(
        default=1.0,
        ge=0,
        description="smallest multiple of a variance; 1: a forecast is never lowered, 0: it is",
    )

    @model_validator(mode="after")
    def _some_variance_is_left(self) -> "RecalibrationSpec":
        if self.prior == 0 and self.least == 0:
            raise ValueError(
                "found prior 0 and least 0; expected one of them above 0, as a variance of 0 "
                "bounds nothing"
            )
        return self


@dataclass(frozen=True)
class Foreseen:
    """What was expected of a portfolio's active return, and what has come.

    Attributes
    ----------
    squares, count : weighted sum of the squared surprises of periods that are over, and of weights
    variance : of a session's active return, as expected of what is held; None: nothing was
    ordered : the same of what is traded on the next session; None: nothing is
    active_ret : sum since the rebalance
    sessions : since then
    """

    squares: float = 0.0
    count: float = 0.0
    variance: float | None = None
    ordered: float | None = None
    active_ret: float = 0.0
    sessions: int = 0

    def moved(self, active_ret: float, spec: RecalibrationSpec) -> "Foreseen":
        """After another session; the first one after a decision ends what was held before it."""
        on = replace(self, active_ret=self.active_ret + active_ret, sessions=self.sessions + 1)
        if self.ordered is None:
            return on
        squares, count = on._seen(spec)
        return Foreseen(squares, count, variance=self.ordered)

    def multiple(self, spec: RecalibrationSpec) -> float:
        """What the variances of the next decision are multiplied with."""
        squares, count = self._seen(spec)
        whole = spec.prior + count
        return max(spec.least, (spec.prior + squares) / whole if whole > 0 else 1.0)

    def _seen(self, spec: RecalibrationSpec) -> tuple[float, float]:
        """Sums with the period that is running."""
        if not self.variance or not self.sessions:
            return self.squares, self.count
        fade = 0.5 ** (1 / spec.half_life)
        surprise = self.active_ret**2 / (self.sessions * self.variance)
        return fade * self.squares + surprise, fade * self.count + 1.0


class Watch:
    """Follows the active return of the weights held, session by session.

    Parameters
    ----------
    spec : how surprises count
    foreseen : up to the last close
    own_DA : weights of the benchmark at the close of each session, of
        :func:`intralpha.backtest.benchmark_weights`
    growth_DA : close over adjusted previous close of each session; 1 where nothing is known
    """

    def __init__(
        self,
        spec: RecalibrationSpec,
        foreseen: Foreseen,
        own_DA: Float[ndarray, "D A"],
        growth_DA: Float[ndarray, "D A"],
    ) -> None:
        self._spec, self.foreseen = spec, foreseen
        self._own_DA, self._growth_DA = own_DA, growth_DA

    def session(self, held_A: Float[ndarray, "A"], row: int) -> None:
        """A session went by.

        Parameters
        ----------
        held_A : weights at the close before; the rest is cash
        row : of the session, after the first one
        """
        active_A = held_A - self._own_DA[row - 1]
        active_ret = float(active_A @ (self._growth_DA[row] - 1.0))
        self.foreseen = self.foreseen.moved(active_ret, self._spec)
