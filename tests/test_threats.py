"""What docs/threats.md says of foreign files, held one by one: nothing of them is ever run."""

import ast
import io
import pickle
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from intralpha.base import Panel
from intralpha.base.panel import PanelReadError
from intralpha.base.plugins import VARIABLE
from intralpha.base.yaml_text import YamlError, parse_yaml
from intralpha.sources.files import members, reading
from intralpha.sources.level2.pieces import pieces
from intralpha.sources.level2.streams import StreamSpec

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
PAGE = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
# Libraries that rebuild objects or run text, and those that listen or call out.
NO_MODULE = {
    *("pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"),
    *("code", "codeop", "runpy", "http", "urllib", "requests", "httpx", "aiohttp"),
    *("xmlrpc", "ftplib", "smtplib", "socketserver", "asyncio", "webbrowser"),
}
NO_BUILTIN = {"eval", "exec", "compile", "__import__"}
NO_CALL = re.compile(
    r"yaml\.(unsafe|full)_load(_all)?|yaml\.load_all|(torch|jit|hub)\.load|os\.(system|popen)"
    r"|os\.(exec|spawn)\w+|\w*\.(read_pickle|deserialize|extractall|extract_all)|archive\.extract"
)
# Where one thing may stand that is refused everywhere else.
ONLY_IN = {
    "yaml.load": {"base/yaml_text.py"},  # with a loader that is made from the safe one
    "spec_from_file_location": {"base/plugins.py"},
    "socket": {"pipeline/jobs.py"},  # the name of this machine
    "flask": {"ui/app.py", "ui/pages.py"},  # the one page that is served, to this machine alone
    "waitress": {"ui/serve.py"},
    "werkzeug": set(),
    "subprocess": {"pipeline/code.py", "cli/check.py"},  # git, and this command once more
    "ctypes": {"training/kept_memory.py"},  # the allocator of this process
}
ONLY_MODULE = {"socket", "subprocess", "flask", "waitress", "werkzeug", "ctypes"}
# A file without any of these words is not parsed: few have one, and parsing all takes seconds.
SHORT = {"code", "http", "dill"}  # parts of other words, too
WORDS = [*(NO_MODULE | ONLY_MODULE) - SHORT - {"cPickle", "_pickle", "cloudpickle"}]
WORDS += [f"{verb} {module}" for verb in ("import", "from") for module in SHORT]
WORDS += ["allow_pickle", "shell=", ".load(", "import load", "load_all", "unsafe_load", "full_load"]
WORDS += ["os.system", "os import", "popen", "os.exec", "os.spawn", "read_pickle", "deserialize"]
WORDS += ["extractall", "extract_all", "archive.extract(", "spec_from_file_location"]
CALLED = re.compile(rf"(?<![\w.])({'|'.join(NO_BUILTIN)})\(")


