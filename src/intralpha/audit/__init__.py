"""Proof that nothing looks ahead: replace everything after a date and demand the same past."""

from intralpha.audit.probe import Finding, assert_same_past, compare_panels
from intralpha.audit.scramble import scramble

__all__ = ["Finding", "assert_same_past", "compare_panels", "scramble"]
