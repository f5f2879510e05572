"""Every rule that learns: by hand, beside another implementation, and without a look ahead."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.linalg import sqrtm

from intralpha.combination import (
    ClusterSpec,
    CombinerSpec,
    CorrDropSpec,
    CorrWeightSpec,
    FactorNamesError,
    FactorPremiumSpec,
    HorizonChoiceSpec,
    ICIRWeightSpec,
    ICWeightSpec,
    MissingPastError,
    OrthogonalSpec,
    Past,
    RollRegSpec,
    TreeWeightSpec,
    learned_on,
    observe,
    refreshes,
    spread_over,
)
from intralpha.combination.cluster import linked
from intralpha.combination.roll_reg import lasso
from intralpha.datasets import EverySpec

from .pasts import NAMES, WEEKS, random_market, random_past

NAN = np.nan
LEARNING = (
    {"kind": "icir_weight"},
    {"kind": "ic_weight"},
    {"kind": "corr_weight"},
    {"kind": "corr_drop"},
    {"kind": "cluster"},
    {"kind": "roll_reg"},
    {"kind": "roll_reg", "method": "lasso"},
    {"kind": "roll_reg", "method": "pca"},
    {"kind": "factor_premium"},
    {"kind": "orthogonal"},
    {"kind": "horizon_choice", "horizons": [[1, 6]], "observations": 30},
    {"kind": "tree_weight", "min_observations": 10, "rounds": 4},
)


def rank_ics(rows: list[list[float]]) -> Past:
    names = NAMES[: len(rows[0])]
    return Past.of_rank_ics(names, WEEKS[: len(rows)], np.array(rows))


def alike(past: Past, corr_KK: list) -> Past:
    """The same past with other correlations on every date."""
    return replace(past, corr_WKK=np.tile(np.array(corr_KK, float), (len(past.dates), 1, 1)))


def test_icir_by_hand() -> None:
    # a: 0.1 0.3, mean 0.2, std 0.1414: ICIR 1.4142. b: 0.1 0.5, mean 0.3, std 0.2828: 1.0607.
    # c is negative: 0. Shares 1.4142 / 2.4749 and 1.0607 / 2.4749.
    past = rank_ics([[0.1, 0.1, -0.2], [0.3, 0.5, -0.1]])
    found = ICIRWeightSpec(min_observations=2).weigh(past.names, past)
    assert found == pytest.approx([4 / 7, 3 / 7, 0.0])


def test_icir_takes_the_latest_and_wants_enough_of_them() -> None:
    rng = np.random.default_rng(0)
    ics = rng.normal(0.1, 0.02, (30, 2))
    ics[:10, 1] = NAN
    past = Past.of_rank_ics(("a", "b"), WEEKS[:30], ics)
    spec = ICIRWeightSpec(without_evidence="absent")
    days = WEEKS[[22, 23, 29]]
    found = [one["weights"] for one in learned_on(spec, past.names, past, days)]
    assert found == [[0, 0], [1, 0], [1, 0]]
    both = ICIRWeightSpec(observations=22, min_observations=20).weigh(past.names, past)
    assert (both > 0).all()
    flat = Past.of_rank_ics(("a",), WEEKS[:30], np.full((30, 1), 0.1))
    assert spec.weigh(("a",), flat).tolist() == [0.0]
    assert ICIRWeightSpec().weigh(("a",), flat).tolist() == [1.0]


def test_ic_by_hand() -> None:
    past = rank_ics([[0.1, 0.3, -0.2], [0.3, NAN, -0.1], [0.2, 0.3, 0.1]])
    spec = ICWeightSpec(min_observations=2)
    assert spec.weigh(past.names, past) == pytest.approx([0.4, 0.6, 0.0])
    assert ICWeightSpec(min_observations=3).weigh(past.names, past).tolist() == [1.0, 0.0, 0.0]


def test_corr_weight_by_hand() -> None:
    # C = 0.7 R + 0.3 I: a and b correlate by 0.7, c with nothing: w ~ 1/1.7, 1/1.7, 1.
    past = alike(rank_ics([[0.0, 0.0, 0.0]]), [[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    found = CorrWeightSpec().weigh(past.names, past)
    assert found == pytest.approx(np.array([1 / 1.7, 1 / 1.7, 1]) / (2 / 1.7 + 1))


def test_corr_drop_by_hand() -> None:
    # Best is b; a is like it (-0.9) and goes; c is not (0.8 is not above 0.8); d predicts nothing.
    past = rank_ics([[0.1, 0.1, 0.1, -0.1], [0.3, 0.2, 0.5, -0.2]])
    corr = [[1, -0.9, 0, 0], [-0.9, 1, 0.8, 0], [0, 0.8, 1, 0], [0, 0, 0, 1]]
    found = CorrDropSpec(min_observations=2).weigh(past.names, alike(past, corr))
    assert found.tolist() == [0.0, 0.5, 0.5, 0.0]


def test_clusters_by_hand_and_beside_scipy() -> None:
    past = alike(rank_ics([[0.0, 0.0, 0.0]]), [[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
    assert ClusterSpec().weigh(past.names, past) == pytest.approx([0.25, 0.25, 0.5])
    rng = np.random.default_rng(5)
    for count, cut in ((2, 0.5), (9, 0.7), (40, 0.9), (40, 0.97)):
        corr = np.corrcoef(rng.normal(size=(count, 30)) + rng.normal(size=(1, 30)) * 0.7)
        distance = 1 - corr
        pairs = distance[np.triu_indices(count, 1)]
        labels = fcluster(linkage(pairs, "average"), cut, "distance")
        expected = sorted(np.flatnonzero(labels == one).tolist() for one in np.unique(labels))
        assert linked(distance, cut) == expected


def pooled_stocks(market: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Stocks of all dates: z-scores, centred over those with a return, and standardised returns."""
    parts, inside, ret, buyable = market
    rows, targets = [], []
    for day in range(len(ret)):
        x = [np.where(inside[day], part[day], NAN) for part in parts]
        z = np.stack([(c - np.nanmean(c)) / np.nanstd(c) for c in x], axis=1)
        kept = inside[day] & buyable[day] & np.isfinite(ret[day]) & np.isfinite(z).any(axis=1)
        z, y = np.nan_to_num(z[kept]), ret[day][kept]
        rows.append(z - z.mean(axis=0))
        targets.append((y - y.mean()) / y.std())
    return np.concatenate(rows), np.concatenate(targets)


