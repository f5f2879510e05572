"""Presets that are no names: a fault of the recipe, whatever stands there."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from intralpha.sources import SourceSpec

ADAPTER = TypeAdapter(SourceSpec)


@pytest.mark.parametrize("kind", ["simulated", "mapping", "level2"])
@pytest.mark.parametrize("preset", [{}, {"a": 1}, [], ["tiny"], 3, True, 2.5], ids=repr)
def test_a_preset_that_is_no_text_is_refused(kind: str, preset: Any) -> None:
    given = {"kind": kind, "preset": preset, "path": "files"}
    with pytest.raises(ValidationError, match="preset"):
        ADAPTER.validate_python(given)


@pytest.mark.parametrize("streams", ["trades", 3, ["trades"]], ids=repr)
def test_streams_beside_a_preset_are_a_mapping(streams: Any) -> None:
    given = {"kind": "level2", "preset": "simulated_files", "path": "files", "streams": streams}
    with pytest.raises(ValidationError, match="streams"):
        ADAPTER.validate_python(given)
