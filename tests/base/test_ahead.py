"""Reading ahead: the same pieces in order, and an end that waits for nothing."""

import subprocess
import sys
from collections.abc import Iterator
from threading import Event

from intralpha.base.ahead import ahead

INTERRUPTED = """
import os, signal, threading, time
from intralpha.base.ahead import ahead

def pieces():
    yield 1
    time.sleep(2)
    yield 2

def work():
    for piece in ahead(pieces()):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

try:
    work()
except KeyboardInterrupt:
    pass
try:
    time.sleep(5)  # the second finds nobody who waits for a piece
except KeyboardInterrupt:
    print("done")
"""


def test_the_same_pieces_in_order_and_one_more_is_read() -> None:
    read: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(5):
            read.append(number)
            yield number

    seen = []
    for piece in ahead(pieces()):
        seen.append(piece)
        assert len(read) <= len(seen) + 1
    assert seen == read == [0, 1, 2, 3, 4]


def test_an_end_does_not_wait_for_a_piece_that_nobody_takes() -> None:
    go_on, read = Event(), Event()

    def pieces() -> Iterator[int]:
        yield 1
        go_on.wait(5)
        read.set()
        yield 2

    pieces_ahead = ahead(pieces())
    assert next(pieces_ahead) == 1
    pieces_ahead.close()  # type: ignore[attr-defined]
    assert not read.is_set()
    go_on.set()


def test_a_second_interrupt_leaves_no_trace() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
