"""Acceptance: the ten checks of order and sign against the reports [Spec 21], by code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import factor_checks, network_checks
from .claims import Claim, overall
from .comparing import Runs
from .printed import Table


@dataclass(frozen=True)
class Check:
    """One of the ten.

    Attributes
    ----------
    number : in the specification
    about : what it says, in a few words
    claims : its parts
    """

    number: int
    about: str
    claims: tuple[Claim, ...]

    @property
    def verdict(self) -> str:
        """Of all its parts."""
        return overall(self.claims)


def checks(runs: Runs, tables: Sequence[Table]) -> list[Check]:
    """All ten, of whichever runs there are.

    Parameters
    ----------
    runs : by the base name of the recipe
    tables : as printed
    """
    known = {(table.report, table.id): table for table in tables}
    asked: list[tuple[str, Callable[[], list[Claim]]]] = [
        (
            "the 27 factors one by one",
            lambda: factor_checks.single_factors(runs, known["002", "F7, F26, F37"]),
        ),
        ("signs of large correlations", lambda: factor_checks.correlation_signs(runs, tables)),
        ("a network above fixed weights", lambda: factor_checks.deep_above_weights(runs)),
        ("three scales beside days alone", lambda: factor_checks.low_frequency(runs)),
        ("the fusion above its parts", lambda: factor_checks.fusion(runs)),
        ("one output and many, three data sets", lambda: network_checks.data_sets(runs)),
        ("composites, sequences and horizons", lambda: network_checks.angles(runs)),
        ("attention", lambda: network_checks.attention(runs)),
        ("choice among half-years", lambda: network_checks.blocks(runs)),
        ("turnover against its cap", lambda: factor_checks.caps(runs)),
    ]
    return [Check(i, about, tuple(claims())) for i, (about, claims) in enumerate(asked, start=1)]