@pytest.mark.parametrize("method", ["ridge", "lasso"])
def test_regressions_are_those_of_a_solver_on_the_stocks(method: str) -> None:
    past, alpha = random_past(7), 0.05
    x, y = pooled_stocks(random_market(7))
    spec = RollRegSpec(method=method, alpha=alpha, condition=1e9)
    found = spec.weigh(NAMES, past)
    beta = cp.Variable(4)
    penalty = cp.norm1(beta) if method == "lasso" else cp.sum_squares(beta) / 2
    loss = cp.sum_squares(x @ beta - y) / (2 * len(y)) + alpha * penalty
    cp.Problem(cp.Minimize(loss)).solve("CLARABEL")
    np.testing.assert_allclose(found, beta.value, atol=1e-6)
    assert (np.abs(found) < 1e-9).any() == (method == "lasso")


def test_a_lasso_satisfies_its_conditions() -> None:
    x = np.random.default_rng(0).normal(size=(50, 12))
    gram, cross = x.T @ x / 50, x.T @ np.random.default_rng(1).normal(size=50) / 50
    beta = lasso(gram, cross, 0.08)
    slope = cross - gram @ beta
    moved = beta != 0
    assert 0 < moved.sum() < 12
    np.testing.assert_allclose(slope[moved], 0.08 * np.sign(beta[moved]), atol=1e-9)
    assert (np.abs(slope[~moved]) <= 0.08).all()


def test_collinear_factors_go_through_components() -> None:
    """Without them a and its near copy b take opposite signs; with them they share."""
    past = random_past(8)
    x, y = pooled_stocks(random_market(8))
    values, vectors = np.linalg.eigh(x.T @ x / len(y))
    kept = np.cumsum(values[::-1]) / values.sum()
    count = int((kept < 0.95).sum()) + 1
    basis = vectors[:, ::-1][:, :count]
    beta = np.linalg.lstsq(x @ basis, y, rcond=None)[0]
    found = RollRegSpec(method="pca").weigh(NAMES, past)
    np.testing.assert_allclose(found, basis @ beta, atol=1e-9)
    assert count == 3
    assert found[:2] == pytest.approx([found[:2].mean()] * 2, rel=0.2)
    by_itself = RollRegSpec(alpha=0.0, condition=values[-1] / values[0] - 1).weigh(NAMES, past)
    np.testing.assert_allclose(by_itself, found, atol=1e-9)


def test_premia_find_what_was_planted() -> None:
    past = random_past(9, dates=60)
    found = FactorPremiumSpec().weigh(NAMES, past)
    assert found[0] + found[1] == pytest.approx(0.003, abs=4e-4)  # 0.3 % a deviation, on a or b
    assert found[2] == pytest.approx(-0.002, abs=3e-4)
    assert found[3] == pytest.approx(0.0, abs=4e-4)
    nothing = FactorPremiumSpec(without_evidence="absent").weigh(NAMES, past.until(WEEKS[10], 52))
    assert not nothing.any()


def test_orthogonal_factors_are_uncorrelated_and_the_nearest() -> None:
    corr = [[1, 0.6, 0.2], [0.6, 1, -0.1], [0.2, -0.1, 1]]
    past = alike(rank_ics([[0.0, 0.0, 0.0]]), corr)
    expected = np.linalg.inv(sqrtm(np.array(corr))) @ np.ones(3)
    np.testing.assert_allclose(OrthogonalSpec().weigh(past.names, past), expected, rtol=1e-9)


