"""Every registered feature set is blind to the future, and the check sees those that are not."""

from datetime import time

import numpy as np
import pytest

from intralpha.features import DaySpec, ExpressionSpec, FeatureSet, FeatureSpec, LibrarySpec
from intralpha.features.residual_risk import ResidualRiskSpec
from intralpha.features.several import SeveralFeaturesSpec

NAMES = (
    "tval_rel",
    "bar_ret",
    "bar_range",
    "bar_clv",
    "bar_apb",
    "bar_val_share",
    "illiq",
    "path_eff",
)


def bars(rows: int, least: int, *names: str, segments: int | None = None) -> LibrarySpec:
    """Features of bars of half an hour, or other segments, from rows of so many minutes."""
    return LibrarySpec(library="bar64_30", rows=rows, names=names, segments=segments,
                       parameters={"least": least})  # fmt: skip


# Settings under which the small market gives every feature a value; kinds that are not named
# here are tested with their defaults, so that a new kind is tested from its first day.
SETTINGS = {
    "day": [DaySpec(), DaySpec(turnover="amount"), DaySpec(mode="window")],
    "expression": [
        ExpressionSpec(factors={"late": 'sum(amount[clock("14:30", "15:00")]) / day_amount'},
                       freq=5, frame="bar15"),
        ExpressionSpec(factors={"range": "(max(high) - min(low)) / first(before)"}, frame="bar5",
                       segments=30),
    ],
    "library": [
        bars(15, 2, *NAMES[:6]),
        bars(5, 4, *NAMES),
        bars(5, 3, *NAMES, segments=15),
        LibrarySpec(library="price_volume", names=("ret20", "vol20", "ln_amount20")),
        LibrarySpec(library="ms22"),
        LibrarySpec(library="ms22", smooth_days=5),
        LibrarySpec(library="price_volume", names=("lnamihud", "apb_5d", "apb"), base_freq=5),
    ],
    "residual_risk": [ResidualRiskSpec(days=10)],
    "several": [
        SeveralFeaturesSpec(sets=(bars(15, 2, *NAMES[:2]), bars(5, 4, *NAMES[2:]))),
        SeveralFeaturesSpec(sets=(DaySpec(), LibrarySpec(library="ms22"))),
    ],
}  # fmt: skip
SPECS = [s for kind, cls in FeatureSpec.kinds().items() for s in SETTINGS.get(kind) or [cls()]]
BARS = [spec for spec in SPECS if spec.make().times is not None]


@pytest.mark.one_in(8)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_feature_sets_do_not_look_ahead(look_ahead, spec):
    look_ahead.assert_causal(spec.make())


@pytest.mark.one_in(36)
@pytest.mark.parametrize("slot", [0, 4])
@pytest.mark.parametrize("spec", BARS, ids=repr)
def test_bar_features_are_known_when_they_say(look_ahead, spec, slot):
    look_ahead.assert_slots_causal(spec.make(), slot)


class Cheat(FeatureSet):
    """A feature set that keeps its word in everything but one thing."""

    def __init__(self, inner, shift=0, known_at=time(15, 0), slot=None, centre=False, blank=False,
                 around=0, threshold=False):  # fmt: skip
        self.inner, self.shift, self.slot, self.around = inner, shift, slot, around
        self.said, self.centre, self.blank, self.threshold = known_at, centre, blank, threshold

    name = property(lambda self: "cheat")
    names = property(lambda self: self.inner.names)
    times = property(lambda self: self.inner.times)
    lookback_days = property(lambda self: self.inner.lookback_days)
    known_at = property(lambda self: self.said)

    def known_at_slot(self, name):
        return self.slot or self.inner.known_at_slot(name)

    def days(self, lake, dates, assets):
        sessions = lake.dates("daily")
        place = np.searchsorted(sessions, dates) + self.shift
        rows = [
            np.clip(place + k, 0, len(sessions) - 1) for k in range(-self.around, self.around + 1)
        ]
        seen = np.unique(np.concatenate(rows))
        panel = self.inner.compute(lake, sessions[seen], assets)
        windows = [panel.values[np.searchsorted(seen, row)] for row in rows]
        values = np.mean(windows, axis=0, dtype=np.float32)
        if self.threshold:
            values -= np.median(np.nan_to_num(values), axis=1, keepdims=True)
        if self.centre:
            values -= np.nanmean(values[:, :4], axis=0).mean(axis=0)
        if self.blank:
            values[:] = np.nan
        yield from zip(dates, values, strict=True)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "cheat",
    [
        {"shift": 1},
        {"known_at": time(14, 30)},
        {"centre": True},
        {"around": 1},
    ],
    ids=["tomorrow's value", "wrong known_at", "fitted on all days", "centred window"],
)
def test_cheats_are_caught(look_ahead, cheat):
    honest = DaySpec().make()
    with pytest.raises(AssertionError, match="became noise"):
        look_ahead.assert_causal(Cheat(honest, **cheat))
    look_ahead.assert_causal(Cheat(honest))


@pytest.mark.slow
def test_a_whole_day_feature_that_claims_to_be_known_at_bar_end_is_caught(look_ahead):
    share = bars(15, 2, "bar_ret", "bar_val_share").make()
    look_ahead.assert_slots_causal(share, 2)
    with pytest.raises(AssertionError, match="became noise"):
        look_ahead.assert_slots_causal(Cheat(share, slot="bar end"), 2)


@pytest.mark.slow
def test_a_threshold_of_the_whole_day_is_caught_before_its_end(look_ahead):
    """Each bar beside the median bar of its day: known at the close, and not at the bar's end."""
    honest = bars(15, 2, "bar_ret").make()
    look_ahead.assert_slots_causal(Cheat(honest), 2)
    with pytest.raises(AssertionError, match="became noise"):
        look_ahead.assert_slots_causal(Cheat(honest, threshold=True), 2)


def test_comparing_nothing_fails(look_ahead):
    with pytest.raises(AssertionError, match="nothing was compared"):
        look_ahead.assert_causal(Cheat(DaySpec().make(), blank=True))
    only_share = bars(15, 2, "bar_val_share").make()
    with pytest.raises(AssertionError, match="no feature that is known at"):
        look_ahead.assert_slots_causal(only_share, 2)
