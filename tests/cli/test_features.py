"""The verb `features`: lists, shows, explains, and says what it does not know."""

import pytest
from typer.testing import CliRunner

from intralpha.cli.main import app
from intralpha.features.explain import explain_factor
from intralpha.features.language.library import LibraryError


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["features", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_every_library_with_its_size():
    text = said("list")
    assert "minute15" in text
    assert "minute100" in text
    line = next(line for line in text.splitlines() if line.startswith("ms22"))
    assert line.split()[:4] == ["ms22", "bar5", "day", "22"]


def test_show_prints_expressions():
    assert "corr(volume[okT], trades[okT])" in said("show", "minute15")


def test_explain_gives_formula_unit_source_inputs_and_cost():
    text = said("explain", "bigorder_ret")
    for part in ("prod((1 + ret)", "plain number", "negative", "P1", "amount", "passes over rows"):
        assert part in text, part
    assert "known at        15:00" in text
    assert "end of the bar" in said("explain", "bar64_30.bar_ret")
    assert "15:00" in said("explain", "bar64_30.bar_val_share")
    assert "bar64_30" not in said("explain", "ms22.ms_rv")


def test_an_unknown_factor_gets_the_nearest_name():
    with pytest.raises(LibraryError, match="did you mean bigorder_ret"):
        explain_factor("bigorder_rets")
    with pytest.raises(LibraryError, match="no library minute16"):
        explain_factor("minute16.bigorder_ret")
