"""What `intralpha features` says of libraries with frames of ticks, definitions and `uses`."""

import pytest

from intralpha.features import libraries, load_library
from intralpha.features.explain import explain_factor, list_libraries, show_library

NEW = ("level2_trades", "level2_parents", "level2_orders", "level2_minutes", "hf27", "l2",
       "tick100", "bar64_level2_30")  # fmt: skip


def facts_of(text: str) -> dict[str, str]:
    """Lines of a label, blanks and what it says."""
    rows = [line.strip().split("  ", 1) for line in text.splitlines()[1:]]
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


def test_the_list_has_columns_that_do_not_touch():
    rows = {line.split()[0]: line.split() for line in list_libraries().splitlines()}
    assert {*libraries()} < {*rows}
    assert rows["tick100"][:4] == ["tick100", "snapshot", "day", "100"]
    assert rows["hf27"][:4] == ["hf27", "day", "day", "27"]
    assert rows["bar64_level2_30"][:5] == ["bar64_level2_30", "minute", "30", "minutes", "19"]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", NEW)
def test_every_library_is_shown_and_its_factors_explained(name):
    library, text = load_library(name), show_library(name)
    for factor in library.factors:
        assert f"\n{factor.name} " in text
    for factor in (*library.factors[:4], library.factors[-1]):
        said = explain_factor(f"{name}.{factor.name}")
        assert said.count("expression") == 1
        if library.frame not in ("day",):
            assert facts_of(said)["known at"] in ("15:00", "end of the bar")
            assert facts_of(said)["reads"]


def test_show_prints_definitions_before_factors_and_what_is_used():
    lines = show_library("level2_trades").splitlines()
    at = {word: lines.index(word) for word in ("definitions", "factors")}
    assert lines[0] == "level2_trades: frame trade, spec 3.2, 4.3"
    assert at["definitions"] < lines.index('opening  clock("09:30", early)') < at["factors"]
    assert "uses minute15, level2_trades, level2_parents" in show_library("hf27")
    assert "definitions" not in show_library("minute15")
    assert "factors" not in show_library("ms22")  # they are all there is


def test_explain_follows_definitions_to_parameters():
    facts = facts_of(explain_factor("level2_trades.early_active_bigorder_ret"))
    assert facts["where"] == 'opening = clock("09:30", early)'
    assert facts["parameters"].startswith('early = "10:00", choices "10:00", "10:30", "11:30"')
    assert 'active = "active_big"' in facts["parameters"]
    assert "base" not in facts["parameters"]
    assert {"step", "theta", "buy_total", "locked"} <= {*facts["reads"].split(", ")}
    intent = facts_of(explain_factor("level2_minutes.buy_intent_ratio_open"))
    assert intent["where"] == 'opening = clock("09:30", early); intent = net_active + net_bid'
    assert "where" not in facts_of(explain_factor("minute15.volume_perc3"))


def test_explain_follows_definitions_of_definitions(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nframe: minute\nparameters: {share: {value: 0.3, choices: [0.3]}}\n"
        "define: {big: 'top(volume, share)', rise: 'ret[big]', twice: 2 * rise, other: close}\n"
        "factors: [{name: a, expr: mean(twice)}, {name: b, expr: mean(other / open)}]\n"
    )
    facts = facts_of(explain_factor(f"{path}.a"))
    assert facts["where"] == "big = top(volume, share); rise = ret[big]; twice = 2 * rise"
    assert facts["parameters"].startswith("share = 0.3")


def test_what_stays_on_locked_days_and_when_it_is_known():
    assert facts_of(explain_factor("level2_parents.bigorder_amt_perc"))["on locked days"] == "stays"
    assert facts_of(explain_factor("level2_trades.bigorder_ret2"))["on locked days"] == "NaN"
    assert facts_of(explain_factor("bar64_level2_30.big_share"))["known at"] == "15:00"
    assert facts_of(explain_factor("bar64_level2_30.act_buy_ratio"))["known at"] == "end of the bar"
