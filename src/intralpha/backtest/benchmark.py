"""What the portfolio is measured against: an index, or weights that drift with prices."""

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import DataError, Kinded, Panel
from intralpha.base.cross_section import sum_in_turn
from intralpha.base.panel import as_days
from intralpha.market import Lake

LAID = ("weight", "member")


class BenchmarkWeightsError(DataError):
    """Benchmark weights that are not a portfolio on their date."""

    def __init__(self, date: np.datetime64, fault: str) -> None:
        self.date, self.fault = date, fault
        super().__init__(
            f"benchmark weights of {date}: {fault}; expected weights of 0 or more, with a sum "
            "above 0, on assets of the market panel."
        )


class BenchmarkGapError(DataError):
    """A benchmark has no return on some sessions."""

    def __init__(self, missing: list[str], sessions: int) -> None:
        self.missing = missing
        shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        super().__init__(
            f"the benchmark has no value on {len(missing)} of {sessions} sessions: {shown}; "
            "expected one on each, as a gap would count as a return of 0 or fall out of every "
            "figure.\nHint: complete it, or replay only sessions that it has."
        )


def check_benchmark(ret_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"]) -> None:
    """Refuse returns of a benchmark that are not finite.

    Parameters
    ----------
    ret_D : returns that a replay compares with
    dates_D : their sessions

    Raises
    ------
    BenchmarkGapError
    """
    missing = [str(day) for day in dates_D[~np.isfinite(ret_D)]]
    if missing:
        raise BenchmarkGapError(missing, len(dates_D))


class BenchmarkSpec(Kinded):
    """What the portfolio is measured against. A new one is one new file."""

    homes = ("intralpha.backtest",)
    default_kind = "float_cap"

    def weights(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Float[ndarray, "D A"]:
        """Weights from which the optimiser deviates.

        Parameters
        ----------
        lake : with ``daily``
        dates : decision dates, shape [D]
        assets : symbols, shape [A]
        inside_DA : the universe at the close of each date

        Returns
        -------
        ndarray of float64, shape [D, A]
            Rows sum to 1, or to 0 where the universe is empty or nothing is known that the weights
            are made of. Known at the close of each date.
        """
        raise NotImplementedError

    @property
    def has_constituents(self) -> bool:
        """Whether stocks of the universe may be off the benchmark."""
        return type(self).laid is not BenchmarkSpec.laid

    @property
    def fwd_sessions(self) -> int:
        """Sessions after a date that its weights look at: 0 unless a key asks to look ahead."""
        return 0

    @property
    def indices(self) -> tuple[str, ...]:
        """Indices whose constituents the lake must know."""
        return ()

    def laid(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> Panel:
        """Weights, and who counts as a constituent.

        Parameters
        ----------
        lake, dates, assets, inside_DA : as of :meth:`weights`

        Returns
        -------
        Panel, float64, shape [D, A, N]
            ``weight``, as of :meth:`weights`, and ``member``, 1 for constituents: every stock with
            a weight, unless a kind knows better. Known at the close of each date.
        """
        weights = self.weights(lake, dates, assets, inside_DA).astype(np.float64)
        member = (weights > 0).astype(np.float64)
        return Panel(np.stack([weights, member], axis=-1), as_days(dates), assets, LAID)

    def check(
        self,
        dates: Shaped[ndarray, "D"],
        weights_DA: Float[ndarray, "D A"],
        inside_DA: Bool[ndarray, "D A"],
    ) -> None:
        """Refuse dates on which something is decided, but nothing is there to deviate from.

        Parameters
        ----------
        dates : on which a stock of the universe has a score, shape [D]
        weights_DA : what :meth:`weights` gives, shape [D, A]
        inside_DA : the universe, shape [D, A]

        Raises
        ------
        DataError
            That of :meth:`missing`, of the first such date.
        """
        empty = np.flatnonzero(weights_DA.sum(axis=1) == 0)
        if len(empty):
            first = int(empty[0])
            raise self.missing(dates[first], int(inside_DA[first].sum()))

    def missing(self, date: np.datetime64, stocks: int) -> DataError:
        """What to say of a decision date without weights.

        Parameters
        ----------
        date : of the decision
        stocks : in its universe
        """
        return BenchmarkWeightsError(date, f"none for any of the {stocks} stocks of the universe")

    def told(self, lake: Lake, laid: Panel) -> pl.DataFrame | None:
        """What the weights are made of, for the report.

        Parameters
        ----------
        lake : that of the weights
        laid : what :meth:`laid` gives

        Returns
        -------
        pl.DataFrame, a row a year
            None: there is nothing to tell.
        """
        del lake, laid
        return None

    def returns(self, lake: Lake, weights: Panel, market: Panel) -> Float[ndarray, "D"]:
        """Daily returns of the benchmark on the sessions of the market.

        Parameters
        ----------
        lake : with ``daily``, up to the last session of ``market``
        weights : Panel, one name, of the first session of ``market``: those of :meth:`weights` at
            a decision, or what they have drifted to
        market : Panel with ``close`` and ``preclose``, from one decision date to the next

        Returns
        -------
        ndarray of float64, shape [D], one a session of ``market``
            Those of the weights, held and drifting, unless a kind knows better; see
            :func:`benchmark_returns`. The first one is not used.
        """
        del lake
        return benchmark_returns(weights, market)


def index_returns(close_D: Float[ndarray, "D"]) -> Float[ndarray, "D"]:
    """Close-to-close returns of an index.

    Parameters
    ----------
    close_D : closing values, one a session

    Returns
    -------
    ndarray of float64, shape [D]
        0 on the first session. Known at the close of each. Spec 18.4.

    Raises
    ------
    BenchmarkGapError
        A value is absent: the sessions around it would count as returns of 0.

    Examples
    --------
    >>> index_returns(np.array([100.0, 110.0, 99.0])).round(6).tolist()
    [0.0, 0.1, -0.1]
    """
    value = close_D.astype(np.float64)
    check_benchmark(np.where(value > 0, value, np.nan), np.arange(len(value)))
    return np.concatenate([np.zeros(min(len(value), 1)), value[1:] / value[:-1] - 1.0])


def benchmark_weights(weights: Panel, market: Panel) -> Panel:
    r"""Weights of a benchmark at the close of every session, drifted since they were last set.

    .. math:: w_{d} = \frac{w_{d-1} (1 + r_d)}{\sum_j w_{j,d-1} (1 + r_{j,d})},
              \qquad r_d = close_d / preclose_d - 1

    Parameters
    ----------
    weights : Panel, one name, dated; normalised to 1 on each date, NaN is 0
        For a float-cap benchmark: capitalisation over the pool, given on its review dates.
    market : Panel with ``close`` and ``preclose`` (adjusted for the day's corporate action)
        A name without a row does not move.

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``weight``, on the axes of ``market``
        Known at the close of each date. NaN before the first date of ``weights``.

    Raises
    ------
    BenchmarkWeightsError
    """
    given = _on_market(weights, market)
    totals = sum_in_turn(given)
    growth = growth_of(market)
    out = np.full((len(market.dates), len(market.assets)), np.nan)
    now, place = None, {d: i for i, d in enumerate(weights.dates.tolist())}
    for row, date in enumerate(market.dates.tolist()):
        if now is not None:
            now = now * growth[row]
            now = now / sum_in_turn(now)
        if date in place:
            now = given[place[date]] / totals[place[date]]
        if now is not None:
            out[row] = now
    return Panel(out[:, :, None], market.dates, market.assets, ("weight",))


def benchmark_returns(weights: Panel, market: Panel) -> Float[ndarray, "D"]:
    """Daily return of a benchmark given by weights, held and drifting between its dates.

    The return of session d is earned by the weights at the close of d-1, so weights dated d count
    from d+1 on. Without cost.

    Parameters
    ----------
    weights, market : as in :func:`benchmark_weights`

    Returns
    -------
    ndarray, float64, shape [D]
        0 up to and with the first date of ``weights``.
    """
    drifted = benchmark_weights(weights, market).values[:, :, 0]
    earned = np.zeros(len(market.dates))
    earned[1:] = sum_in_turn(np.nan_to_num(drifted[:-1]) * (growth_of(market)[1:] - 1.0))
    return earned


def _on_market(weights: Panel, market: Panel) -> Float[ndarray, "D A"]:
    """Checked weights on the assets of the market, 0 where there is none."""
    raw = np.nan_to_num(weights.values[:, :, 0].astype(np.float64))
    lost = (raw > 0) & ~np.isin(weights.assets, market.assets)
    for date, row, missing in zip(weights.dates, raw, lost, strict=True):
        if missing.any():
            symbol = weights.assets[missing][0]
            raise BenchmarkWeightsError(date, f"{symbol} is not in the market")
        if (row < 0).any() or not row.sum() > 0:
            raise BenchmarkWeightsError(date, f"sum {row.sum():.6g}, smallest {row.min():.6g}")
    laid = weights.reindex(weights.dates, market.assets).values[:, :, 0]
    return np.nan_to_num(laid.astype(np.float64))


def growth_of(market: Panel) -> Float[ndarray, "D A"]:
    """Close over adjusted previous close of each session; 1 without a row.

    Parameters
    ----------
    market : Panel with ``close`` and ``preclose``
    """
    close, preclose = market["close"], market["preclose"]
    known = np.isfinite(close) & (preclose > 0)
    return np.divide(close, preclose, out=np.ones_like(close), where=known)
