"""Begins jobs that take minutes, so that a test can send Ctrl-C to all of its processes."""

import os
import time

import polars as pl

from intralpha.executors import Processes


def long(number: int) -> None:
    os.write(1, f"job {number}\n".encode())
    time.sleep(300)


if __name__ == "__main__":
    print(pl.DataFrame({"polars": ["is here"]}).item(), flush=True)  # its handler of SIGINT, too
    with Processes(2) as executor:
        executor.run(long, range(6))
