"""Combining factors: by hand, by properties, and what is refused."""

from typing import ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from pydantic import TypeAdapter, ValidationError

from intralpha.base import Panel
from intralpha.combination import (
    AxesDifferError,
    CombinerSpec,
    EqualSpec,
    Evidence,
    FactorNamesError,
    ICIRWeightSpec,
    MissingPastError,
    Past,
    SingleSpec,
    WeightsSpec,
    combine,
    learned_on,
)

NAN = np.nan
D, A = 6, 9
DAYS = np.datetime64("2023-01-02") + np.arange(D)
ASSETS = np.array([f"{600000 + i}.SH" for i in range(A)])


def factor(values: ArrayLike, name: str = "f") -> Panel:
    dense = np.asarray(values, dtype=np.float64)
    days, assets = dense.shape
    return Panel(dense[:, :, None], DAYS[:days], ASSETS[:assets], (name,))


def random_factors(seed: int, n: int = 3) -> dict[str, Panel]:
    rng = np.random.default_rng(seed)
    out = {}
    for k in range(n):
        values = rng.normal(size=(D, A))
        values[rng.random((D, A)) < 0.2] = NAN
        out["abc"[k]] = factor(values)
    return out


def test_by_hand():
    # z of 1, 3: -1, 1. z of 0, 10: -1, 1 and of 5: no factor b. Weights 1 and 3.
    a = factor([[1.0, 3.0, NAN, NAN]])
    b = factor([[10.0, 0.0, 5.0, NAN]])
    found = combine({"high": a, "low": b}, WeightsSpec(weights={"high": 1.0, "low": 3.0}))
    top = 5 / np.sqrt(50 / 3)
    assert found.names == ("score",)
    assert found.values.dtype == np.float32
    expected = [(-1 + 3 * top) / 4, (1 - 3 * top) / 4, 0.0]
    assert found["score"][0, :3] == pytest.approx(expected, abs=1e-6)
    assert np.isnan(found["score"][0, 3])


def test_a_missing_factor_leaves_the_weight_to_the_others():
    a = factor([[1.0, 3.0, NAN]])
    b = factor([[0.0, 2.0, 4.0]])
    found = combine({"a": a, "b": b}, EqualSpec())["score"][0]
    top = 2 / np.sqrt(8 / 3)
    assert found == pytest.approx([(-1 - top) / 2, 0.5, top], abs=1e-6)


def test_mask_sets_the_scale_and_who_has_a_score():
    a = factor([[1.0, 3.0, 1000.0]])
    found = combine((a,), SingleSpec(), np.array([[True, True, False]]))["score"][0]
    assert found[:2].tolist() == [-1.0, 1.0]
    assert np.isnan(found[2])


def test_a_factor_that_does_not_vary_counts_as_absent():
    flat, alive = factor([[2.0, 2.0, 2.0]]), factor([[0.0, 1.0, 2.0]])
    alone = combine((alive,), SingleSpec())["score"]
    assert np.array_equal(combine({"a": flat, "b": alive}, EqualSpec())["score"], alone)
    assert np.isnan(combine((flat,), SingleSpec())["score"]).all()


def test_equal_weights_are_the_mean_of_z_scores():
    seeds = tuple(random_factors(1).values())
    found = combine(seeds, EqualSpec(kind="seed_mean"))["score"]
    z = []
    for panel in seeds:
        x = panel["f"]
        z.append((x - np.nanmean(x, axis=1, keepdims=True)) / np.nanstd(x, axis=1, keepdims=True))
    both = np.isfinite(np.stack(z)).any(axis=0)
    expected = np.nanmean(np.stack(z)[:, both], axis=0)
    assert found[both] == pytest.approx(expected, abs=1e-5)
    assert np.isnan(found[~both]).all()


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_order_of_assets_reorders_scores_and_nothing_else(seed, random):
    panels, spec = random_factors(seed), WeightsSpec(weights={"a": 1.0, "b": 2.0, "c": 0.5})
    mask = np.random.default_rng(seed + 1).random((D, A)) < 0.8
    order = np.array(random.sample(range(A), A))
    mixed = {
        n: Panel(p.values[:, order], p.dates, p.assets[order], p.names) for n, p in panels.items()
    }
    plain = combine(panels, spec, mask)["score"]
    found = combine(mixed, spec, mask[:, order])["score"]
    np.testing.assert_allclose(found, plain[:, order], rtol=1e-5, atol=1e-6)


