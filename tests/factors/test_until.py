"""A network that speaks within its date: what it may not see, and what it stands on."""

import re
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.base.yaml_text import parse_yaml
from intralpha.datasets import CrossSectionSpec, RollingSpec
from intralpha.datasets.neutral import NeutralSpec
from intralpha.factors import Ground, Network
from intralpha.factors.eve import before_bars, eve_node
from intralpha.factors.inputs import InputSpec
from intralpha.features import DaySpec, LibrarySpec
from intralpha.features.language.library import LibraryError
from intralpha.features.several import SeveralFeaturesSpec
from intralpha.labels import (
    BarReturnsSpec,
    HorizonReturnSpec,
    LabelSpec,
    RawBarReturnsSpec,
    SeveralSpec,
)
from intralpha.models import GRUSpec, MultitaskGRUSpec
from intralpha.training import NegICSpec, TrainSpec

from .conftest import ASSETS, DAYS, Work

SESSIONS = as_days(np.arange("2023-01-02", "2023-07-01", dtype="datetime64[D]"))
GROUND = Ground(SESSIONS, SESSIONS[::3], SESSIONS[::3])
BARS = ("bar_ret", "bar_range")
HOURLY = LibrarySpec(library="bar64_30", names=BARS, rows=30, parameters={"least": 1})
SPEC = Network(
    features=HOURLY,
    transform=CrossSectionSpec(),
    window_days=4,
    until=2,
    label=BarReturnsSpec(after=(2,), horizon=4),
    schedule=RollingSpec(train_days=60, valid_days=12, step_days=30),
    model=GRUSpec(hidden=4),
    objective=NegICSpec(),
    training=TrainSpec(max_epochs=2),
    seeds=(0,),
)


def changed(**keys: Any) -> Network:
    return Network.model_validate({**dict(SPEC), **keys})


def test_when_it_speaks_and_what_it_is_tested_with() -> None:
    raw = (RawBarReturnsSpec(after=(2,), horizon=4),)
    assert (SPEC.known_at, SPEC.tested_by, SPEC.faults()) == (time(10, 30), raw, ())
    last = changed(until=8, label=HorizonReturnSpec())
    for close in (last, changed(until=None, label=HorizonReturnSpec())):
        assert (close.known_at, close.tested_by, close.faults()) == (time(15), (), ())
    # Of ten minutes, bar 12 is the end of the morning; a label of the close may be learned, too.
    ten = changed(features=HOURLY.model_copy(update={"rows": 10, "segments": 10}), until=12)
    noon = ten.model_copy(update={"label": BarReturnsSpec(freq=10, after=(12,), horizon=24)})
    assert (noon.known_at, noon.faults()) == (time(11, 30), ())
    assert changed(label=HorizonReturnSpec()).tested_by == ()


@pytest.mark.parametrize(
    ("after", "until", "begin", "end"),
    [(2, 3, "10:30", "11:00"), (6, None, "14:00", "15:00"), (1, 2, "10:00", "10:30")],
)
def test_a_label_that_begins_while_it_still_looks_is_refused(
    after: int, until: int | None, begin: str, end: str
) -> None:
    label = BarReturnsSpec(after=(after,), horizon=4)
    (fault,) = changed(until=until, label=label).faults()
    assert fault.startswith(f"label: returns of y_bars begin at {begin} of the date")
    assert f"sees until {end}" in fault
    (fault,) = changed(until=until, label=HorizonReturnSpec(), valid_label=label).faults()
    assert fault.startswith("valid_label: returns of y_bars begin at")


@pytest.mark.parametrize("after", [2, 3, 8])
def test_a_label_that_begins_later_is_fine(after: int) -> None:
    assert changed(label=BarReturnsSpec(after=(after,), horizon=4)).faults() == ()
    both: LabelSpec = SeveralSpec(labels=(BarReturnsSpec(after=(after,)), HorizonReturnSpec()))
    (fault,) = changed(label=both).faults()
    assert "label several has 2" in fault


def test_what_needs_the_whole_day_is_refused_by_name() -> None:
    whole = LibrarySpec(library="bar64_30")
    (fault,) = changed(features=whole).faults()
    assert fault == (
        "features: found bar_val_share (known at 15:00); the windows end with bar 2, at 10:30.\n"
        "Hint: `without: [bar_val_share]` leaves factors of a library out"
    )
    without = whole.model_copy(update={"without": ("bar_val_share",)})
    assert changed(features=without).faults() == ()
    level2 = LibrarySpec(library="bar64_level2_30")
    (fault,) = changed(features=SeveralFeaturesSpec(sets=(without, level2))).faults()
    assert "big_share (known at 15:00), big_net_ratio (known at 15:00)" in fault
    # On the day before, and at the close, all of it is known.
    assert changed(features=whole, until=0).faults() == ()
    assert changed(features=whole, until=8, label=HorizonReturnSpec()).faults() == ()


def test_a_bar_that_is_not_there_is_refused() -> None:
    (fault,) = changed(until=9).faults()
    assert fault.startswith("until: found 9; expected at most 8, the bars of a session.")
    (fault,) = changed(features=DaySpec(turnover="amount")).faults()
    assert fault.startswith("until: found 2; expected 0 or null, for the features are daily")


