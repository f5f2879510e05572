"""Beside qlib: daily columns read, daily IC and RankIC, windows for a network.

    make bench-qlib                       1,000 stocks, 750 days, qlib in an environment of its own
    python benchmarks/beside_qlib.py --quick    200 stocks, 250 days
    python benchmarks/beside_qlib.py --qlib PYTHON    an interpreter that has qlib

The same files in qlib's layout are read by qlib's ``D.features`` and, once taken into a lake, by
``read_daily``. Then both correlate a score with a label day by day, and cut shuffled batches of
20-day windows: qlib with its ``TSDataSampler``, by lists of places, which is several times faster
than one by one as its models' DataLoader asks (printed too). Prices must agree to a float32, IC to
1e-9 and the windows in number and checksum, or the benchmark fails. qlib has a process of its own,
and may use every core. Without it only our times are taken.
"""

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from intralpha.base import Panel
from intralpha.datasets import Samples
from intralpha.evaluation import ic, rank_ic
from intralpha.market import Lake, read_daily
from intralpha.sources import QlibSpec, ingest

HERE = Path(__file__).resolve().parent
FIELDS = ("open", "high", "low", "close", "volume", "factor")
OURS = ("adj_open", "adj_high", "adj_low", "adj_close", "volume", "adj_factor")
WINDOW_DAYS, FEATURES, BATCH, ROUNDS = 20, 6, 5_000, 3


@dataclass(frozen=True)
class Data:
    """Axes, the fields of qlib [D, A, 6], and a score, a label and features on the same axes."""

    days: np.ndarray
    codes: list[str]
    fields: np.ndarray
    score: np.ndarray
    label: np.ndarray
    x: np.ndarray


def make_data(stocks: int, days: int) -> Data:
    """Random walks on ticks, without gaps; factors that grow now and then."""
    rng, shape = np.random.default_rng(0), (days, stocks)
    dates = np.busday_offset("2020-01-02", np.arange(days))
    close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.01, shape), axis=0)), 2)
    close = np.maximum(close, 2.0)
    first = np.round(close * np.exp(rng.normal(0, 0.005, shape)), 2)
    spread = rng.integers(0, 20, shape) / 100
    factor = np.cumprod(np.where(rng.random(shape) < 0.004, 1.25, 1.0), axis=0)
    prices = [first, np.maximum(first, close) + spread, np.minimum(first, close) - spread, close]
    volume = np.round(rng.lognormal(13, 1, shape) / 100) * 100
    fields = np.stack([*(p * factor for p in prices), volume, factor], axis=-1)
    score = rng.standard_normal(shape)
    label = (0.05 * score + rng.standard_normal(shape)).astype(np.float32)
    x = rng.standard_normal((*shape, FEATURES), dtype=np.float32)
    codes = [f"sh{600000 + k}" for k in range(stocks)]
    return Data(dates, codes, fields.astype(np.float32), score, label.astype(np.float64), x)


def write_qlib(data: Data, folder: Path) -> None:
    """qlib's layout: text files of days and stocks, and a float32 file a field."""
    days = [str(d) for d in data.days]
    for name, lines in {
        "calendars/day.txt": days,
        "instruments/all.txt": [f"{c.upper()}\t{days[0]}\t{days[-1]}" for c in data.codes],
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(lines) + "\n")
    for a, code in enumerate(data.codes):
        (folder / "features" / code).mkdir(parents=True)
        for f, name in enumerate(FIELDS):
            values = np.append(
                np.float32(0), data.fields[:, a, f]
            )  # where in the calendar it starts
            values.astype("<f4").tofile(folder / "features" / code / f"{name}.day.bin")


def best_of(work: Callable[[], object]) -> tuple[float, object]:
    """Shortest wall time in seconds after a warm-up, and the last result."""
    work()
    seconds, out = [], None
    for _ in range(ROUNDS):
        started = perf_counter()
        out = work()
        seconds.append(perf_counter() - started)
    return min(seconds), out


