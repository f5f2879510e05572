"""neutral: residuals beside explicit least squares, and what is looked up in the lake."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.datasets import CrossSectionSpec, NeutralSpec, NoSizeError, NotLookedUpError
from intralpha.datasets import TransformSpec as Family
from intralpha.market import Lake

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]")
A = 40
ASSETS = np.array([f"6000{i:02d}.SH" for i in range(A)])


@pytest.fixture
def world():
    """Values, mask, ln cap (one unknown) and industries of three days."""
    rng = np.random.default_rng(8)
    size = rng.normal(23, 1, (3, A)).astype(np.float32)
    size[:, 5] = np.nan
    codes = rng.integers(0, 4, (3, A)).astype(np.float32)
    values = rng.normal(size=(3, A, 3)).astype(np.float32)
    values[:, :, 0] += 0.7 * np.nan_to_num(size) + codes
    values[:, :, 1] = size * 2 - codes  # nothing but industry and size
    values[1, 7, 0], values[2, 9, 0] = np.nan, 1e4
    mask = rng.random((3, A)) < 0.9
    mask[:, 5] = True
    return values, mask, {"ln_cap": size, "industry": codes}


def expected_of(values, mask, known, mads):
    """One feature, day by day: MAD, numpy.linalg.lstsq, z-score."""
    out = np.zeros(values.shape)
    for d in range(len(values)):
        inside = mask[d] & np.isfinite(values[d])
        y = values[d, inside].astype(float)
        if mads is not None:
            middle = np.median(y)
            width = mads * np.median(np.abs(y - middle))
            y = np.clip(y, middle - width, middle + width)
        size = known["ln_cap"][d, inside].astype(float)
        codes = known["industry"][d, inside]
        there = np.isfinite(size)
        design = np.column_stack([codes[there, None] == np.unique(codes[there]), size[there]])
        left = y[there] - design @ np.linalg.lstsq(design.astype(float), y[there], rcond=None)[0]
        columns = np.flatnonzero(inside)[there]
        out[d, columns] = (left - left.mean()) / left.std()
    return out


@pytest.mark.parametrize("mads", [5.0, 1.5, None])
def test_beside_least_squares(world, mads):
    values, mask, known = world
    panel = Panel(values, DAYS, ASSETS, ("a", "b", "c"))
    found = NeutralSpec(mads=mads).apply(panel, mask, known)
    assert found.values.dtype == np.float32
    for at in (0, 2):
        expected = expected_of(values[:, :, at], mask, known, mads)
        np.testing.assert_allclose(found.values[:, :, at], expected, atol=2e-4)
    assert (found.values[~mask] == 0).all()
    assert (found.values[:, 5] == 0).all(), "no cap is known"
    assert found["a"][1, 7] == 0
    if mads is None:
        assert (found["b"] == 0).all(), "industry and size explain all of it"


def test_bars_are_treated_one_by_one(world):
    values, mask, known = world
    bars = np.stack([values[..., 0], values[..., 2]], axis=1)[..., None]
    from intralpha.market import bar_times

    panel = Panel(bars, DAYS, ASSETS, ("a",), bar_times(120))
    found = NeutralSpec().apply(panel, mask, known).values[..., 0]
    for t, at in enumerate((0, 2)):
        alone = Panel(values[:, :, [at]], DAYS, ASSETS, ("a",))
        expected = NeutralSpec().apply(alone, mask, known).values[..., 0]
        np.testing.assert_allclose(found[:, t], expected, atol=1e-6)


def test_a_day_depends_on_itself_alone(world):
    values, mask, known = world
    panel = Panel(values, DAYS, ASSETS, ("a", "b", "c"))
    whole = NeutralSpec().apply(panel, mask, known).values
    one = Panel(values[1:2], DAYS[1:2], ASSETS, ("a", "b", "c"))
    cut = {name: array[1:2] for name, array in known.items()}
    np.testing.assert_array_equal(NeutralSpec().apply(one, mask[1:2], cut).values, whole[1:2])


def test_what_is_lacking_is_told(world):
    values, mask, known = world
    panel = Panel(values, DAYS, ASSETS, ("a", "b", "c"))
    with pytest.raises(NotLookedUpError, match="looks_up"):
        NeutralSpec().apply(panel, mask, {})
    known["ln_cap"][1] = np.nan
    with pytest.raises(NoSizeError, match="2024-01-03"):
        NeutralSpec().apply(panel, mask, known)
    mask[1] = False  # nobody asks for that day
    assert (NeutralSpec().apply(panel, mask, known).values[1] == 0).all()


def test_it_looks_up_what_is_known_at_the_close(tmp_path):
    rows = [
        (day, symbol, *[10.0 * (a + 1)] * 5, 100, 1.0, False, 1e6, 1e5)
        for day in DAYS.astype(object)
        for a, symbol in enumerate(ASSETS[:2])
    ]
    names = (
        "date symbol open high low close preclose volume adj_factor suspended total_shares "
        "float_shares"
    )
    lake = Lake(tmp_path, create=True)
    lake.append("daily", pl.DataFrame(rows, schema=names.split(), orient="row"))
    industry = {"symbol": ASSETS[:2], "in_date": [DAYS[0].item(), DAYS[1].item()],
                "scheme": "s", "code": ["A", "B"]}  # fmt: skip
    lake.append("industry", pl.DataFrame(industry))
    spec = TypeAdapter(Family).validate_python({"kind": "neutral"})
    assert spec.reads() == (Read("daily"), Read("industry"), Read("fundamentals"))
    view = lake.limited(frozenset((r.table, r.freq) for r in spec.reads()), date(2024, 1, 3))
    found = spec.looks_up(view, DAYS[:2], ASSETS[:3])
    expected = np.log([[1e7, 2e7, np.nan]] * 2)
    np.testing.assert_allclose(found["ln_cap"], expected, rtol=1e-6)
    np.testing.assert_array_equal(found["industry"], [[1, 0, 0], [1, 2, 0]])
    assert CrossSectionSpec().reads() == ()
    assert CrossSectionSpec().looks_up(view, DAYS[:2], ASSETS[:3]) == {}