def test_each_horizon_has_a_vote() -> None:
    base = rank_ics([[0.1, 0.2, 0.0]] * 3)
    by_horizon = np.array([[0.1, 0.2, 0.0], [0.3, 0.1, 0.2], [0.3, 0.1, 0.2], [-0.1, -0.2, -0.3]])
    past = replace(base, rank_ic_WHK=np.tile(by_horizon, (3, 1, 1)))
    spec = HorizonChoiceSpec(min_observations=3)
    assert spec.weigh(past.names, past) == pytest.approx([2 / 3, 1 / 3, 0.0])
    assert spec.weigh(past.names, past.until(WEEKS[1], 9)) == pytest.approx([1 / 3] * 3)


def test_trees_see_what_no_weight_can() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 200))
    ret = 0.01 * (np.sign(x * y) + rng.normal(size=x.shape))
    week, inside = WEEKS[:30], np.ones(x.shape, bool)
    past = observe(("x", "y"), week, week, [x, y], inside, [ret], samples=True)
    spec = TreeWeightSpec(min_observations=10)
    learned = spec.learn(past.names, past)
    new_x, new_y = rng.normal(size=(2, 1, 500))
    found = spec.score([learned], [new_x, new_y])[0]
    assert np.corrcoef(found, (new_x * new_y)[0])[0, 1] > 0.6
    assert abs(RollRegSpec().weigh(past.names, past)).max() < 0.05
    assert spec.learn(past.names, past) == learned
    few = spec.learn(past.names, past.until(WEEKS[8], 60))
    assert few == {"weights": [0.5, 0.5]}
    nothing = spec.score([learned, few], [np.full((2, 3), NAN)] * 2)
    assert np.isnan(nothing).all()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("words", LEARNING, ids=lambda words: "-".join(map(str, words.values())))
def test_what_is_over_later_changes_nothing_and_then_it_does(words: dict) -> None:
    spec = TypeAdapter(CombinerSpec).validate_python(words)
    parts, inside, ret, buyable = random_market(11, dates=60)
    rng = np.random.default_rng(12)
    other = [np.where(np.arange(60)[:, None] < 40, p, rng.normal(size=p.shape)) for p in parts]
    late = np.where(np.arange(60)[:, None] < 40, ret, other[2])
    week = WEEKS[:60]
    known = week + 7
    old = observe(NAMES, week, known, parts, inside, [ret], buyable, samples=True)
    new = observe(NAMES, week, known, other, inside, [late], buyable, samples=True)
    days = week[[30, 33, 36, 40, 44, 50, 59]]
    before, after = (learned_on(spec, NAMES, past, days) for past in (old, new))
    assert before[:4] == after[:4], "what was over on the 41st date"
    assert before[4:] != after[4:], "nothing was compared"
    some = [p[30:34] for p in parts]
    scores = [spec.score(one[:4], some, inside[30:34]) for one in (before, after)]
    np.testing.assert_array_equal(*scores)
    assert np.isfinite(scores[0]).any()


@pytest.mark.parametrize("words", LEARNING, ids=lambda words: "-".join(map(str, words.values())))
def test_order_of_factors_does_not_matter(words: dict) -> None:
    spec = TypeAdapter(CombinerSpec).validate_python(words)
    if spec.samples:
        pytest.skip("trees draw factors by place")
    parts, inside, ret, buyable = random_market(13)
    week = WEEKS[:40]
    order = [2, 0, 3, 1]
    plain = observe(NAMES, week, week, parts, inside, [ret], buyable)
    names = tuple(NAMES[i] for i in order)
    mixed = observe(names, week, week, [parts[i] for i in order], inside, [ret], buyable)
    found, other = spec.weigh(NAMES, plain), spec.weigh(names, mixed)
    np.testing.assert_allclose(other, found[order], rtol=1e-7, atol=1e-9)


def test_a_rule_without_its_past_is_refused() -> None:
    for words in LEARNING:
        spec = TypeAdapter(CombinerSpec).validate_python(words)
        with pytest.raises(MissingPastError, match=type(spec).__name__):
            spec.learn(NAMES)
        with pytest.raises(FactorNamesError, match="past: a, b, c, d"):
            spec.learn(("a", "z"), random_past(0, 3))


def test_weights_hold_until_they_are_learned_anew() -> None:
    spec = ICWeightSpec(refresh=EverySpec(every=4))
    sessions = np.datetime64("2024-01-01") + np.arange(20)
    dates = sessions[[0, 3, 4, 9, 19]]
    on = refreshes(spec, sessions, dates)
    assert on.tolist() == sessions[[0, 0, 4, 8, 16]].tolist()
    learned = [{"weights": [float(i)]} for i in range(4)]
    spread = spread_over(learned, np.unique(on), dates)
    assert [one["weights"][0] for one in spread] == [0, 0, 1, 2, 3]
