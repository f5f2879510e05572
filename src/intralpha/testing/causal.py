"""assert_causal, assert_label_forward_only: nobody knows what is not known yet."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.features import DAY_CLOSE, FeatureSet, FeatureSpec
from intralpha.labels import LabelSpec
from intralpha.market import Lake
from intralpha.testing.failure import require, require_same, require_values
from intralpha.testing.worlds import cut, place, scrambled, scrambled_before

CAUSAL, FORWARD = "assert_causal", "assert_label_forward_only"


def made(features: FeatureSpec | FeatureSet) -> FeatureSet:
    """The set of a spec, or the set itself."""
    return features.make() if isinstance(features, FeatureSpec) else features


def stocks(lake: Lake, assets: Shaped[ndarray, " A"] | None) -> Shaped[ndarray, " A"]:
    """Symbols given, or all of the daily table, sorted."""
    if assets is not None:
        return assets
    return lake.scan("daily").collect()["symbol"].unique().sort().to_numpy().astype(str)


def assert_causal(
    features: FeatureSpec | FeatureSet,
    lake: Lake,
    on: date,
    at: time | None = None,
    assets: Shaped[ndarray, " A"] | None = None,
    folder: Path | None = None,
) -> None:
    """Values up to a date stay the same when everything after it is noise, or not there.

    Parameters
    ----------
    features : spec or set
    lake : a small one that goes on after the date: it is copied twice, and all its sessions are
        computed, so that a set that looks at them together is caught
    on : a session
    at : end of a bar of the day; then only what must be known by it is compared, and the day's
        later rows are noise as well. Default: ``known_at`` of the set
    assets : symbols [A]; default: all
    folder : keeps the copies; the next check of the same lake and date takes them from it

    Raises
    ------
    CheckFailedError
        A value changed, or there was nothing to compare.
    NoFutureError
        The lake ends on the date.
    """
    what = made(features)
    moment = min(at or what.known_at, DAY_CLOSE)
    named, symbols = what.name, stocks(lake, assets)
    expected = _known(what, lake, on, at, symbols)
    with place(folder, f"noise-{on}-{moment:%H%M%S}") as root:
        twin = scrambled(lake, on, moment, root)
        found = _known(what, twin, on, at, symbols)
    require_same(CAUSAL, named, expected, found, f"everything after {on} {moment} became noise")
    if moment < DAY_CLOSE:
        return
    with place(folder, f"cut-{on}") as root:
        found = _known(what, cut(lake, on, root), on, at, symbols)
    require_same(CAUSAL, named, expected, found, f"everything after {on} was taken away")


def _known(
    features: FeatureSet, lake: Lake, on: date, at: time | None, assets: Shaped[ndarray, " A"]
) -> Panel:
    """Values up to a moment; what is not known by then is left out or NaN."""
    panel = features.compute(lake, lake.dates("daily"), assets).between("1900-01-01", on)
    if at is None or features.times is None:
        return panel
    early = [
        name
        for name in features.names
        if (known := features.known_at_slot(name)) == "bar end" or known <= at
    ]
    require(bool(early), CAUSAL, features.name, f"no feature that is known at {at}", "some")
    panel = panel.select(early)
    panel.values[-1, np.array(features.times) > at] = np.nan
    last = replace(panel, values=panel.values[-1:], dates=panel.dates[-1:])
    require_values(CAUSAL, f"{features.name} on {on} up to {at}", last)
    return panel


def assert_label_forward_only(
    label: LabelSpec,
    lake: Lake,
    on: date,
    assets: Shaped[ndarray, " A"] | None = None,
    folder: Path | None = None,
) -> None:
    """A label depends on its window and on nothing else, and its ``offset`` is exact.

    The label of the date stays the same when all earlier days are noise, and when all days after
    the last of its window are; it changes when the last day of its window is noise; and no date
    whose window the lake does not hold has one.

    Parameters
    ----------
    label : the spec
    lake : a small one, with more than ``offset`` sessions after the date
    on : a session
    assets : symbols [A]; default: all
    folder : keeps the copies; the next check of the same lake and date takes them from it

    Raises
    ------
    CheckFailedError
        One of these does not hold, or there was nothing to compare.
    """
    symbols, days = stocks(lake, assets), lake.dates("daily")
    at, named = int(np.searchsorted(days, as_days([on])[0])), label.kind  # type: ignore[attr-defined]
    room = len(days) - 1 - at
    found = f"{room} sessions after {on}"
    require(room > label.offset, FORWARD, named, found, f"more than its offset, {label.offset}")
    expected = _label(label, lake, on, symbols)
    with place(folder, f"noise-before-{on}") as root:
        past = _label(label, scrambled_before(lake, on, root), on, symbols)
    require_same(FORWARD, named, expected, past, f"everything before {on} became noise")
    end, before = days[at + label.offset].item(), days[at + label.offset - 1].item()
    outside, inside = (_label_after(label, lake, on, day, symbols, folder) for day in (end, before))
    why = f"everything after {end}, {label.offset} sessions later, became noise"
    require_same(FORWARD, named, expected, outside, why)
    changed = not np.array_equal(expected.values, inside.values, equal_nan=True)
    found = f"the same values when everything after {before} became noise"
    require(changed, FORWARD, named, found, f"that prices of {end} count; offset is too large")
    late = label.compute(lake, days[len(days) - label.offset :], symbols).values
    require(bool(np.isnan(late).all()), FORWARD, named, "a label whose window is not over", "NaN")


def _label_after(
    label: LabelSpec,
    lake: Lake,
    on: date,
    after: date,
    assets: Shaped[ndarray, " A"],
    folder: Path | None,
) -> Panel:
    """Label of a date where everything after another is noise."""
    with place(folder, f"noise-{after}-{DAY_CLOSE:%H%M%S}") as root:
        return _label(label, scrambled(lake, after, DAY_CLOSE, root), on, assets)


def _label(label: LabelSpec, lake: Lake, on: date, assets: Shaped[ndarray, " A"]) -> Panel:
    return label.compute(lake, as_days([on]), assets)
