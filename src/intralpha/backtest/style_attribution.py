"""Where a portfolio's excess return came from: styles, industries, and what they do not tell."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.backtest.ledger import Ledger
from intralpha.backtest.weights_before import BESIDE, Before, weights_before
from intralpha.base import Panel
from intralpha.base.years import by_year
from intralpha.evaluation import newey_west_t
from intralpha.evaluation.nav import SESSIONS_PER_YEAR

COUNTRY, INDUSTRY = "country", "industry:"
STYLE, PART = "style", "part"
INDUSTRIES, UNMODELLED = "industries", "unmodelled"
LEFT = ("specific", UNMODELLED)
_FACTORS = {"date": pl.Date, "factor": pl.String}
_FACTORS |= dict.fromkeys(("exposure", "factor_ret", "contribution"), pl.Float64)
_PARTS = {"date": pl.Date, "kind": pl.String, "part": pl.String, "excess": pl.Float64}


@dataclass(frozen=True, eq=False)
class Exposed:
    """Exposures of one date, on the assets of an attribution.

    Attributes
    ----------
    names : of the K factors; industries begin with ``industry:``, the market is ``country``, and
        all others are styles
    loadings_AK : a row with a NaN says that nothing is known of the stock
    """

    names: tuple[str, ...]
    loadings_AK: Float[ndarray, "A K"]


ExposedAt = Callable[[np.datetime64], Exposed]
EarnedOn = Callable[[np.datetime64, np.datetime64], Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class StyleAttribution:
    """The excess return of a replay by the factors to which its weights were exposed.

    Attributes
    ----------
    factors : ``date``, ``factor``; ``exposure``, active at the close before, in units of the
        factor; ``factor_ret`` of the session, NaN where it is not known; ``contribution``, their
        product, 0 without a return
    parts : ``date``, ``kind``, ``part``, ``excess``: a line a session and part, which add up to
        the excess return of the session. Kind ``style``: each style. Kind ``part``: ``country``
        (the market: cash, and weight in stocks of the model more or less than the benchmark's),
        ``industries`` (all), ``specific`` (what the factors leave of the active weights' return),
        ``unmodelled`` (active weights of stocks without exposures), and ``trading``, ``cost``,
        ``benchmark_gap`` as of :class:`intralpha.backtest.Attribution`
    """

    factors: pl.DataFrame
    parts: pl.DataFrame

    def by_factor(self) -> pl.DataFrame:
        """A line a factor, then one for each part that has no exposure, then their sum.

        Returns
        -------
        DataFrame
            ``factor``; ``exposure``, mean of all sessions, and ``factor_ret_annualised``, mean of
            those that have one times 244, both null for parts; ``contribution_excess``, mean of
            all sessions times 244; ``t`` of that mean (Newey and West's). Styles stand first.
        """
        sessions = self.parts["date"].unique()
        rows = [_line(name, part, sessions) for name, part in _each(self.factors, "factor")]
        rest = self.parts.filter(pl.col("part").is_in([*LEFT, *BESIDE]), kind=PART)
        rows += [_of_part(name, part["excess"]) for name, part in _each(rest, "part")]
        whole = self.parts.group_by("date", maintain_order=True).agg(pl.col("excess").sum())
        rows.append(_of_part("excess", whole["excess"]))
        return pl.DataFrame(rows)

    def by_year(self) -> pl.DataFrame:
        """``year`` (or all), ``kind``, ``part``, ``excess``: sums by calendar year; returns are
        added, not compounded.
        """
        return by_year(self.parts, [pl.col("excess").sum()], ("kind", "part"))

    def added_up(self) -> pl.DataFrame:
        """The parts, each added up over the sessions so far as ``sum_excess``."""
        return self.parts.with_columns(sum_excess=pl.col("excess").cum_sum().over("kind", "part"))


def attribute_styles(
    ledger: Ledger, market: Panel, benchmark: Panel, exposed: ExposedAt, earned: EarnedOn
) -> StyleAttribution:
    r"""Contributions of factors to every session's excess return.

    .. math::
        \sum_i a_i r_i = \sum_k \Big(\sum_i a_i x_{ik}\Big) f_k + \text{specific} +
        \text{unmodelled}

    with the active weights a, of portfolio less benchmark at the close before, both drifted, the
    exposures x of the newest decision by then, and the factor returns f of the session. Sums over
    i are over stocks with exposures; the return of the others is ``unmodelled``. A factor without
    a return contributes nothing, so that what it did is specific. Cash has no exposure: it shows
    as an active exposure to the country below 0.

    Parameters
    ----------
    ledger, market, benchmark : as of :func:`intralpha.backtest.weights_before.weights_before`
    exposed : decision date -> exposures on the market's assets, known at its close
    earned : (session, decision date before it) -> return of each factor, known at its close

    Returns
    -------
    StyleAttribution
        Nothing is known before its session is over.

    Raises
    ------
    AttributionError
        The ledger has no benchmark, sessions that the market lacks, or holdings it does not know.
    """
    factors, parts = [], []
    newest, known = -1, None
    for one in weights_before(ledger, market, benchmark):
        if known is None or newest != one.decided:
            newest, known = one.decided, exposed(benchmark.dates[one.decided])
        returns = earned(np.datetime64(one.date, "D"), benchmark.dates[one.decided])
        rows, left = _taken_apart(one, known, returns)
        factors += rows
        parts += _parts(one.date, rows, left | one.beside())
    made = pl.DataFrame(factors, schema=_FACTORS, orient="row")
    return StyleAttribution(made, pl.DataFrame(parts, schema=_PARTS, orient="row"))


Row = tuple[date, str, float, float, float]


def _taken_apart(
    one: Before, known: Exposed, returns: Mapping[str, float]
) -> tuple[list[Row], dict[str, float]]:
    """A row of each factor, and what they leave."""
    active = one.held_A - one.benchmark_A
    inside = np.isfinite(known.loadings_AK).all(axis=1)
    exposure_K = active[inside] @ known.loadings_AK[inside]
    ret_K = np.array([returns.get(name, np.nan) for name in known.names], dtype=np.float64)
    told_K = np.where(np.isfinite(ret_K), exposure_K * ret_K, 0.0)
    moved = active * one.ret_A
    left = (float(moved[inside].sum() - told_K.sum()), float(moved[~inside].sum()))
    columns = (known.names, exposure_K.tolist(), ret_K.tolist(), told_K.tolist())
    rows = [(one.date, *row) for row in zip(*columns, strict=True)]
    return rows, dict(zip(LEFT, left, strict=True))


def _parts(
    day: date, rows: list[Row], beside: Mapping[str, float]
) -> Iterator[tuple[date, str, str, float]]:
    """Styles one by one, country and industries, and what stands beside them."""
    summed = {COUNTRY: 0.0, INDUSTRIES: 0.0}
    for _, name, _, _, told in rows:
        if name == COUNTRY or name.startswith(INDUSTRY):
            summed[COUNTRY if name == COUNTRY else INDUSTRIES] += told
        else:
            yield day, STYLE, name, told
    for name, told in (summed | dict(beside)).items():
        yield day, PART, name, told


def _each(frame: pl.DataFrame, column: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Parts of a frame by the names of a column: as they come, the country, industries by name."""
    groups = {str(name): part for (name,), part in frame.group_by(column, maintain_order=True)}

    def place(name: str) -> tuple[bool, bool, str]:
        industry = name.startswith(INDUSTRY)
        return industry, name == COUNTRY, name if industry else ""

    for name in sorted(groups, key=place):
        yield name, groups[name]


def _line(name: str, rows: pl.DataFrame, sessions: pl.Series) -> dict[str, object]:
    """Figures of a factor; on sessions without it its exposure and contribution are 0."""
    laid = pl.DataFrame({"date": sessions}).join(rows, "date", how="left")
    known = laid["factor_ret"].drop_nulls().drop_nans()
    mean = known.mean()
    year = None if mean is None else float(mean) * SESSIONS_PER_YEAR  # type: ignore[arg-type]
    told = _of_part(name, laid.sort("date")["contribution"].fill_null(0.0))
    exposure = laid["exposure"].fill_null(0.0).mean()
    return told | {"exposure": exposure, "factor_ret_annualised": year}


def _of_part(name: str, excess: pl.Series) -> dict[str, object]:
    """Figures of a part."""
    values = excess.to_numpy().astype(np.float64)
    return {
        "factor": name,
        "exposure": None,
        "factor_ret_annualised": None,
        "contribution_excess": float(values.mean()) * SESSIONS_PER_YEAR,
        "t": newey_west_t(values),
    }
