"""Constraint: no trade is a large part of what the market trades."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.base import DataError
from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


class NoAmountError(DataError):
    """Traded amounts, or the portfolio's value, are not known."""

    def __init__(self, date: np.datetime64, absent: str) -> None:
        self.date, self.absent = date, absent
        super().__init__(
            f"participation on {date}: the snapshot has no {absent}.\n"
            "Hint: give amounts a session and the portfolio's value, both in CNY."
        )


@dataclass(frozen=True)
class Participation(Constraint):
    r""":math:`|w_i - w_{0,i}| \le p \, v_i / V`, v_i traded a session and V the capital.

    Never relaxed; like tradability it wins over the stock deviation. A name without an amount is
    not traded.

    Parameters
    ----------
    at_most : p, the share of a session's amount that one order may be

    Raises
    ------
    NoAmountError
        The snapshot has no amounts or no capital.
    """

    at_most: float
    kind: ClassVar[str] = "participation"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Limit every trade."""
        if snapshot.amount_yuan is None:
            raise NoAmountError(snapshot.date, "amount_yuan")
        if snapshot.capital_yuan is None:
            raise NoAmountError(snapshot.date, "capital_yuan")
        amount = np.maximum(np.nan_to_num(snapshot.amount_yuan.astype(np.float64)), 0.0)
        program.limit_trades(self.at_most * amount / snapshot.capital_yuan)


class ParticipationSpec(ConstraintSpec):
    """Largest share of a session's traded amount; see :class:`Participation`."""

    kind: Literal["participation"] = "participation"
    at_most: float = Field(gt=0, description="share of a session's traded amount, a fraction")

    def make(self) -> Participation:
        """The constraint as a problem takes it."""
        return Participation(self.at_most)
