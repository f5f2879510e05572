"""Values are placed by name: a stock's are the same in any order and company."""

import numpy as np
import pytest

from intralpha.features import DaySpec, ExpressionSpec, FeatureSpec, LibrarySpec, load_library
from intralpha.features.frames import frames
from intralpha.features.residual_risk import ResidualRiskSpec
from intralpha.features.several import SeveralFeaturesSpec

from .conftest import ABSENT, ASSETS, DAYS

HALF_HOURS = {"names": ("bar_ret", "tval_rel", "illiq"), "rows": 5, "parameters": {"least": 3}}
MARKET = {
    "day": DaySpec(),
    "day window": DaySpec(mode="window"),
    "expression": ExpressionSpec(factors={"a": "sum(amount) / day_amount"}, frame="bar5"),
    "bars": LibrarySpec(library="bar64_30", **HALF_HOURS),
    "bars of a day": LibrarySpec(library="bars15", smooth_days=3),
    "sessions": LibrarySpec(library="price_volume", names=("ret20", "vol20", "lnamihud")),
    "sessions of bars": LibrarySpec(library="price_volume", names=("apb",), base_freq=5),
    "residual risk": ResidualRiskSpec(days=10),
    "several": SeveralFeaturesSpec(sets=(DaySpec(), LibrarySpec(library="ms22"))),
    "weeks": LibrarySpec(library="price_week", names=("week_ret_4", "week_vwap")),
}
TICKS = {
    "trade": "level2_trades",
    "parent": "level2_parents",
    "order": "level2_orders",
    "snapshot": "tick100",
    "minute": "level2_minutes",
    "sessions": "hf27",
}


def assert_placed(spec, lake, days, assets: np.ndarray) -> None:
    """Sorted, reversed, shuffled and in part: a column follows its name."""
    features = spec.make()
    whole = features.compute(lake, days, assets)
    rng = np.random.default_rng(4)
    for named in (assets[::-1], rng.permutation(assets), rng.permutation(assets)[:3], assets[[2]]):
        found = features.compute(lake, days, named)
        assert found.assets.tolist() == named.tolist()
        np.testing.assert_array_equal(found.values, whole.reindex(days, named).values)
    first = np.take(whole.values, 0, axis=-2)
    others = whole.values - np.expand_dims(first, -2)
    assert (np.nan_to_num(others) != 0).any(), "all stocks are alike: nothing was compared"


@pytest.mark.slow
@pytest.mark.one_in(12)
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("name", MARKET)
def test_features_of_bars_and_days(lake, name, cache):
    spec = MARKET[name]
    if "cache" in type(spec).model_fields:
        spec = spec.model_copy(update={"cache": cache})
    assert_placed(spec, lake, DAYS[25:30], np.append(ASSETS, ABSENT))


@pytest.mark.one_in(12)
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("name", TICKS)
def test_features_of_ticks(level2_lakes, name, cache):
    spec = LibrarySpec(library=TICKS[name], cache=cache)
    assert_placed(spec, level2_lakes.whole, level2_lakes.days[14:16], level2_lakes.assets)


def test_every_kind_and_frame_is_tried():
    """Equal-volume bars want twenty sessions of minutes; theirs is in their own file."""
    assert {spec.kind for spec in MARKET.values()} == {
        k for k in FeatureSpec.kinds() if "." not in k
    }
    tried = {load_library(n).frame for n in (*TICKS.values(), "price_week", "price_volume")}
    tried |= {"bar5", "bar15", "vbar"}
    assert {*frames()} - tried == {"bar10", "bar30", "month"}  # as bar5 and week are
