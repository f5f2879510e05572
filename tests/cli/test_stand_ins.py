"""Stand-ins can be named, inherited from and decorated with; nothing can be computed with one."""

import subprocess
import sys
from pathlib import Path

import pytest

USER = '''
"""What modules do with libraries while they are imported."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numba import njit, types
from numba.extending import overload
from numpy import ndarray
from torch import Tensor, nn

C0, C1 = (np.float32(c) for c in (0.5, 1.5))
SHIFT = np.array([1, 2]) * 2 + C0
EDGES = [np.pi / k for k in (1, 2)]
KERNEL = {"cache": True}


class Pair(NamedTuple):
    left: ndarray
    right: Float[ndarray, "D A"] | None = None


@dataclass(frozen=True)
class Held:
    values: Float[Tensor, "B L"]
    scale: np.ndarray = field(default_factory=lambda: np.ones(3))


class Net(nn.Module):
    """A network."""

    width = 3

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return x

    @staticmethod
    def double(x: int) -> int:
        return 2 * x


@njit(**KERNEL)
def kernel(x):
    """Add."""
    return x + 1


@njit
def plain(x):
    return x + 1


@overload(np.log)
def log(x):
    return x


signature = types.float64(types.float64)
'''
START = """
import sys
sys.path.insert(0, {folder!r})
from intralpha.cli.stand_ins import StandInUsedError, stand_ins

def ask(work):
    try:
        print(work())
    except StandInUsedError as error:
        print("used:", error)
"""


@pytest.fixture
def user(tmp_path: Path) -> Path:
    (tmp_path / "user.py").write_text(USER)
    return tmp_path


def said(folder: Path, code: str) -> list[str]:
    """What a new process prints; ``ask`` there says what happens to a piece of code."""
    command = [sys.executable, "-c", START.format(folder=str(folder)) + code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_module_that_only_names_a_library_is_as_with_it(user: Path) -> None:
    code = """
with stand_ins():
    import user
print(user.Net.width, user.Net.double(4), user.Net.__doc__, user.kernel.__doc__)
print(user.Pair._fields, [f for f in user.Held.__dataclass_fields__])
print(isinstance(3.0, user.ndarray), issubclass(user.Net, user.nn.Module))
"""
    assert said(user, code) == [
        "3 8 A network. Add.",
        "('left', 'right') ['values', 'scale']",
        "False False",
    ]


WORK = {
    "call": "user.np.zeros(3)",
    "attribute": "user.np.linalg",
    "kernel": "user.kernel(1)",
    "plain": "user.plain(1)",
    "instance": "user.Net()",
    "constant": "user.C0 + 1",
    "order": "user.C0 < 1",
    "equality": "user.C0 == 0.5",
    "truth": "bool(user.C0)",
    "length": "len(user.EDGES[0])",
    "loop": "[x for x in user.SHIFT]",
    "number": "float(user.C1)",
    "text": "str(user.C1)",
    "format": "f'{user.C1}'",
    "inside": "1 in user.SHIFT",
}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_function_that_uses_one_is_told(user: Path, work: str) -> None:
    code = f"with stand_ins():\n    import user\nask(lambda: {work})"
    first, hint = said(user, code)
    assert first.startswith("used:")
    assert hint.startswith("Hint:")


def test_after_the_block_imports_give_the_library(tmp_path: Path) -> None:
    code = """
with stand_ins():
    import numpy, polars.selectors
    print(type(numpy).__name__)
    import yaml
    print(yaml.safe_load("[1]"))
print('numpy' in sys.modules, 'polars.selectors' in sys.modules, 'yaml' in sys.modules)
import numpy
print(numpy.arange(3).sum())
"""
    assert said(tmp_path, code) == ["StandInModule", "[1]", "False False True", "3"]


def test_a_library_that_is_there_stays(tmp_path: Path) -> None:
    code = """
import numpy
with stand_ins():
    import numpy as again, numpy.polynomial, polars
    print(again is numpy, numpy.polynomial.Polynomial([1, 2])(3.0), type(polars).__name__)
"""
    assert said(tmp_path, code) == ["True 7.0 StandInModule"]
