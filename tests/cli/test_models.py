"""The verbs `models` and `losses`: they list, show, and see plug-ins."""

from pathlib import Path

import pytest
from tests.commands import command
from typer.testing import CliRunner

from intralpha.base.choices import NoKindError
from intralpha.cli.main import app

PLUGIN = '''
from typing import Literal
from torch import Tensor, nn
from intralpha.models import ModelSpec, Shapes, only

class FlatSpec(ModelSpec):
    """One weighted sum of the window."""

    kind: Literal["flatfile.flat"] = "flatfile.flat"

    def make(self, shapes: Shapes) -> nn.Module:
        shape = only(shapes)
        line = nn.Linear(shape.length * shape.features, 1)
        return nn.Sequential(nn.Flatten(), line, nn.Flatten(0))
'''


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_networks_are_listed_and_shown_at_the_sizes_that_are_asked_for() -> None:
    assert "GRU -> last hidden state" in said("models", "list")
    text = said("models", "show", "gru", "--length", "10", "--features", "3", "--batch", "7")
    assert "cost at L = 10, F = 3, B = 7" in text
    assert "kind: gru" in text


def test_losses_are_listed_and_shown() -> None:
    assert "neg_ic" in said("losses", "list")
    assert "over: batch" in said("losses", "show", "neg_ic")


@pytest.mark.parametrize("group", ["models", "losses"])
def test_an_unknown_kind_is_an_error_of_ours(group: str) -> None:
    found = CliRunner().invoke(app, [group, "show", "nothing"])
    assert isinstance(found.exception, NoKindError)


def test_networks_of_plug_ins_are_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "flatfile.py"
    path.write_text(PLUGIN)
    words = ("models", "show", "flatfile.flat", "--length", "4", "--plugins", str(path))
    done = command(*words)  # a plug-in stays loaded in the process that loaded it
    text = done.stdout
    assert done.returncode == 0, done.stderr
    assert "One weighted sum" in text
    assert "parameters         109" in text  # 4 x 27 + 1


@pytest.mark.parametrize("group", ["models", "losses"])
def test_help_says_where_in_a_recipe_it_belongs(group: str) -> None:
    assert "recipe" in said(group, "--help")
    assert "list" in said(group, "show", "--help")
