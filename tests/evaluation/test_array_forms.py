"""What does not fit is refused before compiled code reads it: no crash, no foreign memory."""

import subprocess
import sys

import numpy as np
import pytest

from intralpha.base.arrays import (
    ArrayFormError,
    CountError,
    check_arrays,
    check_count,
)
from intralpha.base.cross_section import MaskShapeError, check_mask

# In a process of its own: there the annotations are not checked, as for a user, and a crash shows.
FUZZ = """
import itertools
import numpy as np
import intralpha.evaluation as ev
from intralpha.base import IntralphaError
from intralpha.evaluation.groups import sorted_group_returns, sorted_top_weights
from intralpha.evaluation.ic import rank_correlation
from intralpha.evaluation.order import ordering
from intralpha.evaluation.set_days import measure_days
from intralpha.evaluation.stylised_returns import bar_log_returns
from intralpha.evaluation.stylised_volume import corwin_schultz_spread, paired_correlation

rng = np.random.default_rng(0)
good = rng.normal(size=(5, 40))
mask = np.ones((5, 40), bool)
dates = np.arange("2024-01-08", "2024-01-13", dtype="datetime64[D]")
def measured(fwd=good, mask=mask, dates=dates, own=1):
    return measure_days(good[:, :, None], {"1": fwd}, mask, dates, ("a",), own)
wrong = {
    "short": good[:2], "narrow": good[:, :39], "wide": rng.normal(size=(5, 41)),
    "one row": good[:1], "turned": good.T, "flat": good.ravel(), "cube": good[:, :, None],
    "text": good.astype(str), "complex": good.astype(complex), "list": good.tolist(),
    "objects": good.astype(object), "empty": good[:0], "number": 3.0,
}
masks = {
    "short": mask[:2], "narrow": mask[:, :39], "one row": mask[:1], "turned": mask.T,
    "flat": mask.ravel(), "numbers": mask.astype(float), "integers": mask.astype(int),
    "list": mask.tolist(),
}
two = {
    "rank_ic": lambda x, m: ev.rank_ic(good, x, m),
    "ic": lambda x, m: ev.ic(good, x, m),
    "rank_factor_ic": lambda x, m: ev.rank_factor_ic(good, x, m),
    "decay": lambda x, m: ev.decay(good, x, (0, 1), m),
    "quantile_returns": lambda x, m: ev.quantile_returns(good, x, 3, m),
    "neutralise": lambda x, m: ev.neutralise(
        good, x[:, :, None] if isinstance(x, np.ndarray) and x.ndim == 2 else x, m
    ),
    "codes": lambda x, m: ev.neutralise(good, good[:, :, None], m, x),
    "part_rank_ic": lambda x, m: ev.part_rank_ic(
        good, x, np.zeros(good.shape, int), 1, mask if m is None else m, 3
    ),
}
one = {
    "turnover": lambda x: ev.turnover(good, x),
    "weighted_return": lambda x: ev.weighted_return(good, x),
    "parts": lambda x: ev.part_rank_ic(good, good, x, 1, mask, 3),
    "sorted groups": lambda x: sorted_group_returns(ordering(good), x, 3, mask),
    "sorted pair": lambda x: rank_correlation(ordering(good), ordering(x), mask, 3),
    "excess_nav": lambda x: ev.excess_nav(good[0], x),
    "information_ratio": lambda x: ev.information_ratio(good[0], x),
    "paired": lambda x: paired_correlation(good, x),
    "spread": lambda x: corwin_schultz_spread(good, good, x),
    "bar returns": lambda x: bar_log_returns(good, good, x),
    "measured": lambda x: measured(x),
    "win_rate": lambda x: ev.win_rate(good[0], x, "week"),
}
masked = {
    "rank_autocorrelation": lambda m: ev.rank_autocorrelation(good, 1, m),
    "autocorrelation": lambda m: ev.autocorrelation(good, 1, m),
    "average_ranks": lambda m: ev.average_ranks(good, m),
    "quantile_groups": lambda m: ev.quantile_groups(good, 3, m),
    "top_weights": lambda m: ev.top_weights(good, 0.2, m),
    "sorted top": lambda m: sorted_top_weights(ordering(good), 0.2, m),
    "universe_return": lambda m: ev.universe_return(good, m),
    "correlation_table": lambda m: ev.correlation_table(good[:, :, None].repeat(2, 2), m),
    "zscore": lambda m: ev.zscore(good, m),
    "measured": lambda m: measured(mask=m),
}
numbers = {
    "lag": lambda n: ev.decay(good, good, lags=(n,)),
    "lag of autocorrelation": lambda n: ev.autocorrelation(good, n),
    "lag of ranks": lambda n: ev.rank_autocorrelation(good, n),
    "min_stocks": lambda n: ev.rank_ic(good, good, None, n),
    "min_stocks of ic": lambda n: ev.ic(good, good, None, n),
    "min_stocks of rank_factor_ic": lambda n: ev.rank_factor_ic(good, good, None, n),
    "n_groups": lambda n: ev.quantile_groups(good, n),
    "n_groups of returns": lambda n: ev.quantile_returns(good, good, n),
    "own": lambda n: measured(own=n),
    "share": lambda n: ev.top_weights(good, n),
}
calls = []
for f, w in itertools.product(two, wrong):
    if (f, w) != ("neutralise", "cube"):
        calls.append((f, w, lambda f=f, w=w: two[f](wrong[w], None)))
for f, w in itertools.product(two, masks):
    fits = good.astype(int) if f == "codes" else good
    calls.append((f, "mask " + w, lambda f=f, w=w, fits=fits: two[f](fits, masks[w])))
calls += [(f, w, lambda f=f, w=w: one[f](wrong[w])) for f, w in itertools.product(one, wrong)]
calls += [(f, w, lambda f=f, w=w: masked[f](masks[w])) for f, w in itertools.product(masked, masks)]
calls += [(f, str(n), lambda f=f, n=n: numbers[f](n))
          for f, n in itertools.product(numbers, (-1, -10**9, 1.5, "1", None, True, float("nan")))
          if (f, n) != ("share", True)]
for f, w, call in calls:
    try:
        call()
    except IntralphaError:
        continue
    except Exception as error:
        print("RAW", f, "|", w, "|", type(error).__name__, error)
    else:
        print("TAKEN", f, "|", w)
print("tried", len(calls))
"""


@pytest.mark.slow
def test_no_wrong_shape_type_or_number_reaches_compiled_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FUZZ], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("tried")] == []
    assert int(lines[-1].split()[1]) > 300, "too little was tried"


def test_the_error_says_what_was_found_and_expected() -> None:
    a = np.zeros((3, 4))
    with pytest.raises(ArrayFormError, match=r"y is of shape \(3, 5\); expected shape \(3, 4\)"):
        check_arrays(x=a, y=np.zeros((3, 5)))
    with pytest.raises(ArrayFormError, match="x is of type <U32; expected real numbers"):
        check_arrays(x=a.astype(str))
    with pytest.raises(ArrayFormError, match="expected 3 axes"):
        check_arrays(3, x=a)
    with pytest.raises(MaskShapeError, match="the mask is of type float64"):
        check_mask(a, (3, 4))
    with pytest.raises(CountError, match="lag is -1; expected a whole number of at least 0"):
        check_count("lag", -1, 0)


def test_what_fits_passes() -> None:
    check_arrays(x=np.zeros((3, 4), np.float32), y=None, z=np.ones((3, 4), bool))
    check_mask(None, (3, 4))
    check_count("lag", np.int64(3), 0)