@given(
    st.integers(0, 10**6),
    st.lists(st.floats(0.01, 1000), min_size=3, max_size=3),
    st.floats(-100, 100),
)
def test_scale_and_shift_of_a_factor_do_not_matter(seed, scales, shift):
    panels = random_factors(seed)
    moved = {
        name: Panel(scale * p.values + shift, p.dates, p.assets, p.names)
        for (name, p), scale in zip(panels.items(), scales, strict=True)
    }
    found, plain = combine(moved, EqualSpec())["score"], combine(panels, EqualSpec())["score"]
    np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-4)


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_only_ratios_of_weights_count_and_equal_weights_are_equal(seed, scale):
    panels = random_factors(seed)
    same = WeightsSpec(weights={"a": scale, "b": scale, "c": scale})
    np.testing.assert_allclose(
        combine(panels, same)["score"], combine(panels, EqualSpec())["score"], rtol=1e-5, atol=1e-6
    )


def test_a_score_made_of_one_factor_twice_is_that_factor():
    """The weights that are there sum to 1, whatever is missing."""
    one = random_factors(3)["a"]
    alone = combine((one,), SingleSpec())["score"]
    weights = WeightsSpec(weights={"a": 0.3, "b": 5.0})
    np.testing.assert_allclose(combine({"a": one, "b": one}, weights)["score"], alone, rtol=1e-6)


def test_single_picks_by_name():
    panels = random_factors(4)
    found = combine(panels, SingleSpec(name="b"))["score"]
    alone = combine((panels["b"],), SingleSpec())["score"]
    assert np.array_equal(found, alone, equal_nan=True)
    assert not np.array_equal(found, combine(panels, SingleSpec(name="a"))["score"])


def test_weights_may_change_with_the_days():
    panels = {k: random_factors(5)[k] for k in "ab"}
    ic = np.array([[0.1, 0.2], [0.3, 0.1], [-0.9, 0.3]])
    past = Past.of_rank_ics(("a", "b"), DAYS[[0, 1, 3]], ic)
    spec = ICIRWeightSpec(observations=3, min_observations=2)
    found = combine(panels, spec, learned=learned_on(spec, past.names, past, DAYS))["score"]
    # Day 0: one observation, equal weights. Days 1, 2: 1.4142 and 2.1213. From day 3 a is negative.
    parts = [
        (EqualSpec(), slice(0, 1)),
        (WeightsSpec(weights={"a": 2.0, "b": 3.0}), slice(1, 3)),
        (SingleSpec(name="b"), slice(3, None)),
    ]
    for other, days in parts:
        np.testing.assert_allclose(
            found[days], combine(panels, other)["score"][days], rtol=1e-5, atol=1e-7
        )
    strict = ICIRWeightSpec(observations=3, min_observations=2, without_evidence="absent")
    first = learned_on(strict, past.names, past, DAYS)
    assert np.isnan(combine(panels, strict, learned=first)["score"][0]).all()


def test_later_days_do_not_change_earlier_scores():
    panels = random_factors(6)
    later = {
        name: Panel(np.where(np.arange(D)[:, None, None] > 3, 7 * p.values**3, p.values), *axes(p))
        for name, p in panels.items()
    }
    plain, changed = (combine(x, EqualSpec())["score"] for x in (panels, later))
    assert np.isfinite(plain[:4]).sum() > 20, "nothing was compared"
    assert np.array_equal(plain[:4], changed[:4], equal_nan=True)
    assert not np.array_equal(plain[4:], changed[4:], equal_nan=True)


def axes(panel: Panel) -> tuple:
    return panel.dates, panel.assets, panel.names


