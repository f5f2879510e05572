"""Figures as the reports count them: their printed numbers give back their own definitions."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.base.arrays import ArrayFormError
from intralpha.evaluation.figures import Course, FiguresSpec, excess_form, won
from intralpha.market import Calendar

CALENDAR = Calendar.xshg()
NOTHING = np.zeros(0)
# return, volatility, excess and tracking error of a portfolio, return and volatility of its index,
# as printed, per cent [Spec 19.3 F64, F67; 19.4 F16, F31, F43]
F64 = {
    "CSI500 30%": (17.19, 20.30, 19.46, 5.88, -2.08, 20.37),
    "CSI500 40%": (16.20, 20.27, 18.44, 5.94, -2.08, 20.37),
    "CSI500 50%": (15.43, 20.37, 17.68, 5.95, -2.08, 20.37),
    "CSI1000 30%": (23.13, 22.59, 29.48, 6.81, -5.08, 22.37),
    "CSI1000 40%": (23.70, 22.85, 30.14, 7.01, -5.08, 22.37),
    "CSI1000 50%": (22.60, 22.86, 28.97, 7.15, -5.08, 22.37),
}
F16 = {
    "27 factors": (10.82, 24.31, 15.40, 5.00, -4.05, 24.12),
    "minute": (12.63, 25.08, 17.46, 5.63, -4.05, 24.12),
    "volume bar": (9.48, 25.07, 14.14, 6.14, -4.05, 24.12),
    "tick": (10.11, 23.92, 14.53, 5.32, -4.05, 24.12),
    "composite": (16.49, 24.73, 21.31, 6.69, -4.05, 24.12),
}
PERIODS = {
    "s001": ("2017-01-03", "2023-04-28"),
    "s002": ("2017-01-04", "2023-11-30"),
    "s003": ("2017-01-01", "2025-02-28"),
}


def kind(name: str, **more: object) -> FiguresSpec:
    found = FiguresSpec.of_kind(name)
    assert found is not None
    return found.model_validate({"kind": name, **more})


def days_of(name: str) -> np.ndarray:
    return sessions(*PERIODS[name])


def sessions(first: str, last: str) -> np.ndarray:
    days = CALENDAR.between(date.fromisoformat(first), date.fromisoformat(last))
    return np.asarray(days, dtype="datetime64[D]")


def course(dates: np.ndarray, ret: np.ndarray, benchmark: np.ndarray | None = None) -> Course:
    nothing = np.zeros(len(dates))
    index = np.full(len(dates), np.nan) if benchmark is None else benchmark
    return Course(dates, ret, index, nothing, nothing)


def printed_pair(dates: np.ndarray, row: tuple[float, ...], a: float) -> Course:
    """Daily returns with the printed returns a year, volatilities and tracking error.

    Two series of noise are made exactly uncorrelated with standard deviation 1, the excess is one
    of them, the index a mixture; then means are moved until the compounded returns fit.
    """
    ret_a, vol, _, te, index_a, index_vol = (np.array(row) / 100).tolist()
    noise = np.random.default_rng(7).standard_normal((2, len(dates)))
    noise -= noise.mean(axis=1, keepdims=True)
    noise = np.linalg.solve(np.linalg.cholesky(np.cov(noise)), noise)
    common = (vol**2 - index_vol**2 - te**2) / 2 / te  # index's volatility along the excess
    index = (common * noise[0] + np.sqrt(index_vol**2 - common**2) * noise[1]) / np.sqrt(a)
    own = index + te * noise[0] / np.sqrt(a)
    return course(dates, *(_growing(x, r, a) for x, r in ((own, ret_a), (index, index_a))))


def _growing(noise: np.ndarray, a_year: float, a: float) -> np.ndarray:
    """The noise, moved until it compounds to a return a year."""
    wanted, mean = np.log1p(a_year) / a, 0.0
    for _ in range(20):
        mean += wanted - np.log1p(noise + mean).mean()
    return noise + mean


@pytest.mark.parametrize(
    ("name", "row"),
    [("s002", r) for r in F64.values()] + [("s003", r) for r in F16.values()],
    ids=[*F64, *F16],
)
def test_printed_excess_is_the_compounded_difference(name: str, row: tuple[float, ...]) -> None:
    """Return, volatility and tracking error of the printed rows give their excess [17.6 item 1]."""
    spec = kind(name)
    pair = printed_pair(days_of(name), row, spec.sessions_a_year)
    table = spec.tables(pair)[f"Figures of report {name[1:]}"]
    found = table.row(0, named=True)
    got = [100 * found[k] for k in ("ret_annualised", "volatility", "tracking_error")]
    assert got == pytest.approx([row[0], row[1], row[3]], abs=1e-6)
    assert 100 * found["excess_annualised"] == pytest.approx(row[2], abs=0.03)
    assert found["information_ratio"] == pytest.approx(row[2] / row[3], abs=0.01)
    index = table.row(2, named=True)
    assert 100 * index["ret_annualised"] == pytest.approx(row[4], abs=1e-6)
    assert index["excess_annualised"] is None
    other = kind(name, excess="less").tables(pair)[f"Figures of report {name[1:]}"]
    assert other["excess_annualised"][0] == pytest.approx((row[0] - row[4]) / 100, abs=1e-9)


# Printed returns by year and a year's [Spec 19.2 T18-T29 (CSI300, CSI1000), 19.3 F65, 19.4 F17]
YEARS = {
    "s001": [
        ((40.46, -15.75, 35.68, 36.98, 9.74, -6.59, 6.05), 14.82),
        ((5.17, -7.42, 44.97, 43.32, 32.69, -1.70, 10.01), 18.40),
        ((16.44, 12.66, -0.54, 7.43, 15.36, 19.06, 1.81), 11.26),
    ],
    "s002": [
        ((21.07, -14.55, 53.16, 33.32, 46.67, -8.89, 2.67), 17.19),
        ((-19.06, -36.87, 25.67, 19.39, 20.52, -21.58, -2.68), -5.08),
    ],
    "s003": [
        ((-5.14, -22.23, 53.42, 38.49, 32.00, -8.82, 3.18, 7.57, 6.90), 10.82),
        ((2.77, -10.96, 52.01, 42.79, 42.21, -8.61, 5.10, 16.26, 5.00), 16.49),
        ((-19.06, -36.87, 25.67, 19.39, 20.52, -21.58, -6.28, 1.20, 5.25), -4.05),
    ],
}


@pytest.mark.parametrize("name", YEARS)
def test_printed_years_compound_to_the_printed_return_a_year(name: str) -> None:
    """Which days make a year: 250 of 002, 252 of 003, the calendar's of 001 [17.6 item 6]."""
    dates = days_of(name)
    year_of = dates.astype("datetime64[Y]").astype(int) + 1970
    for by_year, a_year in YEARS[name]:
        ret = np.zeros(len(dates))
        for year, printed in zip(np.unique(year_of), by_year, strict=True):
            inside = year_of == year
            ret[inside] = (1 + printed / 100) ** (1 / inside.sum()) - 1
        tables = kind(name).tables(course(dates, ret))
        years = tables[f"Years of report {name[1:]}"]
        assert (100 * years["ret"]).to_list() == pytest.approx(by_year, abs=1e-9)
        found = tables[f"Figures of report {name[1:]}"]["ret_annualised"][0]
        assert 100 * found == pytest.approx(a_year, abs=0.03)


