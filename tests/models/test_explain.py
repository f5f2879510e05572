"""What is told of networks: every kind, and lines that a recipe may hold."""

import pytest
import yaml

from intralpha.base import Spec
from intralpha.base.choices import NoKindError, by_default, recipe_lines
from intralpha.models import ModelSpec
from intralpha.models.explain import list_models, short, show_model

OURS = {kind: cls for kind, cls in ModelSpec.kinds().items() if "." not in kind}


class Chosen(Spec):
    """The key of a factor that chooses its network."""

    model: ModelSpec


def test_the_list_has_a_line_for_every_kind() -> None:
    head, *lines = list_models().splitlines()
    assert head.split() == ["kind", "inputs", "gives", "what"]
    assert {line.split()[0] for line in lines} >= set(OURS)


@pytest.mark.parametrize("kind", OURS)
def test_the_recipe_lines_choose_the_network(kind: str) -> None:
    spec = by_default(ModelSpec, kind)
    assert isinstance(spec, ModelSpec)
    lines = recipe_lines("model", spec)
    assert lines.startswith(f"model:\n  kind: {kind}\n")
    assert Chosen.model_validate(yaml.safe_load(lines)).model == spec


def test_a_network_is_told_with_costs_keys_and_recipe_lines() -> None:
    text = show_model("gru", length=40, features=27, batch=5000)
    assert "GRU -> last hidden state" in text
    assert "default 30. width of the hidden state" in text
    assert "parameters         5,401" in text
    assert "410 k a window, 2.05 G a batch" in text  # 2 x 40 x 90 x 57 + 60 = 410,460
    assert text.endswith("hidden: 30\n  layers: 1\n  layer_scores: false")


def test_an_unknown_kind_is_told_the_nearest() -> None:
    with pytest.raises(NoKindError, match="did you mean gru"):
        show_model("grru")


def test_numbers_are_short() -> None:
    shown = [short(999), short(12_345), short(2_050_000_000, "B"), short(7, "B")]
    assert shown == ["999", "12.3 k", "2.05 GB", "7 B"]