def test_what_the_close_decides_is_refused() -> None:
    (fault,) = changed(transform=NeutralSpec()).faults()
    assert fault.startswith(
        "transform: neutral reads rows of each date that are known at its close"
    )
    (fault,) = changed(kept="float16").faults()
    assert fault.startswith("kept: found float16, whose power of two is that of all bars of a day")
    late = {"until": 8, "label": HorizonReturnSpec()}
    assert changed(transform=NeutralSpec(), **late).faults() == ()
    assert changed(kept="float16", **late).faults() == ()


def test_the_last_of_several_windows_says_when_it_speaks() -> None:
    """A day's features end with the session before; one that ends with the date waits for it."""

    def views(**until: int | None) -> dict[str, InputSpec]:
        day = {"features": DaySpec(turnover="amount"), "transform": CrossSectionSpec()}
        bars = {"features": HOURLY, "transform": CrossSectionSpec()}
        of = {"high": bars, "day": day, "week": day, "month": day}
        return {name: InputSpec(**of[name], window_days=3, until=until.get(name)) for name in of}

    net = {"features": None, "transform": None, "window_days": None, "until": None}
    net |= {"model": MultitaskGRUSpec(hidden=4, tasks=("high", "day", "week", "month"))}
    early = {"high": 4, "day": 0, "week": 0, "month": 0}
    label = BarReturnsSpec(after=(4,))
    spec = changed(**net, inputs=views(**early), label=label)
    assert (spec.known_at, spec.faults()) == (time(11, 30), ())
    waits = changed(**net, inputs=views(**early | {"week": None}), label=label)
    assert waits.known_at == time(15)
    (fault,) = waits.faults()
    assert "sees until 15:00" in fault
    (fault,) = changed(**net, inputs=views(**early | {"week": 2}), label=label).faults()
    assert fault.startswith("inputs.week.until: found 2; expected 0 or null")
    with pytest.raises(ValueError, match="found until beside inputs"):
        changed(**net | {"until": 2}, inputs=views(**early))


def test_it_stands_on_what_is_known_before_the_first_bar() -> None:
    """No node of it but the masks of the session before has those of a close."""
    made = {node.name: node for node in SPEC.nodes("early", GROUND)}
    assert next(iter(made)) == "universe/early"
    takes = {name for name, node in made.items() if "universe" in node.inputs.values()}
    assert takes == {"universe/early"}
    assert made["outputs/early"].inputs["universe"] == "universe/early"
    for one in made["universe/early"].slices[1:]:
        at = int(np.searchsorted(SESSIONS, np.datetime64(one.name)))
        assert one.needs["universe"] == (str(SESSIONS[at - 1]),)
    for one in made["outputs/early"].slices:
        at = int(np.searchsorted(SESSIONS, np.datetime64(one.name)))
        assert one.needs["seen"] == tuple(str(d) for d in SESSIONS[at - 4 : at + 1])
    assert "universe/late" not in {
        node.name for node in changed(until=None, label=HorizonReturnSpec()).nodes("late", GROUND)
    }


@pytest.mark.parametrize(("horizon", "gap"), [(4, 0), (8, 1), (40, 5)])
def test_a_training_label_is_over_before_the_first_prediction(horizon: int, gap: int) -> None:
    """And no later than a session before: as many are dropped as the label reaches, no more."""
    for fold in changed(label=BarReturnsSpec(after=(2,), horizon=horizon)).folds(GROUND):
        for dates, after in ((fold.train, fold.valid[0]), (fold.valid, np.datetime64(fold.name))):
            end = np.searchsorted(SESSIONS, dates[-1]) + gap
            assert end < np.searchsorted(SESSIONS, after) <= end + 3


def test_masks_of_the_session_before(work: Work) -> None:
    ground = Ground(DAYS, DAYS, DAYS)
    node = replace(eve_node("early", ground), slices=eve_node("early", ground).slices)
    masks = np.ones((len(DAYS), len(ASSETS), 2), np.float32)
    masks[1, 2], masks[2, 0, 1] = 0, 0
    universe = Panel(masks, DAYS, ASSETS, ("universe", "traded"))
    found = work(node, universe=universe)
    expected = np.concatenate([np.zeros_like(masks[:1]), masks[:-1]])
    np.testing.assert_array_equal(found.values, expected)
    np.testing.assert_array_equal(before_bars(universe).values, expected)
    first = work(replace(node, slices=node.slices[:1]))
    assert (first.values == 0).all(), "nobody knows who was there before the first session"


def test_factors_of_a_library_are_left_out_by_name() -> None:
    every = LibrarySpec(library="bar64_30").make().names
    some = LibrarySpec(library="bar64_30", without=("bar_val_share", "tval_rel")).make().names
    assert some == tuple(n for n in every if n not in ("bar_val_share", "tval_rel"))
    with pytest.raises(LibraryError, match="no factor bar_val_shre"):
        LibrarySpec(library="bar64_30", without=("bar_val_shre",)).make()
    with pytest.raises(LibraryError, match="without bar_ret has no factor left"):
        LibrarySpec(library="bar64_30", names=("bar_ret",), without=("bar_ret",)).make()


def test_the_factors_of_the_page_are_recipes() -> None:
    page = Path(__file__).parents[2] / "docs/labels.md"
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (factors,) = [read["factors"] for one in blocks if "factors" in (read := parse_yaml(one))]
    told = {name: Network.model_validate(of) for name, of in factors.items()}
    assert {name: of.known_at for name, of in told.items()} == {
        "at_1030": time(10, 30),
        "at_1130": time(11, 30),
    }
    assert all(of.faults() == () and of.tested_by for of in told.values())
