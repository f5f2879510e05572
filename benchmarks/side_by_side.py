"""The reports' tables beside ours, and the ten checks of order and sign against the reports.

    python benchmarks/side_by_side.py --runs FOLDER              a page of finished runs
    python benchmarks/side_by_side.py --runs A --runs B          of several folders, the first first
    python benchmarks/side_by_side.py --runs FOLDER --page FILE  writes the page into a file
    python benchmarks/side_by_side.py --quick                    makes a tiny run first

Runs are those of ``intralpha run s001_multifrequency_rnn_demo --runs FOLDER`` and the like, of any
of the three sizes; of a recipe the first folder that has it counts, there the largest size, of that
the newest run. Studies, such as those of ``intralpha study s001_study_demo --runs FOLDER``, are
read likewise, of each key that one varied the newest. Figures are read as they were filed, nothing
is trained or tested again. What the reports print lies in reports/*.yaml.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports import acceptance, mechanisms, page, study_claims
from reports.claims import AGREE, DISAGREE, UNTESTED, UNTOLD
from reports.folders import runs_in, studies_in
from reports.ours import OurRun
from reports.printed import Table, printed_tables
from reports.studies import Studies

from intralpha import pipeline

TINY = "s004_attention_tiny"
NAMES = {AGREE: "agree", DISAGREE: "disagree", UNTESTED: "not_testable", UNTOLD: "untold"}


def lines_of(
    runs: Mapping[str, OurRun], studies: Studies, tables: Sequence[Table]
) -> tuple[list[str], str]:
    """The page, and the last line of the output.

    Parameters
    ----------
    runs, studies : by the base name of the recipe
    tables : as printed
    """
    found = acceptance.checks(runs, tables)
    counts = Counter(check.verdict for check in found)
    full = sum(page.filled(table, {**runs, **studies}) for table in tables)
    out = ["## Runs", "", *page.run_lines(runs)]
    out += ["## The ten checks", "", *page.check_lines(found)]
    if mechanisms.RECIPE in runs:
        out += ["## Mechanisms, seed by seed", "", *mechanisms.page_lines(runs[mechanisms.RECIPE])]
    if studies:
        out += ["## Studies of report 001, seed by seed", "", *study_claims.page_lines(studies)]
    out += ["## Tables", ""]
    out += [line for table in tables for line in page.table_lines(table, {**runs, **studies})]
    said = " ".join(f"{name}={counts[verdict]}" for verdict, name in NAMES.items())
    return out, f"RESULT {said} tables_filled={full}"


def made(recipe: str, folder: Path) -> None:
    """A run of a shipped recipe, its lake beside it."""
    changes = (f"data.lake={folder}/lake", "workers=1")
    recipe_file = pipeline.find_recipe(Path(recipe))
    planned = pipeline.plan(pipeline.load_recipe(recipe_file, changes), folder / "runs")
    pipeline.execute(planned, show_progress=False)


def main() -> None:
    """Read, hold against each other, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, action="append", default=[], help="folder of runs")
    parser.add_argument("--page", type=Path, help="file that takes the page; default: stdout")
    parser.add_argument("--quick", action="store_true", help="makes a tiny run if none are given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = [one.absolute() for one in given.runs]
        if not folders:
            made(TINY, Path(scratch))
            folders = [Path(scratch) / "runs"]
        lines, result = lines_of(runs_in(folders), studies_in(folders), printed_tables())
    text = "\n".join(lines)
    if given.page:
        given.page.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    print(result)


if __name__ == "__main__":
    main()
