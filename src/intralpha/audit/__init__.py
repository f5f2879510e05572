"""Proof that nothing looks ahead: replace everything after a date and demand the same past."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.audit.probe import Finding, assert_same_past, compare_panels
    from intralpha.audit.scramble import DATED_BY, noise, parts, scramble

lazily(__name__)
