"""Factors written into a recipe, and what the content of a spec is."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from intralpha.base import spec_hash
from intralpha.features import DaySpec, ExpressionSpec, FeatureSpec, LibrarySpec
from intralpha.features.frames import UnknownFrameError
from intralpha.features.language.syntax import ExpressionError
from intralpha.features.time_factors import FrameFrequencyError, NoBarsError

from .conftest import ASSETS, DAYS

LATE = 'sum(amount[clock("14:30", "15:00")]) / day_amount'


def file_of(folder: Path, text: str, frame: str = "bar15", name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\nframe: {frame}\nfactors:\n  - {{name: late, expr: '{text}'}}\n")
    return path


def test_an_expression_is_what_a_library_of_it_is(lake, tmp_path):
    path = file_of(tmp_path, LATE)
    settings = {"smooth_days": 2, "cache": False}
    alone = ExpressionSpec(factors={"late": LATE}, frame="bar15", freq=5, **settings).make()
    library = LibrarySpec(library=str(path), base_freq=5, **settings).make()
    found = alone.compute(lake, DAYS[5:9], ASSETS)
    np.testing.assert_array_equal(found.values, library.compute(lake, DAYS[5:9], ASSETS).values)
    assert np.isfinite(found.values).any()
    assert found.names == ("late",)
    assert alone.lookback_days == 1


def test_the_share_of_the_last_half_hour_by_hand(lake, market_frames):
    spec = ExpressionSpec(factors={"late": LATE}, frame="bar15", freq=5)
    panel = spec.make().compute(lake, DAYS[[5]], ASSETS)
    bars = market_frames.bars.filter(date=DAYS[5].item(), freq=5, symbol=str(ASSETS[0]))
    amount = bars.sort("time")["amount"].to_numpy()
    auction = market_frames.auctions.filter(date=DAYS[5].item(), symbol=str(ASSETS[0]))
    want = amount[-6:].sum() / (amount.sum() + auction["amount"][0])
    np.testing.assert_allclose(panel.values[0, 0, 0], want, rtol=1e-6)


def test_a_recipe_says_it_in_yaml():
    given = yaml.safe_load("{kind: expression, factors: {late: 'sum(amount)'}, frame: bar15}")
    found = TypeAdapter(FeatureSpec).validate_python(given)
    assert found == ExpressionSpec(factors={"late": "sum(amount)"}, frame="bar15")
    with pytest.raises(ValidationError, match="at least 1"):
        ExpressionSpec(factors={})


def test_what_does_not_fit_is_refused():
    with pytest.raises(UnknownFrameError, match="no frame hour"):
        ExpressionSpec(factors={"a": "1"}, frame="hour").make()
    with pytest.raises(ExpressionError, match="no volum in the frame minute"):
        ExpressionSpec(factors={"a": "sum(volum)"}).make()
    with pytest.raises(FrameFrequencyError, match="Hint: freq must divide 1,"):
        ExpressionSpec(factors={"a": "sum(volume)"}, freq=30).make()
    with pytest.raises(ValidationError, match="name"):
        ExpressionSpec(factors={"not a name": "sum(volume)"}).make()


# --- content ----------------------------------------------------------------------------------


def test_the_text_of_a_file_is_part_of_what_a_spec_is(tmp_path):
    path = file_of(tmp_path, LATE)
    spec, other = LibrarySpec(library=str(path)), DaySpec()
    before = spec_hash(spec, other)
    assert LATE.replace('"', '\\"') in spec.content()
    assert before == spec_hash(spec, other)
    file_of(tmp_path, LATE.replace("14:30", "14:00"))
    assert spec_hash(spec, other) != before
    file_of(tmp_path, LATE)
    assert spec_hash(spec, other) == before
    assert other.content() == ""


def test_comments_and_idle_parameters_are_not(tmp_path):
    path = file_of(tmp_path, LATE)
    spec = LibrarySpec(library=str(path))
    before = spec.content()
    path.write_text("# a comment\n" + path.read_text())
    assert spec.content() == before


def test_files_that_a_file_uses_count_too(tmp_path):
    part = file_of(tmp_path, LATE, name="part")
    whole = tmp_path / "whole.yaml"
    whole.write_text(
        f"name: whole\nframe: day\nuses: ['{part}']\n"
        "factors:\n  - {name: mean_late, expr: 'mean(late, days=5)'}\n"
    )
    spec = LibrarySpec(library=str(whole), base_freq=5)
    before = spec.content()
    file_of(tmp_path, LATE.replace("14:30", "14:00"), name="part")
    assert spec.content() != before
    names = ("apb_5d",)  # of daily rows alone
    plain = LibrarySpec(library="price_volume", names=names)
    assert plain.content().count('"frame"') == 1
    assert plain.model_copy(update={"names": ("apb",)}).content().count('"frame"') == 2


def test_the_code_of_frames_is_named():
    frames = "intralpha.features.frames"
    assert LibrarySpec(library="minute15").code() == (f"{frames}.minute",)
    parts = LibrarySpec(library="price_volume", names=("apb", "jump")).code()
    assert parts == (f"{frames}.bar", f"{frames}.day", f"{frames}.minute")
    assert DaySpec().code() == ()


def test_what_is_usual_of_a_bar_needs_bars():
    given = {"factors": {"x": "sum(amount) / usual_amount"}, "frame": "bar15", "freq": 5}
    with pytest.raises(NoBarsError, match="usual_amount, which each bar has"):
        ExpressionSpec(**given).make()
