"""Searches: inside the space, the same again, and better than chance where there is something."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from intralpha.search import RandomSpec, RangeSpec, SearchSpec, Space, Told, TpeSpec

SPACE: Space = {
    "rate": RangeSpec(low=1e-5, high=0.1, log=True),
    "units": RangeSpec(low=1, high=64, whole=True),
    "doses": RangeSpec(low=1, high=100, whole=True, log=True),
    "loss": ({"kind": "mse"}, {"kind": "neg_ic"}, None),
}
KINDS = [RandomSpec, TpeSpec]


def found(settings: dict[str, Any]) -> float:
    """Highest at a rate of 1e-3 with the second loss."""
    return -abs(math.log10(settings["rate"]) + 3) - (settings["loss"] != {"kind": "neg_ic"})


def searched(spec: SearchSpec, trials: int, batch: int = 4) -> list[Told]:
    told: list[Told] = []
    while len(told) < trials:
        told += [Told(s, found(s)) for s in spec.ask(SPACE, told, batch)]
    return told


@pytest.mark.parametrize("kind", KINDS)
def test_settings_lie_in_the_space(kind: type[SearchSpec]) -> None:
    for one in searched(kind(seed=1), 24):
        rate, units, doses, loss = one.settings.values()
        assert list(one.settings) == list(SPACE)
        assert 1e-5 <= rate <= 0.1
        assert isinstance(units, int)
        assert 1 <= units <= 64
        assert isinstance(doses, int)
        assert 1 <= doses <= 100
        assert loss in ({"kind": "mse"}, {"kind": "neg_ic"}, None)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_asked_follows_from_what_was_told_and_the_seed(kind: type[SearchSpec]) -> None:
    whole = searched(kind(seed=3), 20)
    assert searched(kind(seed=3), 20) == whole
    assert searched(kind(seed=4), 20) != whole
    again = kind(seed=3).ask(SPACE, whole[:12], 4)
    assert again == [one.settings for one in whole[12:16]], "a study that goes on"


def test_chance_does_not_look_and_trees_do() -> None:
    told = searched(TpeSpec(seed=5), 20)
    turned = [Told(one.settings, -(one.value or 0)) for one in told]
    assert RandomSpec().ask(SPACE, told, 3) == RandomSpec().ask(SPACE, turned, 3)
    assert TpeSpec().ask(SPACE, told, 3) != TpeSpec().ask(SPACE, turned, 3)


def test_chance_reaches_both_ends_and_draws_orders_of_magnitude_evenly() -> None:
    drawn = RandomSpec(seed=7).ask(SPACE, [], 2000)
    assert {one["units"] for one in drawn} == set(range(1, 65))
    below = sum(one["rate"] < 1e-3 for one in drawn) / 2000
    assert below == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(2000))
    shares = [sum(one["loss"] == value for one in drawn) / 2000 for value in SPACE["loss"]]
    assert shares == pytest.approx([1 / 3] * 3, abs=4 * 0.47 / math.sqrt(2000))


@pytest.mark.slow
def test_trees_find_more_than_chance() -> None:
    """Mean value of the last batches, five seeds: chance stays where it was."""

    def last(kind: type[SearchSpec]) -> float:
        values = [o.value for seed in range(5) for o in searched(kind(seed=seed), 40)[-12:]]
        return sum(v for v in values if v is not None) / len(values)

    assert last(TpeSpec) > last(RandomSpec) + 0.5


def test_trials_that_failed_are_told_too() -> None:
    told = [*searched(TpeSpec(), 12), Told(RandomSpec(seed=9).ask(SPACE, [], 1)[0], None)]
    assert len(TpeSpec().ask(SPACE, told, 2)) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": 2, "high": 1}, "low 2 is not below high 1"),
        ({"low": 0, "high": 1, "log": True}, "with log it is above 0"),
        ({"low": 0.5, "high": 3, "whole": True}, "bounds are 0.5 and 3"),
        ({"low": -math.inf, "high": 1}, "both finite"),
    ],
)
def test_a_range_that_is_none_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RangeSpec(**given)


def test_without_optuna_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(Exception, match=r"intralpha\[search\]") as caught:
        TpeSpec().ask(SPACE, [], 1)
    assert type(caught.value).__name__ == "NoOptunaError"
