"""Render: a TearSheet as one HTML file that opens offline."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader

from intralpha.report.language import text
from intralpha.report.section import Section
from intralpha.report.svg import draw
from intralpha.report.tables import table
from intralpha.report.tear_sheet import TearSheet

STYLE, SCRIPT = "style.css", "page.js"
READING = (
    "RankIC: Spearman correlation of score and forward return across stocks, mean over test "
    "dates; ICIR: mean over sample standard deviation, not annualised. Standard errors and t "
    "are Newey and West's: they allow for returns that overlap.",
    "Top excess: mean return of the highest scores over the universe's mean, times the test "
    "dates in a year, before cost. Turnover of a factor: two-sided change of the top group's "
    "equal weights, without drift.",
    "Portfolio figures are after the costs of the recipe; excess is the compounded daily "
    "difference to the benchmark; tracking error and the information ratio are annualised.",
    "A name in a legend hides and shows its line. A pointer or the arrow keys on a chart "
    "show the values of a place; csv above a table saves it with all digits.",
)


def render(sheet: TearSheet, path: Path) -> Path:
    """Write the report.

    Parameters
    ----------
    sheet : what to show
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. The page needs no network and no library: drawings, style and script are
        inside.
    """
    return write_page(page_of(sheet), path)


def page_of(sheet: TearSheet) -> str:
    """The report as HTML text, for who shows it and writes no file.

    Parameters
    ----------
    sheet : what to show
    """
    sections = sheet.sections()
    return filled(
        "page.html",
        sheet.title,
        sheet=sheet,
        sections=[(section, drawn(section)) for section in sections],
        tiles=[tile for section in sections for tile in section.tiles],
        facts_table=table(("", ""), [(text(k), v) for k, v in sheet.facts.items()]),
        reading=READING,
    )


def drawn(section: Section) -> list[str]:
    """The charts of a section as HTML."""
    return [draw(chart) for chart in section.charts if chart is not None]


def filled(template: str, title: str, **values: object) -> str:
    """The text of a page, with style and script in it.

    Parameters
    ----------
    template : file of this folder, which extends the layout
    title : of the page
    **values : what it uses
    """
    page = _environment().get_template(template)
    return page.render(title=title, style=_read(STYLE), script=_read(SCRIPT), **values)


@cache
def _environment() -> Environment:
    environment = Environment(autoescape=True, loader=FunctionLoader(_read))
    environment.globals["text"] = text  # type: ignore
    return environment


@cache
def _read(name: str) -> str:
    """The text of a file of this folder."""
    return files("intralpha.report").joinpath(name).read_text(encoding="utf-8")


def write_page(page: str, path: Path) -> Path:
    """Write a page in one step, so that nobody sees half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(page, encoding="utf-8")
    return partial.replace(path)
