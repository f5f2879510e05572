"""Build the documentation site: `make docs`, which ends with its address.

The pages are those of the repository as they are, laid out under their own paths so that their
links work here as on GitHub; pages of recipes and of the Python interface are made from their
sources.
Beside every page stands its Markdown, and `llms.txt` lists those.
"""

import argparse
import importlib
import inspect
import re
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from menu import PACKAGES, sections
from recipe_pages import recipe_pages
from sphinx.cmd.build import main as sphinx

from intralpha.base.lazy import offers

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SRC = ROOT / "src" / "intralpha"
ABOUT = (
    "Raw Chinese A-share market data in, deep-learning alpha factors out, and an honest account of "
    "what they are worth: RankIC, groups, an index-enhancement portfolio under A-share rules."
)
COPIED = ("README.md", "README.zh-CN.md", "docs", "benchmarks/results", "recipes")


def index_page(found: dict[str, list[str]]) -> str:
    """The first page, whose lists of pages are the site's menu."""
    text = (HERE / "index.md").read_text(encoding="utf-8")
    lists = [
        "\n".join(["```{toctree}", f":caption: {heading}", ":hidden:", "", *names, "```"])
        for heading, names in found.items()
    ]
    return text + "\n" + "\n\n".join(lists) + "\n"


def api_pages() -> Iterator[tuple[str, str]]:
    """A page a package: what it offers, by the file that it is written in, from the docstrings."""
    shown: dict[str, str] = {}
    for package in PACKAGES:
        by_file = defaultdict(list)
        elsewhere = []
        for name, (module, member) in offers(SRC / package / "__init__.py").items():
            place = f"{module}.{member}"
            if place in shown:
                elsewhere.append(f"`{name}`: [intralpha.{shown[place]}]({shown[place]}.md)")
            elif not module.endswith(f"intralpha.{package}"):
                shown[place] = package
                by_file[module].append((name, place))
        about = importlib.import_module(f"intralpha.{package}").__doc__ or ""
        parts = [f"# intralpha.{package}", rst(about)]
        for module in sorted(by_file):
            said = (importlib.import_module(module).__doc__ or "").strip().split("\n\n")[0]
            parts += [f"## {module.removeprefix('intralpha.')}", rst(said)]
            parts += [rst(directive(place)) for _, place in sorted(by_file[module])]
        parts += ["## Offered here, too", *(f"* {line}" for line in elsewhere)] if elsewhere else []
        yield package, "\n\n".join(parts) + "\n"


def rst(text: str) -> str:
    return f"````{{eval-rst}}\n{text}\n````"


def directive(place: str) -> str:
    module, _, name = place.rpartition(".")
    thing = getattr(importlib.import_module(module), name)
    if not inspect.isclass(thing):
        return f".. autofunction:: {place}" if callable(thing) else f".. py:data:: {place}"
    kind = "autoexception" if issubclass(thing, BaseException) else "autoclass"
    return f".. {kind}:: {place}\n   :members:"


def lay_out(source: Path) -> dict[str, list[str]]:
    """Every page under its path in the repository; heading -> pages.

    What is as it was is left as it is: Sphinx reads again what is newer than its last reading.
    """
    files = {name: (ROOT / name).read_bytes() for name in copied()}
    made = dict(recipe_pages(ROOT / "recipes")) | {f"api/{n}": text for n, text in api_pages()}
    found = sections([name for name in made if name.startswith("recipes/")])
    files |= {f"{name}.md": text.encode() for name, text in made.items()}
    files["index.md"] = index_page(found).encode()
    for name, content in files.items():
        path = source / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in source.rglob("*"):
        if path.is_file() and path.relative_to(source).as_posix() not in files:
            path.unlink()
    return found


def copied() -> Iterator[str]:
    """Files that are laid out as they are."""
    for name in COPIED:
        path = ROOT / name
        for one in path.rglob("*") if path.is_dir() else [path]:
            if one.is_file() and HERE not in one.parents and "__pycache__" not in one.parts:
                yield one.relative_to(ROOT).as_posix()


def keep_markdown(source: Path, plain: Path, out: Path) -> None:
    """The Markdown of every page beside it: as it was written, the interface as it was rendered."""
    for path in source.rglob("*.md"):
        name = path.relative_to(source)
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(plain / name if name.parts[0] == "api" else path, out / name)


def llms(found: dict[str, list[str]], out: Path) -> str:
    """The list of pages that a language model reads first [llmstxt.org]."""
    lines = ["# intralpha", "", f"> {ABOUT}"]
    for heading, names in found.items():
        lines += ["", f"## {heading}", ""]
        for name in names:
            text = (out / f"{name}.md").read_text(encoding="utf-8")
            title = re.search(r"^# (.+)$", text, re.MULTILINE)
            assert title is not None, f"{name} has no title"
            lines.append(f"- [{title[1].strip()}]({name}.md)")
    return "\n".join(lines) + "\n"


class Page(HTMLParser):
    """Addresses that a page links to, and places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.places: set[str] = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.places.add(value)
            if name in {"href", "src"} and value:
                (self.links if tag == "a" else self.fetched).add(value)


def lost_links(out: Path) -> list[str]:
    """Links inside the site that lead nowhere, anchors included, and what other sites must give."""
    read = {path: Page(path.read_text(encoding="utf-8")) for path in out.rglob("*.html")}
    lost = []
    for path, page in read.items():
        for link in sorted(page.links | page.fetched):
            to = urlsplit(link)
            if to.scheme or to.netloc:
                lost += [f"{path.relative_to(out)}: {link}"] if link in page.fetched else []
                continue
            target = (path.parent / unquote(to.path)).resolve() if to.path else path
            known = read.get(target)
            if not target.is_file() or (known and unquote(to.fragment) not in known.places):
                lost.append(f"{path.relative_to(out)}: {link}")
    return lost


def main() -> int:
    """Lay out, build, check; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "docs")
    to = parser.parse_args().to
    began = time.perf_counter()
    source, out = to / "source", to / "site"
    shutil.rmtree(out, ignore_errors=True)
    found = lay_out(source)
    words = ["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(to / "read"), str(source)]
    if sphinx(["-b", "html", *words, str(out)]):
        return 1
    api = [str(path) for path in sorted((source / "api").glob("*.md"))]
    if sphinx(["-b", "markdown", *words, str(to / "plain"), *api]):
        return 1
    keep_markdown(source, to / "plain", out)
    (out / "llms.txt").write_text(llms(found, out), encoding="utf-8")
    lost = lost_links(out)
    for one in lost:
        print(f"leads nowhere: {one}", file=sys.stderr)
    count = sum(map(len, found.values())) + 1
    print(f"{count} pages in {time.perf_counter() - began:.0f} s: {out / 'index.html'}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
