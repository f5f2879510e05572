"""Frame: the rows that expressions of a library are over, and what makes factors of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from intralpha.features.factors import Factors, Settings
from intralpha.features.language.library import Library
from intralpha.features.language.vocabulary import Vocabulary


class Frame(ABC):
    """Rows of a stock: what may be named, and how they are read.

    A module of :mod:`intralpha.features.frames` that has a tuple ``FRAMES`` adds its frames by
    being there.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What a library calls it."""

    @abstractmethod
    def names(self) -> list[str]:
        """Everything an expression may name, factors of other libraries aside."""

    @property
    def daily(self) -> bool:
        """Whether its rows lie inside a day, so that the frame ``day`` can name its factors."""
        return False

    @property
    def names_factors(self) -> bool:
        """Whether expressions may name factors of other libraries."""
        return False

    @abstractmethod
    def factors(self, library: Library, settings: Settings) -> Factors:
        """The factors of a library, ready to be computed.

        Parameters
        ----------
        library : parameters chosen
        settings : of the feature set

        Raises
        ------
        LibraryError, FrameFrequencyError
            A setting does not fit.
        ExpressionError
            An expression does not fit.
        """


@dataclass(frozen=True)
class RowFrame(Frame):
    """A frame whose rows lie inside a stock's day, or window of days."""

    vocabulary: Vocabulary

    @property
    def name(self) -> str:
        """That of its vocabulary."""
        return self.vocabulary.name

    def names(self) -> list[str]:
        """Those of its vocabulary."""
        return self.vocabulary.names()
