"""Lines of a csv: every one is a row, a torn row or empty, whatever quotes stand in it."""

import csv

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from intralpha.sources.lines import MARK, split_lines, unquoted

SOUP = st.text(alphabet='ab",; \r\n', max_size=60)


def fields(text: str, separator: str = ",") -> list[list[str]]:
    """Fields of every line of a text."""
    return [line.split(MARK) for line in unquoted(text.encode(), separator).decode().split("\n")]


@given(SOUP, st.integers(1, 4))
@example('x,"y\nx,z\n', 2)
def test_every_line_is_good_or_torn_or_empty(text: str, count: int) -> None:
    plain = unquoted(text.encode(), ",")
    lines = split_lines(plain, MARK, count)
    written = text.split("\n")[:-1] if text.endswith("\n") or not text else text.split("\n")
    torn = {number for number, *_ in lines.torn}
    empty = {i for i, line in enumerate(written) if not plain.decode().split("\n")[i].strip()}
    good = set(lines.numbers.tolist())
    assert good | torn | empty == set(range(len(written)))
    assert not good & torn
    assert lines.text.count(b"\n") == len(good)


@given(st.lists(st.lists(st.text('ab,"; é', max_size=5), min_size=2, max_size=4), max_size=5))
def test_quotes_that_are_closed_are_read_as_the_standard_library_does(
    rows: list[list[str]],
) -> None:
    text = "".join(
        ",".join('"' + field.replace('"', '""') + '"' for field in row) + "\n" for row in rows
    )
    assert fields(text)[:-1] == rows == list(csv.reader(text.splitlines()))


def test_a_quote_that_is_not_closed_on_its_line_is_a_character() -> None:
    text = 'a,"*ST\nb,c\nd,"e"x\n"f,g",h\n"i""j" , k\n'
    assert fields(text)[:-1] == [
        ["a", '"*ST'],
        ["b", "c"],
        ["d", '"e"x'],
        ["f,g", "h"],
        ['i"j', " k"],
    ]


def test_torn_lines_keep_their_numbers_and_say_why() -> None:
    lines = split_lines(unquoted(b'1,2\n\n3\n"4,5\n6,"7,8"\n9,"a', ","), MARK, 2)
    assert lines.numbers.tolist() == [0, 3, 4, 5]
    assert lines.torn == [(2, "1 fields, expected 2", "3")]
    lines = split_lines(unquoted(b'1,"a,\nb",2\n', ","), MARK, 2)
    assert [why for _, why, _ in lines.torn] == [
        "3 fields, expected 2; a quote is not closed on its line"
    ]
    assert np.array_equal(lines.numbers, [1])