def our_windows(data: Data, dates: int) -> tuple[int, float]:
    """Windows of an epoch and their checksum."""
    assets, known = np.array(data.codes), np.ones(data.score.shape, dtype=bool)
    names = tuple(f"f{k}" for k in range(FEATURES))
    label = Panel(data.label[:, :, None].astype(np.float32), data.days, assets, ("fwd_label",))
    features = Panel(data.x, data.days, assets, names)
    samples = Samples.of(features, known, known, WINDOW_DAYS, label)
    count, total = 0, 0.0
    for batch in samples.pooled(data.days[-dates:], BATCH, np.random.default_rng(0)):
        last = batch.x[:, -1, 0].astype(np.float64)
        count, total = count + len(batch), total + float(last @ batch.y)
    return count, total


def with_qlib(python: Path, folder: Path, data: Data, dates: int) -> dict[str, float] | None:
    """What qlib's process found; None where qlib is not installed."""
    probe = [str(python), "-c", "import qlib"]
    if not python.is_file() or subprocess.run(probe, capture_output=True, check=False).returncode:
        print(f"qlib is not installed in {python}: make bench-qlib")
        return None
    for name in ("score", "label", "x"):
        np.save(folder / f"{name}.npy", getattr(data, name))
    job = {
        "fields": FIELDS,
        "days": [str(d) for d in data.days],
        "codes": data.codes,
        "window_days": WINDOW_DAYS,
        "window_dates": dates,
        "batch": BATCH,
        "rounds": ROUNDS,
    }
    (folder / "job.json").write_text(json.dumps(job))
    subprocess.run([str(python), str(HERE / "common" / "qlib_side.py"), str(folder)], check=True)
    return json.loads((folder / "found.json").read_text())


def main() -> None:
    """Measure, compare, print a table and one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, under a minute")
    default = HERE.parent / ".venv-qlib" / "bin" / "python"
    parser.add_argument("--qlib", type=Path, default=default, help="an interpreter that has qlib")
    given = parser.parse_args()
    stocks, n_days, dates = (200, 250, 50) if given.quick else (1_000, 750, 100)
    data = make_data(stocks, n_days)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_qlib(data, folder / "data")
        lake = Lake(folder / "lake", create=True)
        ingest([QlibSpec(path=str(folder / "data"))], lake, show_progress=False)
        reading, panel = best_of(lambda: read_daily(lake, OURS))
        evaluating, found = best_of(
            lambda: (ic(data.score, data.label), rank_ic(data.score, data.label))
        )
        cutting, (count, total) = best_of(lambda: our_windows(data, dates))
        theirs = with_qlib(given.qlib, folder, data, dates)
        if theirs:
            np.testing.assert_allclose(np.load(folder / "rows.npy"), panel.values, rtol=2e-7)
            for ours, what in zip(found, ("ic", "rank_ic"), strict=True):
                np.testing.assert_allclose(ours, np.load(folder / f"{what}.npy"), atol=1e-9)
            assert theirs["windows"] == count
            np.testing.assert_allclose(theirs["checksum"], total, rtol=1e-6)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {stocks:,} stocks x {n_days} days")
    rows = {"read, M values/s": data.fields.size / 1e6 / reading, "IC, days/s": n_days / evaluating}
    rows["windows/s"] = count / cutting
    nan = float("nan")
    other = [nan, nan, nan]
    if theirs:
        other = [data.fields.size / 1e6 / theirs["read"], n_days / theirs["evaluate"]]
        other.append(theirs["many"])
        print(f"qlib {theirs['version']}; its windows one by one: {theirs['one']:,.0f} windows/s")
    for (what, ours), peer in zip(rows.items(), other, strict=True):
        print(f"{what:18} intralpha {ours:12,.1f} qlib {peer:12,.1f}")
    times = [ours / peer for ours, peer in zip(rows.values(), other, strict=True)]
    print(
        f"RESULT x_qlib_read={times[0]:.1f} x_qlib_ic={times[1]:.1f} "
        f"x_qlib_windows={times[2]:.1f} windows_per_s={rows['windows/s']:.0f}"
    )


if __name__ == "__main__":
    main()
