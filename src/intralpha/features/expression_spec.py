"""ExpressionSpec: factors written into the recipe, without a library."""

from typing import Annotated, Literal

from pydantic import Field

from intralpha.features.factors import Keys
from intralpha.features.language.library import LONGEST_NAME, NAME, FactorEntry, Library
from intralpha.features.language_spec import LanguageSpec
from intralpha.features.libraries import checked

FactorName = Annotated[str, Field(pattern=NAME, max_length=LONGEST_NAME)]


class ExpressionSpec(LanguageSpec):
    """Factors as expressions of the factor language (docs/factor-language.md)."""

    kind: Literal["expression"] = "expression"
    factors: dict[FactorName, str] = Field(min_length=1, description="name -> expression")
    frame: str = Field(default="minute", description="their rows: minute, bar30, trade, day, ...")
    freq: int | None = Field(
        default=None, gt=0, description="minutes of the bars in the lake; default: those of a row"
    )
    on_locked: Literal["nan", "keep"] = Field(
        default="nan", description="on a day locked for more than half its minutes"
    )

    def library_of(self) -> Library:
        """A library of these factors.

        Raises
        ------
        UnknownFrameError
            No such frame.
        """
        entries = tuple(
            FactorEntry(name=name, expr=expr, on_locked=self.on_locked)
            for name, expr in self.factors.items()
        )
        return checked(Library(name="expression", frame=self.frame, factors=entries))

    def minutes(self) -> int | None:
        """``freq``."""
        return self.freq

    def keys(self) -> Keys:
        """``freq`` and ``frame``."""
        return Keys(freq="freq", rows="frame: bar")