class Said(ast.NodeVisitor):
    """What a file does that docs/threats.md says nothing of ours does."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[str] = []

    def _fault(self, what: str) -> None:
        if self.file not in ONLY_IN.get(what, set()):
            self.faults.append(f"{self.file}: {what}")

    def _import(self, module: str) -> None:
        top = module.partition(".")[0]
        if top in NO_MODULE | ONLY_IN.keys():
            self._fault(top)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._import(name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self._import(module)
        for name in node.names:
            self._dotted(f"{module.rpartition('.')[2]}.{name.name}")

    def _dotted(self, name: str) -> None:
        if NO_CALL.fullmatch(name):
            self._fault(name)
        for only in {name, name.rpartition(".")[2]} & ONLY_IN.keys():
            self._fault(only)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        if isinstance(called, ast.Name) and called.id in NO_BUILTIN:
            self._fault(called.id)
        if isinstance(called, ast.Attribute):
            self._dotted(".".join(ast.unparse(called).split(".")[-2:]))
        for given in node.keywords:
            plain = isinstance(given.value, ast.Constant) and given.value.value is False
            if given.arg in {"allow_pickle", "shell"} and not plain:
                self._fault(str(given.arg))
        self.generic_visit(node)


def faults(text: str, file: str = "some/file.py") -> list[str]:
    found = Said(file)
    built = any(f"{name}(" in text for name in NO_BUILTIN) and CALLED.search(text)
    if built or any(word in text for word in WORDS):
        found.visit(ast.parse(text))
    return found.faults


def test_nothing_of_ours_runs_what_it_reads_or_listens() -> None:
    files = [path for path in SRC.rglob("*.py") if "__pycache__" not in path.parts]
    assert len(files) > 400, "nothing was read"
    home = SRC / "intralpha"
    found = [
        fault
        for path in files
        for fault in faults(path.read_text("utf-8"), path.relative_to(home).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "import http.server",
        "from flask import Flask",
        "from werkzeug.serving import run_simple",
        "from socket import create_connection",
        "import subprocess",
        "eval(x)",
        "exec(x)",
        "yaml.load(x, Loader=yaml.Loader)",
        "yaml.unsafe_load(x)",
        "torch.load(path)",
        "torch.load(path, weights_only=True)",
        "torch.jit.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=wanted)",
        "run(x, shell=True)",
        "os.system(x)",
        "from os import system",
        "from torch import load",
        "archive.extractall(path)",
        "pl.LazyFrame.deserialize(path)",
        "pd.read_pickle(path)",
        "importlib.util.spec_from_file_location('x', path)",
    ],
)
def test_whoever_does_is_found(text: str) -> None:
    assert faults(text), text


def test_what_is_harmless_is_not_taken_for_it() -> None:
    text = "network.eval()\nre.compile(x)\nyaml.safe_load(x)\nnp.load(x, allow_pickle=False)\n"
    assert faults(text + "values.list.eval(x)\nimportlib.import_module('x')\n") == []


BOMB = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else 'x'] * 9)}]\n" for i in range(10))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        (BOMB, r"found more than 1,000,000 values(.|\n)*line 7"),
        ("a: &a [*a]", r"\*a stands inside of what it names"),
        ("a: " + "[" * 200_000, "more than 100 levels"),
        ("- " * 200_000 + "a", "more than 100 levels"),
    ],
    ids=["call", "name", "aliases", "loop", "brackets", "dashes"],
)
def test_hostile_yaml_is_refused(text: str, fault: str) -> None:
    with pytest.raises(YamlError, match=fault):
        parse_yaml(text)


def test_what_an_alias_names_may_be_used_often() -> None:
    text = "a: &a [1, 2]\n" + "".join(f"b{i}: *a\n" for i in range(200))
    assert parse_yaml(text)["b199"] == [1, 2]


COLUMNS = {name: name for name in ("symbol", "date", "time", "price", "volume")}
ESCAPES = ("../../out.csv", "/tmp/intralpha-out.csv", "a/../../../out.csv")


def zip_of(names: tuple[str, ...]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, b"x\n1\n")
    return held.getvalue()


def tar_of(names: tuple[str, ...]) -> bytes:
    """The names, a link that leads out, a name below that link, and a device."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "../.."
        archive.addfile(link)
        hard = tarfile.TarInfo("hard.csv")
        hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
        archive.addfile(hard)
        device = tarfile.TarInfo("device.csv")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
        for name in (*names, "link/out.csv"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"x\n1\n"))
    return held.getvalue()


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["files.zip", "files.tar.gz"])
def test_names_in_an_archive_lead_nowhere(name: str, tmp_path: Path) -> None:
    archive = tmp_path / "a" / "b" / "in" / name
    archive.parent.mkdir(parents=True)
    archive.write_bytes(zip_of(ESCAPES) if name.endswith("zip") else tar_of(ESCAPES))
    scratch = tmp_path / "a" / "b" / "scratch"
    scratch.mkdir()
    before = below(tmp_path)
    with reading(str(archive)) as read:
        contents = [content for _, content in read("*.csv")]
    assert contents == [content for _, content in members(str(archive), "*.csv")]
    stream = {"daily": StreamSpec(pattern="*.csv", holds="trades", columns=COLUMNS)}
    found = pieces(str(archive), stream, scratch)
    opened = []
    for one in found:
        with one.open() as handle:
            opened.append(handle.read())
    assert opened == contents == [b"x\n1\n"] * (3 if name.endswith("zip") else 4)
    made = below(tmp_path) - before
    assert all(re.fullmatch(r"a/b/scratch/\d+(/\d+\.csv)?", one) for one in made), made
    assert not Path("/tmp/intralpha-out.csv").exists()


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.place), "w")


