"""Keys of specs in words."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from intralpha.base import Kinded, Spec
from intralpha.base.keys import Key, keys_of, kinds_of, summary, yaml_of


class FruitSpec(Kinded):
    """What grows; see :class:`~intralpha.base.Panel` and ``base``.

    More of it.
    """


class PearSpec(FruitSpec):
    """A pear."""

    kind: Literal["keys.pear"] = "keys.pear"


class Basket(Spec):
    """Holds fruit.

    Parameters
    ----------
    left, right : things in
        each hand
    """

    left: int
    right: tuple[str, ...] = ()
    size: Literal["", "big", 3] = Field(default="", description="how large")
    share: Annotated[float | None, Field(gt=0, le=1)] = Field(default=None, description="a part")
    fruit: dict[str, FruitSpec] = Field(default_factory=dict)
    best: FruitSpec = PearSpec()
    signs: dict[str, Literal[1, -1]] = Field(min_length=1, description="directions")
    pairs: tuple[tuple[int, int], ...] = Field(default=((1, 6),), description="horizons")


def test_every_key_is_told() -> None:
    grows = "What grows; see `Panel` and `base`."
    assert keys_of(Basket) == (
        Key("left", "integer", "required", (), "things in each hand", ()),
        Key("right", "list of text", "[]", (), "things in each hand", ()),
        Key("size", 'one of "", big, 3', '""', ("", "big", "3"), "how large", ()),
        Key("share", "number or null (> 0, <= 1)", "null", (), "a part", ()),
        Key("fruit", "mapping of text to FruitSpec (a kind)", "{}", (), grows, (FruitSpec,), True),
        Key("best", "FruitSpec (a kind)", "{kind: keys.pear}", (), grows, (FruitSpec,)),
        Key("signs", "mapping of text to one of 1, -1 (at least 1)", "required", ("1", "-1"),
            "directions", ()),
        Key("pairs", "list of [integer, integer]", "[[1, 6]]", (), "horizons", ()),
    )  # fmt: skip


def test_a_family_has_kinds_and_a_kind_none() -> None:
    assert kinds_of(FruitSpec) == {"keys.pear": PearSpec}
    assert kinds_of(PearSpec) == kinds_of(Basket) == {}
    assert keys_of(PearSpec) == ()
    assert summary(PearSpec) == "A pear."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1.5, "1.5"),
        ("%Y-%m-%d", '"%Y-%m-%d"'),
        ({"a": [1, None]}, "{a: [1, null]}"),
        (Basket(left=1, signs={"x": 1}), "its defaults"),
    ],
)
def test_values_are_written_as_yaml(value: object, text: str) -> None:
    assert yaml_of(value) == text
