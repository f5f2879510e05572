"""Factor contributions by hand, and on random books: the parts are the excess."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from intralpha.backtest import Exposed, Ledger, StyleAttribution, attribute, attribute_styles
from intralpha.base import Panel

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2025-01-02"], dtype="datetime64[D]")
STOCKS = np.array(["000001.SZ", "000002.SZ", "600000.SH"])
NAMES = ("country", "industry:bank", "industry:steel", "size")
# The third stock is not in the model.
KNOWN = np.array([[1.0, 1.0, 0.0, 0.5], [1.0, 0.0, 1.0, -1.0], [np.nan] * 4])


def market(ret: np.ndarray, days=DAYS, stocks=STOCKS) -> Panel:
    """Prices that start at 10 and earn these returns."""
    close = 10 * np.cumprod(1 + ret, axis=0)
    return Panel(np.stack([close, close / (1 + ret)], -1), days, stocks, ("close", "preclose"))


def ledger(ret, benchmark, cost, holdings: dict[int, dict[str, float]], days=DAYS) -> Ledger:
    on = [day.item() for day in days[1:]]
    value = 1e6 * np.cumprod(1 + np.array(ret))
    daily = {"date": on, "ret": ret, "benchmark_ret": benchmark, "cost_yuan": cost}
    rows = [
        {"date": days[at].item(), "symbol": symbol, "weight": weight}
        for at, held in holdings.items()
        for symbol, weight in held.items()
    ]
    frame = pl.DataFrame(daily | {"nav_yuan": value.tolist()})
    held = pl.DataFrame(rows, {"date": pl.Date, "symbol": pl.String, "weight": pl.Float64})
    return Ledger(frame, pl.DataFrame(), pl.DataFrame(), held, pl.DataFrame())


def one_decision(order: tuple[int, ...] = (0, 1, 2)) -> StyleAttribution:
    """Bought on the second session: 0.6 of the first stock, 0.2 of the third, 0.2 cash.

    Parameters
    ----------
    order : in which the stocks stand on the axis
    """
    ret = np.array([[0.0] * 3, [0.0] * 3, [0.10, -0.10, 0.02], [0.0, 0.05, 0.0]])
    books = ledger(
        [-0.001, 0.066, -0.01], [0.0, 0.006, 0.011], [1000.0, 0.0, 0.0],
        {1: {"000001.SZ": 0.6, "600000.SH": 0.2}},
    )  # fmt: skip
    at, stocks = list(order), STOCKS[list(order)]
    level = Panel(np.array([[[0.3], [0.3], [0.4]]])[:, at], DAYS[:1], stocks, ("weight",))
    earned = {
        DAYS[1]: {"country": 0.01, "size": np.nan},
        DAYS[2]: {"country": 0.01, "industry:bank": 0.02, "size": 0.04, "beta": 9.0},
        DAYS[3]: {"country": 0.0, "industry:bank": 0.0, "industry:steel": 0.03, "size": -0.02},
    }
    prices, known = market(ret[:, at], stocks=stocks), Exposed(NAMES, KNOWN[at])
    return attribute_styles(books, prices, level, lambda day: known, lambda day, of: earned[day])


def test_the_order_of_stocks_changes_nothing() -> None:
    expected, found = one_decision(), one_decision((2, 0, 1))
    for name in ("factors", "parts"):
        assert_frame_equal(getattr(found, name), getattr(expected, name), abs_tol=1e-15)


def of(found: StyleAttribution, at: int) -> dict[str, float]:
    rows = found.parts.filter(date=DAYS[at].item())
    return dict(zip(rows["part"], rows["excess"], strict=True))


def test_by_hand() -> None:
    """Active 0.3, -0.3, -0.2 on the third session: country 0, bank 0.3, steel -0.3, size 0.45.

    Bank earns 0.3 x 2 %, steel has no return that session, size 0.45 x 4 %. The two stocks of the
    model earned 0.3 x 10 % + 0.3 x 10 % = 6 %; 6 % - 0.6 % - 1.8 % are specific. The third is
    unmodelled: -0.2 x 2 %.
    """
    third = of(one_decision(), 2)
    assert third["country"] == pytest.approx(0, abs=1e-15)
    assert third["industries"] == pytest.approx(0.006)
    assert third["size"] == pytest.approx(0.018)
    assert third["specific"] == pytest.approx(0.06 - 0.006 - 0.018)
    assert third["unmodelled"] == pytest.approx(-0.004)
    assert third["trading"] == pytest.approx(0.066 - (0.6 * 0.1 + 0.2 * 0.02))
    assert third["cost"] == 0
    assert third["benchmark_gap"] == pytest.approx(0.4 * 0.02 - 0.006)
    assert sum(third.values()) == pytest.approx(0.066 - 0.006, abs=1e-15)


def test_before_the_first_trade_cash_is_the_bet() -> None:
    """Nothing held: -0.6 of the country, whose 1 % the stocks did not earn: specific takes it."""
    second = of(one_decision(), 1)
    assert second["country"] == pytest.approx(-0.006)
    assert second["specific"] == pytest.approx(0.006)
    assert second["size"] == 0
    assert second["cost"] == pytest.approx(-0.001)


def test_weights_drift_to_the_next_session() -> None:
    """Account 0.66, 0, 0.204 of 1.064; benchmark 0.33, 0.27, 0.408 of 1.008."""
    found = one_decision().factors.filter(date=DAYS[3].item())
    got = dict(zip(found["factor"], found["exposure"], strict=True))
    bank, steel = 0.66 / 1.064 - 0.33 / 1.008, -0.27 / 1.008
    assert got["industry:bank"] == pytest.approx(bank)
    assert got["industry:steel"] == pytest.approx(steel)
    assert got["size"] == pytest.approx(0.5 * bank - steel)


def test_tables_by_factor_and_by_year() -> None:
    found = one_decision()
    table = found.by_factor()
    assert table["factor"].to_list() == [
        "size", "country", "industry:bank", "industry:steel",
        "specific", "unmodelled", "trading", "cost", "benchmark_gap", "excess",
    ]  # fmt: skip
    rows = {row["factor"]: row for row in table.rows(named=True)}
    assert rows["size"]["factor_ret_annualised"] == pytest.approx((0.04 - 0.02) / 2 * 244)
    exposures = found.factors.filter(factor="size")["exposure"]
    assert rows["size"]["exposure"] == pytest.approx(exposures.mean())
    assert exposures[0] == pytest.approx(-0.3 * 0.5 + 0.3)
    assert rows["cost"]["exposure"] is None
    assert rows["excess"]["contribution_excess"] == pytest.approx(0.038 / 3 * 244)
    lines = table["contribution_excess"].to_numpy()
    assert lines[:-1].sum() == pytest.approx(lines[-1], abs=1e-12)
    years = found.by_year()
    sums = {year: part["excess"].sum() for (year,), part in years.group_by("year")}
    assert sums == pytest.approx({"2024": 0.059, "2025": -0.021, "all": 0.038}, abs=1e-14)
    last = found.added_up().filter(date=DAYS[3].item())
    assert last["sum_excess"].sum() == pytest.approx(0.038, abs=1e-14)


def test_exposures_are_those_of_the_newest_decision() -> None:
    """Decided on the first and the third day; nothing is held, and no price moves.

    The first two sessions have the first exposures, -(1 + 2 + 3) / 3; the last those of the third
    day, ten times as many, and beta, which is 0 before.
    """
    level = Panel(np.ones((2, 3, 1)) / 3, DAYS[[0, 2]], STOCKS, ("weight",))
    size = np.array([[1.0], [2.0], [3.0]])
    known = {
        DAYS[0]: Exposed(("size",), size),
        DAYS[2]: Exposed(("size", "beta"), np.hstack([10 * size, size])),
    }
    books = ledger([0.0] * 3, [0.0] * 3, [0.0] * 3, {})
    found = attribute_styles(
        books, market(np.zeros((4, 3))), level, known.__getitem__,
        lambda day, of: dict.fromkeys(known[of].names, 0.01),
    )  # fmt: skip
    assert found.factors["exposure"].to_list() == pytest.approx([-2, -2, -20, -2])
    exposure = dict(found.by_factor().select("factor", "exposure").iter_rows())
    assert exposure["size"] == pytest.approx(-8)
    assert exposure["beta"] == pytest.approx(-2 / 3)


def test_a_style_may_be_called_like_a_part() -> None:
    level = Panel(np.ones((1, 3, 1)) / 3, DAYS[:1], STOCKS, ("weight",))
    books = ledger([0.01] * 3, [0.0] * 3, [1000.0] * 3, {1: {"000001.SZ": 1.0}})
    found = attribute_styles(
        books, market(np.full((4, 3), 0.01)), level,
        lambda day: Exposed(("cost",), np.array([[1.0], [2.0], [3.0]])),
        lambda day, of: {"cost": 0.01},
    )  # fmt: skip
    parts = {(k, p): v for _, k, p, v in found.parts.filter(date=DAYS[2].item()).rows()}
    assert parts["style", "cost"] == pytest.approx((1 - 2) * 0.01)
    assert parts["part", "cost"] == pytest.approx(-1000 / 1.01e6)


def random_books(seed: int, gaps: float) -> tuple[Ledger, Panel, Panel]:
    """Ten sessions of five stocks, decisions every third, rebalances the session after."""
    rng = np.random.default_rng(seed)
    days = np.arange("2024-01-01", "2024-01-12", dtype="datetime64[D]")
    stocks = np.array([f"60000{i}.SH" for i in range(5)])
    ret = rng.normal(0, 0.03, (11, 5))
    prices = market(ret, days, stocks)
    prices.values[1:][rng.random((10, 5)) < gaps] = np.nan
    level = rng.dirichlet(np.ones(5), 4)
    held = {at + 1: dict(zip(stocks, rng.dirichlet(np.ones(6))[:5], strict=True)) for at in (0, 6)}
    books = ledger(
        rng.normal(0, 0.02, 10).tolist(), rng.normal(0, 0.02, 10).tolist(),
        rng.uniform(0, 2000, 10).tolist(), held, days,
    )  # fmt: skip
    return books, prices, Panel(level[:, :, None], days[::3], stocks, ("weight",))


def random_model(seed: int, unknown: float):
    """Exposures and factor returns, the same for the same date, with gaps in both."""

    def exposed(day: np.datetime64) -> Exposed:
        rng = np.random.default_rng([seed, day.astype(int)])
        loadings = rng.normal(0, 1, (5, 4))
        loadings[rng.random((5, 4)) < unknown] = np.nan
        return Exposed(("country", "industry:a", "industry:b", "size"), loadings)

    def earned(day: np.datetime64, decision: np.datetime64) -> dict[str, float]:
        assert decision < day
        rng = np.random.default_rng([seed, day.astype(int), decision.astype(int)])
        values = rng.normal(0, 0.02, 4)
        values[rng.random(4) < unknown] = np.nan
        return dict(zip(("country", "industry:a", "size", "elsewhere"), values, strict=True))

    return exposed, earned


@given(st.integers(0, 10_000), st.floats(0, 0.6), st.floats(0, 0.6))
def test_the_parts_are_the_excess(seed: int, gaps: float, unknown: float) -> None:
    """And factors, specific and unmodelled together what Brinson's effects are together."""
    books, prices, level = random_books(seed, gaps)
    found = attribute_styles(books, prices, level, *random_model(seed, unknown))
    by_day = found.parts.group_by("date", maintain_order=True).agg(pl.col("excess").sum())
    excess = (books.daily["ret"] - books.daily["benchmark_ret"]).to_numpy()
    np.testing.assert_allclose(by_day["excess"], excess, atol=1e-14)
    assert np.isfinite(found.parts["excess"].to_numpy()).all()
    other = attribute(books, prices, level, np.zeros((4, 5), dtype=int), ("one",)).daily
    apart = ["trading", "cost", "benchmark_gap"]
    mine = found.parts.filter(pl.col("kind") == "part", pl.col("part").is_in(apart))
    for name in apart:
        np.testing.assert_allclose(mine.filter(part=name)["excess"], other[name], atol=1e-15)
    lines = found.by_factor()["contribution_excess"].to_numpy()
    assert lines[:-1].sum() == pytest.approx(lines[-1], abs=1e-11)


