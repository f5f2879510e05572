"""From the scores of folds and seeds to one score."""

import numpy as np

from intralpha.base import Panel


def stack_in_time(parts: list[Panel]) -> Panel:
    """Join Panels of disjoint dates on the same assets into one, in time order."""
    ordered = sorted(parts, key=lambda p: p.dates[0])
    values = np.concatenate([p.values for p in ordered])
    dates = np.concatenate([p.dates for p in ordered])
    return Panel(values, dates, parts[0].assets, parts[0].names)


def seed_mean(panels: list[Panel]) -> Panel:
    """Mean over seeds of the daily population z-scores [Spec 14]; NaN where any seed has none."""
    total = np.zeros(panels[0].values.shape)
    for panel in panels:
        values = panel.values.astype(np.float64)
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / count
        centred = np.where(known, values - mean, 0)
        std = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
        total += np.where(known, centred / np.where(std > 0, std, 1), np.nan)
    first = panels[0]
    return Panel((total / len(panels)).astype(np.float32), first.dates, first.assets, first.names)
