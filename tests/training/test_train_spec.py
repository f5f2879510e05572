"""Settings of the loop as a recipe writes them."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from intralpha.training import TrainSpec
from intralpha.training.averages import EMASpec
from intralpha.training.metrics import ICIRMetricSpec
from intralpha.training.optimisers import AdamWSpec

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"


def test_the_lines_of_the_page_are_settings() -> None:
    (block,) = re.findall(r"```yaml\n(training:\n.*?)```", PAGE.read_text(), re.DOTALL)
    spec = TrainSpec.model_validate(yaml.safe_load(block)["training"])
    assert spec.optimiser == AdamWSpec(weight_decay=0.05)
    assert (spec.metric, spec.average) == (ICIRMetricSpec(), EMASpec(decay=0.999))
    assert TrainSpec.model_validate_json(spec.model_dump_json()) == spec


def test_the_defaults_are_those_of_the_specification() -> None:
    """Adam at 1e-3, elements bounded at 3, one day a step, RankIC, no average [Spec 14]."""
    assert TrainSpec().model_dump(mode="json") == {
        "learning_rate": 1e-3,
        "optimiser": {"kind": "adam"},
        "rate": {"kind": "constant", "warmup_steps": 0},
        "max_epochs": 100,
        "patience": 10,
        "metric": {"kind": "rank_ic"},
        "average": None,
        "clip_value": 3.0,
        "clip_norm": None,
        "batch": "day",
        "batch_size": 5000,
        "batch_days": None,
        "piece": None,
        "precision": "float32",
        "device": "auto",
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimiser": {"kind": "adamx"}}, "no kind adamx; did you mean adam"),
        ({"optimiser": {"kind": "adam", "weight_decay": 0.1}}, "Extra inputs"),
        ({"rate": {"kind": "step", "every": 0}}, "greater than 0"),
        ({"rate": {"kind": "cosine", "floor": 2.0}}, "less than or equal to 1"),
        ({"average": {"kind": "ema", "decay": 1.0}}, "less than 1"),
        ({"metric": "icir"}, "expected a mapping with kind, one of ic, icir, loss, "),
        ({"clip_norm": 0.0}, "greater than 0"),
        ({"precision": "bf16"}, "bfloat16"),
    ],
)
def test_what_is_no_setting_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TrainSpec.model_validate(settings)
