"""Symbols: an exchange that is given wins, a plain number gets it from the ranges of codes."""

import polars as pl
import pytest

from intralpha.sources.symbols import (
    NAMED,
    index_of,
    normal_symbol,
    symbol_in_name,
    symbol_of,
    why_no_symbol,
)

# As the exchanges' own lists have them.
PLAIN = {
    "600519": "SH", "601398": "SH", "603288": "SH", "605117": "SH", "688981": "SH", "689009": "SH",
    "000001": "SZ", "001979": "SZ", "002594": "SZ", "003816": "SZ", "300750": "SZ", "301236": "SZ",
    "302132": "SZ", "430047": "BJ", "830799": "BJ", "871981": "BJ", "920819": "BJ", "920002": "BJ",
    "900901": "SH", "200002": "SZ", "110059": "SH", "113050": "SH", "118000": "SH", "111000": "SH",
    "123001": "SZ", "127005": "SZ", "128136": "SZ", "510050": "SH", "588000": "SH", "508000": "SH",
    "501018": "SH", "159915": "SZ", "160706": "SZ", "161725": "SZ", "180101": "SZ", "184801": "SZ",
    "399001": "SZ", "899050": "BJ", "1": "SZ",
}  # fmt: skip


@pytest.mark.parametrize(("number", "exchange"), PLAIN.items())
def test_plain_numbers(number: str, exchange: str) -> None:
    assert symbol_of(number) == f"{number.zfill(6)}.{exchange}"


@pytest.mark.parametrize("name", sorted(NAMED))
def test_an_exchange_that_is_given_wins_however_it_is_written(name: str) -> None:
    exchange = NAMED[name]
    code = {"SH": "000001", "SZ": "000001", "BJ": "920819"}[exchange]
    for mark in (".", ":", "_", "-", "#", ""):
        for text in (f"{code}{mark}{name}", f"{name}{mark}{code}"):
            assert symbol_of(text) == symbol_of(text.lower()) == f"{code}.{exchange}", text


def test_what_spreadsheets_write_to_keep_leading_zeros() -> None:
    for text in ('="000001"', "'000001", '"000001"', ' ="000001" '):
        assert symbol_of(text) == "000001.SZ"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AAPL", "symbol of unknown form"),
        ("", "symbol of unknown form"),
        ("60051x", "symbol of unknown form"),
        ("HK00700", "symbol of unknown form"),
        ("00700.HK", "symbol of unknown form"),
        ("600519.SH.SZ", "symbol of unknown form"),
        ("2.600519", "symbol of unknown form"),
        ("999999", "unknown code 999999"),
        ("103001", "unknown code 103001"),
        ("400001", "unknown code 400001"),
        ("600519.SZ", "unknown code 600519.SZ"),
        ("600519.BJ", "unknown code 600519.BJ"),
        ("SH600519.SZ", "unknown code 600519.SH"),
    ],
)
def test_what_is_no_symbol_says_why(text: str, why: str) -> None:
    assert symbol_of(text) is None
    assert why_no_symbol(text) == why


def test_columns_of_text_numbers_and_nulls() -> None:
    frame = pl.DataFrame({"s": ["600519", None, "1.0", "sz.000630"]})
    found = frame.select(normal_symbol(pl.col("s"))).to_series().to_list()
    assert found == ["600519.SH", None, "000001.SZ", "000630.SZ"]
    numbers = pl.DataFrame({"s": [600519, 1]}).select(normal_symbol(pl.col("s")))
    assert numbers.to_series().to_list() == ["600519.SH", "000001.SZ"]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("000300.SH.csv", "000300.SH"),
        ("2024/000001.XSHG.csv", "000001.SH"),
        ("sh.600519.csv", "600519.SH"),
        ("sz000001_1min_201801.csv", "000001.SZ"),
        ("SH000300.csv.gz", "000300.SH"),
        ("600519.SS_20230103.parquet", "600519.SH"),
        ("1min_600519.csv", "600519.SH"),
        ("bars-000905.sh.csv", "000905.SH"),
        ("SH#000300.txt", "000300.SH"),
        ("1.csv", "000001.SZ"),
        ("2023-01-03.csv", None),
        ("20230103.csv", None),
        ("202301.csv", None),
        ("AAPL.csv", None),
        ("sh/000001.csv", "000001.SH"),
        ("SZ/day/000001.csv", "000001.SZ"),
        ("sh/sz000001.csv", "000001.SZ"),
        ("000001.SZ/2023.csv", "000001.SZ"),
        ("sh600519/20230103.csv", "600519.SH"),
        ("000001/202301.csv", "000001.SZ"),
        ("600519/bars.csv", "600519.SH"),
        ("2023.csv", None),
        ("2023/01.csv", None),
        ("0.000001.csv", "000001.SZ"),
    ],
)
def test_the_symbol_in_a_files_name(name: str, symbol: str | None) -> None:
    assert symbol_of(symbol_in_name(name)) == symbol


def test_the_folder_that_a_path_starts_from_counts() -> None:
    assert symbol_of(symbol_in_name("000001.csv", "sh")) == "000001.SH"
    assert symbol_of(symbol_in_name("2023.csv", "sz000001")) == "000001.SZ"
    assert symbol_of(symbol_in_name("2023.csv", "vendor")) is None


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("1.600519", "600519.SH"),
        ("1.000001", "000001.SH"),
        ("0.000001", "000001.SZ"),
        ("0.430047", "430047.BJ"),
        ("600519 SH", "600519.SH"),
        ("SH 600519", "600519.SH"),
        ("0.600519", None),
    ],
)
def test_spellings_of_terminals(text: str, symbol: str | None) -> None:
    assert symbol_of(text) == symbol


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("000300", "000300.SH"),
        ("300", "000300.SH"),
        ("905.0", "000905.SH"),
        ("000985.CSI", "000985.SH"),
        ("399006", "399006.SZ"),
        ("399300.SZ", "399300.SZ"),
        ("沪深300", None),
        ("600519", None),
    ],
)
def test_a_plain_number_where_an_index_stands_is_the_index(text: str, symbol: str | None) -> None:
    assert index_of(text) == symbol
