"""Proof that nothing looks ahead: replace everything after a date and demand the same past."""

from intralpha.audit.probe import Finding, assert_same_past, compare_panels
from intralpha.audit.scramble import DATED_BY, noise, parts, scramble

__all__ = [
    "DATED_BY",
    "Finding",
    "assert_same_past",
    "compare_panels",
    "noise",
    "parts",
    "scramble",
]
