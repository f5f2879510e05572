"""Expressions of the frame day: what they mean, what is refused and where, how far they look."""

import pytest

from intralpha.features.language.sessions import (
    MAX_DAYS,
    SESSION_STATS,
    TakenNameError,
    plan_sessions,
)
from intralpha.features.language.syntax import ExpressionError
from intralpha.features.language.units import PLAIN, SHARE_UNIT

PARTS = {"day_skew": PLAIN, "day_vvol": SHARE_UNIT}


def plan_of(*texts):
    return plan_sessions({f"f{i}": text for i, text in enumerate(texts)}, PARTS)


def test_parts_in_common_are_there_once():
    plan = plan_of(
        "mean(ret[traded], days=20) / std(ret[traded], days=20)",
        "std(ret[traded], days=20, least=10)",
        "2 * close + open",
        "open + close * 2",
    )
    codes = [op.code for op in plan.ops]
    assert codes.count("std") == codes.count("mean") == codes.count("select") == 1
    assert plan.outputs[2] == plan.outputs[3]
    assert plan.inputs == ("ret", "traded", "close", "open")
    assert all(a < i for i, op in enumerate(plan.ops) for a in op.args)
    assert hash(plan)
    with pytest.raises(AttributeError):
        plan.names = ()


@pytest.mark.parametrize(
    ("text", "sessions"),
    [
        ("close", 0),
        ("mean(close, days=1)", 0),
        ("mean(close, days=20)", 19),
        ("ago(close, 5)", 5),
        ("close / ago(mean(close, days=5), 20) - 1", 24),
        ("std(close / ago(close, 1), days=60) + where(traded, 0, 0) / 2", 60),
        ("mean(mean(day_skew, days=5), days=20) - ago(ago(day_skew, 3), 4)", 23),
    ],
)
def test_look_back(text, sessions):
    assert plan_of("ret", text).lookbacks == (0, sessions)
    assert plan_of("ret", text).lookback == sessions


@pytest.mark.parametrize("name", SESSION_STATS)
@pytest.mark.parametrize(("days", "least"), [(1, 1), (5, 3), (20, 10), (61, 31)])
def test_half_the_days_are_needed_unless_it_says(name, days, least):
    inside = "ret, turnover" if name == "corr" else "ret"
    for given, wanted in {"": least, ", least=0": 0, f", least={days}": days}.items():
        op = plan_of(f"{name}({inside}, days={days}{given})").ops[-1]
        assert (op.code, op.days, op.least) == (name, days, wanted)


def test_exponents_signs_and_constants_fold():
    assert plan_of("ret ** 3").ops == plan_of("(ret * ret) * ret").ops
    assert plan_of("-ret").ops == plan_of("ret * (1 - 2)").ops
    assert plan_of("ret + sqrt(4) * exp(0) - abs(-1)").ops[1].k == 2


