"""Faults: every harm that a machine can do to a run, and whether the end is the same.

    python benchmarks/faults.py            all of them, some minutes
    python benchmarks/faults.py --quick    three sorts on a shorter market, under a minute

A small recipe (simulated market, network, hand-made factor, combination by matured ICIR,
portfolio, tests) runs once undisturbed. Then the same command runs in other places: killed before
it puts the first file of each stage in place, and in the middle of each; against a limit of the
size of files; in too little memory; beside a second process; under another time zone and with
files from the future, as a clock that was set back leaves them; and with a file of every sort that
it keeps (lake, manifest, caches, days, folders, checkpoints) changed by a bit, cut or emptied.

A fault is *survived* when the command, given again where it stopped, ends with every file of lake
and store the same, byte for byte, but for those that say how long something took. It is *refused*
when the command stops with an error of ours (exit code 2 or 3) until the harm is undone, and then
ends the same. Everything else is lost.
"""

import argparse
import contextlib
import hashlib
import importlib
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

RECIPE = """
name: faults
data:
  lake: lake
  sources:
    - {kind: simulated, seed: 3, n_assets: 40, start: 2023-01-03, end: 2023-04-28, freq: 30,
       habits: {orders_per_day: 100}}
  assets: bars
  bar_freq: 30
universe: {min_listed_days: 5, exclude_st: false}
grid: {every: 3}
factors:
  gru:
    kind: network
    features:
      {kind: library, library: bar64_30, rows: 30, parameters: {least: 1},
       names: [bar_ret, bar_range]}
    transform: {kind: global_standard}
    window_days: 3
    label: {kind: y_ret, horizon: 3}
    schedule: {kind: rolling, train_days: 24, valid_days: 9, step_days: 30}
    model: {kind: gru, hidden: 4}
    objective: {kind: neg_ic}
    training: {learning_rate: 0.01, max_epochs: 3, patience: 3}
    seeds: [0]
  simple:
    kind: zscore_mean
    features: {kind: library, library: price_volume, names: [ret20]}
    signs: {ret20: -1}
combination: {kind: icir_weight, observations: 6, min_observations: 2}
test: {horizons: [[1, 3]], factor: {n_groups: 3}}
portfolio:
  problem: {stock_deviation: 0.2, industry_deviation: 0.5, style_bounds: {}}
"""

IMPORTED = (
    "intralpha.cli.main",
    "intralpha.pipeline.run",
    "intralpha.pipeline.listing",
    "intralpha.training.fold",
    "intralpha.sources.exchange.market",
    "highspy",
    "clarabel",
    "scipy.stats",
)
TIMED = ("artifact.json", "history.parquet", "solver.json")  # they say how long something took
STAGES = (
    "lake/daily", "lake/bars", "lake/manifest.json", "/ingest/", "/universe/", "features/",
    "label/", "weights/", "state/facts.json", "/outputs/", "/score/", "/matured/",
    "/combination/", "/signal/", "/benchmark/", "/exposures/", "/portfolio/", "/test/",
    "report.html",
)  # fmt: skip
QUICK_STAGES = ("state/facts.json",)
LONG_STAGES = ("lake/bars", "features/", "label/", "/outputs/", "/score/", "/signal/")


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes
    ----------
    code : exit code, or minus the signal
    said : on stderr
    seconds : of processor time
    """

    code: int
    said: str
    seconds: float

    @property
    def refused(self) -> bool:
        """Whether it was an error of ours."""
        return self.code in (2, 3)

    def brief(self) -> str:
        """In a few words."""
        if self.code < 0:
            return f"killed ({signal.Signals(-self.code).name})"
        lines = [line for line in self.said.splitlines() if line and " INFO " not in line]
        errors = [line for line in lines if line.endswith(("Error", "Exception"))]
        if self.refused and errors:
            return errors[-1]
        return f"exit {self.code}" + (f": {lines[-1][:60]}" if self.code and lines else "")


@dataclass
class Row:
    """A line of the table.

    Attributes
    ----------
    fault, where : what was done to what
    happened : what the command made of it
    same : whether the end was that of the undisturbed run
    refused : whether it stopped with an error of ours first
    """

    fault: str
    where: str
    happened: str
    same: bool
    refused: bool = False

    def __str__(self) -> str:
        return f"| {self.fault} | {self.where} | {self.happened} | {'yes' if self.same else 'NO'} |"


def command(folder: Path, harm: Callable[[], None] = lambda: None, verb: str = "run") -> Ended:
    """``intralpha run faults.yaml`` in a folder, in a process of its own.

    Parameters
    ----------
    folder : with the recipe
    harm : done in that process before it begins
    verb : another one than ``run``
    """
    said = folder / "said.txt"
    child = os.fork()  # imports are done; nothing has begun that would not live through it
    if child == 0:
        _begin(folder, said, harm, verb)
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, said.read_text(errors="replace"), used.ru_utime + used.ru_stime)


def _begin(folder: Path, said: Path, harm: Callable[[], None], verb: str = "run") -> None:
    """Become the command; never returns."""
    code = 1
    try:
        os.chdir(folder)
        with said.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        sys.argv = ["intralpha", verb, "faults.yaml"]
        from intralpha.cli.main import main as begin

        harm()
        begin(own_process=False)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def kill_before(part: str, count: int) -> Callable[[], None]:
    """SIGKILL before the ``count``-th file with a part in its path is put in place."""

    def harm() -> None:
        left = count

        def hook(event: str, given: tuple) -> None:
            nonlocal left
            if event == "os.rename" and part in f"{given[0]} {given[1]}":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)

    return harm


def largest_file(size: int) -> Callable[[], None]:
    """No file may become larger: what does fails in the middle of a write, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def memory(more: int) -> Callable[[], None]:
    """So many bytes of address space more than the process has."""

    def harm() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    return harm


