"""Syntax: from the text of an expression to a tree, by a parser of our own.

Nothing is evaluated here or by Python. Text, depth, names and the number of nodes are bounded, so
hostile input ends in an error.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite

from intralpha.base import ConfigError

MAX_TEXT, MAX_DEPTH, MAX_NODES, MAX_NAME = 4000, 40, 500, 64
MAX_TALL = 60  # operations one upon another, as in a sum of so many terms
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<clock>"[0-2][0-9]:[0-5][0-9]"|'[0-2][0-9]:[0-5][0-9]')
    |(?P<op>\*\*|<=|>=|==|!=|[-+*/<>&|~()\[\],=]))""",
    re.VERBOSE | re.ASCII,
)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOOSEST, COMPARING = 0, 2
LEVELS = {"|": 0, "&": 1, **dict.fromkeys(COMPARISONS, COMPARING)}
LEVELS |= {"+": 3, "-": 3, "*": 4, "/": 4}


class ExpressionError(ConfigError):
    """An expression that cannot be read, with the place and a way out.

    Attributes
    ----------
    text, column : the expression, and where in it (from 0)
    why, hint : what was found, and what to do
    factor : whose expression it is; may be empty
    """

    def __init__(self, text: str, column: int, why: str, hint: str = "", factor: str = "") -> None:
        self.text, self.column, self.why, self.hint = text, column, why, hint
        self.factor = factor
        start = max(0, column - 60)
        shown = text[start : start + 100].replace("\n", " ")
        whose = f"{factor}, " if factor else ""
        message = f"{whose}column {column + 1}: {why}\n  {shown}\n  {' ' * (column - start)}^"
        super().__init__(message + (f"\nHint: {hint}" if hint else ""))


