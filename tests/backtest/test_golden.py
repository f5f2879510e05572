"""Five stocks over ten days, worked by hand (pencil and calculator, not by the code under test).

600001 splits 5 for 10 and pays 0.30 on the sixth day, 600002 is locked at limit-down on the fifth,
000003 at limit-up on the second, 688004 (STAR: 200 shares at least, then any number) is halted on
the fifth and sixth day, 600005 is ordinary. Capital 1,000,000; purchases cost 10 bps, sales 20.
Orders are sized at the previous close and filled at vwap.
"""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import BacktestSpec, MarketFacts, simulate
from intralpha.portfolio import CostSpec

ASSETS = np.array(["600001.SH", "600002.SH", "000003.SZ", "688004.SH", "600005.SH"])
DATES = np.array(
    ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08",
     "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12", "2024-01-15"],
    dtype="datetime64[D]",
)  # fmt: skip
CLOSE = np.array(
    [
        [10.00, 20.00, 8.00, 50.00, 5.00],
        [10.20, 20.00, 8.80, 51.00, 5.10],
        [10.40, 20.10, 9.00, 52.00, 5.30],
        [11.00, 20.00, 9.10, 53.00, 5.20],
        [12.00, 18.00, 9.30, 53.00, 5.30],
        [7.90, 18.50, 9.50, 53.00, 5.20],
        [8.00, 18.60, 9.40, 54.00, 5.25],
        [8.20, 18.80, 9.50, 55.00, 5.35],
        [8.10, 18.90, 9.60, 55.50, 5.30],
        [8.30, 18.90, 9.70, 56.00, 5.40],
    ]
)
SPLIT_DAY = 5
PRECLOSE = np.vstack([CLOSE[:1], CLOSE[:-1]])
PRECLOSE[SPLIT_DAY, 0] = 7.80  # (12.00 - 0.30) / 1.5
VWAP = CLOSE.copy()
VWAP[1] = [10.10, 20.20, 8.80, 50.50, 5.00]
VWAP[2] = [10.25, 19.90, 9.00, 52.00, 5.20]
VWAP[4] = [12.00, 18.00, 9.20, 53.00, 5.25]
VWAP[7] = [8.10, 18.70, 9.45, 54.00, 5.30]
HALTED = np.zeros(CLOSE.shape, dtype=bool)
HALTED[4:6, 3] = True
RATIO = np.array([0.1, 0.1, 0.1, 0.2, 0.1])
ACTIONS = pl.DataFrame(
    {
        "symbol": ["600001.SH"],
        "ex_date": [date(2024, 1, 9)],
        "bonus_ratio": [0.5],
        "cash_yuan": [0.3],
        "rights_ratio": [0.0],
        "rights_price": [0.0],
    }
)
DECISIONS = ["2024-01-02", "2024-01-03", "2024-01-05", "2024-01-10"]
TARGETS = [
    [0.30, 0.20, 0.20, 0.20, 0.10],
    [0.30, 0.10, 0.00, 0.20, 0.20],
    [0.25, 0.00, 0.35, 0.10, 0.20],
    [0.30, 0.00, 0.25, 0.20, 0.20],
]


@pytest.fixture(scope="module")
def ledger(make_market, make_targets):
    high, low = np.maximum(CLOSE, VWAP) + 0.01, np.minimum(CLOSE, VWAP) - 0.01
    high[1, 2] = low[1, 2] = 8.80  # limit-up the whole day
    high[4, 1] = low[4, 1] = 18.00  # limit-down the whole day
    market = make_market(
        DATES,
        ASSETS,
        {
            "close": CLOSE,
            "open": VWAP,
            "vwap": VWAP,
            "high": high,
            "low": low,
            "preclose": PRECLOSE,
            "volume": np.where(HALTED, 0.0, 1e7),
            "suspended": HALTED,
            "up_limit": np.round(PRECLOSE * (1 + RATIO), 2),
            "down_limit": np.round(PRECLOSE * (1 - RATIO), 2),
        },
    )
    return simulate(
        make_targets(DECISIONS, ASSETS, TARGETS),
        market,
        BacktestSpec(capital_yuan=1_000_000),
        CostSpec(buy_bps=10, sell_bps=20),
        MarketFacts.of(ASSETS, ACTIONS),
        benchmark_ret=np.full(10, 0.001),
    )


