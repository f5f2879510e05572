"""Checks of labels: the past does not count, and the offset is exact."""

from pathlib import Path

import pytest

from intralpha.labels import HorizonReturnSpec, RawReturnSpec, ZReturnSpec
from intralpha.market import Lake
from intralpha.testing import (
    CheckFailedError,
    assert_invariant,
    assert_label_forward_only,
    assert_permutation,
    assert_reads,
    assert_shapes,
    price_scale,
)

from .cheats import LabelCheatSpec
from .conftest import ON

OURS = [LabelCheatSpec(), RawReturnSpec(), ZReturnSpec(), HorizonReturnSpec(horizon=5)]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("label", OURS, ids=lambda s: s.kind)
def test_honest_ones_pass(lake: Lake, copies: Path, label) -> None:
    for check in (assert_shapes, assert_permutation, assert_reads):
        check(label, lake, ON)
    assert_label_forward_only(label, lake, ON, folder=copies)


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("how", "match"),
    [
        ("past", "everything before 2023-04-03 became noise"),
        ("sooner", "4 sessions later, became noise"),
        ("later", "offset is too large"),
        ("carried", "a label whose window is not over"),
    ],
)
def test_other_windows_than_declared_are_caught(
    lake: Lake, copies: Path, how: str, match: str
) -> None:
    with pytest.raises(CheckFailedError, match=match):
        assert_label_forward_only(LabelCheatSpec(how=how), lake, ON, folder=copies)


def test_a_window_that_the_lake_does_not_hold_proves_nothing(lake: Lake) -> None:
    day = lake.dates("daily")[-5].item()
    with pytest.raises(CheckFailedError, match="found 4 sessions after"):
        assert_label_forward_only(LabelCheatSpec(), lake, day)


@pytest.mark.slow
def test_a_read_that_is_too_short_is_caught(lake: Lake) -> None:
    with pytest.raises(CheckFailedError, match="the lake had only"):
        assert_reads(LabelCheatSpec(how="read"), lake, ON)


@pytest.mark.slow
def test_returns_do_not_see_the_currency(lake: Lake) -> None:
    assert_invariant(RawReturnSpec(), lake, ON, price_scale(7.2))
