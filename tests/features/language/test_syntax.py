"""The parser: precedence by hand, errors that point, and text that means harm."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.features.language.syntax import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_TALL,
    MAX_TEXT,
    ExpressionError,
    Node,
    nearest,
    parse,
)


def shown(node: Node) -> str:
    """A tree as nested brackets."""
    if node.kind in ("number", "name", "clock"):
        return f"{node.value:g}" if node.kind == "number" else str(node.value)
    inner = " ".join(shown(a) for a in node.args)
    named = "".join(f" {n}={shown(a)}" for n, a in node.named)
    head = node.value if node.kind == "call" else node.kind
    return f"({head} {inner}{named})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * x", "(+ 1 (* 2 x))"),
        ("(1 + 2) * x", "(* (+ 1 2) x)"),
        ("a - b - c", "(- (- a b) c)"),
        ("a / b / c", "(/ (/ a b) c)"),
        ("-x ** 2", "(neg (** x 2))"),
        ("x ** -1", "(** x -1)"),
        ("2 * -x", "(* 2 (neg x))"),
        ("- - x", "(neg (neg x))"),
        ("+x", "x"),
        ("ret < 0 & ok", "(& (< ret 0) ok)"),
        ("a | b & c", "(| a (& b c))"),
        ("~a & b", "(& (~ a) b)"),
        ("~a < b", "(~ (< a b))"),
        ("~-a < b & c", "(& (~ (< (neg a) b)) c)"),
        ("ok | row == 240 & traded & ~locked", "(| ok (& (& (== row 240) traded) (~ locked)))"),
        ("x[m][n]", "(select (select x m) n)"),
        ("-x[m]", "(neg (select x m))"),
        ("f(x, 2, least=3)", "(f x 2 least=3)"),
        ("f()", "(f )"),
        ('clock("09:30", "10:00")', "(clock 09:30 10:00)"),
        ("1e-3 + .5 + 2.", "(+ (+ 0.001 0.5) 2)"),
        ("a\n  + b", "(+ a b)"),
    ],
)
def test_trees(text, tree):
    assert shown(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("", 1, "found the end"),
        ("1 +", 4, "found the end"),
        ("a b", 3, "expected an operator, found b"),
        ("f(a", 4, "expected ,"),
        ("f(a=1, b)", 8, "without a name"),
        ("a < b < c", 7, "chain of comparisons"),
        ("x ** y", 6, "constant exponent"),
        ("x[a", 4, "expected ]"),
        ("a @ b", 3, "'@' has no place"),
        ("a.b", 2, "'.' has no place"),
        ("'x'", 1, "has no place in an expression (a time is written '09:30')"),
        ("clock('9:30', '10:00')", 7, "a time is written '09:30'"),
        ("2 * 1e400", 5, "1e400 is too large a number"),
        ('"noon"', 1, "has no place"),
        ("lambda: 1", 7, "':' has no place"),
        ("x if y else z", 3, "expected an operator"),
        ("a = 1", 3, "expected an operator"),
        ("é", 1, "has no place"),
        ("a" * 65, 1, "a name of over 64"),
    ],
)
def test_errors_point_at_the_column(text, column, why):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"column {column}: ")
    assert why in str(caught.value)
    assert caught.value.column == column - 1


def test_the_error_shows_the_place():
    with pytest.raises(ExpressionError) as caught:
        parse("x" + " + y" * 50 + " @ z")
    message = str(caught.value).splitlines()
    assert message[1][message[2].index("^")] == "@"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1),
        "f(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1),
        "x[" * (MAX_DEPTH + 1) + "y" + "]" * (MAX_DEPTH + 1),
        "x" + "+x" * MAX_NODES,
        "-" * (MAX_TEXT - 1) + "x",
        "~" * (MAX_TEXT - 1) + "x",
        "x" * (MAX_TEXT + 1),
        "__import__('os').system('true')",
        "().__class__",
        "exec(open)",
        "\x00",
        "9" * 3999 + ".e999999999999",
    ],
)
def test_hostile_text_ends_in_an_error_or_a_tree(text):
    with suppress(ExpressionError):
        assert isinstance(parse(text), Node)


def test_size_is_bounded():
    deep = "(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1)
    many = "f(" + ",".join(["x"] * MAX_NODES) + ")"
    for text in (deep, many, "x" + "+x" * MAX_TALL, "-" * MAX_TALL + "x"):
        with pytest.raises(ExpressionError, match="over"):
            parse(text)


@settings(max_examples=200)
@given(st.text(alphabet='abx01.9 +-*/()[]<>=!&|~,"_:\n', max_size=60))
def test_any_text_is_a_tree_or_an_expression_error(text):
    column = 0
    try:
        assert isinstance(parse(text), Node)
    except ExpressionError as error:
        column = error.column
    assert 0 <= column <= len(text)


def test_nearest_names_a_close_word_or_all():
    assert nearest("volme", ["volume", "open"]) == "did you mean volume?"
    assert nearest("zzz", ["volume", "open"]) == "known are: open, volume"
