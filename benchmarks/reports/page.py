"""Page: the reports' tables with ours below each line, and the ten checks, as Markdown."""

from collections.abc import Iterator, Mapping, Sequence

from .acceptance import Check
from .claims import AGREE, DISAGREE, UNTESTED, UNTOLD, Claim
from .markdown import claim_lines, grid
from .ours import Found, OurRun, Ours, find
from .printed import NONE, STUDY, Row, Table

ODD = "†"  # beside a printed cell that is no target


def table_lines(table: Table, runs: Mapping[str, Ours]) -> list[str]:
    """A table of a report with ours below each of its lines; without a run it says so.

    Parameters
    ----------
    table : as printed
    runs : runs and studies by the base name of the recipe
    """
    there = [runs[name] for name in table.recipes if name in runs]
    title = f"### {table.report} {table.id}: {table.about}"
    if not table.recipes:
        return [title, "", f"Not run: {table.why}.", ""]
    if not there or (table.read == STUDY and not filled(table, runs)):
        return [title, "", f"Not run: {_command(table)}.", ""]
    lines = [line for row in table.rows for line in _row_lines(table, row, runs)]
    head = ["", "of", *table.columns, "seeds" if table.read == STUDY else "dates"]
    if not any(line[1] != "report" for line in lines):
        sizes = ", ".join(f"{one.recipe} ({one.size})" for one in there)
        return [title, "", f"No counterpart: {sizes} has none of its lines.", ""]
    marks = [f"{ODD} a misprint by all appearance, no target.", ""] if table.not_targets else []
    return [title, "", *grid(head, lines), "", *marks]


def _command(table: Table) -> str:
    """What makes ours of a table."""
    if table.read == STUDY:
        return f"`intralpha study {table.recipes[0]}` with the keys of its first lines"
    return f"`intralpha run {table.recipes[0]}`"


def filled(table: Table, runs: Mapping[str, Ours]) -> bool:
    """Whether at least one figure of ours stands in a table."""
    return any(
        find(runs[row.run or table.run], table, row, title) is not None
        for row in table.rows
        if (row.run or table.run) in runs
        for title in table.columns
    )


def _row_lines(table: Table, row: Row, runs: Mapping[str, Ours]) -> Iterator[list[str]]:
    odd = [(row.name, title) in table.not_targets for title in table.columns]
    cells = [f"{cell}{ODD if o else ''}" for cell, o in zip(row.printed, odd, strict=True)]
    yield [row.name, "report", *("" if cell == NONE else cell for cell in cells), ""]
    run = runs.get(row.run or table.run)
    if run is None:
        return
    found = [find(run, table, row, title) for title in table.columns]
    if any(found):
        pairs = zip(table.columns, row.printed, found, strict=True)
        told = [shown(one, _like(table, title, cell)) for title, cell, one in pairs]
        dates = {one.dates for one in found if one is not None and one.dates is not None}
        yield ["", f"ours, {run.size}", *told, " to ".join(str(d) for d in sorted(dates))]


def _like(table: Table, title: str, cell: str) -> str:
    """A printed cell whose form ours takes; where there is none, the first of its column."""
    place = list(table.columns).index(title)
    known = [cell, *(row.printed[place] for row in table.rows)]
    return next((one for one in known if one != NONE), "0.00%")


def shown(found: Found | None, like: str) -> str:
    """A figure of ours in the form of a printed one, with its standard error.

    Parameters
    ----------
    found : None gives an empty cell
    like : such as ``13.42%`` or ``1.41``
    """
    if found is None:
        return ""
    percent, decimals = like.endswith("%"), len(like.rstrip("%").partition(".")[2])
    count = not decimals and not percent
    digits = max(decimals, 1 if percent else 2)
    if count and found.error is not None:
        digits = 1  # a mean of counts
    elif count and found.value == round(found.value):
        digits = 0
    times, unit = (100.0, "%") if percent else (1.0, "")
    error = "" if found.error is None else f" ± {times * found.error:.{digits}f}"
    return f"{times * found.value:.{digits}f}{unit}{error}"


def check_lines(checks: Sequence[Check]) -> list[str]:
    """The checks: a line each with its verdict, then their parts."""
    head = ["", "check", "verdict", "parts"]
    lines = [[str(c.number), c.about, f"**{c.verdict}**", _parts(c.claims)] for c in checks]
    out = [*grid(head, lines), ""]
    for check in checks:
        out += [f"### {check.number}. {check.about}: {check.verdict}", ""]
        out += claim_lines(check.claims)
    return out


def _parts(claims: Sequence[Claim]) -> str:
    """How many parts have which verdict."""
    counts = {v: sum(c.verdict == v for c in claims) for v in (AGREE, DISAGREE, UNTOLD, UNTESTED)}
    return ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)


def run_lines(runs: Mapping[str, OurRun]) -> list[str]:
    """What each run is: size, sessions tested, stocks, whether simulated."""
    rows = []
    for name, run in sorted(runs.items()):
        days = [d for one in run.factors.values() for d in one.series["date"].to_list()]
        span = f"{min(days)} to {max(days)}" if days else ""
        market = "simulated" if run.simulated else "a real lake"
        stocks = f"{run.stocks:.0f}"
        rows.append([name, run.size, market, stocks, span, run.benchmark, run.past.folder.name])
    head = ["recipe", "size", "market", "stocks a date", "tested", "benchmark", "run"]
    return [*grid(head, rows), "", *_of_simulated(runs)]


def _of_simulated(runs: Mapping[str, OurRun]) -> list[str]:
    """What a reader must know of figures of a simulated market."""
    if not any(run.simulated for run in runs.values()):
        return []
    return [
        "A simulated market's years are not those of the calendar: a return of its 2022 stands in",
        "the column 2022 and has nothing to do with the one above it. A row that is named after an",
        "index holds the enhancement of the benchmark in the table above. `±` is a standard error,",
        "given where a figure is a mean whose dates are kept; of RankIC by lag it is that of one",
        "test date after another, without regard to their order.",
        "",
    ]
