"""Live: how far trainings are and how well they do while they run, from what they leave on disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import polars as pl
from rich.progress import Progress, TaskID

from intralpha.training.checkpoint import rows_of
from intralpha.training.fold import HISTORY, STATE
from intralpha.training.train_spec import TrainSpec


@dataclass(frozen=True)
class Running:
    """A training that runs, did, or will.

    Attributes
    ----------
    name : what it is called
    folder : of its :class:`FoldJob`
    training : its settings
    """

    name: str
    folder: Path
    training: TrainSpec


class Live:
    """Lines of a bar, one a training that runs: its epoch, its metric, and what it takes at most.

    The checkpoint that a training writes after each epoch is read, so it does not matter which
    process, or which machine with the same folder, it runs in.

    Parameters
    ----------
    bar : takes the lines
    trainings : that are looked at
    """

    def __init__(self, bar: Progress, trainings: Sequence[Running]) -> None:
        self.bar, self.trainings = bar, trainings
        self.lines: dict[int, TaskID] = {}

    def look(self) -> None:
        """Bring the lines up to date."""
        for at, one in enumerate(self.trainings):
            rows = rows_of(one.folder / STATE)
            if not rows:
                self._drop(at)
                continue
            if at not in self.lines:
                self.lines[at] = self.bar.add_task("", total=one.training.max_epochs)
            said = f"{one.name}: {progress_told(rows, one.training)}"
            self.bar.update(self.lines[at], completed=len(rows), description=said)

    def _drop(self, at: int) -> None:
        line = self.lines.pop(at, None)
        if line is not None:
            self.bar.remove_task(line)


@contextmanager
def watched(bar: Progress, trainings: Sequence[Running], every: float = 1.0) -> Iterator[None]:
    """Show inside the block how far trainings are.

    Parameters
    ----------
    bar : is drawn by somebody else; one that draws nothing costs nothing
    trainings : that run in the block, in whatever process
    every : seconds between two looks
    """
    if bar.disable:
        yield
        return
    live, over = Live(bar, trainings), Event()

    def look_again() -> None:
        while not over.wait(every):
            live.look()

    looking = Thread(target=look_again, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        live.look()


def progress_told(rows: Sequence[dict[str, Any]], training: TrainSpec) -> str:
    """How far a training is, as text.

    Parameters
    ----------
    rows : its history so far, at least one
    training : its settings

    Returns
    -------
    str
        Epoch, RankIC and, where another is stopped on, the metric of the last epoch; and how long
        the epochs that are left take at most, for it may stop before.
    """
    last, metric = rows[-1], training.metric
    figures = [f"RankIC {last['valid_rank_ic']:.4f}"]
    if metric.column != "valid_rank_ic":
        figures.append(f"{metric.title} {last[metric.column]:.4f}")
    seconds = sum(row["seconds"] for row in rows) / len(rows)
    left = duration(seconds * (training.max_epochs - len(rows)))
    return f"epoch {len(rows)} of {training.max_epochs}, {', '.join(figures)}, at most {left} left"


def outcome_told(folder: Path) -> str:
    """What came of a training, as text: best epoch, its metric, the time, and the rows trained on.

    Parameters
    ----------
    folder : of a finished job
    """
    rows = pl.read_parquet(folder / HISTORY)
    column, best = rows["metric"][0], int(rows["best_epoch"][0])
    figure = rows[column][best - 1]
    told = (
        f"best epoch {best} of {rows.height}, {column} {figure:.4f}, "
        f"{duration(float(rows['seconds'].sum()))}"
    )
    if "rows_left_out" in rows.columns:
        kept, out = int(rows["rows"][0]), int(rows["rows_left_out"][0])
        told += f", trained on {kept:,} of {kept + out:,} rows"
    return told


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
