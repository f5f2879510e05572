"""Ensemble: what several trained networks say together, and each for itself."""

from collections.abc import Mapping

import numpy as np

from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore

# Columns whose place means the same in every network. Unit 3 of one seed is another than unit 3 of
# the next: their mean would be none.
UNLIKE = ("unit_",)


def ensemble(seeds: Mapping[int, Panel]) -> Panel:
    """The seeds' mean of every column, and the columns of each seed.

    Parameters
    ----------
    seeds : what the network of each seed gave (:func:`intralpha.training.predict`), on the same
        axes with the same names

    Returns
    -------
    Panel, float32, [D, A, N]
        ``score``, then the other columns (``h01``, ``task_01``, ...): means of the seeds' z-scores
        across stocks [Spec 14]. Units only of a single seed, for those of two seeds are different
        factors. Then ``seed0_score``, ``seed0_unit_00`` and so on, as the networks gave them. NaN
        where no seed has a value. Known when the last of the seeds' outputs is.
    """
    first = next(iter(seeds.values()))
    shared = [n for n in first.names if len(seeds) == 1 or not n.startswith(UNLIKE)]
    means = [mean_zscore([panel[name] for panel in seeds.values()]) for name in shared]
    each = [panel.values for panel in seeds.values()]
    values = np.concatenate([np.stack(means, axis=-1), *each], axis=-1).astype(np.float32)
    own = [f"seed{seed}_{name}" for seed, panel in seeds.items() for name in panel.names]
    return Panel(values, first.dates, first.assets, (*shared, *own))
