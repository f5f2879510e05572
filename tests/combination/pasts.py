"""Pasts of random factors with a planted relation to returns."""

import numpy as np

from intralpha.combination import Past, observe

WEEKS = np.datetime64("2023-01-06") + 7 * np.arange(120)
NAMES = ("a", "b", "c", "d")


def random_market(
    seed: int = 0, dates: int = 40, stocks: int = 80
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Scores of four factors (b is nearly a, d has gaps), universe, returns, who may be bought."""
    rng = np.random.default_rng(seed)
    a, c, d = rng.normal(size=(3, dates, stocks))
    b = a + 0.2 * rng.normal(size=a.shape)
    d[rng.random(d.shape) < 0.3] = np.nan
    ret = 0.01 * (0.3 * a - 0.2 * c + rng.normal(size=a.shape))
    ret[rng.random(ret.shape) < 0.05] = np.nan
    inside = rng.random(a.shape) < 0.9
    return [a, b, c, d], inside, ret, rng.random(a.shape) < 0.95


def random_past(seed: int = 0, dates: int = 40, stocks: int = 80, samples: bool = False) -> Past:
    """What :func:`random_market` says; complete a week after each date."""
    parts, inside, ret, buyable = random_market(seed, dates, stocks)
    week = WEEKS[:dates]
    return observe(NAMES, week, week + 7, parts, inside, [ret], buyable, samples)
