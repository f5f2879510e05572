"""Follow factors that run: strength, highs, falls in named events, control bands and crowding.

Every figure of a date uses that date and earlier ones. The return of a date is over ``lag`` dates
later; only then is the row known, which the tables say in ``known``.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.arrays import check_count
from intralpha.evaluation.nav import drawdown, max_drawdown, nav

Window = tuple[date, date]


def strength_table(
    excess_DF: Float[ndarray, "D F"],
    dates_D: Shaped[ndarray, "D"],
    names: Sequence[str],
    window: int,
) -> pl.DataFrame:
    r"""How each factor did of late against the mean of those that are followed.

    .. math:: s_{f,t} = \prod_{u=t-w+1}^{t} (1 + r_{f,u}) \Big/
              \prod_{u=t-w+1}^{t} (1 + \bar r_u) - 1

    Parameters
    ----------
    excess_DF : return of a factor's long side over the universe; NaN counts as 0
    dates_D : datetime64[D], ascending
    names : of the factors
    window : w, in dates

    Returns
    -------
    DataFrame
        ``date`` and a column a factor, a fraction; null for the first ``window - 1`` dates.

    Raises
    ------
    CountError
    """
    check_count("window", window, 1)
    kept = np.nan_to_num(excess_DF)
    growth = np.concatenate([kept, kept.mean(axis=1, keepdims=True)], axis=1) + 1.0
    whole = np.log(np.maximum(growth, 1e-12)).cumsum(axis=0)
    before = np.concatenate([np.zeros((1, whole.shape[1])), whole])[: len(whole) - window + 1]
    ratio = np.full(kept.shape, np.nan)
    moved = whole[window - 1 :] - before
    ratio[window - 1 :] = np.exp(moved[:, :-1] - moved[:, -1:]) - 1.0
    columns = {name: ratio[:, i] for i, name in enumerate(names)}
    return pl.DataFrame({"date": dates_D} | columns).fill_nan(None)


def high_table(excess_D: Float[ndarray, "D"], dates_D: Shaped[ndarray, "D"]) -> pl.DataFrame:
    """Value of a factor's long side, how far it is below its high, and for how long.

    Parameters
    ----------
    excess_D : return over the universe; NaN leaves the value unchanged
    dates_D : datetime64[D], ascending

    Returns
    -------
    DataFrame
        ``date``, ``value`` (1 before the first date), ``drawdown`` (0 or less),
        ``days_since_high``: calendar days, 0 at a high; before the first high they count from the
        first date.
    """
    value = nav(excess_D)
    fallen = drawdown(value)
    place = np.maximum.accumulate(np.where(fallen <= 0, np.arange(len(value)), 0))
    days = dates_D.astype("datetime64[D]")
    since = (days - days[place]).astype(int) if len(days) else np.empty(0, int)
    return pl.DataFrame(
        {"date": days, "value": value, "drawdown": -fallen, "days_since_high": since}
    )


def event_table(
    excess_DF: Float[ndarray, "D F"],
    dates_D: Shaped[ndarray, "D"],
    names: Sequence[str],
    events: Mapping[str, Window],
) -> pl.DataFrame:
    """Return and largest fall of each factor inside named windows.

    Parameters
    ----------
    excess_DF : return of a factor's long side over the universe; NaN counts as 0
    dates_D : datetime64[D], ascending
    names : of the factors
    events : name -> first and last date, both included

    Returns
    -------
    DataFrame
        ``event``, ``start``, ``end``, ``factor``, ``dates``, ``excess_ret``, ``max_drawdown``; a
        window starts at a value of 1. Null without a date inside.
    """
    days, rows = dates_D.astype("datetime64[D]"), []
    for event, (start, end) in events.items():
        inside = (days >= np.datetime64(start)) & (days <= np.datetime64(end))
        for i, name in enumerate(names):
            value = nav(excess_DF[inside, i])
            known = len(value) > 0
            rows.append(
                {
                    "event": event,
                    "start": start,
                    "end": end,
                    "factor": name,
                    "dates": int(inside.sum()),
                    "excess_ret": float(value[-1] - 1.0) if known else None,
                    "max_drawdown": max_drawdown(value) if known else None,
                }
            )
    return pl.DataFrame(rows)


def control_table(
    ic_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    window: int,
    sigmas: float = 2.0,
    lag: int = 0,
) -> pl.DataFrame:
    r"""Rolling mean of a coefficient inside a band made of its own history before the window.

    .. math:: m_t = \frac1w \sum_{u=t-w+1}^{t} x_u, \qquad
              \mu_t \pm k \sigma_t / \sqrt w \text{ of } x_1, \dots, x_{t-w}

    Parameters
    ----------
    ic_D : a coefficient a date; NaN is left out
    dates_D : datetime64[D], ascending
    window : w, dates of the mean; the band begins when as many lie before it
    sigmas : k
    lag : dates after which a coefficient is known

    Returns
    -------
    DataFrame
        ``date``, ``known`` (the date ``lag`` rows later, null beyond the last), ``mean``,
        ``low``, ``high``, ``alarm`` (below the band). Null before there is enough history. A row
        uses no later coefficient.

    Raises
    ------
    CountError
    """
    check_count("window", window, 2)
    check_count("lag", lag, 0)
    there = np.isfinite(ic_D)
    days = dates_D.astype("datetime64[D]")
    frame = pl.DataFrame({"date": days[there], "known": _later(days, lag).filter(there)})
    ic = pl.Series("ic", ic_D[there])
    before = ic.shift(window)
    count = before.is_not_null().cum_sum()
    mean = before.fill_null(0.0).cum_sum() / count
    square = (before**2).fill_null(0.0).cum_sum() / count
    spread = ((square - mean**2).clip(0.0) * count / (count - 1)).sqrt() / float(np.sqrt(window))
    table = frame.with_columns(
        ic.rolling_mean(window).alias("mean"),
        (mean - sigmas * spread).alias("low"),
        (mean + sigmas * spread).alias("high"),
        (count >= window).alias("enough"),
    )
    enough = pl.col("enough")
    bounds = [pl.when(enough).then(pl.col(n)).alias(n) for n in ("low", "high")]
    shown = table.with_columns(*bounds).drop("enough")
    return shown.with_columns(alarm=pl.col("mean") < pl.col("low"))


def _later(days: Shaped[ndarray, "D"], lag: int) -> pl.Series:
    """The date so many rows on; null beyond the last."""
    return pl.Series("known", days).shift(-lag)


def fading_table(
    fresh_D: Float[ndarray, "D"],
    stale_D: Float[ndarray, "D"],
    dates_D: Shaped[ndarray, "D"],
    window: int,
) -> pl.DataFrame:
    """Rolling mean RankIC of the newest scores and of older ones: how fast a factor fades.

    Parameters
    ----------
    fresh_D, stale_D : RankIC of today's score and of an older one with the same return
    dates_D : datetime64[D], ascending
    window : dates of the means

    Returns
    -------
    DataFrame
        ``date``, ``fresh``, ``stale``, and ``kept_share``, stale over fresh where fresh is above 0;
        dates with both only, null before there are ``window`` of them.
    """
    both = np.isfinite(fresh_D) & np.isfinite(stale_D)
    frame = pl.DataFrame({"date": dates_D[both], "fresh": fresh_D[both], "stale": stale_D[both]})
    means = frame.with_columns(pl.col("fresh", "stale").rolling_mean(window))
    share = pl.when(pl.col("fresh") > 0).then(pl.col("stale") / pl.col("fresh"))
    return means.with_columns(kept_share=share)


def crowding_table(
    weights_FDA: Float[ndarray, "F D A"],
    amount_DA: Float[ndarray, "D A"],
    dates_D: Shaped[ndarray, "D"],
    names: Sequence[str],
) -> pl.DataFrame:
    r"""How alike the long sides are, and how much of the market's trading they hold.

    .. math:: \rho_{fg} = \operatorname{corr}_a(w_f, w_g), \qquad
              \sum_{a: w_{f,a} > 0} A_a \Big/ \sum_a A_a

    Parameters
    ----------
    weights_FDA : weights of the long sides; NaN is 0
    amount_DA : traded amount of the stocks of the universe, CNY; NaN elsewhere
    dates_D : datetime64[D]
    names : of the factors

    Returns
    -------
    DataFrame
        ``date``, ``holdings_correlation`` (mean over pairs of factors; null for a single one), and
        a column a factor, ``amount_share`` of its long side, named ``NAME``. Known at the close.
    """
    held = np.nan_to_num(weights_FDA)
    inside = np.isfinite(amount_DA)
    total = np.where(inside, amount_DA, 0.0).sum(axis=1)
    of_all = {}
    for name, weights_DA in zip(names, held, strict=True):
        own = np.where(inside & (weights_DA > 0), amount_DA, 0.0).sum(axis=1)
        of_all[name] = np.divide(own, total, out=np.full(len(total), np.nan), where=total > 0)
    alike = [_alike(held[:, d], inside[d]) for d in range(held.shape[1])]
    columns = {"date": dates_D.astype("datetime64[D]"), "holdings_correlation": np.array(alike)}
    return pl.DataFrame(columns | of_all).fill_nan(None)


def _alike(weights_FA: Float[ndarray, "F A"], inside_A: ndarray) -> float:
    """Mean correlation of every two rows; NaN for fewer than two that vary."""
    some = weights_FA[:, inside_A]
    some = some[some.std(axis=1) > 0] if some.shape[1] else some[:0]
    if len(some) < 2:
        return np.nan
    matrix = np.corrcoef(some)
    return float(matrix[np.triu_indices(len(some), 1)].mean())


def alarm_table(controls: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Where every factor stands now, and since when it has been below its band.

    Parameters
    ----------
    controls : factor -> its :func:`control_table`

    Returns
    -------
    DataFrame
        ``factor``, ``date`` of the newest figure, ``rank_ic`` (rolling mean), ``low``, ``high``,
        ``alarm``, ``since`` (first date of the present alarm; null without one), ``alarm_share`` of
        the dates that have a band.
    """
    rows = []
    for name, table in controls.items():
        known = table.filter(pl.col("low").is_not_null())
        if known.is_empty():
            continue
        last = known.row(-1, named=True)
        calm = known.filter(~pl.col("alarm"))["date"].max()
        present = known if calm is None else known.filter(pl.col("date") > calm)
        rows.append(
            {
                "factor": name,
                "date": last["date"],
                "rank_ic": last["mean"],
                "low": last["low"],
                "high": last["high"],
                "alarm": last["alarm"],
                "since": present["date"].min() if last["alarm"] else None,
                "alarm_share": known["alarm"].mean(),
            }
        )
    schema = {"factor": pl.String, "date": pl.Date, "rank_ic": pl.Float64, "low": pl.Float64}
    schema |= {"high": pl.Float64, "alarm": pl.Boolean, "since": pl.Date, "alarm_share": pl.Float64}
    return pl.DataFrame(rows, schema=schema)