def test_a_trap_springs_where_it_is_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung"))).close()
    assert (tmp_path / "sprung").exists()


def pickled(place: Path) -> Iterator[tuple[str, bytes]]:
    import torch

    yield "a pickle", pickle.dumps(Trap(place))
    held = io.BytesIO()
    torch.save({"weight": Trap(place)}, held)
    yield "a checkpoint of torch.save", held.getvalue()


def test_weights_that_are_a_pickle_are_refused(tmp_path: Path) -> None:
    from intralpha.models import GRUSpec, WindowShape
    from intralpha.training import load_network, save_network
    from intralpha.training.weights import NoWeightsError, load_fitted

    shapes = {"x": WindowShape(3, 2)}
    save_network(tmp_path, GRUSpec(hidden=2), shapes, GRUSpec(hidden=2).make(shapes))
    for what, content in pickled(tmp_path / "sprung"):
        for name in ("weights", "transform"):
            (tmp_path / f"{name}.safetensors").write_bytes(content)
        with pytest.raises(NoWeightsError, match="no weights can be read from"):
            load_network(tmp_path, GRUSpec(hidden=2))
        with pytest.raises(NoWeightsError, match="no weights can be read from"):
            load_fitted(tmp_path)
        assert not (tmp_path / "sprung").exists(), what


@pytest.mark.parametrize("name", ["values.npy", "axes.npz"])
@pytest.mark.parametrize("mmap", [False, True])
def test_a_panel_that_is_a_pickle_is_refused(name: str, mmap: bool, tmp_path: Path) -> None:
    days = np.array(["2024-01-02"], "datetime64[D]")
    Panel(np.ones((1, 1, 1)), days, np.array(["A"]), ("x",)).save(tmp_path / "panel")
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    path = tmp_path / "panel" / name
    with path.open("wb") as handle:
        np.save(handle, trap) if name.endswith("npy") else np.savez(handle, dates=trap)
    with pytest.raises(PanelReadError, match=r"no Panel can be read from (.|\n)* never loaded"):
        Panel.load(tmp_path / "panel", mmap=mmap)
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(PanelReadError):
        Panel.load(tmp_path / "panel", mmap=mmap)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "/etc/x", ".hidden", ""])
def test_a_recipe_names_no_folder_elsewhere(name: str) -> None:
    from intralpha.pipeline.recipe import RecipeError, checked_recipe

    raw = {"name": name, "data": {"lake": "lake"}, "factors": {"x": {"kind": "file", "path": "x"}}}
    with pytest.raises(RecipeError, match="name: String should match pattern"):
        checked_recipe(raw, "here", Path())


def test_a_lake_names_no_file_elsewhere(tmp_path: Path) -> None:
    from intralpha.market.manifest import MANIFEST, ManifestError, read_manifest

    facts = '{"checksum": "00", "rows": 1, "size": 1, "mtime_ns": 1}'
    for name in ("../daily/month=2024-01.parquet", "/etc/passwd", "daily/../../x.parquet"):
        (tmp_path / MANIFEST).write_text(f'{{"{name}": {facts}}}')
        with pytest.raises(ManifestError, match=re.escape(name)):
            read_manifest(tmp_path)


def test_no_recipe_loads_a_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from intralpha.pipeline.recipe import RecipeError, checked_recipe

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("raise SystemExit('it ran')")
    for kind in ("mine.factor", "./mine.py", "mine"):
        factors = {"x": {"kind": kind}}
        raw = {"name": "x", "data": {"lake": "lake"}, "factors": factors}
        with pytest.raises(RecipeError, match="kind"):
            checked_recipe(raw, "here", tmp_path)


def test_every_test_that_the_page_names_is_here() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    places = {ROOT / found for found in re.findall(r"`(tests/[\w/]+\.py)`", PAGE)}
    known = {
        name
        for path in {*places, Path(__file__)}
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    own = {name for name in globals() if name.startswith("test_")}
    assert named <= known, named - known
    unsaid = {"test_every_test_that_the_page_names_is_here", "test_whoever_does_is_found"}
    unsaid |= {
        "test_what_is_harmless_is_not_taken_for_it",
        "test_a_trap_springs_where_it_is_unpickled",
    }
    unsaid |= {"test_what_an_alias_names_may_be_used_often"}
    assert own - unsaid <= named, own - unsaid - named
