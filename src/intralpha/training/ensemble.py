"""From the scores of folds and seeds to one score."""

import numpy as np

from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore


def stack_in_time(parts: list[Panel]) -> Panel:
    """Join Panels of disjoint dates on the same assets into one, in time order."""
    ordered = sorted(parts, key=lambda p: p.dates[0])
    values = np.concatenate([p.values for p in ordered])
    dates = np.concatenate([p.dates for p in ordered])
    return Panel(values, dates, parts[0].assets, parts[0].names)


def seed_mean(panels: list[Panel]) -> Panel:
    """Mean over seeds of the daily population z-scores [Spec 14].

    Parameters
    ----------
    panels : one a seed, on the same dates and assets, with one name

    Returns
    -------
    Panel, float32, shape [D, A, 1]
        NaN where no seed has a value; a seed whose scores are all equal on a date counts as absent
        on it. Known when the last of the seeds is.
    """
    first = panels[0]
    mean_DA = mean_zscore([panel.values[:, :, 0] for panel in panels]).astype(np.float32)
    return Panel(mean_DA[:, :, None], first.dates, first.assets, first.names)
