"""Ledger: everything the replay did, as tables, and the recorder that writes it."""

from dataclasses import asdict, dataclass, field

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.events import Event
from intralpha.backtest.fills import BUY, DayResult
from intralpha.base.notebook import html_table, svg_line, text_table
from intralpha.evaluation import nav, performance
from intralpha.evaluation.figures import Course

_DAILY = {
    "date": pl.Date,
    "nav_yuan": pl.Float64,
    "cash_yuan": pl.Float64,
    "holdings_yuan": pl.Float64,
    "ret": pl.Float64,
    "benchmark_ret": pl.Float64,
    "excess_ret": pl.Float64,
    "traded_yuan": pl.Float64,
    "cost_yuan": pl.Float64,
    "turnover_one_sided": pl.Float64,
    "turnover_two_sided": pl.Float64,
    "n_holdings": pl.Int64,
    "buy_scale": pl.Float64,
    "n_below_lot": pl.Int64,
}
_FILLS = {
    "date": pl.Date,
    "symbol": pl.String,
    "side": pl.String,
    "shares": pl.Float64,
    "price": pl.Float64,
    "amount_yuan": pl.Float64,
    "cost_yuan": pl.Float64,
}
_BLOCKED = {
    "date": pl.Date,
    "symbol": pl.String,
    "side": pl.String,
    "shares_wanted": pl.Float64,
    "reason": pl.String,
}
_HOLDINGS = {
    "date": pl.Date,
    "symbol": pl.String,
    "shares": pl.Float64,
    "weight": pl.Float64,
    "target_weight": pl.Float64,
}
_EVENTS = {
    "date": pl.Date,
    "symbol": pl.String,
    "kind": pl.String,
    "shares_change": pl.Float64,
    "cash_yuan": pl.Float64,
    "lost_yuan": pl.Float64,
}
ABSOLUTE = ("rows", "ret", "ret_annualised", "volatility", "sharpe", "max_drawdown")
_TABLES = {"fills": _FILLS, "blocked": _BLOCKED, "holdings": _HOLDINGS, "events": _EVENTS}


@dataclass(frozen=True, eq=False, repr=False)
class Ledger:
    """The books of a back-test.

    Attributes
    ----------
    daily : one row a session from the first one after the first decision
        ``date, nav_yuan, cash_yuan, holdings_yuan``; ``ret`` (NAV over the NAV of the session
        before, minus 1), ``benchmark_ret`` and ``excess_ret`` (their difference; null without a
        benchmark), ``traded_yuan`` (bought plus sold), ``cost_yuan``, ``turnover_two_sided``
        (traded_yuan over the NAV of the session before) and ``turnover_one_sided`` (half of it),
        ``n_holdings``, ``buy_scale`` (share of the purchases the cash allowed), ``n_below_lot``
        (orders smaller than the exchange accepts)
    fills : ``date, symbol, side, shares, price, amount_yuan, cost_yuan``
    blocked : ``date, symbol, side, shares_wanted, reason``: orders that could not be filled
    holdings : ``date, symbol, shares, weight, target_weight`` at the close of each rebalance
    events : ``date, symbol, kind, shares_change, cash_yuan, lost_yuan``: corporate actions,
        delistings, holdings whose rows ended, orders at a price outside the day's range,
        decisions that were not traded
    """

    daily: pl.DataFrame
    fills: pl.DataFrame
    blocked: pl.DataFrame
    holdings: pl.DataFrame
    events: pl.DataFrame

    def returns(
        self,
    ) -> tuple[Float[ndarray, "D"], Float[ndarray, "D"], Shaped[ndarray, "D"]]:
        """Returns of the account, of the benchmark (NaN without one), and the sessions."""
        ret = self.daily["ret"].to_numpy()
        benchmark = self.daily["benchmark_ret"].fill_null(np.nan).to_numpy()
        return ret, benchmark, self.daily["date"].to_numpy().astype("datetime64[D]")

    def course(self) -> Course:
        """Returns, turnover and cost by session, as conventions of reports count them."""
        ret, benchmark, days = self.returns()
        before = self.daily["nav_yuan"].to_numpy() / (1.0 + ret)
        traded, cost = (self.daily[n].to_numpy() for n in ("traded_yuan", "cost_yuan"))
        return Course(days, ret, benchmark, traded / before, cost / before)

    def figures(self) -> dict[str, float]:
        """The figures of :func:`intralpha.evaluation.performance`, turnover and cost.

        Returns
        -------
        dict of name -> value, fractions
            ``turnover_one_sided`` is the mean over rebalances without the first one,
            ``cost_of_capital_share`` all costs over the mean NAV. Figures that need a benchmark
            are left out without one.
        """
        ret, benchmark, days = self.returns()
        compared = bool(np.isfinite(benchmark).any())
        known = asdict(performance(ret, benchmark if compared else np.zeros(len(ret)), days))
        out = {k: float(v) for k, v in known.items() if compared or k in ABSOLUTE}
        traded = self.daily["turnover_one_sided"].to_numpy()
        later = traded[traded > 0][1:]
        out["turnover_one_sided"] = float(later.mean()) if len(later) else 0.0
        cost, nav_yuan = self.daily["cost_yuan"].sum(), self.daily["nav_yuan"].to_numpy()
        out["cost_of_capital_share"] = float(cost / nav_yuan.mean()) if len(nav_yuan) else 0.0
        return out

    def to_text(self) -> str:
        """Period and figures as lines of text."""
        return f"{self._title()}\n{text_table(self.figures().items())}"

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        ret, benchmark, days = self.returns()
        compared = bool(np.isfinite(benchmark).any())
        grown = nav(ret - benchmark if compared else ret) - 1.0
        label = "compounded excess" if compared else "compounded return"
        table = html_table(("figure", "value"), self.figures().items(), self._title())
        return table + svg_line(grown, days, label)

    def _title(self) -> str:
        days = self.daily["date"]
        period = f"{days[0]} to {days[-1]}" if len(days) else "no session"
        return f"Ledger, {period}, {self.fills.height:,} fills, {self.blocked.height:,} blocked"