def test_periods_of_wins_are_as_many_as_the_printed_shares_need() -> None:
    """329 weeks of 001, 82 months of 002, 98 of 003 [17.6 item 3]; shares are k of them."""

    def count(name: str, shares: tuple[float, ...]) -> int:
        spec, dates = kind(name), days_of(name)
        _, found = won(lambda kept: 1.0, dates, spec.wins, spec.resampled)
        for share in shares:
            assert abs(round(share * found) / found - share) <= 0.5e-4
        return found

    assert count("s001", (0.6049, 0.6261, 0.6657, 0.5897)) == 329
    assert count("s002", (0.7927, 0.8049, 0.8780, 0.8293)) == 82
    assert count("s003", (0.8061, 0.8163, 0.7755, 0.8673)) == 98


def test_wins_by_hand() -> None:
    """Thursday, Friday; a week without a session; Monday to Wednesday of the one after."""
    dates = np.array(
        ["2024-02-01", "2024-02-02", "2024-02-12", "2024-02-13", "2024-03-01"], "datetime64[D]"
    )
    ret = np.array([0.01, -0.02, 0.03, -0.01, -0.05])

    def gain(kept: np.ndarray) -> float:
        return float(np.prod(1 + ret[kept]) - 1)

    assert won(gain, dates, "week") == (1 / 3, 3)
    assert won(gain, dates, "week", resampled=True) == (1 / 4, 4)
    assert won(gain, dates, "month") == (1 / 2, 2)
    assert won(gain, dates, "month", resampled=True) == (0.0, 1)
    assert np.isnan(won(gain, dates[:0], "month", resampled=True)[0])


