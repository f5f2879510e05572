"""Proof that nothing looks ahead: change everything after a date and demand the same past."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.audit.futures import FUTURES, NOON, delay, remove
    from intralpha.audit.probe import Finding, assert_same_past, compare_panels
    from intralpha.audit.scramble import noise, scramble

lazily(__name__)
