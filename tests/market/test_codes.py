"""Ranges of codes: exchange, kind, board and tick of instruments the exchanges list."""

from datetime import date
from functools import cache

import numpy as np
import pytest

from intralpha.market import TradingRules, UnknownCodeError, board_of, code_range
from intralpha.market.codes import exchange_of

rules = cache(TradingRules.default)
ON = date(2024, 1, 2)


@pytest.mark.parametrize(
    ("symbol", "kind", "board", "tick", "ratio"),
    [
        ("600519.SH", "stock", "main", 0.01, 0.10),
        ("002594.SZ", "stock", "main", 0.01, 0.10),
        ("688981.SH", "stock", "star", 0.01, 0.20),
        ("300750.SZ", "stock", "chinext", 0.01, 0.20),
        ("920819.BJ", "stock", "bse", 0.01, 0.30),
        ("830799.BJ", "stock", "bse", 0.01, 0.30),
        ("900901.SH", "b_share", "b_share", 0.001, 0.10),
        ("200002.SZ", "b_share", "b_share", 0.01, 0.10),
        ("113050.SH", "convertible", "convertible", 0.001, 0.20),
        ("123001.SZ", "convertible", "convertible", 0.001, 0.20),
        ("508000.SH", "reit", "reit", 0.001, 0.10),
        ("180101.SZ", "reit", "reit", 0.001, 0.10),
        ("510050.SH", "etf", "etf", 0.001, np.nan),
        ("159915.SZ", "etf", "etf", 0.001, np.nan),
        ("501018.SH", "fund", "fund", 0.001, np.nan),
        ("161725.SZ", "fund", "fund", 0.001, np.nan),
        ("019547.SH", "bond", "bond", 0.001, np.nan),
        ("204001.SH", "repo", "repo", 0.005, np.nan),
        ("000300.SH", "index", "index", 0.001, np.nan),
        ("399001.SZ", "index", "index", 0.001, np.nan),
        ("899050.BJ", "index", "index", 0.001, np.nan),
    ],
)
def test_what_a_code_names(symbol: str, kind: str, board: str, tick: float, ratio: float) -> None:
    found = code_range(symbol)
    assert (found.kind, found.board, found.tick_yuan) == (kind, board, tick)
    assert board_of(symbol) == board
    np.testing.assert_equal(rules().limit_ratio(board, False, ON), ratio)


@pytest.mark.parametrize("board", ["main", "star", "chinext", "bse", "b_share", "reit", "etf"])
def test_every_board_that_stocks_and_funds_have_has_lots(board: str) -> None:
    least, step = rules().lot(board, ON)
    assert (least, step) == {"star": (200, 1), "bse": (100, 1)}.get(board, (100, 100))


def test_rules_change_with_the_date() -> None:
    assert rules().limit_ratio("convertible", False, date(2022, 8, 1)) == 0.20
    assert np.isnan(rules().limit_ratio("convertible", False, date(2022, 7, 29)))
    assert np.isnan(rules().limit_ratio("bse", False, date(2020, 7, 24)))
    assert np.isnan(rules().limit_ratio("bse", False, ON, listed_days=1))
    assert rules().limit_ratio("bse", True, ON) == 0.30
    assert rules().limit_ratio("reit", False, ON, listed_days=1) == 0.30
    assert board_of("508000.SH", date(2010, 1, 4)) == "fund"
    assert board_of("508000.SH", date(2021, 6, 21)) == "reit"


@pytest.mark.parametrize(
    "symbol", ["600519.SZ", "999999.SH", "600519", "60051.SH", "600519.HK", ""]
)
def test_an_unknown_code_is_an_error_that_names_it(symbol: str) -> None:
    with pytest.raises(UnknownCodeError, match=f"the code '{symbol}'"):
        board_of(symbol)


def test_a_number_that_two_exchanges_use_must_be_spelt_out() -> None:
    with pytest.raises(UnknownCodeError, match="needs one"):
        exchange_of("103001")
    assert code_range("103001.SH").kind == code_range("103001.SZ").kind == "bond"
