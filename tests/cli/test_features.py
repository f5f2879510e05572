"""The verb `features`: lists, shows, explains, and says what it does not know."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from intralpha.cli.main import app
from intralpha.features.explain import explain_factor
from intralpha.features.language.library import LibraryError
from intralpha.features.language.syntax import ExpressionError


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
    with pytest.raises(LibraryError, match="library ms22 has no factor ms_rx; did you mean ms_rv"):
        explain_factor("ms22.ms_rx")


LATE = """
name: late
frame: minute
factors:
  - {name: late_share, expr: 'sum(volume[clock("14:30", "15:00")]) / sum(volume)'}
  - {name: late_trend, expr: 'mean(ret[clock("14:30", "15:00")])'}
"""


@pytest.fixture
def late(tmp_path: Path) -> Path:
    path = tmp_path / "late.yaml"
    path.write_text(LATE)
    return path


def test_a_library_is_explained_factor_by_factor(late: Path):
    both = said("explain", str(late))
    one, other = (said("explain", f"{late}.{name}") for name in ("late_share", "late_trend"))
    assert both == f"{one}\n{other}"
    assert "late_share (library late, frame minute)" in one
    assert said("explain", "ms22").count("(library ms22, frame bar5)") == 22


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (("sum(volume)", "sum(volum)"), "no volum in the frame minute"),
        (("mean(ret[", "ret + (ret["), "ends in a row, expected one number"),
        (("mean(ret[", "mean((ret["), "expected"),
        (("frame: minute", "frame: minut"), "no frame minut"),
        (("name: late_trend", "name: late_share"), "named twice: late_share"),
        (("factors:", "factors"), "late.yaml"),
    ],
)
@pytest.mark.parametrize("verb", ["show", "explain"])
def test_a_library_that_cannot_be_read_is_refused(late: Path, verb: str, broken, message: str):
    late.write_text(LATE.replace(*broken))
    result = CliRunner().invoke(app, ["features", verb, str(late)])
    assert isinstance(result.exception, LibraryError | ExpressionError)
    assert message in str(result.exception)
    assert result.exception.exit_code == 2
    assert not result.stdout


@pytest.mark.parametrize("name", ["none.yaml", "none.yaml.late_share", "none.late_share"])
def test_a_library_that_is_not_there_is_named(name: str):
    with pytest.raises(LibraryError, match=r"no library none.*, or a YAML file"):
        explain_factor(name)
