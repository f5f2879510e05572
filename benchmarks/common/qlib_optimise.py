"""Run by an interpreter that has qlib: its EnhancedIndexingOptimizer on problems of a folder.

Its code asks for ECOS, which is no longer installed with CVXPY, and without it returns the old
weights; here it gets Clarabel by that name.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import cvxpy as cp
import numpy as np

cp.ECOS = cp.CLARABEL
from qlib.contrib.strategy.optimizer import EnhancedIndexingOptimizer  # noqa: E402

folder = Path(sys.argv[1])
seconds, weights = [], []
for path in sorted(folder.glob("week*.npz")):
    week = np.load(path)
    optimiser = EnhancedIndexingOptimizer(
        lamb=float(week["aversion"]), delta=float(week["two_sided"]),
        b_dev=float(week["deviation"]), f_dev=week["width"], scale_return=False, epsilon=0.0,
    )  # fmt: skip
    names = ("alpha", "loadings", "cov", "specific", "past", "benchmark", "blocked")
    started = perf_counter()
    weights.append(optimiser(*(week[name] for name in names)))
    seconds.append(perf_counter() - started)
np.save(folder / "weights.npy", np.array(weights))
(folder / "seconds.json").write_text(json.dumps(seconds))
