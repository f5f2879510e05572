"""A package and a file of kinds, put where a user would have them, and the command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from tests.commands import COMMAND, command

import intralpha
from intralpha.base import Kinded

HERE = Path(__file__).parent
collect_ignore_glob = ["acme/*", "falls.py", "mine.py"]  # a user's files, not tests
BOTH = ("--plugins", "acme", "--plugins", "./mine.py")


def families() -> set[str]:
    """Names of all families of kinds; a package that is not asked for is not imported."""
    for module in walk_packages(intralpha.__path__, "intralpha."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    ours = [f for f in Kinded.__subclasses__() if f.__module__.startswith("intralpha.")]
    # An example in a docstring says the name of its module, too, but leaves nothing there.
    return {f.__name__ for f in ours if getattr(sys.modules[f.__module__], f.__name__, None) is f}


@dataclass(frozen=True)
class Desk:
    """A folder with recipe, ``mine.py`` and an installed package ``acme`` (as pip leaves it)."""

    folder: Path

    @property
    def site(self) -> Path:
        return self.folder / "site"

    @property
    def python_path(self) -> str:
        return os.pathsep.join([str(self.site), os.environ.get("PYTHONPATH", "")])

    def environment(self, plugins: str = "") -> dict[str, str]:
        """``plugins`` is INTRALPHA_PLUGINS."""
        return {"PYTHONPATH": self.python_path, "INTRALPHA_PLUGINS": plugins}

    def python(self, *words: str, plugins: str = "") -> subprocess.CompletedProcess[str]:
        """Start Python in the folder, with nothing imported."""
        env = os.environ | self.environment(plugins)
        command = [sys.executable, "-W", "error::RuntimeWarning", *words]
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )

    def intralpha(
        self, *words: str, plugins: str = "", code: str = COMMAND
    ) -> subprocess.CompletedProcess[str]:
        """The command line, or a script."""
        environment = self.environment(plugins)
        return command(*words, code=code, folder=self.folder, environment=environment)

    def started(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command line where nothing is imported."""
        return self.python("-c", "from intralpha.cli import main; main()", *words)

    def script(self, text: str, plugins: str = "") -> str:
        """What a script prints."""
        done = self.intralpha(plugins=plugins, code=text)
        assert done.returncode == 0, done.stderr
        return done.stdout


def lay(folder: Path) -> Desk:
    """Put package, file and recipe into a folder; nothing is fetched."""
    facts = folder / "site" / "acme-1.2.3.dist-info"
    facts.mkdir(parents=True)
    shutil.copytree(HERE / "acme" / "src" / "acme", folder / "site" / "acme")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2.3\n")
    (facts / "entry_points.txt").write_text("[intralpha.kinds]\nacme = acme.kinds\n")
    for name in ("mine.py", "falls.py", "everything.yaml"):
        shutil.copy(HERE / name, folder)
    return Desk(folder)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One that a test may change; nothing is run yet."""
    return lay(tmp_path)


@pytest.fixture(scope="session")
def finished(made_once: Callable[..., Path]) -> Desk:
    """One on which the recipe was run from the command line."""

    def run(folder: Path) -> None:
        done = lay(folder).started("run", "everything.yaml", *BOTH)
        assert done.returncode == 0, done.stderr

    return Desk(made_once("plugins", run))
