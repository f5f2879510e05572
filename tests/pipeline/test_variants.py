"""Variants of a recipe's tests: pools, what one factor adds to another, days, price, luck."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from intralpha.base import Panel
from intralpha.evaluation import neutralise, run_factor_test
from intralpha.labels import fwd_return
from intralpha.market import industry_codes, size_cap
from intralpha.pipeline import (
    RunResult,
    audit_recipe,
    execute,
    load_recipe,
    plan,
    render_report,
)

FACTORS = {
    name: {
        "kind": "zscore_mean",
        "features": {"kind": "library", "library": "price_volume", "names": [name]},
        "signs": {name: -1},
    }
    for name in ("ret20", "vol20")
}
TEST = {
    "horizons": [[1, 6]],
    "price": "open",
    "by_day": 2,
    "against": ["vol20"],
    "tried": 10,
    "pools": {
        "small": {"rows": [{"kind": "quantiles", "of": "size", "high": 0.7}], "n_groups": 3},
    },
    "breakdown": {"sizes": 2, "min_stocks": 4},
    "factor": {"n_groups": 5, "top_share": 0.2, "columns": ["top_win", "rank_ic_t"]},
}


@pytest.fixture(scope="module")
def tested(finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory):
    shown = ("data.sources=[]", "portfolio=null", "combination={kind: equal}")
    recipe = load_recipe(finished[0] / "tiny.yaml", shown)
    raw = recipe.model_dump(mode="json") | {"factors": FACTORS, "test": TEST}
    planned = plan(type(recipe).model_validate(raw), tmp_path_factory.mktemp("variants"))
    result = execute(planned, show_progress=False)
    assert result.problems == ()
    return planned, {f.name: f for f in result.factors}


def masked(planned, extra: np.ndarray | float = 1.0) -> tuple[Panel, Panel, np.ndarray]:
    """Scores, returns and mask on the dates of the test."""
    fwd = planned.panel("forward")
    score = planned.panel("score/ret20").at(fwd.dates)
    inside = (planned.panel("universe").at(fwd.dates)["universe"] > 0) & (fwd["fwd_buyable"] > 0)
    return score, fwd.select(("fwd_1_6",)), inside & (np.asarray(extra) > 0)


@pytest.mark.slow
def test_pools_are_the_same_in_every_other_future(tested, tmp_path: Path) -> None:
    planned, _ = tested
    after = planned.axes.dates[80].item()
    found = audit_recipe(planned.recipe, after, tmp_path, show_progress=False, futures=("noise",))
    pools = [one for one in found if one.what == "pools"]
    assert len(pools) == 1
    assert pools[0].compared > 1000


@pytest.mark.slow
def test_each_factor_has_its_variants(tested) -> None:
    _, reports = tested
    assert list(reports) == [
        "ret20",
        "ret20, beyond vol20",
        "ret20, small",
        "vol20",
        "vol20, small",
        "signal",
        "signal, beyond vol20",
        "signal, small",
    ]
    luck = reports["ret20"].more["luck"].row(0, named=True)
    assert luck["tried"] == 18
    assert luck["best_by_luck"] > 0
    assert reports["ret20"].more["by_day"]["day"].to_list() == [1, 2]
    assert reports["ret20"].more["printed"].columns == ["top_win", "rank_ic_t"]


def test_a_pool_is_a_part_of_the_universe(tested) -> None:
    planned, reports = tested
    score, fwd, inside = masked(planned)
    pools = planned.panel("pools").at(score.dates)["small"] > 0
    both = inside & pools
    assert (
        0.5 < pools.sum() / (planned.panel("universe").at(score.dates)["universe"] > 0).sum() < 0.8
    )
    mask = Panel(both[..., None].astype(float), score.dates, score.assets, ("inside",))
    rule = planned.recipe.test.pools["small"].settings(planned.recipe.test.factor)
    assert rule.n_groups == 3
    dates = reports["ret20, small"].series["date"].to_numpy().astype("datetime64[D]")
    found = run_factor_test(score.at(dates), fwd, mask, rule)
    assert reports["ret20, small"].summary["rank_ic"] == pytest.approx(found.summary["rank_ic"])
    assert reports["ret20"].summary["rank_ic"] != pytest.approx(found.summary["rank_ic"])


@pytest.mark.slow
@pytest.mark.parametrize("of", ["industry", "size"])
def test_parts_are_those_of_each_close(tested, of: str, tmp_path: Path) -> None:
    planned, reports = tested
    report = reports["ret20"]
    score, fwd, inside = masked(planned)
    dates = report.series["date"].to_numpy().astype("datetime64[D]")
    at = np.isin(score.dates, dates)
    if of == "industry":
        code_DA, labels = industry_codes(planned.lake, dates, score.assets)
        parts = {labels[code]: code_DA == code for code in np.unique(code_DA[inside[at]])}
    else:
        cap_DA = size_cap(planned.lake, dates, score.assets)["size_cap"]
        universe = planned.panel("universe").at(dates)["universe"] > 0
        middle_D = np.nanmedian(np.where(universe, cap_DA, np.nan), axis=1, keepdims=True)
        parts = {"1": cap_DA <= middle_D, "2": cap_DA > middle_D}
    rows = {row[of]: row for row in report.more[f"by_{of}"].rows(named=True)}
    assert list(rows) == list(parts)
    assert sum(row["dates"] for row in rows.values()) > 2 * len(dates) - 3, "nothing was compared"
    for label, part_DA in parts.items():
        both_DA = inside[at] & part_DA & np.isfinite(score["score"][at] + fwd["fwd_1_6"][at])
        found = [
            spearmanr(score["score"][at][d, mine], fwd["fwd_1_6"][at][d, mine]).statistic
            for d, mine in enumerate(both_DA)
            if mine.sum() >= 4
        ]
        assert rows[label]["dates"] == len(found)
        assert rows[label]["rank_ic"] == pytest.approx(
            np.mean(found) if found else np.nan, nan_ok=True
        )
    assert "by_industry" not in reports["ret20, small"].more
    page = render_report(planned, tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"RankIC by {of} and year" in page


def test_what_a_factor_adds_has_nothing_of_the_other(tested) -> None:
    planned, reports = tested
    score, fwd, inside = masked(planned)
    dates = reports["ret20"].series["date"].to_numpy().astype("datetime64[D]")
    at = np.isin(score.dates, dates)
    known = planned.panel("score/vol20").at(score.dates)["score"].astype(float)
    left = neutralise(score["score"][at].astype(float), known[at][..., None], inside[at])
    mask = Panel(inside[at][..., None].astype(float), dates, score.assets, ("inside",))
    alone = Panel(left[..., None], dates, score.assets, ("score",))
    found = run_factor_test(alone, fwd, mask, planned.recipe.test.factor)
    beyond = reports["ret20, beyond vol20"].summary["rank_ic"]
    assert beyond == pytest.approx(found.summary["rank_ic"], abs=1e-9)
    assert beyond != pytest.approx(reports["ret20"].summary["rank_ic"], abs=1e-6)


def test_returns_are_those_of_the_open(tested) -> None:
    planned, _ = tested
    fwd = planned.panel("forward")
    known = np.isfinite(fwd["fwd_1_6"])  # not on dates before a stock is known
    assert known.mean() > 0.8
    at_open, at_close = (
        fwd_return(planned.lake, fwd.dates, fwd.assets, 1, 6, price)["fwd_1_6"]
        for price in ("open", "close")
    )
    np.testing.assert_allclose(fwd["fwd_1_6"][known], at_open[known])
    assert np.abs(at_open - at_close)[known].max() > 1e-3
