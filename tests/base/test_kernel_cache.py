"""Kernels that are kept: used again as long as nothing that they reach has changed."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from intralpha.base import kernel_cache
from intralpha.base.kernel_cache import PACKAGE, reached
from intralpha.models.recurrent import kernel

FILES = {
    "__init__.py": "",
    "a.py": "from numba import njit\n\nfrom kept.b import doubled\nfrom kept.names import (\n"
    "    ONE,  # a constant\n)\n\n\n@njit(cache=True)\ndef f(x):\n    return doubled(x) + ONE\n",
    "b.py": "from numba import njit\n\n\n@njit(cache=True)\ndef doubled(x):\n    return 2 * x\n",
    "names/__init__.py": "if True:\n    from kept.names.numbers import ONE\n",
    "names/numbers.py": "ONE = 1\n",
    "other.py": "TWO = 2\n",
}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """``kept(name, old, new)``: change a file, import the package anew, say how often the kernel
    was found and what it makes of 3.
    """
    folder = tmp_path / "kept"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(kernel_cache, "PACKAGE", folder)
    # Bytecode is told by second and size, and a change of one digit is made within a second.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def again(name: str = "", old: str = "", new: str = "") -> tuple[int, int]:
        if name:
            (folder / name).write_text((folder / name).read_text().replace(old, new))
        for module in [m for m in sys.modules if m.partition(".")[0] == "kept"]:
            del sys.modules[module]
        kernel_cache._text.cache_clear()
        kernel_cache.digest.cache_clear()
        invalidate_caches()
        f = import_module("kept.a").f
        made = f(3)
        return sum(f.stats.cache_hits.values()), made

    yield again
    for module in [m for m in sys.modules if m.partition(".")[0] == "kept"]:
        del sys.modules[module]
    kernel_cache._text.cache_clear()
    kernel_cache.digest.cache_clear()


def test_a_kernel_is_compiled_again_when_what_it_reaches_changes(
    kept: Callable[..., tuple[int, int]],
) -> None:
    assert kept() == (0, 7)
    assert kept() == (1, 7)
    assert kept("other.py", "2", "5") == (1, 7), "nothing that it reaches"
    assert kept("b.py", "2 * x", "9 * x") == (0, 28), "a function that it calls"
    assert kept("names/numbers.py", "1", "4") == (0, 31), "a constant, by way of a package"
    assert kept() == (1, 31)


def test_kernels_of_the_package_reach_what_they_call() -> None:
    names = {file.name for file in reached(PACKAGE / "models/recurrent/kernel.py", PACKAGE)}
    assert {"activations.py", "gates.py", "tiles.py", "compiling.py"} <= names
    stamp = kernel.forward._cache._impl._locator.get_source_stamp()
    assert stamp[1] == kernel_cache.digest(Path(kernel.__file__).resolve(), PACKAGE)
    names = {file.name for file in reached(PACKAGE / "features/engine/machine.py", PACKAGE)}
    assert {"logarithms.py", "limits.py", "codes.py", "statistics.py"} <= names


def test_every_kernel_of_the_package_is_watched() -> None:
    """Its file, or one that it takes its options from, says so before numba looks for it."""
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text()
        if "@njit" in text or "@vectorize" in text or "@guvectorize" in text:
            assert "compiling import" in text, file
