"""Skeleton: closes, limits, share counts and the index of every session, before anyone trades.

A day of the simulated market ends at a price that follows from the hidden state alone. So the
sessions can be walked through without trading them, and each can then be traded by itself.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.market import TradingRules, closing_auctions
from intralpha.sources.exchange.actions import Actions, ex_prices
from intralpha.sources.exchange.course import TICKS_PER_YUAN, Session, closing_ticks
from intralpha.sources.exchange.index import IndexBook
from intralpha.sources.exchange.latent import Latent
from intralpha.sources.exchange.stocks import Stocks

NO_UP_LIMIT = 10**9
ELIGIBLE_AFTER_SESSIONS = 60
USUAL_CAP_YUAN, ACTIVITY_BY_CAP = 6e9, 0.3
ORDERS_BAND = (100.0, 50_000.0)


@dataclass(frozen=True, eq=False)
class Day:
    """One session of every stock, whether it is listed or not, and of the index.

    Attributes
    ----------
    number, on : of the session
    session : what its traders are given
    close : ticks
    listed, halted, special : has a row, does not trade, is under special treatment
    preclose : ticks, adjusted for the session's corporate action
    up_yuan, down_yuan : limit prices; NaN where there is none
    adj_factor : grows with every corporate action, from 1
    float_shares, total_shares : after the session's corporate action
    index_preclose, index_close, index_weight : before the session, after it, and at its start
    """

    number: int
    on: date
    session: Session
    close: Int[ndarray, "A"]
    listed: Bool[ndarray, "A"]
    halted: Bool[ndarray, "A"]
    special: Bool[ndarray, "A"]
    preclose: Int[ndarray, "A"]
    up_yuan: Float[ndarray, "A"]
    down_yuan: Float[ndarray, "A"]
    adj_factor: Float[ndarray, "A"]
    float_shares: Float[ndarray, "A"]
    total_shares: Float[ndarray, "A"]
    index_preclose: float
    index_close: float
    index_weight: Float[ndarray, "A"]


class Skeleton:
    """State that is handed from session to session: closes, factors, share counts, the index.

    Parameters
    ----------
    stocks, latent, actions : what is drawn beforehand
    rules : price limits
    trace : strength of the signal's traces
    orders_per_day : of an average stock
    """

    def __init__(
        self,
        stocks: Stocks,
        latent: Latent,
        actions: Actions,
        rules: TradingRules,
        trace: float,
        orders_per_day: float,
    ) -> None:
        self._trace, self._orders = trace, orders_per_day
        self._stocks, self._latent, self._actions, self._rules = stocks, latent, actions, rules
        self._close = np.rint(stocks.price_yuan * TICKS_PER_YUAN).astype(np.int64)
        self._held_back = np.zeros(len(self._close))
        self._factor = np.ones(len(self._close))
        self._float, self._total = stocks.float_shares, stocks.total_shares
        self._first_days = int(rules.price_limits["listed_days"].max())  # type: ignore[arg-type]
        self._paid: list[tuple[int, int, float, float]] = []
        self.index = IndexBook()

    def session(self, t: int, on: date) -> Day:
        """Session number ``t``; sessions must be asked for in order."""
        stocks = self._stocks
        listed, special = stocks.listed(t), stocks.special(t)
        self._review(t, on, listed & ~special)
        preclose = self._corporate_actions(t)
        up, down = self._limits(t, on, preclose, special)
        session = self._session(t, on, preclose, up, down)
        self._close = closing_ticks(session)
        self._held_back = session.logret - np.log(self._close / preclose)
        before, weight = self.index.level, self.index.members_weight(listed)
        self.index.close(weight, self._close / preclose)
        return Day(
            number=t,
            on=on,
            session=session,
            close=self._close,
            listed=listed,
            halted=self._latent.halted_DA[t],
            special=special,
            preclose=preclose,
            up_yuan=up,
            down_yuan=down,
            adj_factor=self._factor,
            float_shares=self._float,
            total_shares=self._total,
            index_preclose=before,
            index_close=self.index.level,
            index_weight=weight,
        )

    def _session(
        self,
        t: int,
        on: date,
        preclose: Int[ndarray, "A"],
        up: Float[ndarray, "A"],
        down: Float[ndarray, "A"],
    ) -> Session:
        """What the traders of the session are given."""
        stocks, latent = self._stocks, self._latent
        listed, known = stocks.listed(t), np.isfinite(up)
        ticks = (np.where(known, x, 0.0) * TICKS_PER_YUAN for x in (up, down))
        up_ticks, down_ticks = (np.rint(x).astype(np.int64) for x in ticks)
        cap_yuan = preclose / TICKS_PER_YUAN * self._float
        activity = (cap_yuan / USUAL_CAP_YUAN) ** ACTIVITY_BY_CAP * np.exp(0.5 * latent.busy_DA[t])
        lots = self._lots(on, listed)
        return Session(
            preclose=preclose,
            up=np.where(known, up_ticks, NO_UP_LIMIT),
            down=np.where(known, down_ticks, 1),
            logret=np.where(listed, self._held_back + latent.move_DA[t], 0.0),
            vol=latent.vol_DA[t],
            common=latent.common_DA[t],
            signal=self._trace * latent.signal_DA[t],
            busy=latent.busy_DA[t],
            trace=latent.trace_DJ[t],
            noise=latent.noise_DAK[t],
            shares=self._float * stocks.turnover * np.exp(latent.busy_DA[t]),
            orders=np.clip(self._orders * activity, *ORDERS_BAND),
            halted=latent.halted_DA[t] | ~listed,
            closing_auction=closing_auctions(stocks.symbols, on),
            shanghai=np.array([e == "SSE" for e in stocks.exchanges]),
            least=lots[:, 0],
            step=lots[:, 1],
        )

    def action_rows(self, sessions: ndarray) -> pl.DataFrame:
        """Corporate actions of the sessions so far."""
        symbols = self._stocks.symbols
        return pl.DataFrame(
            {
                "symbol": [str(symbols[i]) for _, i, _, _ in self._paid],
                "ex_date": [sessions[t].item() for t, _, _, _ in self._paid],
                "bonus_ratio": [bonus for _, _, bonus, _ in self._paid],
                "cash_yuan": [cash for _, _, _, cash in self._paid],
            },
            schema_overrides={"symbol": pl.String, "ex_date": pl.Date},
        ).with_columns(rights_ratio=pl.lit(0.0), rights_price=pl.lit(0.0))

    def _review(self, t: int, on: date, ordinary: Bool[ndarray, "A"]) -> None:
        known = ~self._stocks.new | (t - self._stocks.first >= ELIGIBLE_AFTER_SESSIONS)
        cap_yuan = self._close / TICKS_PER_YUAN * self._float
        self.index.review(on, cap_yuan, ordinary & known)

    def _corporate_actions(self, t: int) -> Int[ndarray, "A"]:
        """Precloses of the session; factors and share counts move with them."""
        close, bonus = self._close, self._actions.bonus_tenths_DA[t]
        cash, preclose = ex_prices(close, self._actions.cash_share_DA[t], bonus)
        self._factor = self._factor * (close / preclose)
        self._float = np.rint(self._float * (1 + bonus / 10))
        self._total = np.rint(self._total * (1 + bonus / 10))
        for i in np.flatnonzero((cash > 0) | (bonus > 0)).tolist():
            self._paid.append((t, i, float(bonus[i] / 10), float(cash[i] / TICKS_PER_YUAN)))
        return preclose

    def _limits(
        self, t: int, on: date, preclose: Int[ndarray, "A"], special: Bool[ndarray, "A"]
    ) -> tuple[Float[ndarray, "A"], Float[ndarray, "A"]]:
        """Limit prices in CNY, NaN where there is none."""
        stocks = self._stocks
        day = np.where(stocks.new, t - stocks.first + 1, self._first_days + 1)
        day = np.clip(day, 1, self._first_days + 1)
        cases = list(zip(stocks.boards, special.tolist(), day.tolist(), strict=True))
        live = stocks.listed(t)
        ratio = dict.fromkeys(set(cases), np.nan)
        for case in {c for c, listed in zip(cases, live, strict=True) if listed}:
            board, st, listed_days = case
            ratio[case] = self._rules.limit_ratio(board, st, on, listed_days)
        yuan = preclose / TICKS_PER_YUAN
        return self._rules.limit_prices(yuan, np.array([ratio[c] for c in cases]))

    def _lots(self, on: date, listed: Bool[ndarray, "A"]) -> Int[ndarray, "A 2"]:
        """Smallest buy order and step above it; 100 and 100 where nothing is listed yet."""
        boards = np.array(self._stocks.boards)
        known = {b: self._rules.lot(b, on) for b in set(boards[listed].tolist())}
        return np.array([known.get(b, (100, 100)) for b in boards.tolist()])
