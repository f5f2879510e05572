"""What a node says of its slices."""

import pytest

from intralpha.base.node import Node, Slice, SliceOrderError


def node(*slices: Slice) -> Node:
    return Node("money", print, None, slices, {"before": "money", "other": "day"}, form="folders")


def test_a_slice_may_go_on_from_an_earlier_one_of_its_node() -> None:
    first, second = Slice("a", needs={"other": ("z",)}), Slice("b", needs={"before": ("a",)})
    assert node(first, second).slices == (first, second)


@pytest.mark.parametrize("needed", ["b", "c", "unknown"])
def test_it_cannot_go_on_from_itself_or_a_later_one(needed: str) -> None:
    second = Slice("b", needs={"before": (needed,)})
    with pytest.raises(SliceOrderError, match=f"slice b of node money needs {needed}"):
        node(Slice("a"), second, Slice("c"))
