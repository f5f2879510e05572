"""Several trades planned at once: by hand, as CVXPY does, and what planning ahead is worth."""

import cvxpy as cp
import numpy as np
import pytest

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    Cardinality,
    CostSpec,
    FullyInvested,
    IndustryBand,
    MemberShare,
    NoPlanError,
    PlanError,
    Problem,
    Snapshot,
    StockDeviation,
    StyleBand,
    TradingCost,
    Turnover,
    plan_trades,
)

D, STYLE, INDUSTRY, MEMBERS, ONE_SIDED, WORTH = 0.03, 0.2, 0.05, 0.8, 0.3, 50.0
COSTS = CostSpec(buy_bps=10, sell_bps=20)


def problem(styles: tuple[str, ...] = (), one_sided: float = ONE_SIDED) -> Problem:
    bands = [StyleBand(name, STYLE) for name in styles]
    parts = [FullyInvested(), StockDeviation(D), *bands, IndustryBand(INDUSTRY)]
    parts += [MemberShare(MEMBERS), Turnover(one_sided), Blocked()]
    return Problem(ActiveReturn() - WORTH * TradingCost(COSTS), parts, min_weight=0.0)


def reference(s, past: np.ndarray, signals: list[np.ndarray]) -> float:
    """The same sequence written in CVXPY."""
    ws = [cp.Variable(len(s.assets)) for _ in signals]
    onehot = np.eye(int(s.industry.max()) + 1)[s.industry]
    upper = np.where(s.member, s.benchmark + D, D)
    lower = np.maximum(s.benchmark - D, 0)
    upper = np.where(s.can_sell, upper, np.maximum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    parts, worth, before = [], 0.0, past
    for k, (w, f) in enumerate(zip(ws, signals, strict=True)):
        active = w - s.benchmark
        parts += [cp.sum(w) == 1, w >= lower, w <= upper, s.member.astype(float) @ w >= MEMBERS]
        for exposed, most in ((s.exposures.T @ active, STYLE), (onehot.T @ active, INDUSTRY)):
            parts += [exposed <= most, exposed >= -most]
        parts += [cp.norm1(w - before) <= 2 * ONE_SIDED]
        if k == 0:
            parts += [w[~s.can_buy] <= past[~s.can_buy], w[~s.can_sell] >= past[~s.can_sell]]
        cost = 0.001 * cp.sum(cp.pos(w - before)) + 0.002 * cp.sum(cp.pos(before - w))
        worth, before = worth + f @ active - WORTH * cost, w
    solved = cp.Problem(cp.Maximize(worth), parts)
    solved.solve(solver=cp.SCIPY, scipy_options={"method": "highs"})
    assert solved.status == cp.OPTIMAL
    return float(solved.value)


@pytest.mark.parametrize("seed", range(4))
def test_the_sequence_of_cvxpy(world, seed: int) -> None:
    snapshot, past = world(seed)
    rng = np.random.default_rng(seed)
    signals = [rng.standard_normal(len(past)) for _ in range(3)]
    found = plan_trades(problem(snapshot.exposure_names), snapshot, signals, past)
    expected = reference(snapshot, past, signals)
    assert found.objective == pytest.approx(expected, rel=1e-6)
    assert found.residuals.primal < 1e-7
    np.testing.assert_array_equal(found.first, found.planned[0])
    stays = ~snapshot.can_buy & ~snapshot.can_sell
    np.testing.assert_allclose(found.first[stays], past[stays], atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_one_trade_is_the_problem_itself(world, seed: int) -> None:
    snapshot, past = world(seed)
    one = problem(snapshot.exposure_names)
    found = plan_trades(one, snapshot, [snapshot.alpha], past)
    solved = one.solve(snapshot, past)
    assert not solved.relaxed
    assert found.objective == pytest.approx(solved.objective, rel=1e-9)


def test_a_signal_that_fades_is_not_paid_for(four) -> None:
    """A round trip costs 2 x 0.3 % x 100 = 0.6 a unit; A earns 0.5 more than D now, then less."""
    snapshot, past = four(), np.array([0.4, 0.3, 0.2, 0.1])
    dear = Problem(
        ActiveReturn() - 100 * TradingCost(COSTS), [FullyInvested(), StockDeviation(0.1)]
    )
    now, later = np.array([0.5, 0.0, 0.0, 0.0]), np.array([-0.5, 0.0, 0.0, 0.0])
    one = plan_trades(dear, snapshot, [now], past)
    assert one.first[0] == pytest.approx(0.5)  # 0.5 earned, 0.3 paid
    both = plan_trades(dear, snapshot, [now, later], past)
    # Bought and sold again would be 0.5 - 0.6 < 0; selling in the second trade pays: 0.5 - 0.3.
    assert both.planned[:, 0] == pytest.approx([0.4, 0.3])
    assert both.objective == pytest.approx(0.1 * 0.5 - 0.1 * 100 * 0.003)


def test_turnover_is_spread_over_trades(four) -> None:
    """A cap of 5 % each: what is worth having in two trades is begun in the first."""
    snapshot, past = four(), np.array([0.4, 0.3, 0.2, 0.1])
    capped = Problem(ActiveReturn(), [FullyInvested(), StockDeviation(0.1), Turnover(0.05)])
    now, later = np.array([0.1, 0.0, 0.0, -0.1]), np.array([0.0, 3.0, -3.0, 0.0])
    alone = plan_trades(capped, snapshot, [now], past).first
    assert alone - past == pytest.approx([0.05, 0.0, 0.0, -0.05])
    ahead = plan_trades(capped, snapshot, [now, later], past)
    assert ahead.first - past == pytest.approx([0.0, 0.05, -0.05, 0.0])
    assert ahead.planned[1] - past == pytest.approx([0.0, 0.10, -0.10, 0.0])


def test_refused(four) -> None:
    snapshot, past = four(), np.array([0.4, 0.3, 0.2, 0.1])
    one = Problem(ActiveReturn(), [FullyInvested(), StockDeviation(0.1)])
    with pytest.raises(PlanError, match="no signals for 4 assets"):
        plan_trades(one, snapshot, [], past)
    apart = Problem(ActiveReturn(), [FullyInvested(), StockDeviation(0.1), StyleBand("size", 1e-9)])
    far = np.array([0.0, 0.3, 0.2, 0.5])
    narrow = Problem(ActiveReturn(), [*apart.subject_to, Turnover(0.01)])
    with pytest.raises(NoPlanError, match="no 2 trades"):
        plan_trades(narrow, snapshot, [np.ones(4)] * 2, far)
    counting = Problem(ActiveReturn(), [*one.subject_to, Cardinality(at_most=2)])
    with pytest.raises(PlanError, match="counts names"):
        plan_trades(counting, snapshot, [np.ones(4)], past)


def test_planning_ahead_earns_more_where_signals_fade() -> None:
    """40 weeks of a signal that fades fast and a slow one, both known; five weeks are looked at.

    At equal settings and by the same sequence, planned trades are worth more than one trade for its
    sum, which pays for what will have faded.
    """
    rng, count = np.random.default_rng(3), 40
    fades, parts, bench = np.array([0.3, 0.95]), np.zeros((2, count)), np.full(count, 1 / count)
    settings = [FullyInvested(), StockDeviation(0.03), Turnover(0.25)]
    one = Problem(ActiveReturn() - TradingCost(COSTS), settings, min_weight=0.0)
    held = {name: bench.copy() for name in ("sum", "plan")}
    worth = dict.fromkeys(held, 0.0)
    for _ in range(40):
        noise = 0.003 * np.sqrt(1 - fades**2)[:, None] * rng.standard_normal((2, count))
        parts = fades[:, None] * parts + noise
        paths = [(parts * (fades**k)[:, None]).sum(axis=0) for k in range(5)]
        for name, signals in (("sum", [np.sum(paths, axis=0)]), ("plan", paths)):
            first = plan_trades(one, _even(bench), signals, held[name]).first
            moved = first - held[name]
            cost = 0.001 * moved[moved > 0].sum() - 0.002 * moved[moved < 0].sum()
            worth[name] += float(paths[0] @ (first - bench)) - cost
            held[name] = first
    assert worth["plan"] > 1.03 * worth["sum"] > 0, worth


def _even(bench: np.ndarray) -> Snapshot:
    count = len(bench)
    free = np.ones(count, dtype=bool)
    return Snapshot(
        date=np.datetime64("2024-01-05", "D"),
        assets=np.array([f"{i:06d}.SH" for i in range(count)]),
        alpha=np.zeros(count),
        benchmark=bench,
        exposures=np.zeros((count, 0)),
        exposure_names=(),
        industry=np.zeros(count, dtype=np.int64),
        member=free,
        can_buy=free,
        can_sell=free,
    )
