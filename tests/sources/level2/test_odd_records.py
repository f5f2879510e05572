"""Records of hours in which nobody trades, and at prices that no share has: noted with a cure."""

import pytest

from intralpha.sources.level2.settle import DEAR, OTHER_HOURS

from .conftest import ORDER_LINES, TRADE_LINES, Write, datayes, read


def changed(lines: tuple[str, ...], field: int, change) -> list[str]:
    parts = [line.split(",") for line in lines]
    return [",".join([*p[:field], change(p[field]), *p[field + 1 :]]) for p in parts]


def earlier(clock: str) -> str:
    return f"{int(clock[:2]) - 8:02d}{clock[2:]}"


def scaled(price: str) -> str:
    return str(round(float(price) * 10_000))


def test_hours_of_another_zone(write: Write) -> None:
    path = write(changed(ORDER_LINES, 2, earlier), changed(TRADE_LINES, 2, earlier))
    found = read(datayes(path))
    assert found["trades"].notes[OTHER_HOURS] == len(TRADE_LINES)
    assert found["orders"].notes[OTHER_HOURS] == len(ORDER_LINES)


def test_prices_in_another_scale(write: Write) -> None:
    path = write(changed(ORDER_LINES, 5, scaled), changed(TRADE_LINES, 3, scaled))
    found = read(datayes(path))
    assert (found["trades"].notes[DEAR], found["orders"].notes[DEAR]) == (7, 7)


@pytest.mark.parametrize("clock", ["11:32:00.000", "12:58:00.000", "09:09:00.000"])
def test_single_records(write: Write, clock: str) -> None:
    line = TRADE_LINES[-1].replace("15:00:00.100", clock)
    assert read(datayes(write(ORDER_LINES, [*TRADE_LINES[:-1], line])))["trades"].notes[OTHER_HOURS]


def test_a_day_as_it_is_says_nothing(write: Write) -> None:
    for batch in read(datayes(write(ORDER_LINES, TRADE_LINES))).values():
        assert not {DEAR, OTHER_HOURS} & set(batch.notes)
