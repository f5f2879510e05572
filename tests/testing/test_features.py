"""Checks of features: ours pass them, and each cheat is caught by the check made for it."""

from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from intralpha.audit.moment import NoFutureError
from intralpha.features import DaySpec, FeatureSet, LibrarySpec
from intralpha.market import Lake
from intralpha.testing import (
    CheckFailedError,
    assert_causal,
    assert_invariant,
    assert_permutation,
    assert_reads,
    assert_shapes,
    price_scale,
    split,
)

from .cheats import FeatureCheat, FeatureCheatSpec, How
from .conftest import ON

HONEST = FeatureCheatSpec()
BARS = LibrarySpec(
    library="bar64_30",
    rows=30,
    names=("bar_ret", "bar_range", "bar_val_share"),
    parameters={"least": 1},
)
OURS = [
    HONEST,
    DaySpec(turnover="amount"),
    LibrarySpec(library="price_volume", names=("ret20", "vol20")),
    BARS,
]
CHECKS = (assert_shapes, assert_permutation, assert_reads)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("spec", OURS, ids=lambda s: s.kind)
def test_honest_ones_pass(lake: Lake, copies: Path, spec) -> None:
    for check in CHECKS:
        check(spec, lake, ON)
    assert_causal(spec, lake, ON, folder=copies)


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ("tomorrow", "values changed when everything after 2023-04-03 15:00:00 became noise"),
        ("all days", "became noise; first"),
        ("early", "everything after 2023-04-03 14:30:00 became noise"),
        ("blank", "no finite value of ret: nothing was compared"),
    ],
)
def test_looking_ahead_is_caught(lake: Lake, copies: Path, how: How, match: str) -> None:
    with pytest.raises(CheckFailedError, match=match) as caught:
        assert_causal(FeatureCheat(how), lake, ON, folder=copies)
    assert isinstance(caught.value, AssertionError)


def test_a_lake_that_ends_on_the_date_proves_nothing(lake: Lake) -> None:
    with pytest.raises(NoFutureError):
        assert_causal(HONEST, lake, lake.dates("daily")[-1].item())


class ClaimsBarEnd(FeatureSet):
    """Our bars, with one feature of the whole day that says it is known at once."""

    inner = BARS.make()
    name, names, times, lookback_days = "claims", inner.names, inner.times, inner.lookback_days

    def known_at_slot(self, name: str) -> str:
        return "bar end"

    def days(self, lake, dates, assets):
        return self.inner.days(lake, dates, assets)


@pytest.mark.slow
@pytest.mark.parametrize("at", [time(10, 30), time(14, 0)])
def test_bars_are_known_when_they_say(lake: Lake, copies: Path, at: time) -> None:
    assert_causal(BARS, lake, ON, at, folder=copies)
    with pytest.raises(CheckFailedError, match="bar_val_share"):
        assert_causal(ClaimsBarEnd(), lake, ON, at, folder=copies)


@pytest.mark.slow
def test_nothing_known_at_a_bar_is_nothing_compared(lake: Lake, copies: Path) -> None:
    only = BARS.model_copy(update={"names": ("bar_val_share",)})
    with pytest.raises(CheckFailedError, match="no feature that is known at 10:30"):
        assert_causal(only, lake, ON, time(10, 30), folder=copies)


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ("double", "found float64; expected float32"),
        ("names", r"found names \('turn', 'return'\)"),
        ("infinite", "found an infinite value"),
        ("ahead", "looks 1 sessions ahead; expected 0 at most"),
        ("forward name", "fwd_ for labels only"),
    ],
)
def test_other_shapes_than_declared_are_caught(lake: Lake, how: How, match: str) -> None:
    with pytest.raises(CheckFailedError, match=match):
        assert_shapes(FeatureCheatSpec(how=how), lake, ON)


@pytest.mark.parametrize(
    ("how", "match"),
    [("order", "named in another order"), ("beside", "half of the assets were asked for")],
)
def test_values_that_depend_on_other_stocks_are_caught(lake: Lake, how: How, match: str) -> None:
    with pytest.raises(CheckFailedError, match=match):
        assert_permutation(FeatureCheatSpec(how=how), lake, ON)


@pytest.mark.parametrize(
    ("how", "match"),
    [("look-back", "values changed when the lake had only"), ("unread", "IndexError")],
)
def test_reads_that_are_not_declared_are_caught(lake: Lake, how: How, match: str) -> None:
    with pytest.raises(CheckFailedError, match=match):
        assert_reads(FeatureCheatSpec(how=how), lake, ON)


@pytest.mark.slow
def test_a_split_and_another_currency_change_no_return(lake: Lake) -> None:
    symbol = str(lake.scan("daily").collect()["symbol"].sort()[0])
    for change in (split(symbol, date(2023, 3, 1), 2.0), price_scale(7.2)):
        assert_invariant(HONEST, lake, ON, change)
        with pytest.raises(CheckFailedError, match="ret that differs by"):
            assert_invariant(FeatureCheatSpec(how="level"), lake, ON, change)
    with pytest.raises(CheckFailedError, match="a change that changes no row"):
        assert_invariant(HONEST, lake, ON, price_scale(1.0))


@pytest.mark.slow
def test_copies_are_taken_again(lake: Lake, tmp_path: Path) -> None:
    assert_causal(HONEST, lake, ON, folder=tmp_path)
    made = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.parquet")}
    assert {p.relative_to(tmp_path).parts[0] for p in made} == {
        f"noise-{ON}-150000",
        f"cut-{ON}",
    }
    assert_causal(DaySpec(turnover="amount"), lake, ON, folder=tmp_path)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.parquet")} == made


def test_noise_before_the_close_leaves_what_is_known(lake: Lake, tmp_path: Path) -> None:
    from intralpha.testing.worlds import KNOWN_BEFORE_OPEN, scrambled

    twin = scrambled(lake, ON, time(11, 0), tmp_path / "twin")
    old, new = (w.scan("daily", ON, ON).collect().sort("symbol") for w in (lake, twin))
    known = ["date", "symbol", *KNOWN_BEFORE_OPEN]
    assert new.select(known).equals(old.select(known))
    assert (new["close"] != old["close"]).all()
    old, new = (w.scan("bars", ON, ON, freq=30).collect() for w in (lake, twin))
    early = old["time"] <= time(11, 0)
    assert new.filter(early).equals(old.filter(early))
    assert (new.filter(~early)["close"] != old.filter(~early)["close"]).mean() > 0.99
    before = [w.scan("daily", None, date(2023, 3, 31)).collect() for w in (lake, twin)]
    assert before[0].equals(before[1])
    assert np.isin(twin.dates("daily"), lake.dates("daily")).all()
