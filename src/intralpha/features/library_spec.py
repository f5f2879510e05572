"""LibrarySpec: factors of a library of expressions, shipped or one's own."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from intralpha.features.language.library import Library
from intralpha.features.language.parameters import Choice, Parameter
from intralpha.features.language_spec import LanguageSpec
from intralpha.features.libraries import (
    library_text,
    load_library,
    placed_name,
    read_library,
    texts_named,
)


def _shipped_or_placed(name: str, info: Any) -> str:
    """The name of a shipped library as it is; a path as the recipe means it."""
    return placed_name(name, info.context)


class LibrarySpec(LanguageSpec):
    """Factors of a library of expressions."""

    kind: Literal["library"] = "library"
    library: Annotated[str, AfterValidator(_shipped_or_placed)] = Field(
        description="shipped: `intralpha features list`; or the path of a YAML"
    )
    names: tuple[str, ...] = Field(default=(), description="factors; empty: all of the library")
    without: tuple[str, ...] = Field(
        default=(), description="factors that are left out, such as those of the whole day"
    )
    rows: Literal[1, 5, 10, 15, 30] | None = Field(
        default=None, description="minutes of a row, if not the library's own"
    )
    base_freq: int | None = Field(
        default=None, gt=0, description="minutes of the bars in the lake; default: those of a row"
    )
    parameters: dict[str, Choice] = Field(
        default_factory=dict, description="choices of the library: `intralpha features show NAME`"
    )

    def library_of(self) -> Library:
        """The factors that are named but for those left out, with the values that are chosen.

        Raises
        ------
        LibraryError, ParameterError
            No such library, factor or choice.
        """
        found = load_library(self.library, self.parameters).only(self.names).without(self.without)
        if self.rows is None:
            return found
        frame = "minute" if self.rows == 1 else f"bar{self.rows}"
        return found.model_copy(update={"frame": frame})

    def texts(self) -> tuple[str, ...]:
        """The library's file, and those of the libraries that it may name."""
        return (library_text(self.library), *texts_named(read_library(self.library)))

    def minutes(self) -> int | None:
        """``base_freq``."""
        return self.base_freq

    def other_rows(self) -> int | None:
        """``rows``."""
        return self.rows

    def offers(self) -> dict[str, Parameter]:
        """Parameters of the library."""
        return read_library(self.library).parameters
