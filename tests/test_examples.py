"""Every block of code of the pages is run by a test, or checked as far as it can be alone.

Commands: the verb and its options exist. YAML: it is read. Python: it compiles, and what it
imports of the package is there; beyond that it is run here (`>>>`), by the test that RUN names, or
it stands in SHOWN with the reason why not.
"""

import ast
import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main
from tests.commands import command

from intralpha.base.yaml_text import parse_yaml
from intralpha.cli import app

ROOT = Path(__file__).parents[1]
RUN = {
    "README.md": "tests/test_examples.py",
    "docs/plug-ins.md": "tests/plugins/test_docs.py",
    "docs/your-data.md": "tests/plugins/test_your_data.py",
    "docs/tomorrow.md": "tests/plugins/test_tomorrow_page.py",
}
SHOWN = {
    "README.zh-CN.md": "the lines of README.md, in Chinese",
    "docs/combination.md": "arrays of one's own; tests/combination/test_rules.py calls the same",
    "docs/evaluation.md": "arrays of one's own; tests/evaluation/test_sweep.py calls the same",
    "docs/labels.md": "a class in a file whose imports stand in docs/plug-ins.md",
    "docs/networks.md": "a run of one's own; tests/plugins/test_docs.py reads one the same way",
    "docs/vendors": "the vendor's library, which needs an account of its own",
}
TURNS = re.compile(r"^(?:\$ |> )?(?=(?:intralpha|make) )")


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    for path in [*ROOT.glob("README*.md"), *sorted((ROOT / "docs").rglob("*.md"))]:
        text, page = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page, line, found[1], found[2])


ALL = list(blocks())


def in_language(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages]


def lines_of(block: Block) -> Iterator[list[str]]:
    """The words of each command of ours."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if TURNS.match(line):
            yield shlex.split(TURNS.sub("", line), comments=True)


COMMANDS = [(block, words) for block in in_language("", "console") for words in lines_of(block)]
VERBS = typer.main.get_command(app)
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def check_words(words: list[str]) -> None:
    """Refuse a verb or an option that there is not."""
    if words[0] == "make":
        assert set(words[1:]) <= TARGETS
        return
    one, left = VERBS, words[1:]
    while commands := getattr(one, "commands", None):
        if left[:1] in ([], ["--version"], ["--help"]):
            return
        assert left[0] in commands, f"no verb {left[0]}"
        one, left = commands[left[0]], left[1:]
    parser = one.make_parser(one.context_class(one))
    try:
        parser.parse_args([word for word in left if word != "..."])
    except Exception as error:  # of typer's own copy of click
        raise AssertionError(str(error)) from error


def test_there_are_blocks_of_every_kind() -> None:
    assert len(COMMANDS) > 40
    assert len(in_language("python")) > 20
    assert len(in_language("yaml")) > 20
    assert {block.language for block in ALL} <= {"", "console", "python", "yaml", "toml"}


def test_every_command_has_its_verb_and_options() -> None:
    faults = []
    for block, words in COMMANDS:
        try:
            check_words(words)
        except AssertionError as error:
            faults.append(f"{block}: {' '.join(words)}: {error}")
    assert faults == []


@pytest.mark.parametrize("words", ["intralpha rum x", "intralpha run x --nope", "make nothing"])
def test_what_there_is_not_is_found(words: str) -> None:
    with pytest.raises(AssertionError):
        check_words(words.split())


@pytest.mark.parametrize("block", in_language("yaml"), ids=str)
def test_yaml_is_yaml(block: Block) -> None:
    assert parse_yaml(block.text)


def plain(block: Block) -> bool:
    return block.language == "python" and ">>>" not in block.text


@pytest.mark.parametrize("block", [b for b in ALL if plain(b)], ids=str)
def test_python_is_run_by_a_test_or_shown_for_a_reason(block: Block) -> None:
    tree = ast.parse(block.text)
    ours = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module)
    for node in ours:
        if str(node.module).partition(".")[0] == "intralpha":
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, name.name) for name in node.names), ast.unparse(node)
    if block.page in RUN:
        runner = (ROOT / RUN[block.page]).read_text(encoding="utf-8")
        assert Path(block.page).name in runner
    else:
        assert SHOWN.keys() & {block.page, *map(str, Path(block.page).parents)}


def test_every_page_that_is_listed_has_a_block() -> None:
    pages = {block.page for block in ALL if plain(block)}
    pages |= {str(folder) for page in pages for folder in Path(page).parents}
    assert {*RUN, *SHOWN} <= pages


@pytest.mark.parametrize("block", [b for b in ALL if ">>>" in b.text], ids=str)
def test_examples_with_their_answers(block: Block) -> None:
    example = doctest.DocTestParser().get_doctest(
        block.text, {}, block.page, block.page, block.line
    )
    assert example.examples
    failed, tried = doctest.DocTestRunner(verbose=False).run(example)
    assert (failed, tried) == (0, len(example.examples))


@pytest.mark.slow
def test_the_readme_from_python(tmp_path: Path) -> None:
    """Its blocks one after the other; tests/research/test_market.py calls the same on less."""
    ours = [block.text for block in ALL if block.page == "README.md" and plain(block)]
    assert len(ours) == 3
    done = command(code="\n".join(ours), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "weights" / "mine").iterdir())
