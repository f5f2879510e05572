"""The page of a whole run, read as a program reads it: complete, and by itself."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from intralpha.pipeline import RunResult

HEAD = ("Period", "Universe", "Horizon", "Benchmark", "Rebalance", "Costs")


class Reader(HTMLParser):
    """Ids, addresses, and what every figure says."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.addresses: list[str] = []
        self.labels: list[str] = []
        self.languages: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.update([found["id"] or ""] if "id" in found else [])
        self.addresses += [found[key] or "" for key in ("src", "href") if key in found]
        if tag == "figure":
            self.labels.append(found.get("aria-label") or "")
        self.languages.update((found.get("class") or "").split() if tag == "span" else [])


@pytest.fixture(scope="module")
def page(finished: tuple[Path, RunResult]) -> str:
    return finished[1].report.read_text(encoding="utf-8")


def test_nothing_is_fetched_and_every_id_is_one(page: str) -> None:
    read = Reader()
    read.feed(page)
    assert [a for a in read.addresses if not a.startswith(("#", "data:"))] == []
    assert re.findall(r"url\(|@import|fetch\(|XMLHttpRequest", page) == []
    assert [one for one, times in read.ids.items() if times > 1] == []
    assert {a.removeprefix("#") for a in read.addresses if a.startswith("#")} <= set(read.ids)
    assert len(page) < 1_000_000


def test_every_chart_has_a_title_and_a_unit_in_both_languages(page: str) -> None:
    read = Reader()
    read.feed(page)
    assert len(read.labels) > 25
    assert [one for one in read.labels if not all(one.partition(", ")[::2])] == []
    assert read.languages["en"] == read.languages["zh"] > 100


def test_the_head_says_what_was_tested_and_a_mean_how_sure_it_is(page: str) -> None:
    head = page[page.index('<dl class="head">') : page.index("</dl>")]
    assert [one for one in HEAD if f">{one}<" not in head] == []
    assert re.search(r"<b>-?\d\.\d{3} ± \d\.\d{3}</b>", page)
    assert page.index("How to read this") < page.index("<h2>")


def test_every_factor_has_its_evidence(page: str, finished: tuple[Path, RunResult]) -> None:
    for factor in finished[1].factors:
        for title in ("Groups of", "Q-Q of RankIC,", "RankIC by month,"):
            assert f"{title} {factor.name}" in page
