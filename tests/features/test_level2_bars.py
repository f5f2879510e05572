"""Bars and minutes of Level-2 from raw rows, on every kind of day, against plain references."""

import math

import numpy as np
import pytest

from intralpha.features.engine.machine import run
from intralpha.features.libraries import load_library

from ..reference.bar64_level2 import BAR64_LEVEL2, bar64_level2
from ..reference.level2_bars import hand_made_minutes, minutes
from ..reference.level2_day import Level2Day, minute_day
from ..reference.level2_days import level2_days
from .level2_inputs import program_of, rows_of_minutes

DAYS = level2_days(3)


def groups() -> list[dict[str, Level2Day]]:
    """Days with and without a closing auction: a block of stocks has days of one kind."""
    return [{n: d for n, d in DAYS.items() if d.closing_auction == c} for c in (True, False)]


@pytest.mark.slow
@pytest.mark.one_in(2)
@pytest.mark.parametrize("bar", [10, 30])
def test_bar_features_of_raw_rows(bar):
    library = load_library("bar64_level2_30").model_copy(update={"segments": bar})
    program, compared = program_of(library), dict.fromkeys(BAR64_LEVEL2, 0)
    for days in groups():
        data = rows_of_minutes(program, list(days.values()), np.float64, bar)
        got = run(program, data).reshape(len(days), 240 // bar, -1)
        for (label, day), rows in zip(days.items(), got, strict=True):
            want = bar64_level2(minutes(day), bar)
            for f, name in enumerate(BAR64_LEVEL2):
                assert np.array_equal(np.isnan(rows[:, f]), np.isnan(want[name])), (label, name)
                np.testing.assert_allclose(
                    rows[:, f], want[name], rtol=1e-9, atol=1e-9, err_msg=f"{label} {name}"
                )
                compared[name] += int(np.isfinite(rows[:, f]).sum())
    assert min(compared.values()) > 100, compared


def test_hand_made_minutes_of_raw_rows():
    library = load_library("hand_made_minutes")
    program, compared = program_of(library), dict.fromkeys([f.name for f in library.factors], 0)
    for days in groups():
        got = run(program, rows_of_minutes(program, list(days.values()), np.float64))
        for (label, day), row in zip(days.items(), got.tolist(), strict=True):
            made = minute_day(day).trades > 0  # the residuals that ``rows_of_minutes`` made up
            want = hand_made_minutes(day, np.where(made, np.sin(np.arange(240)), math.nan))
            assert list(want) == list(compared)
            for name, value in zip(want, row, strict=True):
                assert value == pytest.approx(want[name], rel=1e-9, abs=1e-9, nan_ok=True), (
                    label, name,
                )  # fmt: skip
                compared[name] += math.isfinite(value)
    assert min(compared.values()) > 15, compared
