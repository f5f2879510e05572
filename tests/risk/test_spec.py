"""Exposures by kind, ours and a plug-in's."""

from typing import Literal

import numpy as np
from pydantic import TypeAdapter

from intralpha.base import Panel
from intralpha.market import read_daily
from intralpha.risk import STYLES, ExposureSpec, PriceVolumeSpec, exposures

ADAPTER = TypeAdapter(ExposureSpec)


class PriceOnlySpec(ExposureSpec):
    """A plug-in's exposure: the log of the price, nothing else."""

    kind: Literal["tests.price_only"] = "tests.price_only"

    def estimate(self, lake, dates, assets, mask_DA):
        close = read_daily(lake, ("close",), assets=assets).at(dates)["close"]
        return Panel(np.log(close)[:, :, None].astype(np.float32), dates, assets, ("price",))


def test_the_default_kind_is_ours():
    assert ADAPTER.validate_python({"beta_days": 60}) == PriceVolumeSpec(beta_days=60)
    assert "price_volume" in ExposureSpec.kinds()


def test_a_spec_makes_what_the_function_makes(lake):
    dates = lake.dates("daily")[[120, 140]]
    assets = read_daily(lake, ("close",)).assets
    mask = np.ones((2, len(assets)), dtype=bool)
    spec = PriceVolumeSpec(momentum_days=60, beta_days=60, volatility_days=60, year_months=3)
    made = spec.estimate(lake, dates, assets, mask)
    assert made.names == STYLES
    np.testing.assert_array_equal(made.values, exposures(lake, dates, assets, mask, spec).values)


def test_a_plug_in_kind_needs_no_fork(lake):
    spec = ADAPTER.validate_python({"kind": "tests.price_only"})
    dates = lake.dates("daily")[[30]]
    assets = read_daily(lake, ("close",)).assets
    made = spec.estimate(lake, dates, assets, np.ones((1, len(assets)), dtype=bool))
    assert made.names == ("price",)
    assert np.isfinite(made.values).sum() > 30
