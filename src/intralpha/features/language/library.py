"""Library: factors as data, one YAML file each."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from intralpha.base import ConfigError, Spec
from intralpha.features.language.parameters import Choice, Parameter, chosen
from intralpha.features.language.syntax import names_read, nearest, replace_names

NAME = r"^[A-Za-z_][A-Za-z_0-9]*$"
LONGEST_NAME = 64


class LibraryError(ConfigError):
    """A library that does not exist or cannot be read."""


class FactorEntry(Spec):
    """One factor of a library."""

    name: str = Field(
        pattern=NAME, max_length=LONGEST_NAME, description="of the factor, unique in the library"
    )
    expr: str = Field(description="expression of the factor language")
    direction: Literal[-1, 0, 1] = Field(default=0, description="expected sign; 0: not known")
    on_locked: Literal["nan", "keep"] = Field(
        default="nan", description="on a day locked for more than half its minutes"
    )
    source: str = Field(default="", description="where the idea is from; default: the library's")


class Library(Spec):
    """Factors over one frame."""

    name: str = Field(pattern=NAME, description="of the library")
    frame: str = Field(description="its rows: minute, bar5, bar30, trade, day, ...")
    segments: Literal["day", 5, 10, 15, 30] = Field(
        default="day", description="one number a day, or one a bar of so many minutes"
    )
    source: str = Field(default="", description="where the factors are from")
    parameters: dict[str, Parameter] = Field(
        default_factory=dict, description="constants that a recipe may choose"
    )
    define: dict[str, str] = Field(
        default_factory=dict,
        description="names for parts of expressions; each may use parameters and those before it",
    )
    uses: tuple[str, ...] = Field(
        default=(),
        description="frame day: libraries whose daily factors are named, shipped ones or YAML "
        "files beside this one; default: all shipped",
    )
    factors: tuple[FactorEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> "Library":
        names = [f.name for f in self.factors]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        both = sorted({*self.parameters} & {*self.define})
        if both:
            raise ValueError(f"both parameter and definition: {', '.join(both)}")
        return self

    def resolved(self, given: Mapping[str, Choice]) -> "Library":
        """The same factors with values for parameters and parts for definitions; it has neither.

        Parameters
        ----------
        given : the choices; a parameter that is left out keeps its own value

        Raises
        ------
        ParameterError
            No such parameter, or a value that is not among its choices.
        LibraryError
            No expression reads a parameter or a definition.
        """
        words = chosen(self.name, self.parameters, given)
        if not words and not self.define:
            return self
        texts = [*self.define.values(), *(f.expr for f in self.factors)]
        idle = sorted({*words, *self.define}.difference(*map(names_read, texts)))
        for name, text in self.define.items():
            words[name] = f"({replace_names(text, words)})"
        if idle:
            raise LibraryError(f"library {self.name}: no expression reads {', '.join(idle)}")
        factors = tuple(
            f.model_copy(update={"expr": replace_names(f.expr, words)}) for f in self.factors
        )
        update = {"parameters": {}, "define": {}, "factors": factors}
        return self.model_copy(update=update)

    def only(self, names: tuple[str, ...]) -> "Library":
        """The same library with these factors, in this order; all of them if none is named.

        Raises
        ------
        LibraryError
            It has no such factor.
        """
        known = self._named(names)
        chosen = tuple(known[n] for n in names) or self.factors
        return self.model_copy(update={"factors": chosen})

    def without(self, names: tuple[str, ...]) -> "Library":
        """The same library without these factors.

        Raises
        ------
        LibraryError
            It has no such factor, or no other.
        """
        self._named(names)
        left = tuple(f for f in self.factors if f.name not in names)
        if not left:
            raise LibraryError(f"library {self.name} without {', '.join(names)} has no factor left")
        return self.model_copy(update={"factors": left})

    def _named(self, names: tuple[str, ...]) -> dict[str, FactorEntry]:
        """Every factor by its name, those that are asked for among them."""
        known = {f.name: f for f in self.factors}
        for name in names:
            if name not in known:
                hint = nearest(name, list(known))
                raise LibraryError(f"library {self.name} has no factor {name}; {hint}")
        return known