@pytest.mark.parametrize(
    "text",
    [
        "close + 0",
        "where(volume > 0, amount, 0)",
        "larger(close - open, 0)",
        "ln(volume / SHARE)",
        "ln(day_vvol / volume)",
        "(amount / volume)[close > 0 & ~(open < low | high >= vwap)] - vwap",
        "sqrt(amount * amount) - amount",
        "amount ** 0.5 * amount ** 0.5 + amount",
        "corr(close, volume, days=20) + count(close, days=5) + skew(volume, days=5)",
        "prod(1 + ret, days=20) - 1",
        "preclose + mean(close, days=5) + std(low, days=5) + median(high, days=3)",
        "smaller(turnover, 1)[traded]",
        "1[traded]",
        "3 ** 2 * ret + 4 ** 0.5 * ret",
    ],
)
def test_units_and_shapes_that_fit(text):
    assert len(plan_of(text).outputs) == 1


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("mean(clse, days=20)", "clse", "did you mean close"),
        ("mean(close, days=20) + day_skw", "day_skw", "did you mean day_skew"),
        ("ret + trades", "trades", "no trades in the frame day"),
        ("1 + meen(close, days=20)", "meen", "did you mean mean"),
        ("lag(close)", "lag", "no function lag"),
        ("close + volume", "+", "CNY / share beside share"),
        ("ret[close > amount]", ">", "CNY / share beside CNY"),
        ("ret * (close == 1)", "==", "CNY / share beside plain number"),
        ("smaller(close, ret)", "smaller", "CNY / share beside plain number"),
        ("where(traded, close, ret)", "where", "CNY / share beside plain number"),
        ("1 + ln(volume)", "ln", "ln of share"),
        ("exp(amount)", "exp", "exp of CNY"),
        ("1 + prod(close, days=5)", "prod", "a product of CNY / share"),
        ("1 + mean(close)", "mean", "mean needs days="),
        ("1 + mean(close, least=3)", "mean", "mean needs days="),
        ("corr(close, open)", "corr", r"corr\(x, y, days=20\)"),
        ("mean(close, days=0)", "0", "whole number from 1 to 1000"),
        ("mean(close, days=1001)", "1001", "whole number from 1 to 1000"),
        ("mean(close, days=2.5)", "2.5", "whole number"),
        ("mean(close, days=1e999)", "1e999", "too large a number"),
        ("mean(close, days=-5)", "-", "whole number"),
        ("mean(close, days=ret)", "ret", "whole number"),
        ("mean(close, days=5, least=6)", "6", "whole number from 0 to 5"),
        ("mean(close, days=5, days=6)", "6", "given twice"),
        ("mean(close, dys=7)", "7", "did you mean days"),
        ("mean(close, 20)", "mean", "takes 1 arguments, found 2"),
        ("corr(close, days=20)", "corr", "takes 2 arguments, found 1"),
        ("abs(ret, days=2)", "2", "abs takes no days="),
        ("where(traded, ret)", "where", "takes 3 arguments, found 2"),
        ("ago(close, 0)", "0", "whole number from 1 to 1000"),
        ("ago(close, ret)", "ret", "whole number"),
        ("ago(traded, 1)", "traded", "expected a series, found a mask"),
        ("ago(5, 1)", "5", "expected a series, found a constant"),
        ("mean(5, days=3)", "5", "expected a series, found a constant"),
        ("count(traded, days=3)", "traded", "where"),
        ("ret + traded", "traded", "a mask where numbers belong"),
        ("2 * -traded", "traded", "a mask where numbers belong"),
        ("abs(traded)", "traded", "a mask where numbers belong"),
        ("(ret > 0) ** 2", ">", "a mask where numbers belong"),
        ("ret[volume]", "volume", "expected a mask, found a row"),
        ("traded[traded]", "traded", "a mask where numbers belong"),
        ("ret[traded & volume]", "volume", "expected a mask, found a row"),
        ("ret[~close]", "close", "expected a mask, found a row"),
        ("where(ret, 1, 0)", "ret", "expected a mask"),
        ("ret ** 5", "**", "an exponent of 5"),
        ("ret + (1 < 2)", "<", "compares two constants"),
        ("larger(1, 2)", "larger", "two constants"),
        ('ret["09:30"]', '"', "no times of the day"),
        ("close > open", "close", "ends in a mask"),
        ("1 + 2", "1", "ends in a constant"),
        ("mean(close, days=20", "", "expected ,"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_where_it_stands(text, at, why):
    with pytest.raises(ExpressionError, match=why) as caught:
        plan_of("ret", text)
    assert caught.value.text == text
    assert caught.value.column == (text.index(at) if at else len(text))


def test_a_part_cannot_take_the_name_of_a_series():
    for name in ("ret", "traded", "CNY"):
        with pytest.raises(TakenNameError, match=name) as caught:
            plan_sessions({"a": "close"}, {name: PLAIN})
        assert caught.value.name == name


def test_a_factor_of_the_set_is_no_name():
    with pytest.raises(ExpressionError, match="no first_one"):
        plan_sessions({"first_one": "ret", "second": "first_one * 2"})


def test_the_longest_window_is_allowed():
    assert plan_of(f"mean(ret, days={MAX_DAYS})").lookback == MAX_DAYS - 1
    assert plan_of(f"ago(ret, {MAX_DAYS})").lookback == MAX_DAYS
    assert plan_sessions({}).lookback == 0
