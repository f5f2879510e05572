"""Directions of the factors that the sources give one [Spec 3.1-3.3, 4.3, 7]."""

import pytest

from intralpha.features import load_library

# In the order of the tables; + means that a larger value goes with a higher return.
SIGNS = {
    "hf27": "-+-+++++++-+-+-" + "++-+-+--" + "----",
    "hand_made": "+--++++++-++--",
    "l2": "0" * 20,
}
PARTS = ("minute15", "level2_trades", "level2_parents", "level2_orders", "level2_minutes")
VALUE = {"+": 1, "-": -1, "0": 0}


@pytest.mark.parametrize("name", SIGNS)
def test_directions_are_those_of_the_specification(name):
    assert [f.direction for f in load_library(name).factors] == [VALUE[s] for s in SIGNS[name]]


def test_parts_say_what_the_sets_say():
    whole = {f.name: f.direction for n in ("hf27", "hand_made") for f in load_library(n).factors}
    parts = {f.name: f.direction for n in PARTS for f in load_library(n).factors}
    shared = parts.keys() & whole.keys()
    assert len(shared) == 27 + 6
    assert {n: parts[n] for n in shared} == {n: whole[n] for n in shared}
