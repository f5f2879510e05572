"""LanguageSpec: what all feature sets say whose factors are expressions."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from pydantic import Field

from intralpha.base.node import Read
from intralpha.features.factors import Keys, Settings, earlier
from intralpha.features.feature_set import FeatureSpec
from intralpha.features.frames import module_of
from intralpha.features.language.library import Library
from intralpha.features.language.parameters import Parameter
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.features.libraries import texts_named
from intralpha.features.library_features import LibraryFeatures


class LanguageSpec(FeatureSpec):
    """Settings of factors that are expressions; the children say where those are written."""

    segments: Literal[5, 10, 15, 30] | None = Field(
        default=None, description="minutes of the bars described, if not the library's own"
    )
    smooth_days: int = Field(default=1, ge=1, le=250, description="mean over so many sessions")
    cache: bool = Field(
        default=True, description="keep dense bars and daily values beside the lake's files"
    )
    big_order: BigOrderSpec = Field(
        default=BigOrderSpec(),
        description="when is an order big: of trades and orders; for minutes, that of `enrich`",
    )

    def library_of(self) -> Library:
        """The factors, as a library without parameters."""
        raise NotImplementedError(f"kind {self!r} has no factors")

    def minutes(self) -> int | None:
        """Minutes of the bars in the lake; None: those of a row."""
        raise NotImplementedError(f"kind {self!r} does not say which bars it reads")

    def other_rows(self) -> int | None:
        """Minutes of a row, where they are not the library's own."""
        return None

    def keys(self) -> Keys:
        """How a recipe says those two, for hints."""
        return Keys()

    def offers(self) -> dict[str, Parameter]:
        """Parameters that could be chosen, for hints."""
        return {}

    def make(self) -> LibraryFeatures:
        """The factors as a feature set, compiled once a process for the same texts.

        Raises
        ------
        LibraryError, ParameterError, FrameFrequencyError, ExpressionError
            No such library, factor or choice, or a setting or expression that does not fit.
        """
        return _compiled(_Written((self.model_dump_json(), *self.texts()), self))

    def settings(self) -> Settings:
        """What is said beside the expressions."""
        return Settings(
            base_freq=self.minutes(),
            segments=self.segments,
            smooth_days=self.smooth_days,
            cache=self.cache,
            big_order=self.big_order,
            offers=self.offers(),
            rows=self.other_rows(),
            keys=self.keys(),
        )

    def texts(self) -> tuple[str, ...]:
        """Files that the factors are made from, besides the spec, as they are now."""
        return texts_named(self.library_of())

    def reads(self) -> tuple[Read, ...]:
        """Tables and sessions that the factors are made from, those of the mean included."""
        return tuple(earlier(self.make().factors.reads(), self.smooth_days - 1))

    def content(self) -> str:
        """The expressions themselves, and those of the factors that they name."""
        return "\n".join(library.model_dump_json() for library in self._libraries())

    def code(self) -> tuple[str, ...]:
        """Modules of the frames."""
        return tuple(sorted({module_of(library.frame) for library in self._libraries()}))

    def _libraries(self) -> list[Library]:
        """The library, and the parts of others that it names."""
        made = self.make()
        return [made.library, *made.factors.libraries()]


@dataclass(frozen=True)
class _Written:
    """A spec that is the same as another where all that is written is the same."""

    texts: tuple[str, ...]
    spec: LanguageSpec = field(compare=False)


@lru_cache(maxsize=32)
def _compiled(written: _Written) -> LibraryFeatures:
    """The factors; nothing about them changes, so one set serves all who ask."""
    return LibraryFeatures(written.spec.library_of(), written.spec.settings())
