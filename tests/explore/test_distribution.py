"""Distribution of features: by hand, beside plain Polars, and with what is absent counted."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.explore import distribution_summary, distribution_table

DAYS = as_days(["2024-01-02", "2024-01-03"])
STOCKS = np.array(["A", "B", "C", "D"])
NAN = np.nan


def test_a_date_by_hand() -> None:
    values = np.array([[1.0, 2.0, NAN, 100.0], [NAN, np.inf, NAN, 4.0]])[..., None]
    inside = np.array([[True, True, True, False], [True, True, False, False]])
    table = distribution_table(Panel(values, DAYS, STOCKS, ("x",)), inside)
    first, second = table.to_dicts()
    assert first["coverage"] == pytest.approx(2 / 3)
    assert (first["mean"], first["std"], first["median"]) == (1.5, 0.5, 1.5)
    assert (first["q01"], first["q99"]) == pytest.approx((1.01, 1.99))
    assert second["coverage"] == 0.0
    assert np.isnan([second[n] for n in ("mean", "std", "q01", "median", "q99")]).all()
    nobody = distribution_table(Panel(values, DAYS, STOCKS, ("x",)), np.zeros((2, 4), bool))
    assert nobody["coverage"].is_nan().all()


def test_dates_apart_and_another_order_of_stocks_give_the_same() -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random((2, 4, 3)) < 0.2, NAN, rng.standard_normal((2, 4, 3)))
    inside, order = rng.random((2, 4)) < 0.8, np.array([2, 0, 3, 1])
    names = ("x", "y", "z")
    whole = distribution_table(Panel(values, DAYS, STOCKS, names), inside)
    apart = [
        distribution_table(Panel(values[at], DAYS[at], STOCKS, names), inside[at])
        for at in (slice(0, 1), slice(1, 2))
    ]
    assert pl.concat(apart).equals(whole)
    mixed = Panel(values[:, order], DAYS, STOCKS[order], names)
    assert_frame_equal(distribution_table(mixed, inside[:, order]), whole, rel_tol=1e-12)


def test_bars_of_a_date_count_together() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 3, 4, 2)).astype(np.float32)
    values[0, 1, 2] = NAN
    times = tuple(pl.time_range(pl.time(10), pl.time(12), "1h", eager=True).to_list())
    inside = np.ones((2, 4), bool)
    inside[:, 3] = False
    table = distribution_table(Panel(values, DAYS, STOCKS, ("x", "y"), times), inside)
    row = table.filter(pl.col("feature") == "y").row(0, named=True)
    flat = values[0, :, :3, 1].ravel()
    flat = flat[np.isfinite(flat)].astype(np.float64)
    assert row["coverage"] == pytest.approx(8 / 9)
    assert row["q25"] == pytest.approx(pl.Series(flat).quantile(0.25, "linear"), rel=1e-12)
    assert row["std"] == pytest.approx(flat.std(), rel=1e-12)


def test_the_summary_names_the_worst_date() -> None:
    values = np.array([[1.0, NAN, 3.0, 5.0], [NAN, NAN, NAN, 4.0]])[..., None]
    table = distribution_table(Panel(values, DAYS, STOCKS, ("x",)), np.ones((2, 4), bool))
    (row,) = distribution_summary(table).to_dicts()
    assert (row["coverage_share"], row["least_share"], row["dates"]) == (0.5, 0.25, 2)
    assert str(row["least_on"]) == "2024-01-03"
    assert row["mean"] == 3.5