def test_tuples_are_named_by_their_names_or_places():
    a, b = factor(np.eye(3), "gru"), factor(np.eye(3)[::-1], "tree")
    weights = WeightsSpec(weights={"gru": 1.0, "tree": 1.0})
    assert np.isfinite(combine((a, b), weights)["score"]).all()
    with pytest.raises(FactorNamesError, match="0, 1"):
        combine((a, a), weights)


def test_what_does_not_fit_is_refused():
    a = random_factors(0)["a"]
    with pytest.raises(FactorNamesError, match="at least one"):
        combine({}, EqualSpec())
    with pytest.raises(FactorNamesError, match="those with weights"):
        combine({"a": a}, WeightsSpec(weights={"a": 1.0, "b": 1.0}))
    with pytest.raises(FactorNamesError, match="one named x"):
        combine({"a": a}, SingleSpec(name="x"))
    with pytest.raises(FactorNamesError, match="a name"):
        combine({"a": a, "b": a}, SingleSpec())
    short = Panel(a.values[1:], a.dates[1:], a.assets, a.names)
    with pytest.raises(AxesDifferError, match="5 dates"):
        combine({"a": a, "b": short}, EqualSpec())
    with pytest.raises(AxesDifferError, match="mask"):
        combine({"a": a}, EqualSpec(), np.ones((2, 2), dtype=bool))
    two = Panel(np.ones((1, 2, 2)), DAYS[:1], ASSETS[:2], ("x", "y"))
    with pytest.raises(AxesDifferError, match="one name"):
        combine({"a": two}, EqualSpec())
    with pytest.raises(MissingPastError):
        combine({"a": a}, ICIRWeightSpec())


def test_specs_by_kind():
    adapter = TypeAdapter(CombinerSpec)
    assert adapter.validate_python({"kind": "seed_mean"}) == EqualSpec(kind="seed_mean")
    fusion = adapter.validate_python({"kind": "weights", "weights": {"high": 1, "low": 3}})
    assert fusion == WeightsSpec(weights={"high": 1.0, "low": 3.0})
    for bad in (
        {"kind": "weights", "weights": {"a": -1.0}},
        {"kind": "weights", "weights": {}},
        {"kind": "icir_weight", "observations": 10, "min_observations": 11},
        {"kind": "icir_weight", "horizon": [6, 1]},
        {"kind": "icir_weight", "horizon": [-1, 1]},
        {"kind": "equal", "weigths": {}},
        {"kind": "best"},
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(bad)


def test_which_factors_a_rule_uses():
    known = ("a", "b", "c")
    assert EqualSpec().names(known) == known
    assert WeightsSpec(weights={"c": 1.0, "a": 2.0}).names(known) == ("c", "a")
    assert SingleSpec(name="b").names(known) == ("b",)
    assert SingleSpec().names(("x",)) == ("x",)
    assert ICIRWeightSpec().names(known) == known
    assert ICIRWeightSpec(factors=("c", "a")).names(known) == ("c", "a")
    with pytest.raises(FactorNamesError, match="those named: z"):
        ICIRWeightSpec(factors=("a", "z")).names(known)
    with pytest.raises(FactorNamesError, match="those with weights: z"):
        WeightsSpec(weights={"z": 1.0}).names(known)
    with pytest.raises(FactorNamesError, match="a single factor, or a name"):
        SingleSpec().names(known)
    assert EqualSpec().evidence() is None
    assert ICIRWeightSpec(observations=30).evidence() == Evidence(((1, 6),), 30)


class LatestSpec(CombinerSpec):
    """A plug-in's rule: minus the last factor alone."""

    kind: Literal["tests.latest"] = "tests.latest"
    signed: ClassVar[bool] = True

    def weigh(self, names, past=None):
        return -np.eye(len(names))[-1]


def test_a_plug_in_rule_needs_no_fork():
    panels = random_factors(8)
    spec = TypeAdapter(CombinerSpec).validate_python({"kind": "tests.latest"})
    found = combine(panels, spec)["score"]
    alone = combine({"c": panels["c"]}, SingleSpec())["score"]
    np.testing.assert_array_equal(found, -alone)
