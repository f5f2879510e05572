"""Hedge: a replay with index futures sold short against it, and what that costs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.backtest.hedge_basis import Basis, read_basis
from intralpha.base import DataError, Spec
from intralpha.base.file_digest import file_digest
from intralpha.base.place import PlacePath
from intralpha.base.years import by_year
from intralpha.evaluation.figures import Course
from intralpha.evaluation.nav import (
    SESSIONS_PER_YEAR,
    annualised_return,
    calmar,
    drawdown,
    max_drawdown,
    nav,
    sharpe,
    volatility,
)

BPS = 1e-4
FRIDAY, WEEK = 4, 7
QUARTER = 3


class UnhedgedError(DataError):
    """Nothing can be sold short against a portfolio without a benchmark."""

    def __init__(self, missing: int, sessions: int) -> None:
        self.missing, self.sessions = missing, sessions
        super().__init__(
            f"hedge: {missing} of {sessions} sessions have no return of the benchmark; expected "
            "one on each.\nHint: portfolio.benchmark names what is sold short."
        )


class HedgeSpec(Spec):
    """Index futures of the benchmark sold short against the portfolio; costs are those of the hedge
    alone [our own: no seed has them].
    """

    cost_annualised: float = Field(
        gt=-1,
        lt=1,
        description="what holding the short contract costs a year of 244 sessions, share of its "
        "value: minus the annualised basis; above 0 where futures are cheaper than the index",
    )
    basis: PlacePath | None = Field(
        default=None,
        description="csv or Parquet of date and basis_annualised (future over index less 1, a "
        "year), whose newest row before a session takes the place of cost_annualised",
    )
    margin_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="cash kept beside the stocks as margin, share of the value of the futures",
    )
    commission_bps: float = Field(
        default=0.3, ge=0, lt=1000, description="charge on every bought or sold value of futures"
    )
    roll: Literal["month", "quarter"] = Field(
        default="month",
        description="contract that is held: it is rolled on its last day, the third Friday of the "
        "month (of the last month of the quarter) or the session after",
    )

    def content(self) -> str:
        """Digest of the table, so that another one is another hedge."""
        return "" if self.basis is None else file_digest(Path(self.basis)).hex()

    def faults(self) -> tuple[str, ...]:
        """A table that is not there."""
        lost = self.basis is not None and not Path(self.basis).is_file()
        return (f"basis: no file {self.basis}",) if lost else ()


@dataclass(frozen=True, eq=False)
class Hedged:
    """A hedged replay.

    Attributes
    ----------
    daily : ``date``; ``gross_ret`` (stocks less index, on all the money), ``basis_cost`` and
        ``commission_cost`` (shares of the value at the close before; the first below 0 is earned),
        ``hedged_ret``; ``hedged``, compounded value of 1; ``excess``, the same of the plain
        difference of returns; ``drawdown`` of ``hedged``, 0 or less
    excess_ret : plain difference of returns
    """

    daily: pl.DataFrame
    excess_ret: Float[ndarray, "D"]

    def figures(self) -> pl.DataFrame:
        """Figures of the plain excess, and of the hedge before and after its costs.

        Returns
        -------
        DataFrame
            ``of``, ``ret_annualised``, ``volatility``, ``sharpe``, ``max_drawdown``, ``calmar`` as
            of :mod:`intralpha.evaluation.nav`; ``basis_cost_share`` and ``commission_cost_share``,
            means a session times 244.
        """
        rets = {
            "excess": self.excess_ret,
            "hedged before cost": self.daily["gross_ret"].to_numpy(),
            "hedged": self.daily["hedged_ret"].to_numpy(),
        }
        paid = {}
        for name in ("basis_cost", "commission_cost"):
            paid[f"{name}_share"] = float(self.daily[name].to_numpy().mean()) * SESSIONS_PER_YEAR
        free = dict.fromkeys(paid, 0.0)
        rows = [
            {"of": of, **_figures(ret), **(paid if of == "hedged" else free)}
            for of, ret in rets.items()
        ]
        return pl.DataFrame(rows)

    def yearly(self) -> pl.DataFrame:
        """``year`` (or all), ``excess_ret``, ``hedged_ret`` (both compounded), and the costs of the
        hedge as sums over the year.
        """
        grown = [(pl.col(n) + 1).product() - 1 for n in ("excess_ret", "hedged_ret")]
        summed = [
            pl.col(f"{n}_cost").sum().alias(f"{n}_cost_share") for n in ("basis", "commission")
        ]
        rows = self.daily.with_columns(excess_ret=pl.Series(self.excess_ret))
        return by_year(rows, [*grown, *summed])


def hedged(course: Course, spec: HedgeSpec) -> Hedged:
    r"""Sell futures of the benchmark short against a portfolio, and bring both back at every close.

    Of the money :math:`H_{t-1}` at a close a share :math:`n = 1 / (1 + m)` is in the portfolio, as
    much is sold short, and :math:`m n` is cash, the margin, which earns nothing. With the returns
    r of the portfolio, after its own costs, and b of the benchmark, and the cost c of holding the
    contract a session, :math:`f_t = b_t + c_t` is the return of the future, and

    .. math::
        \frac{H_t}{H_{t-1}} = 1 + n (r_t - f_t) - \kappa v_t, \qquad
        v_t = n \,\lvert n (r_t - f_t) - f_t \rvert

    where v is the value of futures that is bought or sold at the close over :math:`H_{t-1}`: the
    short position has grown to :math:`n (1 + f_t)`, and is brought to the share n of what the
    money is before the charge. On the day of a roll all of the old contract is bought back and the
    new one sold, :math:`v_t = n (1 + f_t) + n (1 + n (r_t - f_t))`; the first session also pays
    the opening, n. The cost of a session is ``cost_annualised`` / 244, or minus the newest basis
    of the table dated before the session / 244.

    Without margin and costs :math:`H_t / H_{t-1} = 1 + r_t - b_t`: the value is the compounded
    difference of returns, the excess as it is reported everywhere here.

    Parameters
    ----------
    course : of a replay, with a benchmark on every session
    spec : the hedge

    Returns
    -------
    Hedged
        Of the sessions of the course; a session knows no later one.

    Raises
    ------
    UnhedgedError
        A session has no return of the benchmark.
    BasisError
        The table cannot be read as such.

    Notes
    -----
    Contracts are parts of one, priced at the index plus what is left of the basis; money moved
    between stocks and margin is not charged; the close of the last session is not charged.
    """
    missing = ~np.isfinite(course.benchmark_ret)
    if missing.any():
        raise UnhedgedError(int(missing.sum()), len(missing))
    days = course.dates.astype("datetime64[D]")
    share, excess = 1.0 / (1.0 + spec.margin_share), course.ret - course.benchmark_ret
    cost = _cost_annualised(spec, days) / SESSIONS_PER_YEAR
    future = course.benchmark_ret + cost
    earned = share * (course.ret - future)
    traded = share * np.abs(earned - future)
    rolled = roll_days(days, spec.roll)
    traded[rolled] = share * (2.0 + future + earned)[rolled]
    traded[:1] += share
    charge = spec.commission_bps * BPS * traded
    ret = earned - charge
    value = nav(ret)
    columns = {
        "date": days,
        "gross_ret": share * excess,
        "basis_cost": share * cost,
        "commission_cost": charge,
        "hedged_ret": ret,
        "hedged": value,
        "excess": nav(excess),
        "drawdown": -drawdown(value),
    }
    return Hedged(pl.DataFrame(columns), excess)


def roll_days(
    days_D: Shaped[ndarray, "D"], every: Literal["month", "quarter"]
) -> Bool[ndarray, "D"]:
    """Last trading days of contracts: third Fridays, or the first session after.

    Parameters
    ----------
    days_D : datetime64[D], sessions, ascending
    every : which contracts

    Examples
    --------
    >>> days = np.arange("2024-06-01", "2024-08-01", dtype="datetime64[D]")
    >>> days[roll_days(days, "month")].astype(str).tolist()
    ['2024-06-21', '2024-07-19']
    >>> days[roll_days(days, "quarter")].astype(str).tolist()
    ['2024-06-21']
    """
    months = np.unique(days_D.astype("datetime64[M]"))
    if every == "quarter":
        months = months[(months.astype(int) + 1) % QUARTER == 0]
    first = months.astype("datetime64[D]")
    weekday = (first.astype(int) + 3) % WEEK  # 1970-01-01 was a Thursday; Monday is 0
    fridays = first + (FRIDAY - weekday) % WEEK + 2 * WEEK
    out = np.zeros(len(days_D), dtype=bool)
    for friday in fridays:
        at = int(np.searchsorted(days_D, friday))
        if days_D[0] <= friday and at < len(days_D):
            out[at] = True
    return out


def _cost_annualised(spec: HedgeSpec, days_D: Shaped[ndarray, "D"]) -> Float[ndarray, "D"]:
    """Cost of holding the short contract on each session, a year."""
    if spec.basis is None:
        return np.full(len(days_D), spec.cost_annualised)
    known: Basis = read_basis(Path(spec.basis))
    at = np.searchsorted(known.dates, days_D) - 1  # the newest row before the session
    return np.where(at >= 0, -known.basis_annualised[np.maximum(at, 0)], spec.cost_annualised)


def _figures(ret_D: Float[ndarray, "D"]) -> dict[str, float]:
    return {
        "ret_annualised": annualised_return(ret_D),
        "volatility": volatility(ret_D),
        "sharpe": sharpe(ret_D),
        "max_drawdown": max_drawdown(nav(ret_D)),
        "calmar": calmar(ret_D),
    }
