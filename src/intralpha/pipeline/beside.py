"""BesideSpec: a further portfolio of a recipe, or a mixture of its portfolios."""

from collections.abc import Iterator, Mapping

from pydantic import Field, model_validator

from intralpha.backtest import EnhancementSpec
from intralpha.base import IntralphaError, Spec
from intralpha.combination import CombinerSpec
from intralpha.combination.weights import WeightsSpec
from intralpha.factors.factor import FactorSpec

MAIN = "portfolio"  # how mixtures call the recipe's own


class BesideSpec(Spec):
    """A portfolio beside the recipe's own, on the same decision dates, or a mixture of such."""

    factors: dict[str, float] = Field(
        default_factory=dict,
        description="factors that it trades, with their weights; empty: the signal",
    )
    combination: CombinerSpec | None = Field(
        default=None,
        description="instead, a rule of its own by which it combines factors; null: none",
    )
    portfolio: EnhancementSpec | None = Field(
        default=None,
        description="how it trades, in full: a key left out has its default and not what the "
        "recipe's own portfolio says; null: all as the recipe's own",
    )
    mixture: dict[str, float] = Field(
        default_factory=dict,
        description="instead, money spread over other portfolios of the recipe: name -> share, sum "
        f"1; the recipe's own is called {MAIN}. Shares are restored before every session",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> "BesideSpec":
        own = self.portfolio is not None or self.combination is not None
        if self.mixture and (self.factors or own):
            raise ValueError("a mixture has no factors, combination or portfolio of its own")
        if self.factors and self.combination is not None:
            raise ValueError("found factors and a combination; expected one of them")
        if self.mixture and abs(sum(self.mixture.values()) - 1) > 1e-9:
            raise ValueError(f"shares {sorted(self.mixture.values())} of a mixture; expected sum 1")
        if min((*self.factors.values(), *self.mixture.values()), default=1.0) <= 0:
            raise ValueError("expected weights and shares above 0")
        return self

    def combines(self) -> CombinerSpec | None:
        """The rule of its own signal; None: it trades that of the recipe."""
        return WeightsSpec(weights=self.factors) if self.factors else self.combination


def faults_beside(
    further: Mapping[str, BesideSpec], own: EnhancementSpec | None, factors: Mapping[str, object]
) -> Iterator[str]:
    """What is wrong between further portfolios and the rest of the recipe.

    Parameters
    ----------
    further : by name
    own : the recipe's own portfolio
    factors : of the recipe
    """
    if further and own is None:
        yield (
            "portfolios: expected a portfolio beside which they stand.\n"
            "Hint: portfolios: null leaves all of them out"
        )
        return
    single = {MAIN, *(name for name, one in further.items() if not one.mixture)}
    for name, one in further.items():
        if name == MAIN or "/" in name:
            yield f"portfolios.{name}: expected a name without a slash, other than {MAIN}"
        for key, odd in (
            ("factors", {*one.factors} - {*factors}),
            ("mixture", {*one.mixture} - single),
        ):
            if odd:
                yield f"portfolios.{name}.{key}: no {', '.join(sorted(odd))}"
        if one.mixture and own is not None and not {*one.mixture} - single:
            yield from _other_benchmarks(name, one, further, own)
        if one.combination is not None:
            try:
                one.combination.names(tuple(factors))
            except IntralphaError as error:
                yield f"portfolios.{name}.combination: {error}"
        if one.portfolio is not None and own is not None:
            if (one.portfolio.grid, one.portfolio.every) != (own.grid, own.every):
                yield f"portfolios.{name}.portfolio: grid and every are those of {MAIN}"
            yield from (f"portfolios.{name}.portfolio.{f}" for f in one.portfolio.faults())


def _other_benchmarks(
    name: str, mixed: BesideSpec, further: Mapping[str, BesideSpec], own: EnhancementSpec
) -> Iterator[str]:
    """The parts of a mixture must be measured against one thing."""
    found: dict[str, str] = {}
    for part in mixed.mixture:
        how = own if part == MAIN else further[part].portfolio or own
        # An index has one course, wherever its weights are from.
        found[part] = ", ".join(how.benchmark.indices) or str(how.benchmark.model_dump())
    if len({*found.values()}) > 1:
        told = "; ".join(f"{part} {what}" for part, what in found.items())
        yield f"portfolios.{name}.mixture: expected one benchmark, found {told}"


def faults_of_plans(
    further: Mapping[str, BesideSpec],
    own: EnhancementSpec | None,
    factors: Mapping[str, FactorSpec],
    combination: CombinerSpec,
) -> Iterator[str]:
    """Plans of several trades whose factors predict no such sequence.

    Parameters
    ----------
    further : portfolios by name
    own : the recipe's own portfolio
    factors : of the recipe
    combination : what the recipe's own trades
    """
    try:
        signal = combination.names(tuple(factors))
    except IntralphaError:  # told of the combination
        return
    mine = {} if own is None else {MAIN: (signal, own)}
    traded = mine | {
        f"portfolios.{name}.portfolio": (_traded(one, tuple(factors), signal), one.portfolio or own)
        for name, one in further.items()
        if not one.mixture
    }
    for where, (names, how) in traded.items():
        if how is not None and how.plan is not None and not {*names} - {*factors}:
            found = how.plan.faults({name: factors[name].in_turn for name in names})
            yield from (f"{where}.plan: {fault}" for fault in found)


def _traded(one: BesideSpec, factors: tuple[str, ...], signal: tuple[str, ...]) -> tuple[str, ...]:
    """Factors that a portfolio trades; those of the recipe's signal if its own rule has a fault."""
    rule = one.combines()
    try:
        return signal if rule is None else rule.names(factors)
    except IntralphaError:  # told of the combination
        return signal
