"""assert_shapes, assert_permutation, assert_reads: a spec keeps to what it declares."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.features import DAY_CLOSE, FeatureSpec
from intralpha.labels import LabelSpec
from intralpha.market import TABLES, Lake
from intralpha.testing.causal import stocks
from intralpha.testing.failure import CheckFailedError, require, require_same, require_values
from intralpha.testing.worlds import only, place

SHAPES, PERMUTATION, READS = "assert_shapes", "assert_permutation", "assert_reads"

Compute = Callable[[Lake, ndarray, ndarray], Panel]


def computing(spec: FeatureSpec | LabelSpec) -> Compute:
    """The function (lake, dates [D], assets [A]) -> Panel of a feature or label."""
    return spec.make().compute if isinstance(spec, FeatureSpec) else spec.compute


def title(spec: FeatureSpec | LabelSpec) -> str:
    """Its kind."""
    return str(spec.kind)  # type: ignore[attr-defined]


def assert_shapes(
    spec: FeatureSpec | LabelSpec,
    lake: Lake,
    on: date,
    assets: Shaped[ndarray, " A"] | None = None,
) -> None:
    """The Panel has the declared names and times, float32, and the dates that were asked for.

    Dates may have gaps: values of two dates are those they have among all sessions between them.
    Nothing is infinite; features read nothing ahead, labels nothing past their offset.

    Parameters
    ----------
    spec : features or a label
    lake : has the date and at least two sessions before it
    on : a session
    assets : symbols [A]; default: all

    Raises
    ------
    CheckFailedError
    """
    symbols, days, what = stocks(lake, assets), lake.dates("daily"), title(spec)
    last = int(np.searchsorted(days, as_days([on])[0]))
    some = days[[last - 2, last]]
    panel, whole = (computing(spec)(lake, d, symbols) for d in (some, days[last - 2 : last + 1]))
    require(panel.values.dtype == np.float32, SHAPES, what, str(panel.values.dtype), "float32")
    require(np.array_equal(panel.dates, some), SHAPES, what, f"dates {panel.dates}", f"{some}")
    fine = np.array_equal(panel.assets, symbols)
    require(fine, SHAPES, what, f"assets {panel.assets}", f"{symbols}")
    finite = not np.isinf(panel.values).any()
    require(finite, SHAPES, what, "an infinite value", "NaN where a value is not defined")
    require_same(SHAPES, what, panel, whole.at(some), "the session between two dates was asked for")
    _assert_declared(spec, panel, what)


def _assert_declared(spec: FeatureSpec | LabelSpec, panel: Panel, what: str) -> None:
    """What the spec says about itself agrees with the Panel."""
    if isinstance(spec, FeatureSpec):
        features = spec.make()
        names, times, most = features.names, features.times, 0
        fine = features.lookback_days >= 0
        require(fine, SHAPES, what, f"look-back {features.lookback_days}", "0 or more")
        forward = [name for name in names if name.startswith("fwd_")]
        require(not forward, SHAPES, what, f"names {forward}", "fwd_ for labels only")
    else:
        names, times, most = spec.columns, None, spec.offset
        misnamed = [name for name in names if not name.startswith("fwd_")]
        require(
            not misnamed, SHAPES, what, f"columns {misnamed}", "fwd_ before each: they look ahead"
        )
        least = int(spec.begins >= DAY_CLOSE)
        expected = f"{least} or more: a label looks forward"
        require(most >= least, SHAPES, what, f"offset {most}", expected)
    require(panel.names == names, SHAPES, what, f"names {panel.names}", f"{names}")
    require(panel.times == times, SHAPES, what, f"times {panel.times}", f"{times}")
    for read in spec.reads():
        require(read.table in TABLES, SHAPES, what, f"table {read.table}", ", ".join(TABLES))
        found = f"{read} that looks {read.ahead} sessions ahead"
        require(read.ahead <= most, SHAPES, what, found, f"{most} at most")


def assert_permutation(
    spec: FeatureSpec | LabelSpec,
    lake: Lake,
    on: date,
    assets: Shaped[ndarray, " A"] | None = None,
) -> None:
    """Another order of the assets reorders the values; for features, others beside do not matter.

    Parameters
    ----------
    spec : features, or a label (whose cross-section may matter)
    lake : has the date
    on : a session
    assets : symbols [A], at least two; default: all

    Raises
    ------
    CheckFailedError
    """
    symbols, day, compute = stocks(lake, assets), as_days([on]), computing(spec)
    expected = compute(lake, day, symbols)
    turned = compute(lake, day, symbols[::-1]).reindex(day, symbols)
    require_same(
        PERMUTATION, title(spec), expected, turned, "the assets were named in another order"
    )
    if isinstance(spec, FeatureSpec):
        half = symbols[::2]
        few = compute(lake, day, half)
        most = expected.reindex(day, half)
        require_same(PERMUTATION, title(spec), most, few, "half of the assets were asked for")


def assert_reads(
    spec: FeatureSpec | LabelSpec,
    lake: Lake,
    on: date,
    assets: Shaped[ndarray, " A"] | None = None,
    folder: Path | None = None,
) -> None:
    """Values of a date are the same on a lake that has nothing but the declared reads.

    What is kept is kept under a digest of these; a read that is missing means stale values.

    Parameters
    ----------
    spec : features or a label
    lake : a small one: it is copied
    on : a session
    assets : symbols [A]; default: all
    folder : keeps the copy

    Raises
    ------
    CheckFailedError
        A value differs, cannot be made, or there was nothing to compare.
    """
    symbols, day = stocks(lake, assets), as_days([on])
    shown = ", ".join(map(str, spec.reads()))
    expected = computing(spec)(lake, day, symbols)
    require_values(READS, title(spec), expected)
    with place(folder, f"reads-{title(spec)}-{on}") as root:
        small = only(lake, spec.reads(), on, root)
        try:
            found = computing(spec)(small, day, symbols)
        except Exception as error:
            expected_reads = f"that it needs nothing but {shown}"
            raise CheckFailedError(READS, title(spec), repr(error), expected_reads) from error
    why = f"the lake had only {shown}"
    require_same(READS, title(spec), expected, found, why)
