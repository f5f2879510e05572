"""Parameters of a library: what stands for their names, what is refused, what is shown."""

import pytest
import yaml

from intralpha.features import LibrarySpec
from intralpha.features.explain import explain_factor, show_library
from intralpha.features.language.library import LibraryError
from intralpha.features.language.parameters import Parameter, ParameterError, in_expression
from intralpha.features.language.syntax import ExpressionError, names_read, replace_names
from intralpha.features.libraries import load_library, read_library

MINE = {
    "name": "mine",
    "frame": "minute",
    "parameters": {
        "until": {"value": "10:00", "choices": ["10:00", "11:30"], "source": "here"},
        "share": {"value": 0.3, "choices": [0.1, 0.3]},
        "least": {"value": 20, "choices": [20, 60]},
        "base": {"value": "low", "choices": ["low", "preclose", "close + open"]},
        "shift": {"value": -0.5, "choices": [-0.5]},
    },
    "factors": [
        {"name": "a", "expr": 'mean(ret[clock("09:30", until)], least=least)'},
        {"name": "b", "expr": "mean((high / base)[top(ret, share)]) + shift"},
        {"name": "c", "expr": "mean(close) / CNY * SHARE"},
    ],
}


@pytest.fixture
def mine(tmp_path):
    def write(**changes) -> str:
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(MINE | changes))
        return str(path)

    return write


def exprs(name: str, **given) -> list[str]:
    return [f.expr for f in load_library(name, given).factors]


def test_values_stand_for_names(mine):
    path = mine()
    rest = "mean(close) / CNY * SHARE"
    assert exprs(path) == [
        'mean(ret[clock("09:30", "10:00")], least=20)',
        "mean((high / low)[top(ret, 0.3)]) + (-0.5)",
        rest,
    ]
    assert exprs(path, until="11:30", least=60, base="close + open", share=0.1) == [
        'mean(ret[clock("09:30", "11:30")], least=60)',
        "mean((high / (close + open))[top(ret, 0.1)]) + (-0.5)",
        rest,
    ]
    assert [f.expr for f in read_library(path).factors] == [f["expr"] for f in MINE["factors"]]
    assert load_library(path).resolved({}) == load_library(path)
    features = LibrarySpec(library=path, parameters={"base": "preclose"}, names=("b",)).make()
    assert "preclose" in features.library.factors[0].expr


def test_a_library_without_parameters_is_as_it_is_written():
    assert load_library("ms22") == read_library("ms22")
    assert load_library("ms22").resolved({}) == read_library("ms22")


def test_names_of_functions_and_arguments_stay():
    words = dict.fromkeys(("mean", "least", "x", "n"), "7")
    text = "mean(x[x == n], least=least) + least(mean, x) + xx * n"
    assert replace_names(text, words) == "mean(7[7 == 7], least=7) + least(7, 7) + xx * 7"
    assert names_read(text) == {"x", "n", "least", "mean", "xx"}
    assert replace_names("", words) == ""
    assert replace_names('clock("09:30", n)', {"n": '"10:00"'}) == 'clock("09:30", "10:00")'


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ("10:00", '"10:00"'),
        ("low", "low"),
        ("high - low", "(high - low)"),
        (20, "20"),
        (0.3, "0.3"),
        (1e-07, "1e-07"),
        (-2, "(-2)"),
        (0, "0"),
    ],
)
def test_a_value_keeps_to_itself(choice, text):
    assert in_expression(choice) == text


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        ({"untill": "10:00"}, ("no parameter untill", '"10:00", "11:30"', "did you mean until")),
        ({"until": "10:30"}, ('found "10:30"', 'expected one of "10:00", "11:30"')),
        ({"until": 600}, ("found 600", 'one of "10:00"', "in quotes")),
        ({"share": "0.3"}, ('found "0.3"', "one of 0.1, 0.3")),
        ({"least": 21}, ("found 21", "one of 20, 60")),
    ],
)
def test_other_choices_are_refused(mine, given, facts):
    with pytest.raises(ParameterError) as caught:
        load_library(mine(), given)
    for fact in facts:
        assert fact in str(caught.value)
    assert caught.value.library == "mine"
    assert caught.value.name == next(iter(given))
    assert set(caught.value.parameters) == set(MINE["parameters"])


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"p": {"value": 3, "choices": [1, 2]}}, "3 is not among the choices 1, 2"),
        ({"p": {"value": 3, "choices": []}}, "at least 1 item"),
        ({"p": {"value": True, "choices": [True]}}, "value"),
        ({"p": {"value": 1, "choices": [1], "why": "x"}}, "Extra inputs"),
        ({"close": {"value": 1, "choices": [1]}}, "named as series of minute: close"),
        ({"CNY": {"value": 1, "choices": [1]}}, "named as series of minute: CNY"),
        ({"p": {"value": 1, "choices": [1]}}, "no expression reads p"),
        ({"mean": {"value": 1, "choices": [1]}}, "no expression reads mean"),
    ],
)
def test_what_a_library_may_declare(mine, parameters, why):
    factors = [{"name": "a", "expr": "mean(ret)"}]
    with pytest.raises(LibraryError, match=why):
        load_library(mine(parameters=parameters, factors=factors))


def test_a_series_of_the_frame_day_is_no_parameter(mine):
    factors = [{"name": "a", "expr": "turnover"}]
    parameters = {"turnover": {"value": 1, "choices": [1]}}
    with pytest.raises(LibraryError, match="named as series of week: turnover"):
        load_library(mine(parameters=parameters, factors=factors, frame="week"))


def test_a_choice_is_a_whole_expression():
    with pytest.raises(ExpressionError):
        Parameter(value="low", choices=("low", "1) + (2"))


def test_a_number_where_a_time_belongs_is_refused_by_the_compiler(mine):
    path = mine(
        parameters={"until": {"value": 600, "choices": [600]}},
        factors=[{"name": "a", "expr": 'mean(ret[clock("09:30", until)])'}],
    )
    with pytest.raises(ExpressionError, match="expected a time"):
        LibrarySpec(library=path).make()


def test_show_prints_parameters_with_their_choices():
    text = show_library("minute15")
    assert 'early      "10:00", choices "10:00", "10:30", "11:30"  [spec 2.3' in text
    assert "big_share  0.3, choices 0.1, 0.2, 0.3" in text
    assert 'clock("09:30", early)' in text
    assert "parameters" not in show_library("ms22")
    explained = explain_factor("minute15.corr_volume_amplitude")
    assert 'amp_base = "low", choices "low", "preclose"' in explained
    assert "early" not in explained
    assert "plain number" in explained