def test_the_future_moves_nothing_before_it() -> None:
    """Prices, books and exposures after the sixth session are others; six sessions stay."""
    books, prices, level = random_books(1, 0.1)
    other, later, weights = random_books(2, 0.1)
    cut = prices.dates[6]
    late = prices.dates > cut
    later = Panel(np.where(late[:, None, None], later.values, prices.values), prices.dates,
                  prices.assets, prices.names)  # fmt: skip
    weights = Panel(np.where((level.dates > cut)[:, None, None], weights.values, level.values),
                    level.dates, level.assets, level.names)  # fmt: skip

    def joined(name: str) -> pl.DataFrame:
        one, two = getattr(books, name), getattr(other, name)
        return pl.concat([one.filter(pl.col("date") <= cut), two.filter(pl.col("date") > cut)])

    mixed = Ledger(joined("daily"), other.fills, other.blocked, joined("holdings"), other.events)
    mine, theirs = random_model(1, 0.2), random_model(2, 0.2)
    switched = [
        lambda *at, a=a, b=b: a(*at) if at[0] <= cut else b(*at)
        for a, b in zip(mine, theirs, strict=True)
    ]
    found = attribute_styles(books, prices, level, *mine)
    again = attribute_styles(mixed, later, weights, *switched)
    for name in ("factors", "parts"):
        before, after = getattr(found, name), getattr(again, name)
        kept = before.filter(pl.col("date") <= cut)
        assert kept.height >= 6 * 4
        assert kept.equals(after.filter(pl.col("date") <= cut))
        assert not before.equals(after)
