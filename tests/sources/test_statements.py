"""Statements as items: newest period, four quarters, restatements, what is set aside."""

from datetime import date

import pytest
from pydantic import ValidationError

from intralpha.market import Lake
from intralpha.sources import ingest
from intralpha.sources.statements import StatementsSpec

HEAD = "ts_code,ann_date,end_date,equity,profit,funds\n"
ROWS = """600519.SH,20230331,20221231,1000,80,12
600519.SH,20230428,20230331,1020,25,
600519.SH,20230428,20220331,,20,
600519.SH,20230830,20230630,1050,50,13
600519.SH,20230830,20220630,,38,
600519.SH,20231010,20221231,990,90,
000001.SZ,20230428,20221231,500,-30,
000001.SZ,20230428,20230331,510,,
"""


def items(text: str, tmp_path, **more) -> dict:
    (tmp_path / "fina.csv").write_text(HEAD + text)
    spec = StatementsSpec(
        path=str(tmp_path / "fina.csv"),
        items={"book_equity": "equity", "net_profit_ttm": "profit", "fund_share": "funds"},
        **({"since_january": ("net_profit_ttm",), "scale": {"fund_share": 0.01}} | more),
    )
    lake = Lake(tmp_path / "lake", create=True)
    ingest([spec], lake, show_progress=False)
    rows = lake.scan("fundamentals").collect()
    return {(s, d, i): v for s, d, i, v in rows.iter_rows()}


def test_newest_period_and_four_quarters_by_hand(tmp_path):
    """Quarter one: 25 + 80 - 20 = 85. Half year: 50 + 80 - 38 = 92; restated year: 50 + 90 - 38."""
    found = items(ROWS, tmp_path)
    maotai = {(d, i): v for (s, d, i), v in found.items() if s == "600519.SH"}
    assert maotai == {
        (date(2023, 3, 31), "book_equity"): 1000.0,
        (date(2023, 4, 28), "book_equity"): 1020.0,
        (date(2023, 8, 30), "book_equity"): 1050.0,
        (date(2023, 10, 10), "book_equity"): 1050.0,  # not the restated year's 990
        (date(2023, 3, 31), "net_profit_ttm"): 80.0,
        (date(2023, 4, 28), "net_profit_ttm"): 85.0,
        (date(2023, 8, 30), "net_profit_ttm"): 92.0,
        (date(2023, 10, 10), "net_profit_ttm"): 102.0,
        (date(2023, 3, 31), "fund_share"): pytest.approx(0.12),
        (date(2023, 8, 30), "fund_share"): pytest.approx(0.13),
    }
    bank = {(d, i): v for (s, d, i), v in found.items() if s == "000001.SZ"}
    assert bank == {
        (date(2023, 4, 28), "book_equity"): 510.0,
        (date(2023, 4, 28), "net_profit_ttm"): -30.0,
    }


def test_a_first_quarter_without_the_year_before_is_left_out(tmp_path):
    found = items("600519.SH,20230428,20230331,1020,25,\n", tmp_path)
    assert list(found) == [("600519.SH", date(2023, 4, 28), "book_equity")]


def test_plain_items_stand_as_they_are(tmp_path):
    found = items(ROWS, tmp_path, since_january=())
    assert found["600519.SH", date(2023, 8, 30), "net_profit_ttm"] == 50.0


def test_rows_without_a_day_are_set_aside(tmp_path):
    text = """600519.SH,,20230331,1,1,1
600519.SH,20230428,never,1,1,1
MAOTAI,20230428,20230331,1,1,1
"""
    (tmp_path / "fina.csv").write_text(HEAD + text)
    spec = StatementsSpec(path=str(tmp_path / "fina.csv"), items={"book_equity": "equity"})
    (batch,) = spec.make().batches()
    assert batch.frame.is_empty()
    assert batch.quarantined.height == 3
    assert "ann_date is no day" in batch.quarantined["reason"].to_list()


@pytest.mark.parametrize(
    "bad",
    [{"since_january": ("revenue",)}, {"scale": {"x": 2.0}},
     {"since_january": ("a",), "period": None}],
)  # fmt: skip
def test_settings_that_contradict_are_refused(bad):
    with pytest.raises(ValidationError, match=r"items has no|needs period"):
        StatementsSpec(path="x.csv", items={"a": "b"}, **bad)


def take(text: str, tmp_path) -> tuple:
    (tmp_path / "fina.csv").write_text(HEAD + text)
    spec = StatementsSpec(path=str(tmp_path / "fina.csv"), items={"book_equity": "equity"})
    lake = Lake(tmp_path / "lake", create=True)
    return ingest([spec], lake, show_progress=False).counts[0], lake.scan("fundamentals").collect()


def test_what_is_no_number_is_set_aside_and_not_called_absent(tmp_path):
    count, kept = take(
        "600519.SH,20230331,20221231,abc,1,1\n"
        '000001.SZ,20230331,20221231,"1,000",1,1\n600000.SH,20230331,20221231,0.2亿,1,1\n'
        "000002.SZ,20230331,20221231,--,1,1\n",
        tmp_path,
    )
    assert dict(count.quarantined) == {"equity is not a number": 1}
    assert "fina.csv line 2: found" in count.first["equity is not a number"]
    assert sorted(kept["value"].to_list()) == [1000.0, 2e7]
    assert count.repairs["values that are absent"] == 1


def test_a_period_twice_on_a_day_and_announcements_before_their_period_are_counted(tmp_path):
    count, kept = take(
        "600519.SH,20230331,20221231,1,1,1\n600519.SH,20230331,20221231,2,1,1\n"
        "000001.SZ,20221130,20221231,3,1,1\n",
        tmp_path,
    )
    assert count.repairs["values of a day and period that stand twice, the last one taken"] == 1
    assert sum(count.notes.values()) == 1
    assert sorted(kept["value"].to_list()) == [2.0, 3.0]
