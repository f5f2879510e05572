"""LanguageSet: what feature sets have in common whose factors are expressions of a library."""

from datetime import time
from typing import Literal

from pydantic import Field

from intralpha.base import Spec
from intralpha.features.feature_set import FeatureSet
from intralpha.features.language.compile import Compiler
from intralpha.features.language.frames import FRAMES
from intralpha.features.language.graph import Graph
from intralpha.features.language.library import Library, load_library
from intralpha.features.language.parameters import Choice
from intralpha.features.language.units import Unit
from intralpha.market.level2.thresholds import BigOrderSpec


class LibrarySpec(Spec):
    """Factors of a library of expressions."""

    kind: Literal["library"] = "library"
    library: str = Field(description="shipped: `intralpha features list`; or the path of a YAML")
    names: tuple[str, ...] = Field((), description="factors; empty: all of the library")
    base_freq: int | None = Field(
        None, gt=0, description="minutes of the bars in the lake; default: the library's rows"
    )
    segments: Literal[5, 10, 15, 30] | None = Field(
        None, description="minutes of the bars described, if not the library's own"
    )
    parameters: dict[str, Choice] = Field(
        default_factory=dict, description="choices of the library: `intralpha features show NAME`"
    )
    smooth_days: int = Field(1, ge=1, le=250, description="mean over so many sessions")
    cache: bool = Field(
        True, description="keep dense bars and daily values beside the lake's files"
    )
    big_order: BigOrderSpec = Field(
        BigOrderSpec(),
        description="when is an order big: of trades and orders; for minutes, that of `enrich`",
    )


def library_of(spec: LibrarySpec) -> Library:
    """The factors that a spec names, with the values that it chooses.

    Raises
    ------
    LibraryError, ParameterError
        No such library, factor or choice.
    """
    return load_library(spec.library, spec.parameters).only(spec.names)


class LanguageSet(FeatureSet):
    """Factors of one library, compiled for the rows of its frame; a subclass reads the rows.

    Parameters
    ----------
    spec : settings
    library : what the spec names, parameters chosen
    bar_rows : rows of a segment; 0: factors are daily
    """

    def __init__(self, spec: LibrarySpec, library: Library, bar_rows: int = 0) -> None:
        self._spec, self._library, self._graph = spec, library, Graph()
        compiler = Compiler(FRAMES[library.frame], self._graph, bar_rows)
        self._outputs = [compiler.factor(f.expr, f.on_locked) for f in library.factors]
        self._units = compiler.units

    @property
    def name(self) -> str:
        """The library's."""
        return self._library.name

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return tuple(f.name for f in self._library.factors)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Units of the factors."""
        return self._units

    @property
    def times(self) -> tuple[time, ...] | None:
        """None: daily factors."""
        return None

    @property
    def spec(self) -> LibrarySpec:
        """Settings."""
        return self._spec

    @property
    def library(self) -> Library:
        """What is computed."""
        return self._library
