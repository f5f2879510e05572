"""A small simulated market of bars: deterministic by seed, with a known predictable part."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base import Panel, Spec, spec_hash
from intralpha.market import Calendar, TradingRules, bar_times, board_of
from intralpha.sources.source import Batch, Source

INDEX = "000852.SH"
INDUSTRIES = ("bank", "chemicals", "electronics", "food", "machinery", "pharma")
HORIZONS = (1, 5, 10)


class SimulatedSpec(Spec):
    """A market of bars whose returns are partly predictable, and by how much is known."""

    kind: Literal["simulated"] = "simulated"
    seed: int = Field(default=0, ge=0, description="same seed, same market")
    n_assets: int = Field(default=60, ge=5, le=900, description="number of stocks")
    start: date = Field(default=date(2023, 1, 3), description="first session")
    end: date = Field(default=date(2024, 6, 28), description="last session")
    freq: Literal[5, 10, 15, 30] = Field(default=30, description="minutes of one bar")
    signal_half_life_days: float = Field(default=10.0, gt=0, description="of the hidden signal")
    signal_daily_vol: float = Field(
        default=0.0035, ge=0, description="daily std of the predictable part of returns"
    )
    trace: float = Field(
        default=0.6, ge=0, description="how strongly the signal shows in the shape of the day"
    )


class SimulatedMarket(Source):
    """Stocks of all boards with daily rows that equal their bars exactly.

    Returns are market + industry + idiosyncratic + a drift proportional to a hidden AR(1) signal
    of each stock. The signal leaves a trace in the day's shape: a stock about to rise trades more
    of its volume late in the day and drifts up within it. Prices are multiples of 0.01 and stay
    inside the limits; there are suspensions, ST stocks, late listings, splits and dividends.

    Parameters
    ----------
    spec : parameters; a smaller ``end`` gives the same market cut short
    """

    name = "simulated"

    def __init__(self, spec: SimulatedSpec) -> None:
        self.spec = spec
        self.sessions = Calendar.xshg().between(spec.start, spec.end)
        self.symbols = _symbols(spec.n_assets)

    def fingerprint(self) -> str:
        """The parameters are the data."""
        return spec_hash(self.spec)

    def true_expected_return(self) -> Panel:
        """The oracle: expected log return from the close of t+1 over each horizon.

        Returns
        -------
        Panel, float32, names ``fwd_expected_h1``, ``fwd_expected_h5``, ``fwd_expected_h10``
            Conditional on the hidden signal of date t; noise and limits are not in it.
        """
        phi = self._persistence
        signal = np.stack([s.signal for s in self._paths()], axis=1)
        names = tuple(f"fwd_expected_h{h}" for h in HORIZONS)
        weights = [sum(phi**k for k in range(1, h + 1)) for h in HORIZONS]
        values = self.spec.signal_daily_vol * signal[:, :, None] * np.array(weights)
        return Panel(values.astype(np.float32), self.sessions, self.symbols, names)

    def batches(self) -> Iterator[Batch]:
        """Reference tables, then bars and daily rows of some stocks at a time."""
        yield Batch("instruments", self._instruments(), "simulated")
        yield Batch("industry", self._industries(), "simulated")
        yield Batch("membership", self._membership(), "simulated")
        market = self._market()
        yield Batch("daily", self._index_rows(market), "simulated")
        actions, daily, bars = [], [], []
        for number, path in enumerate(self._paths()):
            stock = _Stock(self, number, path, market)
            daily.append(stock.daily())
            bars.append(stock.bars())
            actions.append(stock.actions())
            if len(bars) == 50:
                yield Batch("bars", pl.concat(bars), "simulated")
                bars = []
        if bars:
            yield Batch("bars", pl.concat(bars), "simulated")
        yield Batch("daily", pl.concat(daily), "simulated")
        yield Batch("corporate_actions", pl.concat(actions), "simulated")

    @property
    def _persistence(self) -> float:
        return 0.5 ** (1 / self.spec.signal_half_life_days)

    def _rng(self, *stream: int) -> np.random.Generator:
        """A generator of its own for each stock and purpose, so nothing depends on the order."""
        return np.random.Generator(np.random.Philox([self.spec.seed, *stream]))

    def _paths(self) -> list["_Path"]:
        return [
            _Path(self._rng(1, i), len(self.sessions), self._persistence)
            for i in range(len(self.symbols))
        ]

    def _market(self) -> np.ndarray:
        """Daily log return of the market with clustered volatility, column 0, and of industries."""
        days, n = len(self.sessions), len(INDUSTRIES)
        noise = self._rng(2).standard_normal((days, n + 1))
        log_vol = np.empty(days)
        level = 0.0
        for t, shock in enumerate(self._rng(3).standard_normal(days)):
            level = 0.95 * level + 0.15 * shock
            log_vol[t] = level
        out = noise * np.array([0.009, *([0.006] * n)])
        out[:, 0] *= np.exp(log_vol)
        return out

    def _instruments(self) -> pl.DataFrame:
        rows = [
            (s, "SSE" if s.endswith("SH") else "SZSE", board_of(s), f"Sim {i:03d}", None, None)
            for i, s in enumerate(self.symbols.tolist())
        ]
        rows.append((INDEX, "SSE", "index", "Simulated index", None, None))
        columns = ["symbol", "exchange", "board", "name", "list_date", "delist_date"]
        return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)

    def _industries(self) -> pl.DataFrame:
        codes = [INDUSTRIES[i % len(INDUSTRIES)] for i in range(len(self.symbols))]
        return pl.DataFrame({"symbol": self.symbols.tolist(), "code": codes}).with_columns(
            in_date=pl.lit(self.spec.start),
            out_date=pl.lit(None, pl.Date),
            scheme=pl.lit("simulated"),
        )

    def _membership(self) -> pl.DataFrame:
        """Four of five stocks are members from the first day on."""
        inside = [s for i, s in enumerate(self.symbols.tolist()) if i % 5]
        return pl.DataFrame({"symbol": inside}).with_columns(
            index=pl.lit(INDEX),
            in_date=pl.lit(self.spec.start),
            out_date=pl.lit(None, pl.Date),
            weight=pl.lit(None, pl.Float64),
        )

    def _index_rows(self, market: np.ndarray) -> pl.DataFrame:
        close = np.round(6000 * np.exp(np.cumsum(market[:, 0])), 2)
        last = np.concatenate([[6000.0], close[:-1]])
        return pl.DataFrame(
            {
                "date": self.sessions,
                "symbol": [INDEX] * len(close),
                "open": last,
                "preclose": last,
                "high": np.maximum(last, close),
                "low": np.minimum(last, close),
                "close": close,
            }
        ).with_columns(
            volume=pl.lit(10**9), adj_factor=pl.lit(1.0), suspended=pl.lit(False), st=pl.lit(False)
        )


class _Path:
    """Hidden state of one stock: the signal known at the close of each day, unit variance."""

    def __init__(self, rng: np.random.Generator, days: int, phi: float) -> None:
        shocks = rng.standard_normal(days + 1) * np.sqrt(1 - phi**2)
        signal = np.empty(days)
        level = shocks[0] / np.sqrt(1 - phi**2)
        for t in range(days):
            level = phi * level + shocks[t + 1]
            signal[t] = level
        self.signal = signal


class _Stock:
    """Prices and volumes of one stock over all sessions."""

    def __init__(
        self, market: SimulatedMarket, number: int, path: _Path, factors: np.ndarray
    ) -> None:
        self.market, self.number = market, number
        self.symbol = str(market.symbols[number])
        self.days, self.bars_a_day = len(market.sessions), len(bar_times(market.spec.freq))
        rng = market._rng(4, number)
        self.start_yuan = float(np.round(np.exp(rng.uniform(np.log(5), np.log(60))), 2))
        self.shares = float(np.round(np.exp(rng.uniform(np.log(1e8), np.log(3e9))), -4))
        self.st = number % 29 == 13
        self.first = 40 + number % 60 if number % 17 == 16 else 0
        beta = rng.uniform(0.6, 1.4)
        noise = rng.standard_t(5, self.days) * 0.013
        previous = np.concatenate([[0.0], path.signal[:-1]])
        drift = market.spec.signal_daily_vol * previous
        reversal = np.zeros(self.days)
        reversal[1:] = -0.05 * noise[:-1]
        industry = factors[:, 1 + number % len(INDUSTRIES)]
        self.target = beta * factors[:, 0] + industry + noise + drift + reversal
        self.suspended = market._rng(5, number).random(self.days) < 0.004
        self.suspended[: self.first + 1] = False
        self._walk(path.signal)

    def _walk(self, signal: np.ndarray) -> None:
        """Bars of every day, one after the other, because limits depend on the close before."""
        rules, board = TradingRules.default(), board_of(self.symbol)
        days, bars, trace = self.days, self.bars_a_day, self.market.spec.trace
        shape = 1 + 1.2 * np.abs(np.linspace(-1, 1, bars)) ** 2
        late = np.linspace(-1, 1, bars)
        # One stream a purpose: a shorter sample is the beginning of a longer one.
        streams = [self.market._rng(purpose, self.number) for purpose in (6, 7, 8, 9)]
        wiggle = streams[0].standard_normal((days, bars))
        size = streams[1].standard_normal((days, bars))
        spread = np.abs(streams[2].standard_normal((days, bars, 2)))
        busy = np.cumsum(streams[3].standard_normal(days) * 0.15) * 0.3
        self.price = np.empty((days, bars, 4))
        self.volume = np.zeros((days, bars), dtype=np.int64)
        self.preclose, self.up = np.empty(days), np.empty(days)
        self.down, self.factor = np.empty(days), np.empty(days)
        self.bonus, self.cash = np.zeros(days), np.zeros(days)
        close, factor = self.start_yuan, 1.0
        for t in range(days):
            close, factor = self._corporate_action(t, close, factor)
            ratio = rules.limit_ratio(board, self.st, self.market.sessions[t].item())
            up, down = (
                float(x[0]) for x in rules.limit_prices(np.array([close]), np.array([ratio]))
            )
            self.preclose[t], self.up[t], self.down[t], self.factor[t] = close, up, down, factor
            if self.suspended[t]:
                self.price[t] = close
                continue
            path = self._day_path(t, close, signal[t], wiggle[t], late, trace)
            edges = np.clip(np.round(path, 2), down, up)
            opens, closes = edges[:-1], edges[1:]
            high = np.maximum(opens, closes) * (1 + 0.0008 * spread[t, :, 0])
            low = np.minimum(opens, closes) * (1 - 0.0008 * spread[t, :, 1])
            self.price[t, :, 0], self.price[t, :, 3] = opens, closes
            self.price[t, :, 1] = np.clip(np.round(high, 2), np.maximum(opens, closes), up)
            self.price[t, :, 2] = np.clip(np.round(low, 2), down, np.minimum(opens, closes))
            tilt = np.exp(0.5 * trace * np.tanh(signal[t]) * late + 0.3 * size[t])
            shares = self.shares * 0.01 * np.exp(busy[t]) * shape / shape.sum() * tilt
            self.volume[t] = np.maximum(shares / 100, 1).astype(np.int64) * 100
            close = float(closes[-1])

    def _day_path(
        self,
        t: int,
        close: float,
        signal: float,
        wiggle: np.ndarray,
        late: np.ndarray,
        trace: float,
    ) -> np.ndarray:
        """Log-linear path from the open to the day's close, with the signal's late drift."""
        total = self.target[t]
        overnight = 0.3 * total
        steps = (total - overnight) / len(wiggle) + 0.003 * (wiggle - wiggle.mean())
        steps += 0.0006 * trace * np.tanh(signal) * (late - late.mean())
        return close * np.exp(overnight + np.concatenate([[0.0], np.cumsum(steps)]))

    def _corporate_action(self, t: int, close: float, factor: float) -> tuple[float, float]:
        """Preclose and factor after a dividend (each year) or a split (now and then)."""
        if t == 0 or (t + 7 * self.number) % 243 != 120:
            return close, factor
        cash = round(0.01 * close, 2)
        bonus = 0.5 if self.number % 7 == 3 else 0.0
        adjusted = round((close - cash) / (1 + bonus) + 1e-9, 2)
        self.bonus[t], self.cash[t] = bonus, cash
        return adjusted, factor * close / adjusted

    def daily(self) -> pl.DataFrame:
        """Daily rows, from the listing on."""
        amount = (self.price.mean(axis=2) * self.volume).sum(axis=1)
        volume = self.volume.sum(axis=1)
        frame = pl.DataFrame(
            {
                "date": self.market.sessions,
                "symbol": [self.symbol] * self.days,
                "open": self.price[:, 0, 0],
                "high": self.price[:, :, 1].max(axis=1),
                "low": self.price[:, :, 2].min(axis=1),
                "close": self.price[:, -1, 3],
                "preclose": self.preclose,
                "volume": volume,
                "amount": amount,
                "adj_factor": self.factor,
                "up_limit": self.up,
                "down_limit": self.down,
                "suspended": volume == 0,
                "st": [self.st] * self.days,
                "float_shares": self.shares * np.cumprod(1 + self.bonus),
                "total_shares": 1.3 * self.shares * np.cumprod(1 + self.bonus),
            }
        )
        return frame[self.first :]

    def bars(self) -> pl.DataFrame:
        """Bars, from the listing on; a suspended day has bars without volume."""
        times = bar_times(self.market.spec.freq)
        count = self.days * self.bars_a_day
        flat = self.price.reshape(count, 4)
        frame = pl.DataFrame(
            {
                "date": np.repeat(self.market.sessions, self.bars_a_day),
                "symbol": [self.symbol] * count,
                "time": list(times) * self.days,
                **{c: flat[:, i] for i, c in enumerate(("open", "high", "low", "close"))},
                "volume": self.volume.reshape(count),
                "amount": flat.mean(axis=1) * self.volume.reshape(count),
            }
        ).with_columns(freq=pl.lit(self.market.spec.freq, pl.Int16), auc_in_first=pl.lit(True))
        return frame[self.first * self.bars_a_day :]

    def actions(self) -> pl.DataFrame:
        """Splits and dividends."""
        at = np.flatnonzero((self.cash > 0) & (np.arange(self.days) > self.first))
        return pl.DataFrame(
            {
                "symbol": [self.symbol] * len(at),
                "ex_date": self.market.sessions[at],
                "bonus_ratio": self.bonus[at],
                "cash_yuan": self.cash[at],
                "rights_ratio": np.zeros(len(at)),
                "rights_price": np.zeros(len(at)),
            }
        )


def _symbols(n: int) -> np.ndarray:
    """Symbols of all boards: two of five Shanghai, two of five Shenzhen, ChiNext and STAR."""
    forms = ("600{:03d}.SH", "000{:03d}.SZ", "601{:03d}.SH", "300{:03d}.SZ", "688{:03d}.SH")
    return np.array(sorted(forms[i % 5].format(1 + i // 5) for i in range(n)))
