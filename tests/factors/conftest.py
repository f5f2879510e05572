"""A factor's last node, worked on without a pipeline: it sees what it is handed, no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Task
from intralpha.base.panel import as_days

DAYS = as_days(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"])
ASSETS = np.array(["000001.SZ", "300001.SZ", "600000.SH"])
OUT = (1, 2)  # day and stock that the universe does not have


@dataclass(frozen=True, eq=False)
class Given(Inputs):
    """Panels that are there already."""

    panels: Mapping[str, Panel]

    @property
    def assets(self) -> np.ndarray:
        return ASSETS

    @property
    def lake(self) -> None:
        raise AssertionError("the lake was asked for")

    def panel(self, name: str) -> Panel:
        return self.panels[name]

    def saved(self, name: str) -> Path:
        raise AssertionError(f"a folder of {name} was asked for")

    def folders(self, name: str) -> Mapping[str, Path]:
        raise AssertionError(f"folders of {name} were asked for")


Work = Callable[..., Panel]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """``work(node, **inputs)``: the Panel that a node of days makes in one block."""

    def do(node: Node, **inputs: Panel) -> Panel:
        inside = np.ones((len(DAYS), len(ASSETS), 1), np.float32)
        inside[OUT] = 0
        universe = Panel(inside, DAYS, ASSETS, ("universe",))
        folder = tmp_path / "work" / str(len(list(tmp_path.glob("work/*"))))
        folder.mkdir(parents=True)
        task = Task(node.slices, lambda name: folder / name, lambda name: None)
        node.make(node.spec, Given({"universe": universe, **inputs}), task)
        return Panel.load(folder / "panel")

    return do