def test_table_of_report_000_adds_up() -> None:
    """Its returns, turnover and cost in constant days: years are sums, `sum` is a year's."""
    dates = sessions("2018-07-02", "2022-06-30")
    alpha = {2018: (0.196, 0.227), 2019: (0.242, 0.302), 2020: (0.129, 0.185)}
    alpha |= {2021: (0.052, 0.101), 2022: (0.127, 0.159)}
    tov = {2018: 0.194, 2019: 0.189, 2020: 0.178, 2021: 0.157, 2022: 0.184}
    year_of = dates.astype("datetime64[Y]").astype(int) + 1970
    count = {year: int((year_of == year).sum()) for year in alpha}
    ret = np.array([alpha[y][0] / count[y] for y in year_of]) + 0.001
    cost = np.array([(alpha[y][1] - alpha[y][0]) / count[y] for y in year_of])
    traded = 2 * np.array([tov[y] for y in year_of])
    found = kind("s000").tables(Course(dates, ret, np.full(len(dates), 0.001), traded, cost))
    table = found["Figures of report 000"]
    assert table["period"].to_list() == [*map(str, alpha), "sum"]
    pairs = table.select("excess_ret", "excess_ret_before_cost").rows()
    assert np.round(pairs[:5], 9).tolist() == [list(pair) for pair in alpha.values()]
    # The printed last line, 0.184, 0.241 and 0.179, from the years alone.
    assert pairs[5] == pytest.approx((0.184, 0.241), abs=0.012)
    assert table["turnover"].to_list()[:5] == pytest.approx(list(tov.values()))
    assert table["turnover"][5] == pytest.approx(0.179, abs=0.002)
    full = [(b - a) / t / 243 for (a, b), t in zip(alpha.values(), tov.values(), strict=True)][1:4]
    assert full == pytest.approx([0.0013] * 3, abs=5e-5)


def test_forms_of_the_excess_by_hand() -> None:
    """Two sessions, +10 % and -10 %, against +5 % and 0."""
    ret, index = np.array([0.10, -0.10]), np.array([0.05, 0.0])
    expected = {
        "difference": (1.05 * 0.90 - 1, 0.10),
        "ratio": (1.1 * 0.9 / 1.05 - 1, 1 - 0.9),
        "less": (0.99 - 1.05, 0.05 + 0.06),
        "sum": (-0.05, 0.10),
    }
    for name, (whole, lost) in expected.items():
        form = excess_form(name)
        assert form.total(ret, index) == pytest.approx(whole)
        assert form.max_drawdown(ret, index) == pytest.approx(lost)
        a_year = form.annualised(ret, index, 4.0)
        rate = {"less": 0.99**2 - 1.05**2, "sum": 2 * whole}.get(name, (1 + whole) ** 2 - 1)
        assert a_year == pytest.approx(rate)
        assert np.isnan(form.total(NOTHING, NOTHING))
        assert np.isnan(form.max_drawdown(NOTHING, NOTHING))


