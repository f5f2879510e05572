"""A few cases of each target of `make fuzz`; one that was ever wrong is added to WERE_WRONG."""

import pytest
from fuzz.cases import TARGETS
from fuzz.once import FAULT, attempt

CASES = {"vendor": 1, "recipe": 4}
# Seeds on which something was wrong once.
WERE_WRONG = {
    "stored": [18, 375, 380, 653],
    "library": [3, 9],
    "parquet": [0, 2],
    "tdx": [0, 1],
    "bars_csv": [2191],
    "daily_csv": [2412],
    "mapping": [748],
    "qlib": [3, 5, 7],
    "reference": [2, 10, 161, 209, 444],
    "archive": [175, 1252, 2379],
    "level2": [106, 1989],
    "scores": [48, 196, 238, 264, 459],
    "arrays": [1013],
    "recipe": [2179],
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("target", TARGETS)
def test_broken_input_is_taken_or_refused(target: str) -> None:
    seeds = [*range(CASES.get(target, 2)), *WERE_WRONG.get(target, [])]
    outcomes = {seed: attempt(target, seed) for seed in seeds}
    assert {seed: said for seed, (how, said) in outcomes.items() if how == FAULT} == {}
