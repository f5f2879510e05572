"""Parameters: constants of a library that a recipe may choose, among values the library names."""

import re
from collections.abc import Mapping

from pydantic import Field, StrictFloat, StrictInt, StrictStr, model_validator

from intralpha.base import ConfigError, Spec
from intralpha.features.language.syntax import nearest, parse

Choice = StrictInt | StrictFloat | StrictStr
_CLOCK, _NAME = r"[0-2][0-9]:[0-5][0-9]", r"[A-Za-z_][A-Za-z_0-9]*"


class Parameter(Spec):
    """One constant that a source leaves open.

    A number, a time such as ``"10:00"``, or a part of an expression, such as the name of a series.
    """

    value: Choice = Field(description="if nobody chooses")
    choices: tuple[Choice, ...] = Field(min_length=1, description="all there are")
    source: str = Field(default="", description="where the value is from")

    @model_validator(mode="after")
    def _among(self) -> "Parameter":
        if self.value not in self.choices:
            raise ValueError(f"{shown(self.value)} is not among the choices {self.listed()}")
        for choice in self.choices:
            if isinstance(choice, str) and not re.fullmatch(_CLOCK, choice):
                parse(choice)
        return self

    def listed(self) -> str:
        """The choices as text."""
        return ", ".join(shown(choice) for choice in self.choices)


class ParameterError(ConfigError):
    """A choice that a library does not offer.

    Attributes
    ----------
    library, name : of the library and of the parameter
    parameters : those that the library has
    """

    def __init__(
        self, library: str, name: str, parameters: Mapping[str, Parameter], value: Choice | None
    ) -> None:
        self.library, self.name, self.parameters = library, name, dict(parameters)
        if value is None:
            has = "; ".join(f"{n}: {p.listed()}" for n, p in parameters.items()) or "none"
            why = f"library {library} has no parameter {name}; it has {has}"
            hint = nearest(name, list(parameters)) if parameters else "leave it out"
        else:
            found = f"found {shown(value)}, expected one of {parameters[name].listed()}"
            why = f"parameter {name} of library {library}: {found}"
            hint = "a time is written in quotes; other values need a library of your own"
        super().__init__(f"{why}.\nHint: {hint}.")


def shown(choice: Choice) -> str:
    """A value as one writes it in YAML."""
    return f'"{choice}"' if isinstance(choice, str) else str(choice)


def in_expression(choice: Choice) -> str:
    """A value as one writes it in an expression."""
    text = str(choice)
    if isinstance(choice, str) and re.fullmatch(_CLOCK, text):
        return f'"{text}"'
    plain = re.fullmatch(_NAME, text) or (not isinstance(choice, str) and choice >= 0)
    return text if plain else f"({text})"


def chosen(
    library: str, parameters: Mapping[str, Parameter], given: Mapping[str, Choice]
) -> dict[str, str]:
    """Parameter -> what stands for it in expressions.

    Parameters
    ----------
    library : name, for errors
    parameters : of the library
    given : the choices; a parameter that is left out keeps its own value

    Raises
    ------
    ParameterError
        No such parameter, or a value that is not among its choices.
    """
    for name, value in given.items():
        if name not in parameters:
            raise ParameterError(library, name, parameters, None)
        if value not in parameters[name].choices:
            raise ParameterError(library, name, parameters, value)
    return {n: in_expression(given.get(n, p.value)) for n, p in parameters.items()}
