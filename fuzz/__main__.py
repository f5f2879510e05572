"""`python -m fuzz`: break input for as long as is asked, in processes that may die of it."""

import argparse
import os
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

from fuzz.cases import TARGETS
from fuzz.once import FAULT, TAKEN, attempt
from fuzz.worlds import PLACE

GIB = 2**30
CASE_SECONDS, CASES_A_PROCESS = 60, 300


def child(target: str, first: int, stop: int, until: float, pipe: int) -> None:
    """Try cases one after another; say of each that it begins, and what is wrong with it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (GIB, GIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    for seed in range(first, stop):
        os.write(pipe, f"begin {seed}\n".encode())
        signal.alarm(CASE_SECONDS)
        how, said = attempt(target, seed)
        signal.alarm(0)
        heavy = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > 4 * GIB
        if heavy:
            how, said = FAULT, "more than 4 GiB of memory"
        os.write(pipe, f"{how} {seed} {' | '.join(said.splitlines())[:600]}\n".encode())
        if heavy or time.monotonic() > until:
            break


def chunk(target: str, first: int, until: float) -> tuple[int, int, list[str]]:
    """Cases tried in one process from a seed on, how many were taken, and what is wrong."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            child(target, first, first + CASES_A_PROCESS, until, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(pid, 0)
    begun = [line.split()[1] for line in lines if line.startswith("begin ")]
    taken = sum(line.startswith(f"{TAKEN} ") for line in lines)
    faults = [f"{target} {line[6:]}" for line in lines if line.startswith(f"{FAULT} ")]
    if os.WIFSIGNALED(status) and begun:
        name = signal.Signals(os.WTERMSIG(status)).name
        faults.append(f"{target} {begun[-1]} ended by {name}" + " (hung)" * (name == "SIGALRM"))
    return len(begun), taken, faults


def main() -> int:
    """Try all targets in turn until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="only these")
    parser.add_argument("--seed", type=int, help="only this case, in this process, faults raised")
    parser.add_argument("--first", type=int, default=0, help="seed to begin with")
    given = parser.parse_args()
    targets = given.target or list(TARGETS)
    if given.seed is not None:
        for target in targets:
            print(target, given.seed, *attempt(target, given.seed))
        return 0
    os.environ.setdefault(PLACE, mkdtemp(prefix="fuzz_worlds"))
    until, at = time.monotonic() + given.seconds, Counter[str]()
    counts, taken, faults = Counter[str](), Counter[str](), list[str]()
    while time.monotonic() < until:
        for target in targets:
            share = min(until, time.monotonic() + given.seconds / len(targets) / 2)
            tried, good, found = chunk(target, given.first + at[target], share)
            at[target] += max(tried, 1)
            counts[target] += tried
            taken[target] += good
            faults += found
            for line in found:
                print(line, flush=True)
            if time.monotonic() > until:
                break
    for target in targets:
        wrong = sum(f.startswith(f"{target} ") for f in faults)
        print(
            f"{target:<12} {counts[target]:>8,} cases  {taken[target]:>8,} taken  {wrong:>5,} faults"
        )
    print(f"RESULT cases={sum(counts.values())} faults={len(faults)} targets={len(targets)}")
    return 1 if faults else 0


if __name__ == "__main__":
    assert Path("fuzz").is_dir(), "run it from the repository"
    sys.exit(main())
