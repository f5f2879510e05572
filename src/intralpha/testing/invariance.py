"""assert_invariant: a change of units or a split changes no feature that should not see it."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.features import FeatureSet, FeatureSpec
from intralpha.labels import LabelSpec
from intralpha.market import Lake
from intralpha.market.schemas import TableSchema
from intralpha.testing.causal import made, stocks
from intralpha.testing.failure import largest_gap, require, require_values
from intralpha.testing.worlds import Edit, edited, place

INVARIANT = "assert_invariant"
PRICES = ("open", "high", "low", "close", "preclose", "up_limit", "down_limit", "price", "last")


def split(symbol: str, on: date, ratio: float) -> Edit:
    """A stock that splits: from the date on, lower prices, and more shares by the same ratio.

    Parameters
    ----------
    symbol : of the stock
    on : first session at the new price
    ratio : new shares for an old one
    """
    return lambda schema, rows: _rescaled(
        schema, rows, (pl.col("symbol") == symbol) & (pl.col("date") >= on), ratio
    )


def price_scale(factor: float) -> Edit:
    """All prices and amounts times a factor, as in another currency; adjustment stays.

    Parameters
    ----------
    factor : above 0
    """

    def edit(schema: TableSchema, rows: pl.DataFrame) -> pl.DataFrame:
        money = [c for c in rows.columns if _is_price(c) or "amount" in c]
        del schema
        return rows.with_columns(pl.col(c) * factor for c in money)

    return edit


def _rescaled(
    schema: TableSchema, rows: pl.DataFrame, where: pl.Expr, ratio: float
) -> pl.DataFrame:
    if not {"symbol", "date"} <= set(rows.columns):
        return rows
    columns = []
    for name in rows.columns:
        up = "volume" in name or "shares" in name or name == "adj_factor"
        if up or _is_price(name):
            new = pl.col(name) * ratio if up else pl.col(name) / ratio
            if schema.columns[name].is_integer():
                new = new.round()
            mixed = pl.when(where).then(new).otherwise(pl.col(name))
            columns.append(mixed.cast(schema.columns[name]).alias(name))
    return rows.with_columns(columns)


def _is_price(name: str) -> bool:
    return name in PRICES or "_price" in name


def assert_invariant(
    spec: FeatureSpec | FeatureSet | LabelSpec,
    lake: Lake,
    on: date,
    change: Edit,
    rtol: float = 1e-4,
    assets: Shaped[ndarray, " A"] | None = None,
    folder: Path | None = None,
) -> None:
    """Values up to a date stay the same when the lake is changed in a way that means nothing.

    Parameters
    ----------
    spec : features or a label
    lake : a small one: it is copied
    on : last session compared
    change : such as :func:`split` or :func:`price_scale`; must change a row
    rtol : largest difference allowed, as a share of the value
    assets : symbols [A]; default: all
    folder : gets the copy, new

    Raises
    ------
    CheckFailedError
        A value differs by more, the change changed no row, or there was nothing to compare.
    """
    symbols, days = stocks(lake, assets), lake.dates("daily")
    days = days[days <= np.datetime64(on, "D")]
    compute = spec.compute if isinstance(spec, LabelSpec) else made(spec).compute
    what = getattr(spec, "kind", None) or getattr(spec, "name", type(spec).__name__)
    before = compute(lake, days, symbols)
    require_values(INVARIANT, what, before)
    with place(folder, "changed") as root:
        other = edited(lake, root, change)
        same = other.version() == lake.version()
        require(not same, INVARIANT, what, "a change that changes no row", "one that does")
        after = compute(other, days, symbols)
    for name in before.names:
        gap = largest_gap(before[name].astype(np.float64), after[name].astype(np.float64))
        found = f"{name} that differs by {gap:.2g} of its value"
        require(gap <= rtol, INVARIANT, what, found, f"at most {rtol:.2g}")