@dataclass(eq=False)
class Recorder:
    """Collects the tables of a ledger day by day.

    Attributes
    ----------
    assets : axis of the account
    past_nav_yuan : NAV before the first session recorded
    """

    assets: ndarray
    past_nav_yuan: float
    _daily: list[tuple] = field(default_factory=list)
    _frames: dict[str, list[pl.DataFrame]] = field(
        default_factory=lambda: {name: [] for name in _TABLES}
    )

    def day(
        self,
        date: np.datetime64,
        account: Account,
        result: DayResult,
        benchmark_ret: float | None,
        targets: Float[ndarray, "A"] | None,
    ) -> None:
        """Write one session, after its close.

        Parameters
        ----------
        date : the session
        account : as it is after the close
        result : what came of the day
        benchmark_ret : the benchmark's return of the day; None without one
        targets : weights that were traded towards, shape [A]; None without a batch of orders
        """
        traded = cost = 0.0
        if result.fills is not None:
            traded = float(result.fills.shares @ result.fills.price_yuan)
            cost = float(result.fills.cost_yuan.sum())
        nav, holdings = account.nav_yuan, account.holdings_yuan
        ret, turnover = nav / self.past_nav_yuan - 1.0, traded / self.past_nav_yuan
        excess = None if benchmark_ret is None else ret - benchmark_ret
        self._daily.append(
            (
                date.astype("datetime64[D]").item(),
                nav,
                account.cash_yuan,
                holdings,
                ret,
                benchmark_ret,
                excess,
                traded,
                cost,
                turnover / 2,
                turnover,
                len(account.held),
                result.buy_scale,
                result.n_below_lot,
            )
        )
        self.past_nav_yuan = nav
        self._orders(date, result)
        if targets is not None:
            self._holdings(date, account, targets)

    def events(self, date: np.datetime64, events: tuple[Event, ...]) -> None:
        """Write what happened without an order."""
        names = ("symbol", "kind", "shares_change", "cash_yuan", "lost_yuan")
        if events:
            self._add("events", date, {n: [getattr(e, n) for e in events] for n in names})

    def ledger(self) -> Ledger:
        """The tables so far."""
        frames = {
            name: pl.concat([pl.DataFrame(schema=schema), *self._frames[name]])
            for name, schema in _TABLES.items()
        }
        return Ledger(pl.DataFrame(self._daily, schema=_DAILY, orient="row"), **frames)

    def _orders(self, date: np.datetime64, result: DayResult) -> None:
        """Fills, blocked orders and events of a session."""
        if (fills := result.fills) is not None and len(fills.which):
            columns = {
                "symbol": self.assets[fills.which],
                "side": _sides(fills.side),
                "shares": fills.shares,
                "price": fills.price_yuan,
                "amount_yuan": fills.shares * fills.price_yuan,
                "cost_yuan": fills.cost_yuan,
            }
            self._add("fills", date, columns)
        if (blocked := result.blocked) is not None and len(blocked.which):
            columns = {
                "symbol": self.assets[blocked.which],
                "side": _sides(blocked.side),
                "shares_wanted": blocked.shares,
                "reason": blocked.reason,
            }
            self._add("blocked", date, columns)
        self.events(date, result.events)

    def _holdings(self, date: np.datetime64, account: Account, targets: ndarray) -> None:
        """Holdings and targets at the close of a rebalance; names with neither are left out."""
        which = np.flatnonzero((account.shares > 0) | (targets > 0))
        columns = {
            "symbol": self.assets[which],
            "shares": account.shares[which],
            "weight": account.weights()[which],
            "target_weight": targets[which],
        }
        self._add("holdings", date, columns)

    def _add(self, name: str, date: np.datetime64, columns: dict) -> None:
        day = date.astype("datetime64[D]").item()
        rows = {"date": [day] * len(columns["symbol"])}
        rows |= {key: _plain(values) for key, values in columns.items()}
        self._frames[name].append(pl.DataFrame(rows, schema=_TABLES[name]))


def _sides(side: ndarray) -> ndarray:
    return np.where(side == BUY, "buy", "sell")


def _plain(values: ndarray | list) -> ndarray | list:
    """Strings as a list: Polars then keeps them as text whatever the array's width."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "U":
        return values.tolist()
    return values