@contextmanager
def naming(factor: str) -> Iterator[None]:
    """Inside the block, an error in an expression says whose it is.

    Raises
    ------
    ExpressionError
    """
    try:
        yield
    except ExpressionError as error:
        found = error.text, error.column, error.why, error.hint
        raise ExpressionError(*found, factor=factor) from error


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of an expression.

    Attributes
    ----------
    kind : number, name, clock, call, select (``x[mask]``), or an operator; ``neg`` for the sign
    at : column
    args : operands
    value : the number, or the name
    named : arguments given by name, such as ``least=60``
    tall : operations one upon another, this one included
    """

    kind: str
    at: int
    args: tuple["Node", ...] = ()
    value: float | str = ""
    named: tuple[tuple[str, "Node"], ...] = ()
    tall: int = 1


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def nearest(name: str, known: list[str]) -> str:
    """A hint that names the closest known word, if one is close."""
    found = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else f"known are: {', '.join(sorted(known))}"


def parse(text: str) -> Node:
    """Read an expression.

    Raises
    ------
    ExpressionError
        It is no expression of the grammar, or larger than the bounds.

    Examples
    --------
    >>> parse("corr(volume[okT], trades)").args[0].kind
    'select'
    """
    if len(text) > MAX_TEXT:
        why = f"{len(text)} characters; at most {MAX_TEXT}"
        raise ExpressionError(text, MAX_TEXT, why, "split it into several factors")
    return _Parser(text).whole()


def names_read(text: str) -> set[str]:
    """Names of series and constants in a text; neither functions nor arguments given by name."""
    return {token.text for token in _names(text)}


def replace_names(text: str, words: Mapping[str, str]) -> str:
    """The text with words in place of some of the names of :func:`names_read`.

    Examples
    --------
    >>> replace_names("top(ret, top, least=least)", {"top": "0.3", "least": "60"})
    'top(ret, 0.3, least=60)'
    """
    for token in reversed(_names(text)):
        if token.text in words:
            end = token.at + len(token.text)
            text = text[: token.at] + words[token.text] + text[end:]
    return text


def _names(text: str) -> list["_Token"]:
    tokens = _tokens(text)
    after = [t.text if t.kind == "op" else "" for t in tokens[1:]]
    return [
        token
        for token, behind in zip(tokens, after, strict=False)
        if token.kind == "name" and behind not in ("(", "=")
    ]


def _tokens(text: str) -> list[_Token]:
    out, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            time = " (a time is written '09:30')" if text[at] in "'\"" else ""
            raise ExpressionError(text, at, f"{text[at]!r} has no place in an expression{time}")
        kind = str(match.lastgroup)
        if kind == "number" and not isfinite(float(match[kind])):
            raise ExpressionError(text, match.start(kind), f"{match[kind]} is too large a number")
        token = _Token(kind, match[kind], match.start(kind))
        if kind == "name" and len(token.text) > MAX_NAME:
            raise ExpressionError(text, token.at, f"a name of over {MAX_NAME} characters")
        out.append(token)
        place = match.end()
    return [*out, _Token("end", "the end", len(text))]


class _Parser:
    """Recursive descent; operators by how tightly they bind."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens = text, _tokens(text)
        self._place = self._depth = self._nodes = 0

    def whole(self) -> Node:
        node = self._any()
        if self._now.kind != "end":
            raise self._error(f"expected an operator, found {self._now.text}")
        return node

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _error(self, why: str, hint: str = "") -> ExpressionError:
        return ExpressionError(self._text, self._now.at, why, hint)

    def _accept(self, *texts: str) -> str:
        now = self._now
        if now.kind == "op" and now.text in texts:
            self._place += 1
            return now.text
        return ""

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(f"expected {text}, found {self._now.text}")

    def _node(self, kind: str, at: int, *args: Node, **rest: object) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(f"over {MAX_NODES} operations", "split it into several factors")
        tall = 1 + max((a.tall for a in args), default=0)
        if tall > MAX_TALL:
            why = f"over {MAX_TALL} operations one upon another"
            raise self._error(why, "split it into several factors")
        return Node(kind, at, args, tall=tall, **rest)  # type: ignore[arg-type]

    def _any(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"nested over {MAX_DEPTH} deep", "split it into several factors")
        node = self._level(LOOSEST)
        self._depth -= 1
        return node

    def _level(self, lowest: int) -> Node:
        """Operators that bind at least as tightly as ``lowest``, from the left."""
        node = self._prefix()
        while (level := LEVELS.get(self._now.text, -1)) >= lowest and self._now.kind == "op":
            found = self._now
            self._place += 1
            node = self._node(found.text, found.at, node, self._level(level + 1))
            if level == COMPARING and LEVELS.get(self._now.text) == COMPARING:
                raise self._error("a chain of comparisons", "write a < b & b < c")
        return node

    def _prefix(self) -> Node:
        """Signs bind tighter than operators, ``~`` looser than comparisons."""
        nots = self._run("~")
        signs = [] if nots else self._run("-", "+")
        node = self._level(COMPARING) if nots else self._power()
        for at, kind in reversed(nots + signs):
            if kind != "+":
                node = self._node("neg" if kind == "-" else kind, at, node)
        return node

    def _run(self, *texts: str) -> list[tuple[int, str]]:
        """Places of these operators, one after another."""
        out = []
        while (at := self._now.at) >= 0 and (found := self._accept(*texts)):
            out.append((at, found))
        return out

    def _power(self) -> Node:
        node = self._postfix()
        at = self._now.at
        if not self._accept("**"):
            return node
        minus = bool(self._accept("-"))
        now = self._now
        if now.kind != "number":
            raise self._error(f"expected a constant exponent, found {now.text}")
        self._place += 1
        power = self._node("number", now.at, value=-float(now.text) if minus else float(now.text))
        return self._node("**", at, node, power)

    def _postfix(self) -> Node:
        node = self._atom()
        while (at := self._now.at) >= 0 and self._accept("["):
            node = self._node("select", at, node, self._any())
            self._expect("]")
        return node

    def _atom(self) -> Node:
        now = self._now
        if self._accept("("):
            node = self._any()
            self._expect(")")
            return node
        self._place += now.kind != "end"
        if now.kind == "number":
            return self._node("number", now.at, value=float(now.text))
        if now.kind == "clock":
            return self._node("clock", now.at, value=now.text.strip("\"'"))
        if now.kind != "name":
            self._place -= now.kind != "end"
            raise self._error(f"expected a number, a name or a bracket, found {now.text}")
        return self._call(now) if self._accept("(") else self._node("name", now.at, value=now.text)

    def _call(self, function: _Token) -> Node:
        args: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self._accept(")"):
            if args or named:
                self._expect(",")
            now, after = self._now, self._tokens[min(self._place + 1, len(self._tokens) - 1)]
            if now.kind == "name" and after.text == "=":
                self._place += 2
                named.append((now.text, self._any()))
            elif named:
                raise self._error("an argument without a name after one with a name")
            else:
                args.append(self._any())
        return self._node("call", function.at, *args, value=function.text, named=tuple(named))
