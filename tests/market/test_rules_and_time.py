"""Sessions, calendar and dated rules against facts anyone can look up."""

from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.market import Calendar, CalendarEndError, TradingRules, bar_times, board_of
from intralpha.market.calendar import NotASessionError
from intralpha.market.closing import closing_auctions, continuous_until
from intralpha.market.hours import BarFrequencyError
from intralpha.market.trading_rules import NoRuleError

rules = cache(TradingRules.default)


def test_minutes_are_labelled_by_their_end_and_skip_lunch() -> None:
    minutes = bar_times(1)
    assert len(minutes) == 240
    assert (minutes[0], minutes[119], minutes[120], minutes[-1]) == (
        time(9, 31),
        time(11, 30),
        time(13, 1),
        time(15, 0),
    )
    assert bar_times(30)[3:5] == (time(11, 30), time(13, 30))
    with pytest.raises(BarFrequencyError, match="divisor of 120"):
        bar_times(7)


def test_shanghai_closes_with_an_auction_since_august_2018() -> None:
    both = np.array(["600519.SH", "000001.SZ"])
    assert closing_auctions(both, date(2018, 8, 17)).tolist() == [False, True]
    assert closing_auctions(both, date(2018, 8, 20)).tolist() == [True, True]
    assert closing_auctions(both, date(2006, 6, 30)).tolist() == [False, False]
    assert closing_auctions(np.array([], dtype=str), date(2018, 8, 17)).shape == (0,)


def test_beijing_always_closes_with_an_auction() -> None:
    stock = np.array(["430047.BJ"])
    assert closing_auctions(stock, date(2018, 8, 17)).all()
    assert closing_auctions(stock, date(2024, 1, 2)).all()


def test_continuous_trading_ends_before_the_auction_or_with_the_last_trade() -> None:
    """At 14:56:59.999, or at 15:00:00.000."""
    both = np.array(["600519.SH", "000001.SZ"])
    assert continuous_until(both, date(2018, 8, 17)).tolist() == [54_000_000, 53_819_999]


def test_spring_festival_of_2024() -> None:
    calendar = Calendar.xshg()
    assert calendar.offset("2024-02-08", 1) == date(2024, 2, 19)
    assert calendar.offset("2024-02-19", -1) == date(2024, 2, 8)
    with pytest.raises(NotASessionError, match="next one is 2024-02-19"):
        calendar.index("2024-02-12")


def test_past_its_end_the_calendar_says_so() -> None:
    with pytest.raises(CalendarEndError, match="update exchange_calendars"):
        Calendar.xshg().offset("2024-02-08", 10**5)
    with pytest.raises(CalendarEndError):
        Calendar.of(np.array(["2024-01-02"], "datetime64[D]")).index("2024-01-03")


def test_cross_check_names_missing_extra_and_unreachable_days() -> None:
    calendar = Calendar.xshg()
    days = np.array(["2024-02-07", "2024-02-10", "2024-02-20", "2099-01-05"], "datetime64[D]")
    check = calendar.check(days)
    assert [str(d) for d in check.missing] == ["2024-02-08", "2024-02-19"]
    assert [str(d) for d in check.extra] == ["2024-02-10"]
    assert [str(d) for d in check.beyond] == ["2099-01-05"]


@pytest.mark.parametrize(
    ("board", "st", "day", "listed_days", "ratio"),
    [
        ("main", False, date(2015, 6, 1), 100, 0.10),
        ("main", True, date(2015, 6, 1), 100, 0.05),
        ("main", False, date(2016, 6, 1), 1, 0.44),
        ("main", False, date(2023, 4, 10), 5, float("nan")),
        ("main", False, date(2023, 4, 10), 6, 0.10),
        ("chinext", False, date(2020, 8, 21), 100, 0.10),
        ("chinext", False, date(2020, 8, 24), 100, 0.20),
        ("chinext", True, date(2020, 8, 24), 100, 0.20),
        ("star", False, date(2019, 7, 22), 5, float("nan")),
        ("star", False, date(2019, 7, 29), 6, 0.20),
        ("index", False, date(2024, 1, 2), 100, float("nan")),
    ],
)
def test_limits_by_board_and_date(
    board: str, st: bool, day: date, listed_days: int, ratio: float
) -> None:
    assert rules().limit_ratio(board, st, day, listed_days) == pytest.approx(ratio, nan_ok=True)


def test_no_rule_is_no_guess() -> None:
    """Before a board's first rule no limit is known; a board without any is an error."""
    assert np.isnan(rules().limit_ratio("main", False, date(1991, 1, 2)))
    assert np.isnan(rules().limit_ratio("star", False, date(2018, 1, 2)))
    with pytest.raises(NoRuleError, match="board moon on 2018-01-02"):
        rules().limit_ratio("moon", False, date(2018, 1, 2))


@settings(max_examples=200)
@given(st.integers(2, 500_000), st.sampled_from([0.05, 0.10, 0.20, 0.44]))
def test_limit_prices_round_half_up_without_float_error(cents: int, ratio: float) -> None:
    up, down = rules().limit_prices(np.array([cents / 100]), np.array([ratio]))
    preclose, q = Decimal(cents) / 100, Decimal(str(ratio))
    cent = Decimal("0.01")
    high = max((preclose * (1 + q)).quantize(cent, ROUND_HALF_UP), preclose + cent)
    low = min((preclose * (1 - q)).quantize(cent, ROUND_HALF_UP), preclose - cent)
    assert Decimal(str(round(float(up[0]), 6))) == high
    assert Decimal(str(round(float(down[0]), 6))) == max(low, cent)


def test_unknown_precloses_have_no_limits() -> None:
    up, down = rules().limit_prices(np.array([np.nan, 10.0]), np.array([0.1, np.nan]))
    assert np.isnan(up).all()
    assert np.isnan(down).all()


def test_lots_and_stamp_tax_by_date() -> None:
    assert rules().lot("main", date(2024, 1, 2)) == (100, 100)
    assert rules().lot("star", date(2024, 1, 2)) == (200, 1)
    assert rules().stamp_tax_bps("buy", date(2008, 9, 18)) == 10
    assert rules().stamp_tax_bps("buy", date(2008, 9, 19)) == 0
    assert rules().stamp_tax_bps("sell", date(2023, 8, 25)) == 10
    assert rules().stamp_tax_bps("sell", date(2023, 8, 28)) == 5


def test_boards_by_number() -> None:
    assert board_of("302132.SZ") == "chinext"
    assert board_of("000905.SH") == "index"
    assert board_of("000905.SZ") == "main"
    assert board_of("159915.SZ") == "etf"
