"""The mean of other factors' z-scores, by hand."""

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.base import Panel
from intralpha.base.node import Node, Slice
from intralpha.base.panel import as_days
from intralpha.factors import Ground, MeanOfSpec
from intralpha.pipeline import Recipe

from .conftest import ASSETS, DAYS, Work


def score_node(name: str, days: np.ndarray) -> Node:
    slices = tuple(Slice(str(day)) for day in days)
    return Node(f"score/{name}", lambda *_: None, None, slices)


def panel(*rows: list[float], days: np.ndarray = DAYS) -> Panel:
    return Panel(np.array(rows, np.float32)[:, :, None], days, ASSETS, ("score",))


GROUND = Ground(
    DAYS, DAYS, DAYS, scores={"old": score_node("old", DAYS), "new": score_node("new", DAYS[2:])}
)


def test_weights_are_shared_among_what_is_there(work: Work) -> None:
    (node,) = MeanOfSpec(weights={"old": 1, "new": 3}).nodes("both", GROUND)
    assert node.name == "score/both"
    assert node.inputs == {"old": "score/old", "new": "score/new", "universe": "universe"}
    assert [s.needs["new"] for s in node.slices] == [(), (), ("2024-01-04",), ("2024-01-05",)]
    old = panel([1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, np.nan])
    new = panel([9, 5, 1], [9, 5, 1], days=DAYS[2:])
    found = work(node, old=old, new=new)["score"]
    a = np.sqrt(1.5)
    # Before the new one begins the old one counts alone; the second day lacks the third stock.
    np.testing.assert_allclose(found[0], [-a, 0, a], rtol=1e-6)
    np.testing.assert_allclose(found[1], [-1, 1, np.nan], rtol=1e-6)
    np.testing.assert_allclose(
        found[2], [(3 * a - a) / 4, 0, (a - 3 * a) / 4], rtol=1e-6, atol=1e-7
    )
    # The third stock has the new one alone.
    np.testing.assert_allclose(found[3], [(3 * a - 1) / 4, 1 / 4, -a], rtol=1e-6)


def test_it_stands_behind_what_it_is_made_of() -> None:
    raw = {
        "name": "x",
        "data": {"lake": "lake"},
        "factors": {
            "mine": {"kind": "mean_of", "weights": {"a": 1, "mine": 2, "nobody": 1}},
            "a": {
                "kind": "zscore_mean",
                "features": {"kind": "library", "library": "price_volume", "names": ["ret20"]},
                "signs": {"ret20": 1},
            },
        },
    }
    (fault,) = Recipe.model_validate(raw).faults()
    assert fault == "factors.mine: no factor a, mine, nobody stands before it"
    raw["factors"] = dict(reversed(raw["factors"].items()))
    raw["factors"]["mine"]["weights"] = {"a": 2.0}
    assert Recipe.model_validate(raw).faults() == []
    for wrong in ({}, {"a": 0}, {"a": -1}):
        with pytest.raises(ValidationError):
            MeanOfSpec(weights=wrong)


def test_no_factor_has_a_date_that_none_of_its_own_has() -> None:
    ground = Ground(DAYS, DAYS, DAYS, scores={"new": score_node("new", as_days(["2024-01-05"]))})
    (node,) = MeanOfSpec(weights={"new": 1}).nodes("one", ground)
    assert [s.name for s in node.slices] == ["2024-01-05"]
