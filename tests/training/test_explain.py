"""What is told of losses: every kind, and lines that a recipe may hold."""

import pytest
import yaml

from intralpha.base import Spec
from intralpha.base.choices import by_default, recipe_lines
from intralpha.training import ObjectiveSpec
from intralpha.training.explain import list_losses, show_loss

OURS = {kind: cls for kind, cls in ObjectiveSpec.kinds().items() if "." not in kind}


class Chosen(Spec):
    """The key of a factor that chooses its loss."""

    objective: ObjectiveSpec


def test_the_list_says_what_each_loss_looks_at() -> None:
    looks = {line.split()[0]: line.split()[1] for line in list_losses().splitlines()}
    assert set(looks) >= set(OURS)
    assert (looks["neg_ic"], looks["mse_bn_orth"], looks["seq_neg_ic"]) == ("score", "unit", "h")


@pytest.mark.parametrize("kind", OURS)
def test_the_recipe_lines_choose_the_loss(kind: str) -> None:
    spec = by_default(ObjectiveSpec, kind)
    assert isinstance(spec, ObjectiveSpec)
    lines = recipe_lines("objective", spec)
    assert Chosen.model_validate(yaml.safe_load(lines)).objective == spec
    assert show_loss(kind).endswith(lines)


def test_a_loss_is_told_with_its_formula_and_what_it_does_not_see() -> None:
    text = show_loss("multitask")
    assert r"\lambda \sum_{k<l} \rho(p_k, p_l)" in text
    assert "Insensitive to" in text
    assert "looks at task" in text
    assert "default 0.01. lambda" in text
