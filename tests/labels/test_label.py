"""Labels against SciPy and explicit least squares, and proof that they do not see the past."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy.stats import rankdata

from intralpha.base import DataError, Panel
from intralpha.labels import (
    HorizonRankSpec,
    HorizonReturnSpec,
    LabelSpec,
    NeutralReturnSpec,
    NoCapError,
    RawReturnSpec,
    ReturnBinsSpec,
    ZReturnSpec,
    fwd_locked,
    fwd_return,
)
from intralpha.labels.neutral_return import residual
from intralpha.labels.return_bins import bins
from intralpha.market import float_cap, industry_codes

from .conftest import (
    ASSETS,
    DAYS,
    GAP,
    LATE,
    LIMIT_AT_CLOSE,
    LOCKED_UP,
    SUSPENDED,
    make_daily,
    write_lake,
)

SPECS = [
    RawReturnSpec(),
    ZReturnSpec(),
    NeutralReturnSpec(),
    *(cls(horizon=h, start=start) for cls in (HorizonReturnSpec, HorizonRankSpec)
      for h in (1, 5) for start in ("vwap", "close")),
    ReturnBinsSpec(),
    ReturnBinsSpec(horizon=1, start="close", cuts=(0.0,)),
]  # fmt: skip
OFFSETS = {"ret_T1_T11": 11, "y_001": 11, "y_002": 11}


def usable_returns(lake, first, last, price):
    values = fwd_return(lake, DAYS, ASSETS, first, last, price).values[:, :, 0]
    return np.where(fwd_locked(lake, DAYS, ASSETS), np.nan, values)


def expected_label(lake, spec, mask):
    """The label row by row, with other tools."""
    if spec.kind in OFFSETS:
        first, last, price = 1, 11, "close"
    elif spec.start == "close":
        first, last, price = 0, spec.horizon, "close"
    else:
        first, last, price = 1, spec.horizon + 1, "vwap"
    values = np.where(mask, usable_returns(lake, first, last, price), np.nan)
    if spec.kind == "ret_T1_T11":
        return values
    caps = float_cap(lake, DAYS, ASSETS)["float_cap"]
    codes, _ = industry_codes(lake, DAYS, ASSETS)
    out = np.full(values.shape, np.nan)
    for d, row in enumerate(values):
        known = np.isfinite(row)
        if spec.kind == "y_bin":
            for a in np.flatnonzero(known):
                over = row[a] - row[known].mean()
                out[d, a] = sum(over > cut for cut in spec.cuts) - len(spec.cuts) // 2
            continue
        if spec.kind == "y_001":
            known &= np.isfinite(caps[d])
        if known.sum() < 2:
            continue
        y = row[known]
        if spec.kind == "y_001":
            dummies = (codes[d, known][:, None] == np.unique(codes[d, known])).astype(float)
            design = np.column_stack([dummies, np.log(caps[d, known])])
            if len(y) <= design.shape[1]:
                continue
            y = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        if spec.kind == "y_rank":
            y = (rankdata(y) - 0.5) / len(y) - 0.5
        out[d, known] = (y - y.mean()) / np.std(y)
    return out


@pytest.mark.one_in(3)
@pytest.mark.one_in(2)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("masked", [False, True])
def test_labels(lake, spec, masked):
    mask = np.ones((len(DAYS), len(ASSETS)), dtype=bool)
    if masked:
        mask = np.random.default_rng(3).random(mask.shape) < 0.8
    panel = spec.compute(lake, DAYS, ASSETS, mask if masked else None)
    assert panel.names == ("fwd_label",)
    assert panel.values.dtype == np.float32
    np.testing.assert_allclose(
        panel["fwd_label"], expected_label(lake, spec, mask), rtol=1e-4, atol=2e-6
    )
    assert np.isfinite(panel.values).mean() > 0.3
    assert np.isnan(panel.values[-spec.offset :]).all()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_offsets(spec):
    late = 1 if getattr(spec, "start", "vwap") == "vwap" else 0
    assert spec.offset == OFFSETS.get(spec.kind, getattr(spec, "horizon", 0) + late)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_a_label_over_a_universe_is_that_of_what_can_be_bought_of_it(lake, daily, spec):
    inside = np.random.default_rng(5).random((len(DAYS), len(ASSETS), 2)) < 0.8
    panel = Panel(inside.astype(np.float32), DAYS, ASSETS, ("universe", "traded"))
    open_ = (pl.col("volume") > 0) & (pl.col("close") < pl.col("up_limit") - 0.005)
    buyable = set(daily.filter(open_).select("date", "symbol").iter_rows())
    keep = np.zeros(inside.shape[:2], dtype=bool)
    for d, a in np.ndindex(len(DAYS) - 1, len(ASSETS)):
        keep[d, a] = inside[d, a, 0] and (DAYS[d + 1].item(), str(ASSETS[a])) in buyable
    assert (inside[:-1, :, 0] & ~keep[:-1]).sum() > 5
    found = spec.over(lake, panel)
    assert found.names == ("fwd_label",)
    np.testing.assert_allclose(
        found["fwd_label"], expected_label(lake, spec, keep), rtol=1e-4, atol=2e-6
    )
    a, d = LIMIT_AT_CLOSE
    assert inside[d - 1, a, 0]
    assert np.isnan(found["fwd_label"][d - 1, a])
    assert np.isfinite(found.values).mean() > 0.2


def test_what_cannot_be_bought_at_the_start_has_no_label(lake):
    panel = ZReturnSpec().compute(lake, DAYS, ASSETS)["fwd_label"]
    a, days = SUSPENDED
    assert np.isnan(panel[[d - 1 for d in days], a]).all()
    assert np.isfinite(panel[days[0] - 2, a])  # suspended later in the window: carried close
    assert np.isfinite(panel[days[-1], a])
    a, d = LOCKED_UP
    assert np.isnan(panel[d - 1, a])
    assert np.isfinite(panel[d, a])
    assert np.isnan(panel[: LATE[1] - 1, LATE[0]]).all()


def test_rank_label_by_hand(tmp_path):
    # Five stocks, one session ahead: ranks 1, 2.5, 2.5, 4, 5 -> (r - 0.5) / 5 - 0.5, unit std.
    gains = [0.0, 0.01, 0.01, 0.02, 0.05]
    rows = [
        (day, symbol, *[price] * 5, 100, 1.0, False)
        for symbol, gain in zip(ASSETS[:5], gains, strict=True)
        for day, price in zip(DAYS[:2].astype(object), (100.0, 100.0 * (1 + gain)), strict=True)
    ]
    names = "date symbol open high low close preclose volume adj_factor suspended"
    daily = pl.DataFrame(rows, schema=names.split(), orient="row")
    spec = HorizonRankSpec(horizon=1, start="close")
    panel = spec.compute(write_lake(tmp_path, daily), DAYS[:1], ASSETS[:5])
    centred = np.array([-0.4, -0.1, -0.1, 0.2, 0.4])
    expected = centred / np.sqrt((centred**2).mean())
    np.testing.assert_allclose(panel.values[0, :, 0], expected, rtol=1e-6)


def test_classes_by_hand():
    """The mean is 0.25: what lies on a cut is below it."""
    returns = np.array([[0.75, 0.5, 0.25, -0.5, np.nan], [0.2, np.nan, np.nan, np.nan, np.nan]])
    found = bins(returns, (-0.5, 0.0, 0.25)) - 1
    np.testing.assert_array_equal(found, [[2, 1, 0, -1, np.nan], [0, *[np.nan] * 4]])
    assert ReturnBinsSpec().classes == (-2, -1, 0, 1, 2)
    assert ReturnBinsSpec(cuts=(0.0,)).classes == (0, 1)
    assert HorizonReturnSpec().classes == ()
    for cuts in ((0.1, 0.1), (0.2, 0.1), (float("inf"),)):
        with pytest.raises(ValidationError, match="expected finite numbers, each above the last"):
            ReturnBinsSpec(cuts=cuts)


def test_equal_returns_have_no_zscore(tmp_path, daily):
    still = daily.with_columns(pl.lit(10.0).alias(c) for c in ("open", "high", "low", "close"))
    still = still.with_columns(
        amount=pl.col("volume") * 10.0, adj_factor=1.0, up_limit=11.0, down_limit=9.0
    )
    panel = ZReturnSpec().compute(write_lake(tmp_path, still), DAYS, ASSETS)
    assert np.isnan(panel.values).all()


def test_neutral_labels_need_capitalisations(tmp_path, daily):
    lake = write_lake(tmp_path, daily.drop("float_shares"))
    with pytest.raises(NoCapError, match="y_002") as caught:
        NeutralReturnSpec().compute(lake, DAYS, ASSETS)
    assert isinstance(caught.value, DataError)


def test_neutral_labels_take_the_total_cap_where_there_is_one(tmp_path, daily):
    """Float caps are 1.5 and more, total caps the other way round: the residuals differ."""
    shares = pl.Series(1e9 * np.arange(12.0, 3.0, -1.0))
    counts = pl.DataFrame({"symbol": ASSETS, "total_shares": shares})
    both = write_lake(tmp_path / "both", daily.join(counts, on="symbol", maintain_order="left"))
    total = daily.drop("float_shares").join(counts, on="symbol", maintain_order="left")
    renamed = total.rename({"total_shares": "float_shares"})
    as_float = write_lake(tmp_path / "as_float", renamed)
    found, floating, expected = (
        NeutralReturnSpec().compute(x, DAYS, ASSETS).values
        for x in (both, write_lake(tmp_path / "float", daily), as_float)
    )
    assert np.isfinite(found).sum() > 200
    np.testing.assert_array_equal(found, expected)
    assert not np.allclose(found, floating, atol=0.01, equal_nan=True)


def test_the_residual_is_orthogonal_to_what_was_taken_out(lake):
    values = NeutralReturnSpec().compute(lake, DAYS, ASSETS)["fwd_label"].astype(float)
    caps = np.log(float_cap(lake, DAYS, ASSETS)["float_cap"])
    codes, _ = industry_codes(lake, DAYS, ASSETS)
    rows = [d for d in range(len(DAYS)) if np.isfinite(values[d]).sum() >= 7]
    assert rows, "nothing was compared"
    for d in rows:
        known = np.isfinite(values[d])
        assert values[d, known] @ caps[d, known] == pytest.approx(0, abs=1e-4)
        for code in np.unique(codes[d, known]):
            assert values[d, known & (codes[d] == code)].sum() == pytest.approx(0, abs=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(1, 6))
def test_residual_equals_least_squares(seed, n, n_groups):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, n_groups, n).astype(np.int32)
    y, size = rng.normal(size=n), rng.normal(20, 2, n)
    found = residual(y, size, codes)
    design = np.column_stack([codes[:, None] == np.unique(codes), size]).astype(float)
    if n <= design.shape[1]:
        assert np.isnan(found).all()
    else:
        expected = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        np.testing.assert_allclose(found, expected, atol=1e-8)


def scramble_past(daily, other, day, keep_close):
    """Rows up to a day from another market; its own row of the day where the label starts there."""
    past = pl.col("date") < DAYS[day].item() if keep_close else pl.col("date") <= DAYS[day].item()
    return pl.concat([daily.filter(~past), other.filter(past)])


@pytest.mark.one_in(3)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_labels_do_not_see_the_past(tmp_path, daily, lake, spec):
    day, other = 33, make_daily(2)
    # y_001 regresses on the capitalisation of the day itself, known at its close.
    today = getattr(spec, "start", "vwap") == "close" or spec.kind == "y_001"
    twin = write_lake(tmp_path, scramble_past(daily, other, day, today))
    at = DAYS[[day]]
    expected = spec.compute(lake, at, ASSETS).values
    assert np.isfinite(expected).sum() >= 7, "nothing was compared"
    np.testing.assert_array_equal(spec.compute(twin, at, ASSETS).values, expected)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_labels_end_where_they_say(tmp_path, daily, lake, spec):
    day = 33
    end = DAYS[day + spec.offset].item()
    at = DAYS[[day]]
    expected = spec.compute(lake, at, ASSETS).values
    whole = write_lake(tmp_path / "whole", daily.filter(pl.col("date") <= end))
    np.testing.assert_array_equal(spec.compute(whole, at, ASSETS).values, expected)
    short = write_lake(tmp_path / "short", daily.filter(pl.col("date") < end))
    assert np.isnan(spec.compute(short, at, ASSETS).values).all()


def test_a_label_that_peeks_behind_would_be_caught(tmp_path, daily, lake):
    day, other = 33, make_daily(2)
    twin = write_lake(tmp_path, scramble_past(daily, other, day, keep_close=False))
    starts_today = HorizonReturnSpec(horizon=1, start="close")
    found, expected = (starts_today.compute(x, DAYS[[day]], ASSETS) for x in (twin, lake))
    assert not np.array_equal(found.values, expected.values)


def test_specs_come_from_plain_mappings():
    adapter = TypeAdapter(LabelSpec)
    spec = adapter.validate_python({"kind": "y_rank", "horizon": 3, "start": "close"})
    assert spec == HorizonRankSpec(horizon=3, start="close")
    with pytest.raises(ValidationError):
        adapter.validate_python({"kind": "y_ret", "horizon": 2})
    with pytest.raises(ValidationError):
        adapter.validate_python({"kind": "y_002", "horizon": 5})


def cut(daily, reads, day):
    """The daily rows that are declared for one date."""
    (read,) = reads
    first = 0 if read.back is None else day - read.back
    rows = pl.col("date").is_in(DAYS[first : day + read.ahead + 1].tolist())
    return daily.filter(rows)


@pytest.mark.one_in(9)
@pytest.mark.parametrize("spec", [s for s in SPECS if s.kind != "y_001"], ids=repr)
@pytest.mark.parametrize("day", [GAP[1][-1], 33])
def test_a_label_needs_what_it_declares_and_no_row_less(tmp_path, daily, lake, spec, day):
    at = DAYS[[day]]
    expected = spec.compute(lake, at, ASSETS).values
    assert np.isfinite(expected).sum() >= 7, "nothing was compared"
    declared = write_lake(tmp_path / "declared", cut(daily, spec.reads(), day))
    np.testing.assert_array_equal(spec.compute(declared, at, ASSETS).values, expected)
    (read,) = spec.reads()
    sooner = write_lake(tmp_path / "sooner", cut(daily, [replace(read, ahead=read.ahead - 1)], day))
    assert np.isnan(spec.compute(sooner, at, ASSETS).values).all()
    if read.back is None and day == GAP[1][-1]:  # a close is carried into this window
        later = write_lake(tmp_path / "later", cut(daily, [replace(read, back=3)], day))
        assert np.isnan(spec.compute(later, at, ASSETS).values[0, GAP[0], 0])
        assert np.isfinite(expected[0, GAP[0], 0])


def test_a_stand_in_for_the_capitalisation_needs_the_whole_lake(tmp_path, daily):
    # The snapshot is of the last session; the capitalisation of day 33 is scaled back from it.
    lake = write_lake(tmp_path, daily.drop("float_shares"))
    rows = {"symbol": ASSETS, "announce_date": DAYS[-1].item(), "item": "float_cap",
            "value": np.arange(1.0, 10.0) * 1e9}  # fmt: skip
    lake.append("fundamentals", pl.DataFrame(rows))
    found = NeutralReturnSpec().compute(lake, DAYS[[33]], ASSETS).values
    assert np.isfinite(found).sum() >= 5
    assert {read.table for read in NeutralReturnSpec().reads()} == {
        "daily", "fundamentals", "industry"
    }  # fmt: skip
    assert all(33 + read.ahead >= len(DAYS) and read.back is None
               for read in NeutralReturnSpec().reads())  # fmt: skip


@pytest.mark.slow
def test_assets_may_stand_in_any_order(lake):
    order = np.random.default_rng(4).permutation(len(ASSETS))
    for spec in SPECS:
        expected = spec.compute(lake, DAYS, ASSETS).values[:, order]
        found = spec.compute(lake, DAYS, ASSETS[order]).values
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_every_kind_is_found_by_its_name():
    assert set(LabelSpec.kinds()) >= {"ret_T1_T11", "y_001", "y_002", "y_ret", "y_rank"}
