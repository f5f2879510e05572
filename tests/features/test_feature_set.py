"""Streams, Panels and mapped files hold the same numbers."""

import subprocess
import sys
from datetime import time

import numpy as np
import pytest

from intralpha.base import DataError, Panel
from intralpha.features import DaySpec, FeatureSet, LibrarySpec, UnknownSessionError

from .conftest import ASSETS, DAYS

BARS = LibrarySpec(
    library="bar64_30", names=("bar_ret", "tval_rel"), rows=15, parameters={"least": 2}
)
SPECS = [DaySpec(), BARS, LibrarySpec(library="bars15", smooth_days=3)]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_a_stream_a_panel_and_a_file_are_the_same(lake, tmp_path, spec):
    features, days = spec.make(), DAYS[[21, 25, 26, 39]]
    panel = features.compute(lake, days, ASSETS[::-1])
    streamed = list(features.stream(lake, days, ASSETS[::-1]))
    assert (np.array([day for day, _ in streamed]) == days).all()
    np.testing.assert_array_equal(np.stack([made for _, made in streamed]), panel.values)
    written = features.compute(lake, days, ASSETS[::-1], into=tmp_path / "panel")
    assert isinstance(written.values, np.memmap)
    loaded = Panel.load(tmp_path / "panel")
    for found in (written, loaded):
        np.testing.assert_array_equal(found.values, panel.values)
        assert found.values.dtype == np.float32
        assert (found.names, found.times) == (panel.names, panel.times)
        assert found.assets.tolist() == panel.assets.tolist()
    assert np.isfinite(panel.values).any(), "nothing was compared"


def test_a_file_is_whole_or_not_there(lake, tmp_path):
    features, days = BARS.make(), np.append(DAYS[25:27], np.datetime64("2030-01-01"))
    with pytest.raises(UnknownSessionError):
        features.compute(lake, days, ASSETS, into=tmp_path / "panel")
    assert not (tmp_path / "panel").exists()
    features.compute(lake, days[:2], ASSETS, into=tmp_path / "panel")
    assert [p.name for p in tmp_path.iterdir()] == ["panel"]


class Ones(FeatureSet):
    """A set of one's own: one method that makes values, for sorted stocks."""

    name = property(lambda self: "ones")
    names = property(lambda self: ("rank",))
    times = property(lambda self: None)
    lookback_days = property(lambda self: 0)

    def days(self, lake, dates, assets):
        assert assets.tolist() == sorted(set(assets.tolist()))
        for day in dates:
            yield day, np.arange(len(assets), dtype=np.float32)[:, None]


def test_a_set_of_ones_own_gets_sorted_stocks_and_has_them_placed(lake):
    named = np.array(["c", "a", "b"])
    panel = Ones().compute(lake, DAYS[:2], named)
    assert panel.values[..., 0].tolist() == [[2, 0, 1]] * 2
    assert Ones().known_at_slot("rank") == Ones().known_at == time(15, 0)
    with pytest.raises(DataError, match="unique"):
        Ones().compute(lake, DAYS[:2], np.array(["a", "a"]))


def test_features_do_not_need_torch():
    code = "import sys, intralpha.features; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
