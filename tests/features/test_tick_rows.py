"""Rows of ticks through the machine: every factor of every library against its plain reference."""

import math

import numpy as np
import pytest

from intralpha.features.language.library import load_library

from ..reference import level2
from ..reference.level2_day import rounded
from ..reference.level2_days import level2_days
from .level2_inputs import values_of

DAYS = {f"{name}/{seed}": day for seed in (1, 2) for name, day in level2_days(seed).items()}
# Library, what a recipe chooses, and what it means to the reference.
CHOICES = [
    ("level2_trades", {}, {}),
    ("level2_trades", {"early": "10:30"}, {"early_minutes": 60}),
    ("level2_trades", {"early": "11:30"}, {"early_minutes": 120}),
    ("level2_trades", {"base": 1}, {"base": "all"}),
    ("level2_trades", {"active": "active_big_buy"}, {"active": "buy"}),
    ("level2_parents", {}, {}),
    ("level2_orders", {}, {}),
    ("level2_orders", {"early": "10:30"}, {"early_minutes": 60}),
    ("level2_orders", {"early": "11:30"}, {"early_minutes": 120}),
    ("level2_minutes", {}, {}),
    ("level2_minutes", {"early": "10:30"}, {"early_minutes": 60}),
    ("level2_minutes", {"early": "11:30"}, {"early_minutes": 120}),
]
TABLE = {"level2_orders": "orders"}


def found_by(name: str, choice: dict, dtype: type) -> dict[str, np.ndarray]:
    """Day -> factors, of the days that have rows."""
    library, out = load_library(name, choice), {}
    table = TABLE.get(name, "trades")
    for closing in (True, False):
        days = {k: d for k, d in DAYS.items()
                if d.closing_auction == closing and len(getattr(d, table)["time"])}  # fmt: skip
        values = values_of(library, list(days.values()), dtype)
        out |= dict(zip(days, values, strict=True))
    return out


def compare(name: str, choice: dict, meant: dict, dtype: type, tolerance: float) -> None:
    names = [f.name for f in load_library(name, choice).factors]
    compared = dict.fromkeys(names, 0)
    for label, row in found_by(name, choice, dtype).items():
        if dtype is np.float32 and label.startswith("theta_exact"):
            continue  # rounded prices move the order that lies on the threshold
        day = rounded(DAYS[label]) if dtype is np.float32 else DAYS[label]
        want = getattr(level2, name)(day, **meant)
        assert list(want) == names
        for factor, value in zip(names, row.tolist(), strict=True):
            expected = want[factor]
            assert math.isnan(value) == math.isnan(expected), (label, factor, value, expected)
            if not math.isnan(expected):
                compared[factor] += 1
                gap = abs(value - expected) / max(1.0, abs(expected))
                assert gap <= tolerance, (label, factor, value, expected)
    assert min(compared.values()) >= 20, compared


@pytest.mark.parametrize(("name", "choice", "meant"), CHOICES, ids=str)
def test_every_factor_equals_its_reference(name, choice, meant):
    compare(name, choice, meant, np.float64, 1e-9)


@pytest.mark.parametrize(("name", "choice", "meant"), [c for c in CHOICES if not c[1]], ids=str)
def test_float32_keeps_four_digits(name, choice, meant):
    compare(name, choice, meant, np.float32, 1e-4)