def test_the_cost_free_twin_has_the_same_fills() -> None:
    """Value 100 earns 2 and is charged 0.5; then 101.5 is charged 1 per cent and earns nothing."""
    dates = days_of("s002")[:2]
    one = Course(
        dates, np.array([0.015, -0.01]), np.zeros(2), np.array([1.0, 0.4]), np.array([0.005, 0.01])
    )
    free = one.before_cost()
    assert free.ret == pytest.approx([0.02, 0.0])
    assert free.traded.tolist() == one.traded.tolist()
    assert (one.turnover(1), one.turnover(2)) == (0.2, 0.4)
    assert one.turnover_a_session(2) == pytest.approx(0.7)
    assert np.isnan(one.part(np.array([True, False])).turnover(2))
    with pytest.raises(ArrayFormError):
        Course(dates, np.zeros(2), np.zeros(2), np.zeros(1), np.zeros(2))


def test_lines_of_report_001_are_absolute_and_hedged() -> None:
    dates = days_of("s001")[:300]
    rng = np.random.default_rng(1)
    ret, index = 0.01 * rng.standard_normal((2, len(dates)))
    cost = np.full(len(dates), 0.0001)
    one = Course(dates, ret, index, cost, cost)
    found = kind("s001").tables(one)
    lines, years = found["Figures of report 001"], found["Years of report 001"]
    assert lines["series"].to_list() == [
        "portfolio, absolute",
        "before cost, absolute",
        "portfolio, hedged",
        "before cost, hedged",
    ]
    span = (dates[-1] - dates[0]).astype(int) * 300 / 299 / 365.2425
    nav = np.cumprod(1 + ret - index)
    hedged = lines.row(2, named=True)
    assert hedged["ret_annualised"] == pytest.approx(nav[-1] ** (1 / span) - 1)
    high = np.maximum.accumulate(np.maximum(nav, 1))
    assert hedged["max_drawdown"] == pytest.approx((nav / high - 1).min())
    first = dates < np.datetime64("2018-01-01")
    assert years["hedged_ret"][0] == pytest.approx(np.prod(1 + (ret - index)[first]) - 1)
    assert years["ret_before_cost"][0] == pytest.approx(np.prod(1 + ret[first] + 1e-4) - 1)


def test_excess_of_report_004_by_year_and_of_a_year() -> None:
    dates = days_of("s001")
    ret = np.full(len(dates), 0.0008)
    (table,) = kind("s004").tables(course(dates, ret, ret - 0.0005)).values()
    assert table["period"].to_list() == [
        "2017",
        "2018",
        "2019",
        "2020",
        "2021",
        "2022",
        "2023",
        "all",
    ]
    in_2018 = int((dates.astype("datetime64[Y]") == np.datetime64("2018")).sum())
    assert table["excess_ret"][1] == pytest.approx(1.0005**in_2018 - 1)
    span = (dates[-1] - dates[0]).astype(int) * len(dates) / (len(dates) - 1) / 365.2425
    assert table["excess_ret"][-1] == pytest.approx(1.0005 ** (len(dates) / span) - 1)


@pytest.mark.parametrize("name", ["s000", "s001", "s002", "s003", "s004"])
def test_without_a_benchmark_nothing_is_compared(name: str) -> None:
    tables = kind(name).tables(course(days_of("s002")[:50], np.full(50, 0.001)))
    words = {column for table in tables.values() for column in table.columns}
    assert not [word for word in words if "excess" in word or "hedged" in word]
    assert all(isinstance(table, pl.DataFrame) for table in tables.values())
