"""Pages as a reader sees them: nothing too wide, too pale or broken, and nothing that calls out."""

import re
from pathlib import Path

import pytest
from tests.browser import STATES, Browser, faults_of

from intralpha.report import TearSheet, render, render_exploration

from .test_explore import make_exploration
from .test_render import make_sheet

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Every fault of a page that its checker must see, and how it says so.
PLANTED = {
    "overflow": (
        "<div style='width: 1400px'>wide</div>",
        r"^(?:1280|390) \w+ \w+: overflow: 14\d\d > (?:1280|390), div \"wide\"",
    ),
    "wide on a phone": ("<p style='width: 500px'>wide</p>", r"^390 .* overflow: 5\d\d > 390"),
    "request": ("<img src='http://page.invalid/x.png'>", "request: http://page.invalid/x.png$"),
    "file": ("<link rel=stylesheet href=other.css>", "request: file:///.*/other.css$"),
    "exception": ("<script>nothing.at.all</script>", "exception: ReferenceError: nothing is not"),
    "late exception": (
        "<script>document.addEventListener('DOMContentLoaded', () => { null.x; });</script>",
        "exception: TypeError",
    ),
    "error": ("<script>console.error('bad')</script>", r"console: \['bad'\]"),
    "pale": ("<p style='color: #bbb; background: #fff'>pale</p>", 'contrast 1.92: p "pale"'),
    "empty": ("<h2></h2>", r'empty: h2 ""'),
    "hidden": ("<style>main { visibility: hidden }</style>", "text: 0 pieces are visible"),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(make_sheet(), tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page without charts, which is fast."""
    sheet = TearSheet("A run", "about it", quality={f"fault {i}": i for i in range(9)})
    path = render(sheet, tmp_path_factory.mktemp("plain") / "report.html")
    return path.read_text(encoding="utf-8")


def test_a_report_can_be_read_everywhere(browser: Browser, page: Path) -> None:
    assert faults_of(browser, page) == []


def test_an_exploration_can_be_read_everywhere(browser: Browser, tmp_path: Path) -> None:
    page = render_exploration(make_exploration(), tmp_path / "explore.html")
    assert faults_of(browser, page) == []


def test_the_checker_sees_nothing_else(browser: Browser, plain: str, tmp_path: Path) -> None:
    (tmp_path / "whole.html").write_text(plain, encoding="utf-8")
    assert faults_of(browser, tmp_path / "whole.html") == []


@pytest.mark.parametrize("fault", PLANTED)
def test_the_checker_sees(fault: str, browser: Browser, plain: str, tmp_path: Path) -> None:
    planted, said = PLANTED[fault]
    broken = tmp_path / "broken.html"
    broken.write_text(plain.replace("</main>", planted + "</main>"), encoding="utf-8")
    found = faults_of(browser, broken, STATES[:1])
    assert [one for one in found if re.search(said, one)], found


def test_buttons_change_language_and_theme(browser: Browser, page: Path) -> None:
    browser.open(page, "?lang=en&theme=light")
    state = "[document.body.innerText, getComputedStyle(document.body).backgroundColor]"
    text, paper = browser.run(state)
    assert set(CHINESE.findall(text)) == set("中文")  # the button's own name
    for button in ("language", "theme"):
        browser.run(f"document.getElementById('{button}').click()")
    other, dark = browser.run(state)
    assert len(CHINESE.findall(other)) > 400
    assert dark != paper
    browser.open(page)  # both are kept
    assert browser.run(state) == [other, dark]
    assert browser.faults == []


def test_keys_show_the_values_of_a_chart(browser: Browser, page: Path) -> None:
    browser.open(page, "?lang=en")
    shown = browser.run("""(() => {
      const chart = document.querySelector("figure.chart svg");
      const press = (key) => chart.dispatchEvent(new KeyboardEvent("keydown", { key }));
      const tip = chart.closest("figure").querySelector(".tip"), seen = [tip.hidden];
      for (const key of ["ArrowRight", "ArrowRight", "Escape"]) {
        press(key); seen.push(tip.hidden ? "" : tip.innerText);
      }
      return [chart.getAttribute("tabindex"), ...seen];
    })()""")
    index, hidden, first, second, gone = shown
    assert (index, hidden, gone) == ("0", True, "")
    assert first
    assert second
    assert first != second
