"""A recipe's sets: a library's factors and a network's units, tested at once, on the page."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr
from tests.pages import english

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.datasets.neutral import NeutralSpec
from intralpha.evaluation import run_factor_test
from intralpha.pipeline import Recipe, RecipeError, RunResult, execute, load_recipe, plan
from intralpha.pipeline.made import finished_sets
from intralpha.pipeline.nodes.sets import DATES_A_SLICE

from .conftest import begun

NAMES = ["ret20", "vol20", "ln_amount20"]
UNITS = {
    "kind": "network",
    "features": {"kind": "library", "library": "price_volume", "names": ["ret20", "vol20"]},
    "transform": {"kind": "cross_section", "mads": None, "sigmas": 3},
    "window_days": 3,
    "label": {"kind": "y_ret", "horizon": 5},
    "schedule": {"kind": "rolling", "train_days": 45, "valid_days": 9, "step_days": 60},
    "model": {
        "kind": "rnn",
        "hidden": 4,
        "layers": 1,
        "head": {"kind": "units", "units": 3},
    },
    "objective": {"kind": "mse_bn_orth"},
    "training": {"learning_rate": 0.01, "max_epochs": 1, "piece": 20},
    "seeds": [0, 1],
}
STYLES = {
    "kind": "price_volume", "beta_days": 20, "momentum_days": 20, "momentum_skip_days": 5,
    "volatility_days": 20, "month_days": 5, "year_months": 3, "reversal_days": 5,
}  # fmt: skip
SETS = {
    "library": {
        "features": {"kind": "library", "library": "price_volume", "names": NAMES[:2]},
        "beside": {"kind": "library", "library": "price_volume", "names": NAMES[2:]},
        "scores": ["simple"],
    },
    "of_units": {"factor": "units"},
    "neutral": {
        "features": {"kind": "library", "library": "price_volume", "names": NAMES},
        "transform": {"kind": "neutral"},
    },
    "between": {"scores": ["simple", "units"]},
    "styled": {"scores": ["simple", "units"], "styles": STYLES},
}


def changed(recipe: Recipe, **keys: object) -> Recipe:
    raw = recipe.model_dump(mode="json") | keys
    return Recipe.model_validate(raw)


@pytest.fixture(scope="module")
def tested(finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory):
    """A run with both sets, on the lake of another."""
    shown = ("data.sources=[]", "factors.gru=null", "portfolio=null", "combination={kind: equal}")
    recipe = load_recipe(finished[0] / "tiny.yaml", shown)
    factors = recipe.model_dump(mode="json")["factors"] | {"units": UNITS}
    recipe = changed(recipe, factors=factors, sets=SETS, executor={"kind": "local"}, workers=2)
    planned = plan(recipe, begun(finished[0], tmp_path_factory.mktemp("sets") / "runs"))
    result = execute(planned, show_progress=False)
    assert result.problems == ()
    return planned, result


def test_a_librarys_factors(tested) -> None:
    planned, result = tested
    library, units, *_ = finished_sets(planned)
    assert library.names == (*NAMES, "score simple")
    assert library.own == 2
    simple = next(f for f in result.factors if f.name == "simple")
    assert library.figures["rank_ic_mean"].is_finite().all()
    # `simple` is minus the mean of the two, so that it resembles both, downwards.
    assert (library.strongest("score simple")["correlation"].to_numpy() < -0.3).all()
    days = planned.node("set_days/library").slices
    assert len(days) == -(-sum(len(s.needs["own"]) - s.about["before"] for s in days) // 20)
    assert DATES_A_SLICE == 20
    assert simple.summary["dates"] > 30
    assert units.own == 6
    assert set(units.units()["seed"]) == {"seed0", "seed1"}


def test_a_factor_of_a_set_is_tested_as_any_other(tested) -> None:
    """Over the dates of the set, from what the plan says of features, universe and returns."""
    planned, _ = tested
    library = finished_sets(planned)[0]
    slices = planned.node("set_days/library").slices
    days = as_days([d for s in slices for d in s.needs["own"][s.about["before"] :]])
    fwd = planned.panel("forward").at(days)
    inside = (planned.panel("universe").at(days)["universe"] > 0) & (fwd["fwd_buyable"] > 0)
    mask = Panel(inside[..., None].astype(float), days, fwd.assets, ("inside",))
    rets = fwd.select(("fwd_1_6", "fwd_1_11"))
    values = planned.panel("features/library.own").at(days)
    for row, name in zip(library.figures.iter_rows(named=True), NAMES[:2], strict=True):
        found = run_factor_test(values.select((name,)), rets, mask, planned.recipe.test.factor)
        assert row["factor"] == name
        assert row["rank_ic_mean"] == pytest.approx(found.summary["rank_ic"], abs=1e-12)
        assert row["autocorrelation"] == pytest.approx(found.summary["autocorrelation"], abs=1e-12)


def test_scores_alone_are_a_set(tested) -> None:
    """Tested like any factor, and correlated with each other: Pearson above, Spearman below."""
    planned, _ = tested
    between = finished_sets(planned)[3]
    assert (between.names, between.own) == (("simple", "units"), 2)
    slices = planned.node("set_days/between").slices
    days = as_days([d for s in slices for d in s.needs["score/simple"][s.about["before"] :]])
    fwd = planned.panel("forward").at(days)
    inside = (planned.panel("universe").at(days)["universe"] > 0) & (fwd["fwd_buyable"] > 0)
    scores = [planned.panel(f"score/{n}").at(days)["score"] for n in between.names]
    pearson, spearman = [], []
    for one, other, keep in zip(*scores, inside, strict=True):
        has = [keep & np.isfinite(score) for score in (one, other)]
        both = has[0] & has[1]
        if both.sum() >= 30:
            pearson.append(pearsonr(one[both], other[both]).statistic)
            ranks = [
                np.where(h, rankdata(np.where(h, s, np.inf)), 0)
                for h, s in zip(has, (one, other), strict=True)
            ]
            spearman.append(pearsonr(ranks[0][both], ranks[1][both]).statistic)
    assert between.pearson_NN[0, 1] == pytest.approx(np.mean(pearson), abs=1e-6)
    assert between.spearman_NN[0, 1] == pytest.approx(np.mean(spearman), abs=1e-6)
    assert between.figures["rank_ic_mean"].is_finite().all()


def test_styles_of_a_risk_model_stand_beside_a_set(tested) -> None:
    """Beside caps and returns as the lake has them, which the styles order alike."""
    planned, _ = tested
    plain, styled = finished_sets(planned)[3:5]
    assert styled.own == 2
    size, reversal = (styled.names.index(f"style {name}") for name in ("size", "reversal"))
    assert styled.names[:3] == ("simple", "units", "style size")
    assert len(styled.names) == 2 + 8
    np.testing.assert_array_equal(styled.pearson_NN[:2, :2], plain.pearson_NN)
    slices = planned.node("set_days/styled").slices
    days = as_days([d for s in slices for d in s.needs["styles"][s.about["before"] :]])
    inside = planned.panel("universe").at(days)["universe"] > 0
    forward = planned.panel("forward").at(days)
    inside &= forward["fwd_buyable"] > 0
    raw = raw_styles(planned, days, forward.assets)
    for at, name in ((size, "size"), (reversal, "reversal")):
        found = []
        for score, style, keep in zip(
            planned.panel("score/simple").at(days)["score"], raw[name], inside, strict=True
        ):
            known = keep & np.isfinite(score) & np.isfinite(style)
            if known.sum() >= 30:
                found.append(spearmanr(score[known], style[known]).statistic)
        assert styled.spearman_NN[at, 0] == pytest.approx(np.mean(found), abs=0.02), name
        assert abs(np.mean(found)) > 0.05, "nothing was compared"


def raw_styles(planned, days: np.ndarray, assets: np.ndarray) -> dict[str, np.ndarray]:
    """Total cap, and the return of five sessions, of every date, from rows of the lake."""
    rows = planned.lake.scan("daily").collect()
    sessions = rows["date"].unique().sort().to_list()
    wide = {
        column: rows.pivot("symbol", index="date", values=column).sort("date")
        for column in ("close", "adj_factor", "total_shares")
    }
    close, adjust, shares = (
        wide[c].select(assets.tolist()).to_numpy() for c in ("close", "adj_factor", "total_shares")
    )
    at = [sessions.index(day) for day in days.tolist()]
    price = close * adjust
    back = np.array([price[t] / price[t - 5] for t in at])
    return {"size": (close * shares)[at], "reversal": back}


def test_a_set_is_neutralised_over_the_universe_of_each_date(tested) -> None:
    """As the transform itself does it, with what is absent left absent."""
    planned, _ = tested
    raw, _, found, *_ = finished_sets(planned)
    slices = planned.node("set_days/neutral").slices
    days = as_days([d for s in slices for d in s.needs["own"][s.about["before"] :]])
    inside = planned.panel("universe").at(days)["universe"] > 0
    values = planned.panel("features/neutral.own").at(days)
    known = NeutralSpec().looks_up(planned.lake, days, values.assets)
    left = NeutralSpec().apply(values, inside, known)
    kept = np.where(np.isfinite(values.values) & inside[..., None], left.values, np.nan)
    fwd = planned.panel("forward").at(days)
    tested_DA = inside & (fwd["fwd_buyable"] > 0)
    mask = Panel(tested_DA[..., None].astype(float), days, fwd.assets, ("inside",))
    rets = fwd.select(("fwd_1_6", "fwd_1_11"))
    for at, name in enumerate(NAMES):
        score = Panel(kept[..., [at]], days, values.assets, (name,))
        one = run_factor_test(score, rets, mask, planned.recipe.test.factor)
        row = found.figures.row(at, named=True)
        assert row["rank_ic_mean"] == pytest.approx(one.summary["rank_ic"], abs=1e-12)
    plain, neutral = (r.figures["rank_ic_mean"][0] for r in (raw, found))
    assert abs(plain - neutral) > 1e-4, "industry and size were in it"


def test_the_page_shows_them(tested) -> None:
    _, result = tested
    page = english(result.report)
    for text in ("Set library", "Set of_units", "what resembles the score simple most", "by seed"):
        assert text in page
    # Of ten charts, in the caption and for those who hear it.
    assert page.count("above the diagonal: Pearson, below it: Spearman") == 20


def test_sets_of_what_is_not_there_are_refused(simple_recipe: Recipe) -> None:
    with pytest.raises(ValueError, match="a set is `features`, or the units"):
        changed(simple_recipe, sets={"x": {}})
    for wrong in (
        {"factor": "simple"},
        SETS["neutral"] | {"transform": {"kind": "global_standard"}},
    ):
        with pytest.raises(ValueError, match="`transform` is one that learns nothing"):
            changed(simple_recipe, sets={"x": {"transform": {"kind": "neutral"}} | wrong})
    recipe = changed(simple_recipe, sets={"x": {"factor": "gru", "scores": ["none"]}})
    assert recipe.faults() == ["sets.x: no factor gru, none"]
    assert RecipeError("x", recipe.faults()).faults


def test_values_of_a_set_are_those_of_its_dates(tested) -> None:
    """Each block's first date is also the last of the block before it, and counts once."""
    planned, _ = tested
    slices = planned.node("set_days/of_units").slices
    dates = [d for s in slices for d in s.needs["own"][s.about["before"] :]]
    assert len(set(dates)) == len(dates)
    assert dates == sorted(dates)
    assert all(
        s.needs["own"][0] == "".join(dates[at * 20 - 1 : at * 20])
        for at, s in enumerate(slices)
        if at
    )
    assert np.array([s.about["before"] for s in slices])[0] == 0
