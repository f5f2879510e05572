"""Specs are frozen, refuse misspelt keys and have a stable content hash."""

import pytest
from pydantic import ValidationError

from intralpha.base import (
    ConfigError,
    DataError,
    IntralphaError,
    LookAheadError,
    SolverError,
    Spec,
    spec_hash,
)


class Coffee(Spec):
    cups: int = 1
    sugar: bool = False


def test_unknown_keys_and_changes_are_refused() -> None:
    with pytest.raises(ValidationError, match="sugr"):
        Coffee.model_validate({"sugr": True})
    with pytest.raises(ValidationError, match="frozen"):
        Coffee().cups = 2  # type: ignore[misc]


def test_hash_depends_on_content_only() -> None:
    assert spec_hash(Coffee(cups=2)) == spec_hash(
        Coffee.model_validate({"sugar": False, "cups": 2})
    )
    assert spec_hash(Coffee(cups=2)) != spec_hash(Coffee(cups=3))
    assert spec_hash("a", 1) != spec_hash(1, "a")
    # printf '%s' '[{"cups":1,"sugar":false}]' | sha256sum
    assert spec_hash(Coffee()) == "0960fef080d55d0e"


def test_every_family_has_its_exit_code() -> None:
    codes = {e: e.exit_code for e in (ConfigError, DataError, LookAheadError, SolverError)}
    assert codes == {ConfigError: 2, DataError: 3, LookAheadError: 3, SolverError: 3}
    assert all(issubclass(e, IntralphaError) for e in codes)
