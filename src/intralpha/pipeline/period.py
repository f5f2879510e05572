"""Period: whether the dates that a recipe names lie within its data, told before work begins."""

from dataclasses import dataclass
from datetime import date

from intralpha.base import DataError
from intralpha.market import Lake
from intralpha.pipeline.recipe import Recipe, lake_of


class PeriodError(DataError):
    """A recipe names dates that its data do not reach."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__(
            "\n".join(faults)
            + "\nHint: dates within the data, or sources that bring more of them; without "
            "`test.start` and `test.end` all that can be tested is."
        )


@dataclass(frozen=True)
class Span:
    """Sessions that a recipe's data reach.

    Attributes
    ----------
    first, last : sessions
    sure : whether the recipe's own sources bring these and no others; else they are what some of
        them bring, or what its lake holds now
    """

    first: date
    last: date
    sure: bool = True

    def to_text(self) -> str:
        """The span in words."""
        held = "the data reach" if self.sure else "what is known of the data reaches"
        return f"{held} from {self.first} to {self.last}"


def span_before(recipe: Recipe) -> Span | None:
    """What is known of the sessions of a recipe whose sources are not ingested.

    A simulated market says its own, small files are read for them; of others only the lake can
    tell, if they were put there by another command. None: nothing is known.

    Raises
    ------
    PathError, SourceError
        Files that are read for it are not there, or cannot be read at all.
    """
    spans = [one.span() for one in recipe.data.sources]
    known = [span for span in spans if span is not None]
    held = _of_lake(recipe) if recipe.data.part == "lake" or not known else None
    both = [*known, *([held] if held else [])]
    if not both:
        return None
    sure = bool(known) and len(known) == len(spans)
    return Span(min(one[0] for one in both), max(one[1] for one in both), sure)


def _of_lake(recipe: Recipe) -> tuple[date, date] | None:
    """First and last session of the daily rows that are in the lake."""
    root = lake_of(recipe)
    if not root.is_dir() or not Lake(root).has("daily"):
        return None
    days = Lake(root).dates("daily")
    return days[0].item(), days[-1].item()


def period_faults(recipe: Recipe, span: Span) -> tuple[str, ...]:
    """Dates of a recipe that lie outside a span, one sentence each.

    Parameters
    ----------
    recipe : its ``data`` and ``test`` have a start and an end
    span : of the data
    """
    data, test = recipe.data, recipe.test
    first, last = max(span.first, data.start or span.first), min(span.last, data.end or span.last)
    after = {"data.start": (data.start, span.last), "test.start": (test.start, last)}
    before = {"data.end": (data.end, span.first), "test.end": (test.end, first)}
    late = [
        f"{key} {day} lies after the last session {end}"
        for key, (day, end) in after.items()
        if day is not None and day > end
    ]
    early = [
        f"{key} {day} lies before the first session {begin}"
        for key, (day, begin) in before.items()
        if day is not None and day < begin
    ]
    return tuple(f"{fault}: {span.to_text()}." for fault in (*late, *early))
