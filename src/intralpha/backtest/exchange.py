"""Exchange: takes orders for one account and fills them by the rules of the day."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.bar import DayBar
from intralpha.backtest.corporate import (
    CorporateActions,
    credit,
    follow_factor,
    unexplained,
)
from intralpha.backtest.events import Event, EventKind
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.fills import BUY, SELL, BlockedOrders, DayResult, Fills
from intralpha.backtest.lots import whole_buys, whole_sells
from intralpha.backtest.spec import BacktestSpec
from intralpha.backtest.standing import Standing, copied
from intralpha.backtest.tradability import Tradability, tradability
from intralpha.base import ConfigError
from intralpha.portfolio import CostSpec


class SessionOrderError(ConfigError):
    """Days were shown to the exchange out of order, or one that it does not know."""

    def __init__(self, date: np.datetime64, after: np.datetime64 | None) -> None:
        self.date, self.after = date, after
        super().__init__(
            f"session {date} was opened after {after}; expected a later session of the calendar "
            "the exchange was made with."
        )


@dataclass(frozen=True, eq=False)
class _Orders:
    """Legal orders of a day: shares by asset, 0 for none."""

    buys: Float[ndarray, "A"]
    sells: Float[ndarray, "A"]
    locked: Float[ndarray, "A"]
    n_below_lot: int


class Exchange:
    """The exchange as one account sees it. State: the account, and the day it is at.

    A day is ``open``, any number of ``trade``, ``close``; ``step`` does all three. No method sees
    a price of a later day.

    Parameters
    ----------
    assets : ndarray of str, shape [A]
    dates : ndarray of datetime64[D]
        Sessions that may follow; corporate actions are laid on them.
    spec : mechanics
    costs : the costs that the optimiser weighs
    facts : boards, delistings, corporate actions, rules; default: boards by symbol
    before : what an earlier exchange ended with, to go on from there; its session is one of
        ``dates`` or lies before them. Default: cash alone

    Attributes
    ----------
    account : the state

    Notes
    -----
    On each session, in this order: shares bought before become sellable; splits and dividends are
    credited, delisted names written to 0, and names that have had no row for too long closed;
    sales are filled, and their cash is usable at once; purchases are filled. If the cash does not
    reach for all purchases with their costs, all of them are scaled by the same factor and rounded
    down to lots again, so cash is never negative; what a lot's rounding leaves stays cash. Unfilled
    purchases stay cash and unfilled sales stay held; an order lives one day. Spec 18.4.
    """

    def __init__(
        self,
        assets: ndarray,
        dates: ndarray,
        spec: BacktestSpec,
        costs: CostSpec,
        facts: MarketFacts | None = None,
        before: Standing | None = None,
    ) -> None:
        self.assets, self.dates, self.spec, self.costs = assets, dates, spec, costs
        self.facts = MarketFacts.of(assets) if facts is None else facts
        actions = self.facts.corporate_actions
        self._actions = None if actions is None else CorporateActions.on(actions, dates, assets)
        self._known_lots: dict[tuple[str, date], tuple[int, int]] = {}
        if before is None:
            self.account = Account.with_cash(assets, spec.capital_yuan)
            self._past_factor = np.full(len(assets), np.nan)
            self._explained = np.zeros(len(assets))
            self._absent = np.zeros(len(assets), dtype=np.int64)
            self._row = -1
        else:
            past = before.on(assets)
            self.account, self._past_factor = past.account, past.past_factor
            self._explained, self._absent = past.explained, past.absent
            self._row = int(np.searchsorted(dates, past.date, side="right")) - 1

    def open(self, bar: DayBar) -> tuple[Event, ...]:
        """Begin a session: unlock shares, apply corporate actions and delistings.

        Raises
        ------
        SessionOrderError
        """
        row = int(np.searchsorted(self.dates, bar.date))
        if row >= len(self.dates) or self.dates[row] != bar.date or row <= self._row:
            raise SessionOrderError(bar.date, None if self._row < 0 else self.dates[self._row])
        self.account.unlock()
        if self._actions is None:
            events = follow_factor(self.account, self._past_factor, bar.adj_factor)
        else:
            events = self._credit(self._actions, row, bar.adj_factor)
        self._row = row
        known = np.isfinite(bar.adj_factor)
        self._past_factor = np.where(known, bar.adj_factor, self._past_factor)
        self._absent = np.where(np.isfinite(bar.close) | bar.suspended, 0, self._absent + 1)
        return (*events, *self._delist(bar.date), *self._vanish())

    def size(self, weights: Float[ndarray, "A"], bar: DayBar) -> Float[ndarray, "A"]:
        """Shares to buy (+) or sell (-) for target weights.

        ``weight x NAV / price - shares``, all at the previous close adjusted for the day's
        corporate actions (``size_at: preclose``) or at the fill price (``size_at: trade``); a name
        without that price counts at its last one. NaN where a target has no price at all.
        """
        account = self.account
        now = bar.preclose if self.spec.size_at == "preclose" else bar.price(self.spec.price)
        price = np.where(np.isfinite(now) & (now > 0), now, account.mark_yuan)
        held = account.held
        nav = account.cash_yuan + float(account.shares[held] @ price[held])
        aim = np.zeros(len(weights))
        np.divide(weights * nav, np.where(price > 0, price, np.nan), out=aim, where=weights > 0)
        return aim - account.shares

    def trade(self, bar: DayBar, wanted: Float[ndarray, "A"]) -> DayResult:
        """Fill a batch of orders: shares to buy (+) or sell (-) by asset.

        Returns
        -------
        DayResult
            An event ``odd_price`` for every order whose price lies outside the day's range.
        """
        price = bar.price(self.spec.price)
        status = tradability(bar, price, self.spec.tick_yuan)
        orders = self._legal(bar, np.nan_to_num(wanted))
        rates = self.costs.on(bar.date.astype("datetime64[D]").item(), self.facts.rules)
        amounts = np.where(status.can_sell, orders.sells * price, 0.0)
        costs = rates.sell_yuan(amounts)
        which = np.flatnonzero((amounts > 0) & (amounts > costs))
        sold, at, cost = orders.sells[which], price[which], costs[which]
        self.account.sell(which, sold, at, cost)
        sales = Fills(which, np.full(len(which), SELL), sold, at, cost)

        open_buys = np.where(status.can_buy, orders.buys, 0.0)
        affordable, scale = self._affordable(bar, open_buys, price, rates.buy_rate)
        which = np.flatnonzero(affordable > 0)
        bought, at = affordable[which], price[which]
        cost = rates.buy_yuan(bought * at)
        lock = self.facts.rules.settlement_days > 0
        self.account.buy(which, bought, at, cost, lock)
        purchases = Fills(which, np.full(len(which), BUY), bought, at, cost)
        short = (open_buys > 0) & (affordable == 0)
        futile = (amounts > 0) & (amounts <= costs)
        blocked = _blocked(orders, status, short, futile, np.isnan(wanted))
        odd = np.unique(blocked.which[blocked.reason == "odd_price"])
        events = tuple(Event(str(s), "odd_price") for s in self.assets[odd])
        return DayResult(_both(sales, purchases), blocked, events, scale, orders.n_below_lot)

    def close(self, bar: DayBar) -> None:
        """End a session: value the holdings at the close, or the last price where there is none."""
        self.account.mark(bar.close)

    def step(self, bar: DayBar, weights: Float[ndarray, "A"] | None = None) -> DayResult:
        """One whole session, with target weights to trade towards or without orders."""
        events = self.open(bar)
        result = DayResult(None, None, ())
        if weights is not None:
            result = self.trade(bar, self.size(weights, bar))
        self.close(bar)
        return replace(result, events=(*events, *result.events))

    def standing(
        self, date: np.datetime64, targets: ndarray | None, benchmark: Float[ndarray, "A"]
    ) -> Standing:
        """What the next session needs to know, as copies.

        Parameters
        ----------
        date : the session that is over
        targets : weights ordered for the next one, or None
        benchmark : weights of the benchmark after the close
        """
        memory = (self._past_factor, self._explained, self._absent)
        return copied(Standing(date, self.account, *memory, benchmark, targets))

    def _credit(self, actions: CorporateActions, row: int, factor: ndarray) -> list[Event]:
        """Actions of all sessions since the last one shown."""
        events: list[Event] = []
        start = row if self._row < 0 else self._row + 1
        for each in range(start, row + 1):
            more, which = credit(self.account, actions, each, self.spec.lots)
            events += more
            self._explained[which] = 1.0
        events += unexplained(self.account, self._past_factor, factor, self._explained)
        self._explained[np.isfinite(factor)] = 0.0
        return events

    def _delist(self, date: np.datetime64) -> list[Event]:
        """Write off what is held of names whose last session has passed."""
        held = self.account.held
        which = held[self.facts.delist_dates[held] < date]
        return [self._closed(int(i), "delisting", 0.0) for i in which]

    def _vanish(self) -> list[Event]:
        """Close what is held of names that have had no row for too long."""
        held = self.account.held
        which = held[self._absent[held] >= self.spec.vanished_after]
        return [self._closed(int(i), "vanished", self.spec.vanished_pays) for i in which]

    def _closed(self, i: int, kind: EventKind, pays: float) -> Event:
        """End a holding without a trade, for a share of its last value."""
        account, shares = self.account, float(self.account.shares[i])
        value = shares * float(account.mark_yuan[i])
        account.shares[i] = account.sellable[i] = 0.0
        account.cash_yuan += pays * value
        return Event(
            str(self.assets[i]),
            kind,
            shares_change=-shares,
            cash_yuan=pays * value,
            lost_yuan=(1 - pays) * value,
        )

    def _lots(self, bar: DayBar, which: Bool[ndarray, "A"]) -> tuple[ndarray, ndarray]:
        """Smallest order and step of every name to be traded."""
        least, step = np.ones((2, len(self.assets)))
        day = bar.date.astype("datetime64[D]").item()
        for board in np.unique(self.facts.boards[which]):
            here, key = self.facts.boards == board, (str(board), day)
            if key not in self._known_lots:
                self._known_lots = {k: v for k, v in self._known_lots.items() if k[1] == day}
                self._known_lots[key] = self.facts.rules.lot(*key)
            least[here], step[here] = self._known_lots[key]
        return least, step

    def _legal(self, bar: DayBar, wanted: ndarray) -> _Orders:
        """Orders the exchange accepts: whole lots, and no sale of what was bought today."""
        sellable = self.account.sellable
        buys, sells = np.maximum(wanted, 0.0), np.maximum(-wanted, 0.0)
        locked = np.maximum(sells - sellable, 0.0)
        locked[locked < 1e-6] = 0.0
        sells = np.minimum(sells, sellable)
        buys[buys < 1e-6], sells[sells < 1e-6] = 0.0, 0.0
        some = (buys > 0) | (sells > 0)
        if self.spec.lots:
            least, step = self._lots(bar, some)
            buys = whole_buys(buys, least, step)
            sells = whole_sells(sells, sellable, least, step)
        below = int((some & (buys == 0) & (sells == 0)).sum())
        return _Orders(buys, sells, locked, below)

    def _affordable(
        self, bar: DayBar, buys: ndarray, price: ndarray, rate: float
    ) -> tuple[ndarray, float]:
        """The purchases that the cash allows, and the factor by which they were scaled."""
        which = buys > 0
        amounts = np.where(which, buys * np.where(which, price, 0.0), 0.0)
        least = self.costs.min_commission_yuan * int(which.sum())
        # Of the orders alone: the last bits of a sum over all stocks depend on how many they are.
        cash, needed = self.account.cash_yuan, float(amounts[which].sum()) * (1 + rate) + least
        if needed <= cash:
            return buys, 1.0
        scale = max(cash - least, 0.0) / (needed - least) * (1 - 1e-12)
        buys = buys * scale
        if self.spec.lots:
            # The small allowance of the rounding for float dust must not create a lot here.
            buys = whole_buys(buys - 1e-6, *self._lots(bar, which))
        return buys, scale


def _both(first: Fills, second: Fills) -> Fills:
    """Sales, then purchases."""
    pairs = ((first.which, second.which), (first.side, second.side))
    which, side = (np.concatenate(p) for p in pairs)
    return Fills(
        which,
        side,
        np.concatenate([first.shares, second.shares]),
        np.concatenate([first.price_yuan, second.price_yuan]),
        np.concatenate([first.cost_yuan, second.cost_yuan]),
    )


def _blocked(
    orders: _Orders, status: Tradability, short: ndarray, futile: ndarray, no_price: ndarray
) -> BlockedOrders:
    """Every order that was not filled, with its reason."""
    nothing = np.zeros(len(short))
    cases = (
        (SELL, orders.sells, status.suspended, "suspended"),
        (SELL, orders.sells, status.limit_down, "limit_down"),
        (SELL, orders.sells, status.odd_price, "odd_price"),
        (SELL, orders.sells, futile, "cost"),
        (SELL, orders.locked, orders.locked > 0, "t+1"),
        (BUY, orders.buys, status.suspended, "suspended"),
        (BUY, orders.buys, status.limit_up, "limit_up"),
        (BUY, orders.buys, status.odd_price, "odd_price"),
        (BUY, orders.buys, short, "cash"),
        (BUY, nothing, no_price, "no_price"),
    )
    which, side, shares, reason = [], [], [], []
    for sign, amount, stopped, why in cases:
        hit = np.flatnonzero(stopped & ((amount > 0) | (why == "no_price")))
        which.append(hit)
        side.append(np.full(len(hit), sign))
        shares.append(amount[hit])
        reason.append(np.full(len(hit), why))
    return BlockedOrders(
        np.concatenate(which),
        np.concatenate(side),
        np.concatenate(shares),
        np.concatenate(reason).astype(str),
    )
