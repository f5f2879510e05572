"""Levels: sums of an expression over the levels of the order book."""

from dataclasses import replace

from intralpha.features.language.graph import Value
from intralpha.features.language.operations import Operations
from intralpha.features.language.syntax import Node
from intralpha.features.language.units import PLAIN, PRICE_UNIT, SHARE_UNIT
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.language.walk import Walk

LEVELS = 10
QUOTE = {"p": PRICE_UNIT, "q": SHARE_UNIT, "n": PLAIN}
LEVELLED = tuple(f"{side}{what}" for side in "ba" for what in QUOTE)


class BookLevels:
    """Reads ``levels(x, n)`` and ``levels(x, from, to)``: x at each level, added up.

    Inside x, ``bp`` stands for ``bp1``, ``bp2``, ...; ``deeper(bp)`` for the next level's. An x,
    or a ``deeper(...)``, without such a name is refused: every level would be the same.

    Parameters
    ----------
    walk : reads the arguments
    make : operations are added by it
    frame : the rows are of
    """

    def __init__(self, walk: Walk, make: Operations, frame: Vocabulary) -> None:
        self._walk, self._make, self._has_book = walk, make, "bp1" in frame.rows

    def levels(self, node: Node) -> Value:
        """The sum."""
        self._walk.unnamed(node, 2, 3)
        if not self._has_book:
            self._walk.fail(node, "levels needs the frame snapshot")
        self._levelled(node)
        ends = [self._level(n) for n in node.args[1:]]
        first, last = (1, *ends)[-2:]
        if last < first:
            self._walk.fail(node.args[-1], f"the last level {last} is above the first {first}")
        found = self._at(node, first)
        for level in range(first + 1, last + 1):
            other = self._at(node, level)
            found = self._make.combine("add", found, other)._replace(unit=found.unit)
        return found

    def deeper(self, node: Node) -> Value:
        """Refused: only :meth:`levels` knows of which level."""
        self._walk.fail(node, "deeper outside levels(...)", "levels(bp - deeper(bp), 9)")

    def _levelled(self, node: Node) -> None:
        """Refuses an argument that is the same at every level."""
        if not _names_levels(node.args[0]):
            why = f"nothing in {node.value}(...) has levels"
            self._walk.fail(node.args[0], why, f"one of {', '.join(LEVELLED)} without a number")

    def _level(self, node: Node) -> int:
        number = float(node.value) if node.kind == "number" else 0.0
        if number not in range(1, LEVELS + 1):
            self._walk.fail(node, f"levels wants whole numbers from 1 to {LEVELS}")
        return int(number)

    def _at(self, node: Node, level: int) -> Value:
        value = self._walk.value(self._numbered(node.args[0], level))
        if value.shape != "row":
            self._walk.fail(node.args[0], f"expected a series, found a {value.shape}")
        return value

    def _numbered(self, node: Node, level: int) -> Node:
        """The expression with the level behind the names that have one."""
        if node.kind == "name" and node.value in LEVELLED:
            if level > LEVELS:
                self._walk.fail(node, f"level {level}: the book has {LEVELS}")
            return replace(node, value=f"{node.value}{level}")
        if node.kind == "call" and node.value == "levels":
            self._walk.fail(node, "levels inside levels")
        if node.kind == "call" and node.value == "deeper":
            self._walk.unnamed(node, 1)
            self._levelled(node)
            return self._numbered(node.args[0], level + 1)
        return replace(node, args=tuple(self._numbered(a, level) for a in node.args))


def _names_levels(node: Node) -> bool:
    """Whether a part of the expression stands for another series at each level."""
    own = node.kind == "name" and node.value in LEVELLED
    return own or any(_names_levels(child) for child in node.args)
