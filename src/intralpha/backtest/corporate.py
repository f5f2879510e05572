"""Splits and dividends: credited as announced, or implied by the adjustment factor."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.events import Event
from intralpha.base import DataError
from intralpha.base.panel import as_days


class CorporateActionError(DataError):
    """A corporate action with an impossible number."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows = rows
        super().__init__(
            f"{rows.height} corporate actions are negative or not finite, the first: "
            f"{rows.row(0, named=True)}.\nHint: ratios are per old share, 0.5 for 5 new for 10."
        )


@dataclass(frozen=True, eq=False)
class CorporateActions:
    """Actions laid on sessions and assets, ordered by session.

    An ex-date that is no session takes effect on the next one. Several rows of one stock and
    session add up.

    Attributes
    ----------
    first : position of the first action of each session, D + 1 entries
    column : asset of each action
    bonus_ratio, cash_yuan, rights_ratio : per old share
    """

    first: Int[ndarray, "D1"]
    column: Int[ndarray, "N"]
    bonus_ratio: Float[ndarray, "N"]
    cash_yuan: Float[ndarray, "N"]
    rights_ratio: Float[ndarray, "N"]

    @classmethod
    def on(
        cls, frame: pl.DataFrame, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> "CorporateActions":
        """Lay the table ``corporate_actions`` on the axes; what is outside them is left out.

        Parameters
        ----------
        frame : table ``corporate_actions``
        dates : sessions, ascending, shape [D]
        assets : symbols, shape [A]

        Raises
        ------
        CorporateActionError
        """
        numbers = ("bonus_ratio", "cash_yuan", "rights_ratio")
        wrong = pl.any_horizontal([~(pl.col(n).is_finite() & (pl.col(n) >= 0)) for n in numbers])
        if not (bad := frame.filter(wrong)).is_empty():
            raise CorporateActionError(bad)
        ends = (dates[0].item(), dates[-1].item()) if len(dates) else (date.max, date.min)
        inside = frame.filter(pl.col("ex_date").is_between(*ends))
        if inside.is_empty():  # as between most pairs of dates
            nothing = np.zeros(0)
            return cls(np.zeros(len(dates) + 1, int), nothing.astype(int), *(nothing,) * 3)
        place = {str(s): i for i, s in enumerate(assets)}
        known = inside.filter(pl.col("symbol").is_in(list(place)))
        row = np.searchsorted(dates, as_days(known["ex_date"]), side="left")
        laid = (
            known.with_columns(
                row=pl.Series(row, dtype=pl.Int64),
                column=pl.col("symbol").replace_strict(place, return_dtype=pl.Int64),
            )
            .group_by("row", "column")
            .agg(pl.col(numbers).sum())
            .sort("row", "column")
        )
        first = np.searchsorted(laid["row"].to_numpy(), np.arange(len(dates) + 1))
        return cls(first, laid["column"].to_numpy(), *(laid[n].to_numpy() for n in numbers))

    def at(self, row: int) -> slice:
        """Positions of the actions of a session."""
        return slice(int(self.first[row]), int(self.first[row + 1]))


def credit(
    account: Account, actions: CorporateActions, row: int, whole: bool
) -> tuple[list[Event], Int[ndarray, "N"]]:
    """Give the account the shares and the cash of a session's actions, before trading.

    ``shares += floor(bonus_ratio x shares)`` (not rounded down if fractional shares are allowed)
    and ``cash += cash_yuan x shares``, before tax. New shares can be sold at once. The last price
    becomes the theoretical ex-price, so a suspended holding keeps its value. Rights issues are not
    subscribed; they are reported.

    Parameters
    ----------
    account : changed in place
    actions : laid on the sessions and assets of the account
    row : position of the session
    whole : whether shares are whole numbers

    Returns
    -------
    (events, assets that had an action)
    """
    today = actions.at(row)
    which = actions.column[today]
    bonus, cash = actions.bonus_ratio[today], actions.cash_yuan[today]
    old = account.shares[which]
    new = np.floor(old * bonus + 1e-6) if whole else old * bonus
    received = cash * old
    account.shares[which] += new
    account.sellable[which] += new
    account.cash_yuan += float(received.sum())
    account.mark_yuan[which] = np.maximum(account.mark_yuan[which] - cash, 0.0) / (1 + bonus)
    events = []
    for i in np.flatnonzero(old > 0):
        symbol = str(account.assets[which[i]])
        if bonus[i] > 0:
            events.append(Event(symbol, "bonus", shares_change=float(new[i])))
        if cash[i] > 0:
            events.append(Event(symbol, "dividend", cash_yuan=float(received[i])))
        if actions.rights_ratio[today][i] > 0:
            events.append(Event(symbol, "rights_ignored"))
    return events, which


def follow_factor(
    account: Account, past_factor: Float[ndarray, "A"], factor: Float[ndarray, "A"]
) -> list[Event]:
    """Scale holdings by the change of ``adj_factor``: same value, dividends reinvested.

    Shares become fractional. The last price is divided by the same ratio.

    Parameters
    ----------
    account : changed in place
    past_factor : last known factor of each asset, shape [A]; NaN before the first
    factor : factor of the session, shape [A]; NaN without a row

    Returns
    -------
    list of Event, one a holding that changed
    """
    held = account.held
    ratio = factor[held] / past_factor[held]
    moved = np.isfinite(ratio) & (np.abs(ratio - 1.0) > 1e-9)
    which, ratio = held[moved], ratio[moved]
    change = account.shares[which] * (ratio - 1.0)
    account.shares[which] *= ratio
    account.sellable[which] *= ratio
    account.mark_yuan[which] /= ratio
    return [
        Event(str(account.assets[i]), "factor", shares_change=float(c))
        for i, c in zip(which, change, strict=True)
    ]


def unexplained(
    account: Account,
    past_factor: Float[ndarray, "A"],
    factor: Float[ndarray, "A"],
    explained: Float[ndarray, "A"],
) -> list[Event]:
    """Held names whose factor changed by more than 0.1 % without a corporate action.

    Parameters
    ----------
    account : its holdings are looked at; nothing is changed
    past_factor : last known ``adj_factor`` of each asset, shape [A]; NaN before the first
    factor : ``adj_factor`` of the session, shape [A]; NaN without a row
    explained : 1 where an action took effect since the last row of the name, else 0, shape [A]

    Returns
    -------
    list of Event, one a name, in the order of the assets
        A name with NaN in either factor is not among them.
    """
    held = account.held
    ratio = factor[held] / past_factor[held]
    odd = np.isfinite(ratio) & (np.abs(ratio - 1.0) > 1e-3) & (explained[held] == 0)
    return [Event(str(account.assets[i]), "unexplained_factor") for i in held[odd]]
