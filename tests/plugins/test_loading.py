"""Loading: what is refused, and that nothing of it is left."""

import os
import sys
from pathlib import Path

import pytest

from intralpha.base.kind import KindNameError
from intralpha.base.plugins import PluginError, load_plugins, loaded
from intralpha.models import ModelSpec

from .conftest import Desk

ONE = """
from typing import Literal
from intralpha.models import ModelSpec

class Net(ModelSpec):
    kind: Literal["{kind}"] = "{kind}"
"""
TWO = ONE + '\nclass Other(ModelSpec):\n    kind: Literal["{kind}"] = "{kind}"\n'


def refused(path: Path, error: type[Exception], match: str) -> None:
    before, kinds = loaded(), ModelSpec.kinds()
    with pytest.raises(error, match=match):
        load_plugins([str(path)])
    assert loaded() == before
    assert ModelSpec.kinds() == kinds
    assert path.stem not in sys.modules or path.stem == "json"
    assert "refused" not in os.environ.get("INTRALPHA_PLUGINS", "")


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        (ONE.format(kind="mynet"), KindNameError, "a plug-in's carries a prefix"),
        (ONE.format(kind="gru"), KindNameError, "a plug-in's carries a prefix"),
        (ONE.format(kind="acme.net"), KindNameError, r"expected refused\.net, since"),
        (TWO.format(kind="refused.net"), KindNameError, "refused.Net has that name"),
        (ONE.format(kind="refused.net") + "\n1 / 0\n", PluginError, "ZeroDivisionError"),
        ("import no_such_module_at_all\n", PluginError, "ModuleNotFoundError"),
        ("def broken(:\n", PluginError, "SyntaxError"),
    ],
    ids=["no prefix", "one of ours", "another's prefix", "taken", "fails", "needs", "syntax"],
)
def test_a_file_that_is_refused_leaves_nothing(
    tmp_path: Path, text: str, error: type[Exception], match: str
) -> None:
    path = tmp_path / "refused.py"
    path.write_text(text)
    refused(path, error, match)


def test_a_file_must_be_there_and_have_a_name_of_its_own(tmp_path: Path) -> None:
    refused(tmp_path / "absent.py", PluginError, "found no such file")
    for name in ("json.py", "not-a-name.py"):
        (tmp_path / name).write_text("")
        refused(tmp_path / name, PluginError, "a Python name and no module's")


def test_an_unknown_package_is_told_with_those_that_are_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(desk.site)
    with pytest.raises(PluginError, match=r"group intralpha.kinds \(acme\), or a file"):
        load_plugins(["acmee"])


def test_a_file_that_is_named_without_its_path_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError) as caught:
        load_plugins(["lonely"])
    assert "lonely.py" not in str(caught.value)
    (tmp_path / "lonely.py").write_text("")
    with pytest.raises(PluginError, match=r"--plugins \./lonely\.py is the file that lies here"):
        load_plugins(["lonely"])


def test_two_packages_may_not_offer_the_same_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = desk.site / "rival-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 2.0\n")
    (other / "entry_points.txt").write_text("[intralpha.kinds]\nacme = rival\n")
    monkeypatch.syspath_prepend(desk.site)
    with pytest.raises(PluginError, match="found entry points of acme, rival"):
        load_plugins(["acme"])
    assert "acme" not in sys.modules


LATER = """
from intralpha.base.plugins import load_plugins
first = load_plugins(["./early.py"])
assert load_plugins(["./early.py"]) == first, "loaded once"
from typing import Literal
from intralpha.base.kind import KindNameError
from intralpha.models import ModelSpec
try:
    class Net(ModelSpec):
        kind: Literal["early.other"] = "early.other"
except KindNameError as error:
    print(error)
class Mine(ModelSpec):
    kind: Literal["notebook.net"] = "notebook.net"
from intralpha.base.plugins import PluginError
try:
    load_plugins(["./other/early.py"])
except PluginError as error:
    print(error)
print(first[0].name, first[0].version, len(first[0].digest))
"""


def test_a_prefix_belongs_to_its_plugin_from_then_on(desk: Desk) -> None:
    (desk.folder / "early.py").write_text(ONE.format(kind="early.net"))
    (desk.folder / "other").mkdir()
    (desk.folder / "other" / "early.py").write_text(ONE.format(kind="early.third"))
    told = desk.script(LATER)
    assert "the prefix early is that of the plug-in early" in told
    assert "found the name early; expected a file name" in told
    assert told.endswith("early file 12\n")


def test_the_digest_counts_every_module_that_was_imported(desk: Desk) -> None:
    line = (
        "from intralpha.base.plugins import load_plugins; print(load_plugins(['acme'])[0].digest)"
    )
    before = desk.script(line)
    (desk.site / "acme" / "unused.py").write_text("")
    assert desk.script(line) == before
    with (desk.site / "acme" / "shapes.py").open("a") as file:
        file.write("# A remark.\n")
    assert desk.script(line) != before


WORKERS = """
import os
from intralpha.base.plugins import load_plugins, loaded
from intralpha.executors import Processes

def seen(job):
    return os.getpid(), [plugin.name for plugin in loaded()]

if __name__ == "__main__":
    load_plugins(["acme", "./mine.py"])
    with Processes(2) as executor:
        for process, names in executor.run(seen, (0, 1)):
            print(process != os.getpid(), names)
"""


@pytest.mark.slow
def test_processes_that_train_load_the_same(desk: Desk) -> None:
    (desk.folder / "script.py").write_text(WORKERS)  # every worker imports it
    assert desk.python("script.py").stdout == "True ['acme', 'mine']\n" * 2
