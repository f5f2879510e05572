"""Studies beside tables 2 to 5 of report 001: figures that were filed, and claims by hand."""

from pathlib import Path

import pytest
from benchmarks.reports import study_claims
from benchmarks.reports.claims import AGREE, DISAGREE, UNTESTED, UNTOLD
from benchmarks.reports.folders import studies_in
from benchmarks.reports.page import filled, table_lines
from benchmarks.reports.printed import Table, printed_tables
from tests.benchmarks.filed import file_study

from intralpha.pipeline import find_recipe, load_recipe

RATE = "factors.uni_day.training.learning_rate"
PENALTY = "factors.multi_day.objective.penalty"
OURS = ("T2", "T3", "T4", "T5")


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return {one.id: one for one in printed_tables() if one.report == "001"}


def reached(*valid: float, epochs: float = 10, alike: float = 0.5) -> list[dict[str, float]]:
    """What each seed reached."""
    rest = {"epochs": epochs, "unit_correlation": alike}
    return [{"valid_rank_ic": value} | rest for value in valid]


def test_ours_stands_below_what_is_printed_with_its_error_over_seeds(
    tmp_path: Path, tables
) -> None:
    """Seeds of 0.17, 0.18 and 0.19: a deviation of 0.01, an error of 0.58 points."""
    tried = {0.001: reached(0.17, 0.18, 0.19), 0.0001: reached(0.2)}
    file_study(tmp_path, "s001_study_demo", RATE, tried, "2026-01-02T000000")
    lines = table_lines(tables["T2"], studies_in([tmp_path]))
    at = lines.index("| lr = 1e-3 | report | 35 | 18.73% |  |")
    assert lines[2] == "|  | of | epochs to stop | validation RankIC | seeds |"
    assert lines[at + 1] == "|  | ours, demo | 10.0 ± 0.0 | 18.00% ± 0.58 | 3 |"
    assert lines[at + 3] == "|  | ours, demo | 10 | 20.00% | 1 |"
    assert filled(tables["T2"], studies_in([tmp_path]))
    other = table_lines(tables["T4"], studies_in([tmp_path]))
    assert not filled(tables["T4"], studies_in([tmp_path]))
    assert other[2] == "Not run: `intralpha study s001_study` with the keys of its first lines."
    assert table_lines(tables["T4"], {}) == other


def test_the_newest_of_a_key_and_the_largest_size_count(tmp_path: Path, tables) -> None:
    for name, time, value in (
        ("s001_study_demo", "2026-01-01T000000", 0.1),
        ("s001_study_demo", "2026-01-02T000000", 0.2),
        ("s001_study_tiny", "2026-01-03T000000", 0.3),
    ):
        file_study(tmp_path, name, RATE, {0.001: reached(value)}, time)
    file_study(tmp_path, "s001_study_demo", PENALTY, {0.1: reached(0.4)}, "2026-01-04T000000")
    lines = table_lines(tables["T2"], studies_in([tmp_path]))
    assert "|  | ours, demo | 10 | 20.00% | 1 |" in lines


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((0.01, 0.012, 0.011), AGREE),
        ((-0.01, -0.012, -0.011), DISAGREE),
        ((-0.01, 0.01, 0.0), UNTOLD),
    ],
)
def test_a_rate_is_told_seed_by_seed(tmp_path: Path, gaps: tuple[float, ...], verdict: str) -> None:
    """Seeds differ by far more than rates do; the same seed of both is compared."""
    seeds = (0.1, 0.2, 0.3)
    slow = [{"epochs": 20, **one} for one in reached(*map(sum, zip(seeds, gaps, strict=True)))]
    tried = {0.001: reached(*seeds), 0.0001: [one | {"epochs": 20} for one in slow]}
    studies = studies_in([file_study(tmp_path, "s001_study", RATE, tried, "2026-01-01T000000")])
    longer, better = study_claims.claims_of(studies)[:2]
    assert (longer.verdict, longer.ours) == (AGREE, "+10.000 ± 0.000 (3 seeds)")
    assert better.verdict == verdict
    assert better.theirs == "19.60, 18.73 %"


def test_a_penalty_holds_units_apart(tmp_path: Path) -> None:
    alike = {0.1: 0.6, 1: 0.3, 10: 0.2, 100: 0.1}
    tried = {value: reached(0.1, 0.2, 0.3, alike=a) for value, a in alike.items()}
    for value, seeds in tried.items():
        for place, seed in enumerate(seeds):
            seed["unit_correlation"] += 0.001 * place * value**0.5
    studies = studies_in([file_study(tmp_path, "s001_study", PENALTY, tried, "2026-01-01T000000")])
    found = [one for one in study_claims.claims_of(studies) if one.says.startswith("penalty")]
    verdicts = {one.says: one.verdict for one in found}
    assert verdicts["penalty: units are less alike at 100 than at 0.1"] == AGREE
    assert verdicts["penalty: and so at 1 than at 0.1"] == AGREE
    assert verdicts["penalty: but at 100 as alike as at 1"] == DISAGREE


def test_what_cannot_be_told_says_why(tmp_path: Path) -> None:
    nothing = study_claims.claims_of({})
    assert {one.verdict for one in nothing} == {UNTESTED}
    assert nothing[0].ours == f"no study of s001_study that varies {RATE}"
    tried = {0.001: reached(0.1), 0.01: reached(0.2)}
    studies = studies_in([file_study(tmp_path, "s001_study", RATE, tried, "2026-01-01T000000")])
    assert study_claims.claims_of(studies)[0].ours == "not tried: 0.0001"
    tried = {0.001: reached(0.1), 0.0001: reached(0.2)}
    studies = studies_in([file_study(tmp_path / "b", "s001_study", RATE, tried, "2026")])
    first = study_claims.claims_of(studies)[1]
    assert (first.verdict, first.ours) == (
        UNTESTED,
        "+10.00 points of one seed, which has no error",
    )


def test_the_demo_has_every_key_and_needs_daily_rows_alone(tables) -> None:
    recipe = load_recipe(find_recipe(Path("s001_study_demo")))
    (source,) = recipe.data.sources
    assert (source.ticks, recipe.data.snapshots) == ((), None)
    for name in OURS:
        place = recipe.model_dump()
        for part in tables[name].of.split("."):
            place = place[part]
    assert {*recipe.factors} == {"uni_day", "multi_day"}
    assert {factor.features.kind for factor in recipe.factors.values()} == {"day"}