def test_fills(ledger):
    # 01-03  NAV 1,000,000: 300,000/10 = 30,000; 200,000/20 = 10,000; 200,000/50 = 4,000;
    #        100,000/5 = 20,000. (000003: 25,000 shares blocked.)
    # 01-04  NAV 1,004,193: 600001 301,257.9/10.20 = 29,535.09, 464.9 too many -> 400;
    #        600002 100,419.3/20 = 5,020.97, 4,979.0 too many -> 4,900;
    #        688004 200,838.6/51 = 3,938.01, 62 too many: less than 200, no order;
    #        600005 200,838.6/5.10 = 39,380.1, 19,380.1 missing -> 19,300.
    # 01-08  NAV 1,037,099.42: 600001 259,274.855/11 = 23,570.4, 6,029.6 too many -> 6,000;
    #        000003 362,984.797/9.10 = 39,888.4 -> 39,800; 600005 207,419.884/5.20 = 39,888.4,
    #        588.4 missing -> 500. These need (366,160 + 2,625) x 1.001 = 369,153.785 and there are
    #        193,139.42 + 72,000 - 144 = 264,995.42: x 0.717846 -> 28,570 and 358.9 -> 28,500, 300.
    # 01-11  NAV 1,077,896.645: 600001 323,368.99/8 = 40,421.1, 5,021.1 missing -> 5,000;
    #        600002 all 5,100; 000003 269,474.16/9.40 = 28,667.5, 167.5 missing -> 100;
    #        688004 7.8 too many: no order; 600005 215,579.33/5.25 = 41,062.7, 1,462.7 -> 1,400.
    expected = [
        ("2024-01-03", "600001.SH", "buy", 30_000, 10.10, 303_000.00, 303.00),
        ("2024-01-03", "600002.SH", "buy", 10_000, 20.20, 202_000.00, 202.00),
        ("2024-01-03", "688004.SH", "buy", 4_000, 50.50, 202_000.00, 202.00),
        ("2024-01-03", "600005.SH", "buy", 20_000, 5.00, 100_000.00, 100.00),
        ("2024-01-04", "600001.SH", "sell", 400, 10.25, 4_100.00, 8.20),
        ("2024-01-04", "600002.SH", "sell", 4_900, 19.90, 97_510.00, 195.02),
        ("2024-01-04", "600005.SH", "buy", 19_300, 5.20, 100_360.00, 100.36),
        ("2024-01-08", "600001.SH", "sell", 6_000, 12.00, 72_000.00, 144.00),
        ("2024-01-08", "000003.SZ", "buy", 28_500, 9.20, 262_200.00, 262.20),
        ("2024-01-08", "600005.SH", "buy", 300, 5.25, 1_575.00, 1.575),
        ("2024-01-11", "600002.SH", "sell", 5_100, 18.70, 95_370.00, 190.74),
        ("2024-01-11", "600001.SH", "buy", 5_000, 8.10, 40_500.00, 40.50),
        ("2024-01-11", "000003.SZ", "buy", 100, 9.45, 945.00, 0.945),
        ("2024-01-11", "600005.SH", "buy", 1_400, 5.30, 7_420.00, 7.42),
    ]
    found = ledger.fills.with_columns(pl.col("date").dt.to_string())
    assert found.height == len(expected)
    for row, want in zip(found.iter_rows(), expected, strict=True):
        assert row[:3] == want[:3]
        assert row[3:] == pytest.approx(want[3:], abs=1e-6)


def test_blocked_orders(ledger):
    # 01-08: 600002 all 5,100 at limit-down; 688004 103,709.942/53 = 1,956.79, 2,043.2 too many.
    assert ledger.blocked.rows() == [
        (date(2024, 1, 3), "000003.SZ", "buy", 25_000.0, "limit_up"),
        (date(2024, 1, 8), "688004.SH", "sell", 2_043.0, "suspended"),
        (date(2024, 1, 8), "600002.SH", "sell", 5_100.0, "limit_down"),
    ]


