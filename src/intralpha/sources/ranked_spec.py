"""RankedIndicesSpec: indices of a recipe's own, of its lake's stocks by size."""

from datetime import date
from typing import ClassVar, Literal

from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field, field_validator, model_validator

from intralpha.base import Spec
from intralpha.market import Lake, LakeStep, StepDone
from intralpha.market.codes import UnknownCodeError, code_range


class RankedIndexSpec(Spec):
    """Stocks between two ranks of float capitalisation, chosen again at every review."""

    from_share: float = Field(
        default=0.0, ge=0, lt=1, description="share of the stocks that are larger than the largest"
    )
    to_share: float = Field(
        gt=0, le=1, description="share of the stocks down to and with the smallest constituent"
    )
    weight: Literal["float_cap", "equal"] = Field(
        default="float_cap", description="weights at a review; they drift until the next one"
    )
    base: float = Field(
        default=1000.0,
        ge=100,
        description="points at the first close; levels have two digits, as those of a vendor have",
    )

    @model_validator(mode="after")
    def _some_are_inside(self) -> "RankedIndexSpec":
        if self.from_share >= self.to_share:
            raise ValueError(f"from_share {self.from_share} is not below to_share {self.to_share}")
        return self


class RankedIndicesSpec(LakeStep):
    """Indices made of the lake's own stocks: constituents, weights and levels.

    Twice a year, on the Monday after the second Friday of June and December, and on the second
    session of the lake, stocks that are not ST are ranked by the float capitalisation of the close
    before. For a market whose vendor has no constituents, for one that is simulated, and for an
    index that nobody publishes, such as the smallest tenth.
    """

    word: ClassVar[str] = "indices"
    of: ClassVar[str] = "daily"
    reads: ClassVar = (("daily", None),)
    writes: ClassVar = (("daily", None),)
    ranked: dict[str, RankedIndexSpec] = Field(
        min_length=1,
        description="symbol of the index, such as 000300.SH, or 990001.SH for one that nobody "
        "publishes -> its ranks",
    )

    @field_validator("ranked")
    @classmethod
    def _are_symbols(cls, given: dict[str, RankedIndexSpec]) -> dict[str, RankedIndexSpec]:
        for name in given:
            if (kind := _kind_of(name)) != "index":
                fault = "is not like 000300.SH" if kind is None else f"is the number of a {kind}"
                raise ValueError(f"{name} {fault}; an index of your own may be 990001.SH")
        return given

    def todo(self, lake: Lake, dates: Shaped[ndarray, " D"]) -> tuple[date, ...]:
        """Sessions on which an index has no level, or not that of these ranks."""
        from intralpha.sources.ranked import to_make

        return to_make(self, lake, dates)

    def make(self, lake: Lake, dates: Shaped[ndarray, " D"], show_progress: bool) -> StepDone:
        """Write constituents and levels; see :func:`intralpha.sources.ranked.rank_indices`.

        Parameters
        ----------
        lake, dates : as there
        show_progress : not used: a market of ten years takes seconds

        Raises
        ------
        RankedIndexError
            The lake has the index from elsewhere, or of other ranks.
        """
        from intralpha.sources.ranked import rank_indices

        del show_progress
        return rank_indices(self, lake, dates)


def _kind_of(symbol: str) -> str | None:
    """What the exchange uses the number for; None: nothing."""
    try:
        return code_range(symbol).kind
    except UnknownCodeError:
        return None
