"""Every check of a family at once, for the specs of a recipe or of plug-ins."""

import pytest

from intralpha.features import DaySpec, LibrarySpec
from intralpha.labels import ZReturnSpec
from intralpha.market import Lake
from intralpha.models import GRUSpec
from intralpha.testing import CheckFailedError, check_plugins, check_specs, specs_inside
from intralpha.training import NegICSpec

from .cheats import FeatureCheatSpec, LabelCheatSpec
from .conftest import ON

LIBRARY = LibrarySpec(library="price_volume", names=("ret20",))


@pytest.mark.slow
def test_all_are_checked_and_all_faults_are_told(lake: Lake) -> None:
    good = (DaySpec(turnover="amount"), ZReturnSpec(), GRUSpec(), NegICSpec())
    done = check_specs(good, lake, ON)
    assert [one.kind for one in done] == [spec.kind for spec in good]
    assert [len(one.passed) for one in done] == [4, 4, 1, 1]
    bad = (*good[:1], FeatureCheatSpec(how="tomorrow"), LabelCheatSpec(how="later"))
    with pytest.raises(CheckFailedError) as caught:
        check_specs(bad, lake, ON)
    told = str(caught.value)
    assert "day: passed assert_shapes" in told
    assert "cheats.feature: assert_" in told
    assert "offset is too large" in told


def test_checking_nothing_fails(lake: Lake) -> None:
    with pytest.raises(CheckFailedError, match="found nothing"):
        check_specs((), lake, ON)
    with pytest.raises(CheckFailedError, match="found nothing"):
        check_plugins(lake)  # none is loaded


def test_specs_are_found_wherever_they_stand() -> None:
    parts = {"a": [LIBRARY, {"b": GRUSpec()}], "c": (LIBRARY, ZReturnSpec())}
    assert specs_inside(parts) == (LIBRARY, GRUSpec(), ZReturnSpec())
    assert specs_inside(NegICSpec()) == (NegICSpec(),)
    assert specs_inside(3) == ()