def test_cash_and_value_to_the_cent(ledger):
    # 01-03  cash 1,000,000 - 807,000 - 807; 30,000 x 10.20 + 10,000 x 20 + 4,000 x 51
    #        + 20,000 x 5.10 = 812,000
    # 01-04  cash 192,193 + 101,610 - 203.22 - 100,360 - 100.36; 29,600 x 10.40 + 5,100 x 20.10
    #        + 4,000 x 52 + 39,300 x 5.30 = 826,640
    # 01-05  29,600 x 11 + 5,100 x 20 + 4,000 x 53 + 39,300 x 5.20 = 843,960
    # 01-08  cash 264,995.42 - 263,775 - 263.775; 23,600 x 12 + 5,100 x 18 + 28,500 x 9.30
    #        + 4,000 x 53 + 39,600 x 5.30 = 1,061,930
    # 01-09  cash + 0.30 x 23,600 = 7,080; 35,400 x 7.90 + 5,100 x 18.50 + 28,500 x 9.50
    #        + 4,000 x 53 + 39,600 x 5.20 = 1,062,680
    # 01-10  35,400 x 8 + 5,100 x 18.60 + 28,500 x 9.40 + 4,000 x 54 + 39,600 x 5.25 = 1,069,860
    # 01-11  cash 8,036.645 + 95,370 - 190.74 - 48,865 - 48.865; 40,400 x 8.20 + 28,600 x 9.50
    #        + 4,000 x 55 + 41,000 x 5.35 = 1,042,330
    # 01-12  40,400 x 8.10 + 28,600 x 9.60 + 4,000 x 55.50 + 41,000 x 5.30 = 1,041,100
    # 01-15  40,400 x 8.30 + 28,600 x 9.70 + 4,000 x 56 + 41,000 x 5.40 = 1,058,140
    cash = [192_193.00, 193_139.42, 193_139.42, 956.645, 8_036.645, 8_036.645,
            54_302.04, 54_302.04, 54_302.04]  # fmt: skip
    holdings = [812_000, 826_640, 843_960, 1_061_930, 1_062_680, 1_069_860,
                1_042_330, 1_041_100, 1_058_140]  # fmt: skip
    nav = [1_004_193.00, 1_019_779.42, 1_037_099.42, 1_062_886.645, 1_070_716.645,
           1_077_896.645, 1_096_632.04, 1_095_402.04, 1_112_442.04]  # fmt: skip
    daily = ledger.daily
    assert daily["date"].to_list() == DATES[1:].tolist()
    np.testing.assert_allclose(daily["cash_yuan"], cash, atol=1e-6)
    np.testing.assert_allclose(daily["holdings_yuan"], holdings, atol=1e-6)
    np.testing.assert_allclose(daily["nav_yuan"], nav, atol=1e-6)


def test_returns_turnover_and_costs(ledger):
    daily = ledger.daily
    # 1,004,193 / 1,000,000 - 1; 1,019,779.42 / 1,004,193 - 1; 1,070,716.645 / 1,062,886.645 - 1
    assert daily["ret"][0] == pytest.approx(0.004193, abs=1e-12)
    assert daily["ret"][1] == pytest.approx(0.0155213390, abs=1e-9)
    assert daily["ret"][4] == pytest.approx(0.0073667309, abs=1e-9)
    np.testing.assert_allclose(daily["excess_ret"], daily["ret"] - 0.001, atol=1e-12)
    # Traded: 807,000; 4,100 + 97,510 + 100,360 = 201,970; 0; 335,775; 0; 0; 144,235; 0; 0.
    traded = [807_000, 201_970, 0, 335_775, 0, 0, 144_235, 0, 0]
    costs = [807, 303.58, 0, 407.775, 0, 0, 239.605, 0, 0]
    np.testing.assert_allclose(daily["traded_yuan"], traded, atol=1e-6)
    np.testing.assert_allclose(daily["cost_yuan"], costs, atol=1e-6)
    # 807,000 / 1,000,000; 335,775 / 1,037,099.42
    assert daily["turnover_two_sided"][0] == pytest.approx(0.807, abs=1e-12)
    assert daily["turnover_two_sided"][3] == pytest.approx(0.3237635597, abs=1e-9)
    np.testing.assert_allclose(
        daily["turnover_one_sided"], daily["turnover_two_sided"] / 2, atol=1e-15
    )
    assert daily["buy_scale"].round(6).to_list() == [1, 1, 1, 0.717846, 1, 1, 1, 1, 1]
    assert daily["n_below_lot"].to_list() == [0, 1, 0, 0, 0, 0, 1, 0, 0]
    assert daily["n_holdings"].to_list() == [4, 4, 4, 5, 5, 5, 4, 4, 4]


def test_events_and_holdings(ledger):
    # 0.5 x 23,600 = 11,800 new shares and 0.30 x 23,600 = 7,080 yuan.
    assert ledger.events.rows() == [
        (date(2024, 1, 9), "600001.SH", "bonus", 11_800.0, 0.0, 0.0),
        (date(2024, 1, 9), "600001.SH", "dividend", 0.0, pytest.approx(7_080.0), 0.0),
    ]
    last = ledger.holdings.filter(pl.col("date") == date(2024, 1, 11))
    assert last["symbol"].to_list() == ["600001.SH", "000003.SZ", "688004.SH", "600005.SH"]
    assert last["shares"].to_list() == [40_400, 28_600, 4_000, 41_000]
    assert last["target_weight"].to_list() == [0.30, 0.25, 0.20, 0.20]
    # 331,280 / 1,096,632.04
    assert last["weight"][0] == pytest.approx(0.3020885656, abs=1e-9)
