"""Start of the command line: processor time of commands that compute nothing.

    python benchmarks/startup.py            the median of 7 runs each
    python benchmarks/startup.py --quick    of 3 runs each

The peer is the import of the four libraries that such a command needs, in the same run. All times
are user and system seconds; compiled bytecode is made first, as an installed package has it.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PEER = ("-c", "import numpy, polars, typer, pydantic")
START = ("-c", "from intralpha.cli import main; main()")
RECIPES = Path(__file__).resolve().parent.parent / "recipes"
COMMANDS = {
    "version": ("--version",),
    "help": ("--help",),
    "run_help": ("run", "--help"),
    **{
        f"check {name}": ("check", str(RECIPES / f"{name}.yaml"))
        for name in ("demo", "real_daily", "level2_hf27")
    },
}


def cpu_seconds(words: tuple[str, ...], env: dict[str, str]) -> float:
    """User and system time of one Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], env=env, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def medians(runs: int) -> dict[str, float]:
    """Median time of the peer and of each command; one round after another, so that all meet the
    same machine.
    """
    words = {"peer": PEER} | {name: (*START, *command) for name, command in COMMANDS.items()}
    found: dict[str, list[float]] = {name: [] for name in words}
    with TemporaryDirectory() as folder:
        env = os.environ | {"PYTHONPYCACHEPREFIX": folder}
        env |= {"INTRALPHA_REAL_DATA": folder, "INTRALPHA_LAKES": folder}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for at in range(runs + 1):  # the first makes the bytecode
            for name, command in words.items():
                seconds = cpu_seconds(command, env)
                found[name] += [seconds] if at else []
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    """Run and print a line a command, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 runs a command")
    found = medians(3 if parser.parse_args().quick else 7)
    ratio = {name: seconds / found["peer"] for name, seconds in found.items()}
    for name, seconds in found.items():
        print(f"{name:18} {seconds:6.3f} s {ratio[name]:6.2f} x the import")
    told = max(ratio["help"], ratio["run_help"])
    checked = max(value for name, value in ratio.items() if name.startswith("check"))
    print(f"RESULT version={ratio['version']:.2f} help={told:.2f} check={checked:.2f}")


if __name__ == "__main__":
    main()
