"""A simulated market of bars: deterministic by seed, with a predictable part that is known."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from intralpha.base import ConfigError, Panel, spec_hash
from intralpha.base.ahead import ahead, closed
from intralpha.market import Calendar, TradingRules
from intralpha.sources.exchange.actions import make_actions
from intralpha.sources.exchange.bars import Bars
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.frames import BarRows, Month
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.index import INDEX
from intralpha.sources.exchange.latent import REVERSAL_PERSISTENCE, Latent, make_latent
from intralpha.sources.exchange.reports import report_rows
from intralpha.sources.exchange.skeleton import Day, Skeleton
from intralpha.sources.exchange.stocks import INDUSTRIES, MOST_STOCKS, make_stocks
from intralpha.sources.exchange.tape import Tape
from intralpha.sources.exchange.truth import order_rows, snapshot_rows, trade_rows
from intralpha.sources.shipped import preset_named
from intralpha.sources.source import Batch, Source, SourceSpec

HORIZONS = (1, 5, 10)
BARS_AT_ONCE = 200_000
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"n_assets": 12, "start": date(2023, 1, 3), "end": date(2023, 2, 28)},
    "demo": {"n_assets": 300, "start": date(2023, 1, 3), "end": date(2024, 6, 28)},
    "market": {"n_assets": MOST_STOCKS, "start": date(2023, 1, 3), "end": date(2023, 12, 29)},
}


class NoSessionsError(ConfigError):
    """The exchange is closed from the first to the last day of a simulated market."""

    def __init__(self, start: date, end: date) -> None:
        self.start, self.end = start, end
        super().__init__(f"no session from {start} to {end}; choose days with at least one.")


class SimulatedSpec(SourceSpec):
    """A market of bars whose returns are partly predictable, and by how much is known."""

    kind: Literal["simulated"] = "simulated"
    preset: Literal["tiny", "demo", "market"] | None = Field(
        default=None, description="a size to start from: 12, 300 or 4,995 stocks"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="same seed, same market")
    n_assets: int = Field(default=60, ge=5, le=MOST_STOCKS, description="number of stocks")
    start: date = Field(default=date(2023, 1, 3), description="first session")
    end: date = Field(default=date(2024, 6, 28), description="last session")
    freq: Literal[1, 5, 10, 15, 30] = Field(default=30, description="minutes of one bar")
    signal_half_life_days: float = Field(default=10.0, gt=0, description="of the hidden signal")
    signal_daily_vol: float = Field(
        default=0.0013, ge=0, description="log return a day that a hidden signal of 1 pays"
    )
    trace: float = Field(
        default=1.0, ge=0, description="how strongly the signal shows in the shape of the day"
    )

    ticks: tuple[Literal["trades", "orders", "snapshots"], ...] = Field(
        default=(),
        description="also write every trade, every order, ten levels every 3 seconds; the last "
        "takes 3 MB a stock and day in memory",
    )
    habits: HabitSpec = HabitSpec()

    @model_validator(mode="before")
    @classmethod
    def _fill_preset(cls, given: Any) -> Any:
        """Values of the preset stand where nothing else is said."""
        preset = preset_named(given)
        if preset not in PRESETS:
            return given
        return PRESETS[preset] | given

    @model_validator(mode="after")
    def _in_order(self) -> "SimulatedSpec":
        if self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self

    def span(self) -> tuple[date, date]:
        """The days of its market."""
        return self.start, self.end

    def make(self) -> "SimulatedMarket":
        """The market; its hidden state is made when it is asked for."""
        return SimulatedMarket(self)


class SimulatedMarket(Source):
    """Stocks of all boards, their index, and daily rows that equal the bars.

    The road from a hidden state to prices is in ``latent`` (what moves values) and ``flow`` (who
    trades, and the traces the hidden signal leaves). Bars are made from the trades of a limit
    order book. Prices are multiples of 0.01 and stay inside the limits of
    :class:`~intralpha.market.TradingRules`; what a limit or a suspension holds back comes out on
    the following days. There are listings, a delisting, special treatment, suspensions, dividends
    and bonus shares.

    The market is always made order by order, so bars of different ``freq`` are the same market
    and daily rows do not depend on it. An earlier ``end`` cuts the market short and a smaller
    ``n_assets`` takes the first stocks of it; what is left stays the same (the index excepted,
    which has other members then).

    Parameters
    ----------
    spec : parameters

    Attributes
    ----------
    sessions : datetime64[D]
    symbols : of the stocks that are listed before the sample ends, sorted
    stock_symbols : of every stock, by its number

    Raises
    ------
    NoSessionsError
        The exchange is closed on all days asked for.

    Notes
    -----
    Memory: the hidden state, about 150 bytes a stock and session, and one session of bars (17 kB
    a stock) and ticks. A stock-day takes about a millisecond of one core.
    """

    name = "simulated"

    def __init__(self, spec: SimulatedSpec) -> None:
        self.spec = spec
        self.sessions = Calendar.xshg().between(spec.start, spec.end)
        if len(self.sessions) == 0:
            raise NoSessionsError(spec.start, spec.end)
        self._rules = TradingRules.default()
        self._stocks = make_stocks(spec.seed, spec.n_assets, self.sessions, self._rules)
        self.symbols = np.sort(self._stocks.symbols[self._seen()])
        self.stock_symbols: list[str] = self._stocks.symbols.tolist()

    def fingerprint(self) -> str:
        """The parameters are the data."""
        return spec_hash(self.spec)

    def true_expected_return(self, horizons: tuple[int, ...] = HORIZONS) -> Panel:
        r"""What the best forecast in this market would say: the oracle.

        .. math:: E[\log P_{t+1+h} - \log P_{t+1}] = \sum_{k=1}^{h} a_{t+1+k} \phi^k s_t
                  + (\rho^{h+1} - \rho)\, u_t

        for each horizon h, from the close of the session after t: the stock's own part, in
        excess of market and industry, which nobody can predict here.

        Parameters
        ----------
        horizons : sessions h

        Returns
        -------
        Panel, float32, names ``fwd_expected_h1``, ... for each horizon
            Expected log returns given the hidden signal s and transitory part u at the close of
            each date. NaN where the stock has no row. What limits and suspensions hold back is
            not in it, and a regime that begins after the last session is not foreseen.
        """
        latent, stocks = self._latent(), self._stocks
        phi, rho = self._persistence, REVERSAL_PERSISTENCE
        days = np.arange(len(self.sessions))[:, None]
        listed = (stocks.first <= days) & (days < stocks.end)
        parts = []
        for h in horizons:
            ahead = np.minimum(days + 1 + np.arange(1, h + 1), len(days) - 1)
            paid = latent.pay_D[ahead] @ phi ** np.arange(1, h + 1)
            back = rho ** (h + 1) - rho
            expected = paid[:, None] * latent.signal_DA + back * latent.transitory_DA
            parts.append(np.where(listed, expected, np.nan))
        place = {symbol: i for i, symbol in enumerate(stocks.symbols.tolist())}
        columns = [place[symbol] for symbol in self.symbols.tolist()]
        values = np.stack(parts, axis=-1)[:, columns].astype(np.float32)
        names = tuple(f"fwd_expected_h{h}" for h in horizons)
        return Panel(values, self.sessions, self.symbols, names)

    def batches(self) -> Iterator[Batch]:
        """Bars of some sessions of a month, daily rows by month, then the reference tables.

        Trades, orders and snapshots come session by session.
        """
        skeleton = self._skeleton()
        months = self.sessions.astype("datetime64[M]")
        # The next session trades while the rows of one go into the lake.
        with closed(ahead(self._traded(skeleton))) as traded:
            for month in np.unique(months):
                rows, bars = Month(self._stocks), BarRows(self._stocks, self.spec.freq)
                for day, minutes, tapes in islice(traded, int((months == month).sum())):
                    rows.add(day, minutes)
                    bars.add(day, minutes)
                    yield from self._ticks(day, tapes)
                    if len(bars) >= BARS_AT_ONCE:
                        yield _bar_batch(bars)
                if len(bars):
                    yield _bar_batch(bars)
                yield Batch("daily", rows.daily(), f"simulated {month}")
        yield Batch("instruments", self._instruments(), "simulated")
        yield Batch("industry", self._industry(), "simulated")
        yield Batch("membership", _membership(skeleton, self._stocks.symbols), "simulated")
        yield Batch("fundamentals", self.reports(), "simulated")
        yield Batch("corporate_actions", skeleton.action_rows(self.sessions), "simulated")

    def _traded(self, skeleton: Skeleton) -> Iterator[tuple[Day, Bars, dict[int, Tape]]]:
        """Every session after it was traded."""
        floor = Floor(self.spec.seed, self.spec.habits)
        for t, session in enumerate(self.sessions):
            day = skeleton.session(t, session.item())
            yield day, *floor.trade(day, with_tapes=bool(self.spec.ticks))

    def _ticks(self, day: Day, tapes: dict[int, Tape]) -> Iterator[Batch]:
        """Trades, orders and snapshots of one session, as far as they are asked for."""
        makers = {"trades": trade_rows, "orders": order_rows, "snapshots": snapshot_rows}
        for table in self.spec.ticks if tapes else ():
            rows = makers[table](day, self._stocks.symbols, tapes)
            yield Batch(table, rows, f"simulated {day.on}")

    def days(self) -> Iterator[Day]:
        """Sessions before anyone trades; hand them to a :class:`Floor` in any order."""
        skeleton = self._skeleton()
        for t, session in enumerate(self.sessions):
            yield skeleton.session(t, session.item())

    @property
    def _persistence(self) -> float:
        return 0.5 ** (1 / self.spec.signal_half_life_days)

    def _skeleton(self) -> Skeleton:
        latent = self._latent()
        actions = make_actions(self.spec.seed, self._stocks, self.sessions, latent.halted_DA)
        orders = self.spec.habits.orders_per_day
        return Skeleton(self._stocks, latent, actions, self._rules, self.spec.trace, orders)

    def _latent(self) -> Latent:
        return make_latent(
            self.spec.seed,
            self._stocks,
            self.sessions,
            self._persistence,
            self.spec.signal_daily_vol,
        )

    def _seen(self) -> list[int]:
        """Numbers of the stocks that are listed before the sample ends."""
        return np.flatnonzero(self._stocks.first < len(self.sessions)).tolist()

    def _list_date(self, i: int) -> date:
        """Of a stock listed before the sample ends; later ones count as listed at its end."""
        stocks = self._stocks
        first: date = self.sessions[min(stocks.first[i], len(self.sessions) - 1)].item()
        return first if stocks.new[i] else first - timedelta(days=int(stocks.age_days[i]))

    def _instruments(self) -> pl.DataFrame:
        stocks = self._stocks
        rows: list[tuple] = [(INDEX, "SSE", "index", "Simulated index", None, None)]
        for i in self._seen():
            end = int(stocks.end[i])
            left = self.sessions[end].item() if end < len(self.sessions) else None
            about = (stocks.exchanges[i], stocks.boards[i], f"Simulated {i:04d}")
            rows.append((str(stocks.symbols[i]), *about, self._list_date(i), left))
        schema = {
            "symbol": pl.String,
            "exchange": pl.String,
            "board": pl.String,
            "name": pl.String,
            "list_date": pl.Date,
            "delist_date": pl.Date,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def reports(self) -> pl.DataFrame:
        """Rows of ``fundamentals`` of all stocks; see ``exchange.reports``."""
        first, last = (self.sessions[k].item() for k in (0, -1))
        dates = [self._list_date(i) for i in range(len(self._stocks.symbols))]
        rows = report_rows(self.spec.seed, self._stocks, dates, first, last)
        return rows.filter(pl.col("symbol").is_in(self.symbols.tolist()))

    def _industry(self) -> pl.DataFrame:
        stocks = self._stocks
        rows = [
            (
                str(stocks.symbols[i]),
                self._list_date(i),
                "simulated",
                INDUSTRIES[stocks.industry[i]],
            )
            for i in self._seen()
        ]
        schema = {"symbol": pl.String, "in_date": pl.Date, "scheme": pl.String, "code": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
            out_date=pl.lit(None, pl.Date)
        )


def _bar_batch(bars: BarRows) -> Batch:
    """What was collected, under the sessions that it spans."""
    rows = bars.take()
    return Batch("bars", rows, f"simulated {rows['date'][0]} .. {rows['date'][-1]}")


def _membership(skeleton: Skeleton, symbols: np.ndarray) -> pl.DataFrame:
    members = skeleton.index.members
    return pl.DataFrame(
        {
            "index": [INDEX] * len(members),
            "symbol": symbols[[m.number for m in members]].tolist(),
            "in_date": [m.in_date for m in members],
            "out_date": [m.out_date for m in members],
            "weight": [m.weight for m in members],
        }
    )
