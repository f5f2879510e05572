"""Settings as Python gives them: specs, or mappings with the keys that a recipe has."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from intralpha.base import ConfigError, Spec
from intralpha.pipeline.recipe import fault_of

Family = TypeVar("Family", bound=Spec)


class SettingsError(ConfigError):
    """Settings cannot be used; every fault is listed with its place."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def given(name: str, family: type[Family], value: Any) -> Family:
    """A spec of a family: the value itself, or what a mapping says.

    Parameters
    ----------
    name : of the argument, for errors
    family : class of the spec
    value : such a spec, or a mapping with the keys of a recipe

    Raises
    ------
    SettingsError
        A key misspelt, a value out of range, no such kind, or neither spec nor mapping.
    """
    if isinstance(value, family):
        return value
    if not isinstance(value, Mapping):
        wanted = f"expected a {family.__name__}, or a mapping of its keys"
        raise SettingsError([f"{name}: found {value!r}; {wanted}"])
    try:
        return family.model_validate(dict(value))
    except ValidationError as error:
        raise SettingsError(faults_in(name, error)) from error


def faults_in(name: str, error: ValidationError) -> list[str]:
    """Every fault of an argument, with its place.

    Parameters
    ----------
    name : of the argument
    error : of its validation
    """
    return [fault_of({**one, "loc": (name, *one["loc"])}) for one in error.errors()]
