"""The hedge by hand, against an account kept in yuan, and what it is without margin and cost."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.backtest import BasisError, HedgeSpec, UnhedgedError, hedged
from intralpha.backtest.hedge import roll_days
from intralpha.base import spec_hash
from intralpha.evaluation import excess_nav
from intralpha.evaluation.figures import Course

DAYS = np.array(["2024-06-19", "2024-06-20", "2024-06-21"], dtype="datetime64[D]")


def course(ret, benchmark, days=DAYS) -> Course:
    none = np.zeros(len(ret))
    return Course(days, np.array(ret), np.array(benchmark), none, none)


PLAIN = course([0.02, -0.01, 0.03], [0.01, -0.02, 0.0])


def test_by_hand() -> None:
    """n = 1 / 1.25 = 0.8; 24.4 % a year are 0.1 % a session; 10 bps; rolled on the 21st.

    f = 1.1 %, -1.9 %, 0.1 %; 0.8 (r - f) = 0.72 %, 0.72 %, 2.32 %. Traded: the opening 0.8 and
    0.8 |0.0072 - 0.011|; then 0.8 |0.0072 + 0.019|; then 0.8 x 1.001 and 0.8 x 1.0232.
    """
    spec = HedgeSpec(cost_annualised=0.244, margin_share=0.25, commission_bps=10)
    found = hedged(PLAIN, spec)
    charges = [0.001 * 0.80304, 0.001 * 0.02096, 0.001 * 1.61936]
    rets = [0.00639696, 0.00717904, 0.02158064]
    daily = found.daily
    np.testing.assert_allclose(daily["commission_cost"], charges, rtol=1e-12)
    np.testing.assert_allclose(daily["basis_cost"], 0.0008)
    np.testing.assert_allclose(daily["gross_ret"], [0.008, 0.008, 0.024])
    np.testing.assert_allclose(daily["hedged_ret"], rets, rtol=1e-12)
    np.testing.assert_allclose(daily["hedged"], np.cumprod(1 + np.array(rets)))
    excess, before, after = found.figures().rows(named=True)
    assert [excess["of"], before["of"], after["of"]] == ["excess", "hedged before cost", "hedged"]
    assert excess["ret_annualised"] == pytest.approx((1.01 * 1.01 * 1.03) ** (244 / 3) - 1)
    assert after["basis_cost_share"] == pytest.approx(0.0008 * 244)
    assert after["commission_cost_share"] == pytest.approx(sum(charges) / 3 * 244)
    year, whole = found.yearly().rows(named=True)
    assert (year["year"], whole["year"]) == ("2024", "all")
    assert whole["excess_ret"] == pytest.approx(1.01 * 1.01 * 1.03 - 1)
    assert whole["hedged_ret"] == pytest.approx(np.prod(1 + np.array(rets)) - 1)
    assert whole["basis_cost_share"] == pytest.approx(0.0024)


def account(one: Course, cost: np.ndarray, m: float, rate: float, rolled: np.ndarray) -> np.ndarray:
    """The same in yuan: stocks, cash, and a short position marked to market every close."""
    money, out = 1e8, []
    stocks = short = money / (1 + m)
    cash, charge = money - stocks, rate * short
    for d in range(len(one.ret)):
        future = one.benchmark_ret[d] + cost[d] / 244
        cash -= short * future
        stocks *= 1 + one.ret[d]
        short *= 1 + future
        target = (stocks + cash) / (1 + m)
        charge += rate * (short + target if rolled[d] else abs(short - target))
        new = stocks + cash - charge
        out.append(new / money - 1)
        money, charge = new, 0.0
        stocks = short = money / (1 + m)
        cash = money - stocks
    return np.array(out)


RETS = st.lists(
    st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)), min_size=2, max_size=60
)  # fmt: skip


def drawn(pairs: list[tuple[float, float]]) -> Course:
    days = np.arange("2024-01-01", "2024-03-31", dtype="datetime64[D]")[: len(pairs)]
    return course(*zip(*pairs, strict=True), days)


@given(RETS, st.floats(-0.3, 0.3), st.floats(0, 1), st.floats(0, 20))
def test_equals_an_account_in_yuan(pairs, cost, margin, bps) -> None:
    one = drawn(pairs)
    spec = HedgeSpec(cost_annualised=cost, margin_share=margin, commission_bps=bps)
    rolled = np.isin(one.dates, np.array(["2024-01-19", "2024-02-16"], dtype="datetime64[D]"))
    flat = np.full(len(one.ret), cost)
    found = hedged(one, spec).daily["hedged_ret"]
    np.testing.assert_allclose(found, account(one, flat, margin, bps * 1e-4, rolled), atol=1e-12)


@given(RETS, st.floats(0, 1))
def test_without_cost_it_is_the_sum_of_differences(pairs, margin: float) -> None:
    """On 1 / (1 + margin) of the money; without margin its value is the compounded excess."""
    one = drawn(pairs)
    free = HedgeSpec(cost_annualised=0, margin_share=margin, commission_bps=0)
    ret = hedged(one, free).daily["hedged_ret"].to_numpy()
    np.testing.assert_allclose(ret.sum() * (1 + margin), (one.ret - one.benchmark_ret).sum(),
                               atol=1e-13)  # fmt: skip
    bare = hedged(one, free.model_copy(update={"margin_share": 0.0})).daily["hedged"]
    np.testing.assert_allclose(bare, excess_nav(one.ret, one.benchmark_ret), rtol=1e-12)


def basis(folder: Path, values: dict[str, float]) -> HedgeSpec:
    path = folder / "basis.csv"
    lines = "".join(f"{day},{value}\n" for day, value in values.items())
    path.write_text(f"date,basis_annualised\n{lines}")
    return HedgeSpec(cost_annualised=0.244, basis=str(path), margin_share=0, commission_bps=0)


def test_a_table_counts_from_the_session_after(tmp_path: Path) -> None:
    """The basis of the 19th, a discount of 12.2 %, is what the 20th costs; the 19th knows none."""
    spec = basis(tmp_path, {"20240620": -0.488, "2024-06-19": -0.122, "2024-06-21": 0.9})
    found = hedged(PLAIN, spec).daily
    np.testing.assert_allclose(found["basis_cost"], [0.001, 0.0005, 0.002])
    np.testing.assert_allclose(found["hedged_ret"], [0.01 - 0.001, 0.01 - 0.0005, 0.03 - 0.002])
    known = pl.DataFrame({"date": DAYS[:1], "basis_annualised": [0.0244]})
    known.write_parquet(tmp_path / "basis.parquet")
    premium = spec.model_copy(update={"basis": str(tmp_path / "basis.parquet")})
    np.testing.assert_allclose(hedged(PLAIN, premium).daily["basis_cost"], [0.001, -1e-4, -1e-4])


def test_the_content_of_the_table_is_part_of_the_spec(tmp_path: Path) -> None:
    one = spec_hash(basis(tmp_path, {"2024-06-19": -0.1}))
    assert one != spec_hash(basis(tmp_path, {"2024-06-19": -0.2}))
    assert one == spec_hash(basis(tmp_path, {"2024-06-19": -0.1}))


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"2024-06-19": 7}, "2024-06-19.*7.* in row 1"),
        ({"2024-06-19": "x"}, "in row 1"),
        ({"someday": 0.1}, "someday"),
        ({}, "no row"),
        ({"2024-06-19,0.1": 0.1}, "a whole table"),
        ({"2024-06-19": 0.1, "20240619": 0.1}, "a date twice"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, values, fault: str) -> None:
    with pytest.raises(BasisError, match=fault):
        hedged(PLAIN, basis(tmp_path, values))


def test_a_table_without_its_column_and_one_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "basis.parquet"
    assert HedgeSpec(cost_annualised=0, basis=str(path)).faults() == (f"basis: no file {path}",)
    pl.DataFrame({"date": DAYS}).write_parquet(path)
    spec = HedgeSpec(cost_annualised=0, basis=str(path))
    assert spec.faults() == ()
    with pytest.raises(BasisError, match="basis_annualised, too"):
        hedged(PLAIN, spec)


def test_the_future_moves_nothing_before_it(tmp_path: Path) -> None:
    """Returns and basis after the second session are others; two sessions stay."""
    days = np.arange("2024-06-10", "2024-06-30", dtype="datetime64[D]")
    rng = np.random.default_rng(0)
    rets = rng.normal(0, 0.02, (4, len(days)))
    late = days > days[9]
    spec = basis(tmp_path, {str(day): v for day, v in zip(days, rets[0], strict=True)})
    spec = spec.model_copy(update={"commission_bps": 1.0})
    before = hedged(course(rets[0], rets[1], days), spec).daily
    mixed = np.where(late, rets[2:], rets[:2])
    other = np.where(days >= days[9], 0.5, rets[0])
    basis(tmp_path, {str(day): v for day, v in zip(days, other, strict=True)})
    again = hedged(course(*mixed, days), spec).daily
    assert before[:10].equals(again[:10])
    assert not before[10:].equals(again[10:])


def test_rolls_on_third_fridays_or_after() -> None:
    """2024-02-16 was in the holidays: the contract ended on the 19th, the next session."""
    days = np.array(["2024-02-08", "2024-02-19", "2024-03-14", "2024-03-15", "2024-03-18",
                     "2024-04-18"], dtype="datetime64[D]")  # fmt: skip
    assert days[roll_days(days, "month")].astype(str).tolist() == ["2024-02-19", "2024-03-15"]
    assert days[roll_days(days, "quarter")].astype(str).tolist() == ["2024-03-15"]
    assert roll_days(days[:0], "month").tolist() == []


def test_nothing_to_sell_short() -> None:
    with pytest.raises(UnhedgedError, match="1 of 3 sessions"):
        hedged(course([0.0] * 3, [0.0, np.nan, 0.0]), HedgeSpec(cost_annualised=0))
