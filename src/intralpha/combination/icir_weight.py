"""Weights in proportion to how steadily each factor has predicted."""

from typing import Literal

from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.base import ConfigError
from intralpha.combination.icir import RankICHistory, icir_weights
from intralpha.combination.spec import CombinerSpec, Evidence, FactorNamesError


class MissingHistoryError(ConfigError):
    """Weights from RankICs were asked for without RankICs."""

    def __init__(self, kind: str = "icir_weight") -> None:
        self.kind = kind
        super().__init__(
            f"{kind} needs what the factors did on past dates.\n"
            "Hint: pass history=RankICHistory(names, known_dates, rank_ic)."
        )


class ICIRWeightSpec(CombinerSpec):
    """Weights in proportion to the ICIR of each factor's latest matured RankICs [Spec 16].

    In a recipe a RankIC is of a date of the portfolio's grid (without a portfolio of that of the
    tests), over the universe and the stocks that could be
    bought on the next session, and of the scores that the factor had on that date. It counts from
    the close on which its return is over.
    """

    kind: Literal["icir_weight"] = "icir_weight"
    horizon: tuple[int, int] = Field(
        default=(1, 6), description="forward return close(t+a) -> close(t+b) of the RankICs"
    )
    observations: int = Field(default=52, ge=2, description="latest RankICs used")
    min_observations: int = Field(default=24, ge=2, description="fewer give the factor no weight")
    without_evidence: Literal["equal", "absent"] = Field(
        default="equal",
        description="days on which no factor has a positive weight: equal weights, or no score",
    )

    @field_validator("min_observations")
    @classmethod
    def _not_above_window(cls, value: int, info) -> int:
        if value > info.data.get("observations", value):
            raise ValueError("min_observations is larger than observations")
        return value

    @field_validator("horizon")
    @classmethod
    def _looks_forward(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= value[0] < value[1]:
            raise ValueError(f"horizon {value}: expected 0 <= first < last, sessions after a date")
        return value

    def evidence(self) -> Evidence:
        """See :meth:`CombinerSpec.evidence`."""
        return Evidence(self.horizon, self.observations)

    def weigh(
        self,
        names: tuple[str, ...],
        dates: Shaped[ndarray, "D"],
        history: RankICHistory | None = None,
    ) -> Float[ndarray, "D K"]:
        """:func:`icir_weights` of the history; see :meth:`CombinerSpec.weigh`.

        Raises
        ------
        MissingHistoryError
        FactorNamesError
            The history has other factors.
        """
        if history is None:
            raise MissingHistoryError
        if set(history.names) != set(names):
            raise FactorNamesError(names, f"those with RankICs: {', '.join(history.names)}")
        found = icir_weights(history, dates, self.observations, self.min_observations)
        weights = found[:, [history.names.index(name) for name in names]]
        if self.without_evidence == "equal":
            weights[weights.sum(axis=1) == 0] = 1 / len(names)
        return weights