def time_zone(name: str) -> Callable[[], None]:
    """The process lives elsewhere."""

    def harm() -> None:
        os.environ["TZ"] = name
        time.tzset()

    return harm


def digest(folder: Path) -> str:
    """Of every file that is kept of the lake's rows and in the store, and of its path."""
    whole = hashlib.sha256()
    lake, store = folder / "lake", folder / "runs/artifacts"
    files = [*lake.rglob("*.parquet"), *(p for p in store.rglob("*") if p.is_file())]
    for path in sorted(files):
        parts = path.relative_to(folder).parts
        apart = {"ingest", "made", ".work", ".cache"} & set(parts)  # they tell times, or are no end
        if not apart and path.name not in TIMED and not path.name.startswith("."):
            whole.update(f"{path.relative_to(folder)}\n".encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def lay(folder: Path, recipe: str) -> Path:
    """A folder with the recipe alone."""
    folder.mkdir(parents=True)
    (folder / "faults.yaml").write_text(recipe, encoding="utf-8")
    return folder


@dataclass
class Bench:
    """The undisturbed run, and what was found beside it.

    Attributes
    ----------
    work : everything is laid in it
    quick : three sorts of faults, and a shorter market
    expected : digest of the undisturbed run
    rows : of the table
    """

    work: Path
    quick: bool
    expected: str = ""
    rows: list[Row] = field(default_factory=list)

    @property
    def true(self) -> Path:
        """Folder of the undisturbed run."""
        return self.work / "true"

    def lay(self, name: str) -> Path:
        """A folder with the recipe alone."""
        shorter = RECIPE.replace("2023-04-28", "2023-03-24")
        return lay(self.work / name, shorter if self.quick else RECIPE)

    def copy(self, name: str) -> Path:
        """A copy of the undisturbed run, files and all."""
        return Path(shutil.copytree(self.true, self.work / name, copy_function=shutil.copy2))

    def add(self, fault: str, where: str, ended: Ended, folder: Path, last: Ended) -> None:
        """A row: how the disturbed command ended, and how the last one did."""
        same = last.code == 0 and digest(folder) == self.expected
        row = Row(fault, where, ended.brief(), same, ended.refused)
        self.rows.append(row)
        print(row, flush=True)
        if not same:
            print(last.said[-1500:], file=sys.stderr, flush=True)


def killed(bench: Bench, count: int, stages: Sequence[str]) -> None:
    """SIGKILL at every stage in turn, each command going on from what the last one left."""
    folder = bench.lay(f"killed-{count}")
    kills = []
    for stage in stages:
        ended = command(folder, kill_before(stage, count))
        if ended.code == -signal.SIGKILL:
            kills.append(stage.strip("/"))
        elif ended.code:
            break
    last = command(folder)
    word = "the first" if count == 1 else f"file {count}"
    where = f"before {word} of {', '.join(kills)}"
    bench.add(f"kill -9, {len(kills)} times in one run", where, last, folder, last)


def stopped(bench: Bench, name: str, where: str, harm: Callable[[], None]) -> None:
    """A harm that ends with the command; then the command again."""
    folder = bench.lay(name)
    ended = command(folder, harm)
    last = command(folder) if ended.code else ended
    bench.add(name, where, ended, folder, last)


def two_at_once(bench: Bench) -> None:
    """The same command twice in one folder at the same time."""
    folder = bench.lay("two")
    pids = []
    for number in range(2):
        child = os.fork()
        if child == 0:
            _begin(folder, folder / f"said-{number}.txt", lambda: None)
        pids.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    said = "".join((folder / f"said-{n}.txt").read_text() for n in range(2))
    both = Ended(max(codes, key=abs), said, 0.0)
    last = command(folder) if any(codes) else both
    bench.add("two processes", "one lake and one store", both, folder, last)


def clock_set_back(bench: Bench) -> None:
    """Half a run, whose files then are from the future."""
    folder = bench.lay("clock")
    command(folder, kill_before("/outputs/", 1))
    future = time.time() + 400 * 86_400
    for path in folder.rglob("*"):
        os.utime(path, (future, future))
    last = command(folder)
    bench.add("clock set back", "400 days, in the middle of a run", last, folder, last)


def harmed(path: Path, how: str) -> None:
    """Change a file; its times stay."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    if how == "a bit":
        content[len(content) // 2] ^= 16
    path.write_bytes(
        content[: {"a bit": len(content), "cut": len(content) // 2, "emptied": 0}[how]]
    )
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def kept_file(true: Path, folder: Path, kind: str) -> Path:
    """A file of the slice in the middle of a node of a kind: what lies at an end, such as a label
    of the last days or exposures before the first score, is read by nothing.
    """
    key = asked(lambda: _middle(true, kind))
    store = folder / "runs/artifacts" / kind
    inside = [p for p in store.rglob("*") if key in p.parts and "made" not in p.parts]
    files = sorted(p for p in inside if p.is_file())
    return next((p for p in files if p.name not in TIMED), files[0])


def _middle(true: Path, kind: str) -> str:
    """Address of the slice in the middle of the first node of a kind."""
    from intralpha.pipeline import load_recipe, plan

    planned = plan(load_recipe(true / "faults.yaml"), true / "runs")
    node = next(name for name in planned.addresses if name.partition("/")[0] == kind)
    keys = list(planned.addresses[node].values())
    return keys[len(keys) // 2]


def asked(question: Callable[[], str]) -> str:
    """The answer of a process of its own: threads that it begins would not live through a fork."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(into, question().encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        answer = told.read()
    os.waitpid(child, 0)
    return answer


def damaged_store(bench: Bench, kind: str, how: str) -> None:
    """A kept slice is changed, and what is made of its node must be made again."""
    folder = bench.copy(f"store-{kind}-{how}".replace(" ", ""))
    store = folder / "runs/artifacts"
    harmed(kept_file(bench.true, folder, kind), how)
    for consumer in USED_BY.get(kind, ()):
        shutil.rmtree(store / consumer, ignore_errors=True)
    last = command(folder)
    healed = "made again" in last.said
    happened = Ended(last.code, last.said, 0) if last.code or not healed else None
    bench.add(f"{how} of {kind}", "store", last, folder, last)
    if happened is None:
        bench.rows[-1].happened = "found by its checksum, made again"


def damaged_lake(bench: Bench, pattern: str, how: str) -> None:
    """A file of the lake is changed; refused until it is deleted and its source ingested again."""
    folder = bench.copy(f"lake-{pattern.strip('*./').replace('/', '-')}-{how}".replace(" ", ""))
    path = sorted(folder.glob(f"lake/{pattern}"))[-1]
    harmed(path, how)
    for consumer in (
        "features",
        "universe",
        "label",
        "exposures",
        "matured",
        "forward",
        "portfolio",
    ):
        shutil.rmtree(folder / "runs/artifacts" / consumer, ignore_errors=True)
    ended = command(folder)
    last = ended
    if ended.code:
        path.unlink()
        if path.name == "manifest.json":
            shutil.rmtree(folder / "lake")
        command(folder, verb="ingest")
        last = command(folder)
    bench.add(f"{how} of {path.relative_to(folder / 'lake')}", "lake", ended, folder, last)


def damaged_cache(bench: Bench, pattern: str, how: str) -> None:
    """A file of the lake's cache is changed, and what was read through it is made again."""
    folder = bench.copy(f"cache-{pattern.strip('*./').replace('/', '-')}-{how}".replace(" ", ""))
    found = sorted(folder.glob(f"lake/.cache/{pattern}"))
    for path in found:
        harmed(path, how)
    for consumer in ("features", "universe", "label", "exposures", "weights", "outputs", "score"):
        shutil.rmtree(folder / "runs/artifacts" / consumer, ignore_errors=True)
    last = command(folder)
    bench.add(f"{how} of {pattern} ({len(found)} files)", "cache", last, folder, last)


def damaged_checkpoint(bench: Bench, how: str) -> None:
    """Killed in a training, whose state is then changed."""
    folder = bench.lay(f"checkpoint-{how}".replace(" ", ""))
    command(folder, kill_before("state/facts.json", 3))
    # The last state was written, and not yet named: the one before counts.
    path = min(folder.glob("runs/artifacts/.work/weights-*/state/state-*"))
    harmed(path, how)
    ended = command(folder)
    if ended.code:
        shutil.rmtree(path.parent)
    last = command(folder) if ended.code else ended
    bench.add(f"{how} of a checkpoint", ".work", ended, folder, last)


USED_BY = {
    "features": ("outputs", "score", "weights"),
    "universe": ("score", "outputs", "weights"),
    "label": ("weights",),
    "weights": ("outputs",),
    "outputs": ("score",),
    "score": ("combination", "signal"),
    "combination": ("signal",),
    "signal": ("portfolio", "test"),
    "exposures": ("portfolio",),
    "benchmark": ("portfolio",),
    "portfolio": (),
    "test": (),
}


def faults(bench: Bench) -> None:
    """All faults, the dearest last."""
    killed(bench, 1, QUICK_STAGES if bench.quick else STAGES)
    damaged_store(bench, "signal", "a bit")
    damaged_lake(bench, "bars/*/*.parquet", "a bit")
    if bench.quick:
        return
    damaged_checkpoint(bench, "a bit")
    two_at_once(bench)
    stopped(bench, "full disk", "files of at most 24 kB", largest_file(24_000))
    stopped(bench, "time zone", "America/New_York", time_zone("America/New_York"))
    clock_set_back(bench)
    killed(bench, 7, LONG_STAGES)
    for size in (300, 2_000, 8_000, 60_000, 200_000):
        stopped(bench, f"full disk {size}", f"files of at most {size:,} bytes", largest_file(size))
    stopped(bench, "little memory", "250 MiB more than the imports", memory(250 << 20))
    for kind in USED_BY:
        for how in ("a bit", "cut", "emptied"):
            if (kind, how) != ("signal", "a bit"):
                damaged_store(bench, kind, how)
    for how in ("a bit", "cut", "emptied"):
        for pattern in ("daily/*.parquet", "instruments/*.parquet", "manifest.json"):
            damaged_lake(bench, pattern, how)
        damaged_cache(bench, "**/*.npy", how)
        damaged_cache(bench, "**/*.json", how)
    for how in ("cut", "emptied"):
        damaged_checkpoint(bench, how)


def main() -> None:
    """Run, print the table, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few of every sort")
    quick = parser.parse_args().quick
    import_everything()
    with TemporaryDirectory(prefix="faults-") as work:
        bench = Bench(Path(work), quick)
        print("| fault | where | what happened | same end |\n|---|---|---|---|")
        ended = command(bench.lay("true"))
        if ended.code:
            sys.exit(ended.said)
        bench.expected = digest(bench.true)
        faults(bench)
    rows = bench.rows
    same, refused = sum(row.same for row in rows), sum(row.refused for row in rows)
    print(f"undisturbed run: {ended.seconds:.1f} s of processor time, {bench.expected}")
    print(f"RESULT faults={len(rows)} same={same} refused={refused} lost={len(rows) - same}")
    sys.exit(same < len(rows))


def import_everything() -> None:
    """What the command imports, once for all processes that will be it; nothing works meanwhile."""
    for name in IMPORTED:
        importlib.import_module(name)


if __name__ == "__main__":
    main()
