"""An address moves with everything that a result is made of, and with nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from intralpha.pipeline import Plan, Recipe, RunResult, load_recipe, plan

from .blocks import blocks_recipe
from .conftest import write_recipe

LIBRARY = {
    "name": "mine",
    "frame": "day",
    "segments": "day",
    "source": "a test",
    "factors": [{"name": "momentum", "expr": "carried / ago(carried, 5) - 1"}],
}

REPLAY = {"portfolio", "attribution", "style_attribution"}
RESULTS = {"signal", "test"} | REPLAY
DESK = {"benchmark", "exposures"}  # what a decision knows besides signal and holdings
GRU = {"label/gru", "weights/gru", "outputs/gru", "score/gru"}
SCORES = {"outputs/gru", "score/gru", "score/simple"}
# Key of the recipe (the longest that fits counts) -> nodes that are made of it, directly or not.
MOVED: dict[str, set[str]] = {
    "name": set(),
    "about": set(),
    "workers": set(),
    "executor": set(),
    "mlflow": set(),
    "study": set(),
    "fwd_known_until": set(),
    "quality": set(),
    "universe": {"universe", "seen/gru"} | GRU | SCORES | RESULTS | DESK,
    "grid": {"forward"} | GRU | SCORES | RESULTS | DESK,
    "factors.gru.features": {"features/gru", "seen/gru", "weights/gru", "outputs/gru", "score/gru"}
    | RESULTS,
    "factors.gru.transform": {"seen/gru", "weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.kept": {"seen/gru", "weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.window_days": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    # Inside the day the masks are others, and so is all that stands on them.
    "factors.gru.until": {"universe/gru", "seen/gru"} | GRU | RESULTS,
    "factors.gru.step": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.label": GRU | RESULTS,
    "factors.gru.valid_label": {"valid_label/gru", "weights/gru", "outputs/gru", "score/gru"}
    | RESULTS,
    "factors.gru.rows": {"rows/gru", "weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.weights": {"weighing/gru", "weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.schedule": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.model": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.objective": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.training": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.gru.seeds": {"weights/gru", "outputs/gru", "score/gru"} | RESULTS,
    "factors.simple.features": {"features/simple", "score/simple"} | RESULTS,
    "factors.simple": {"score/simple"} | RESULTS,
    "combination": RESULTS,
    "test": {"test"},
    "test.horizons": {"forward", "test"},
    "test.grid": {"forward", "test", "signal"} | SCORES,
    "test.price": {"forward", "test"},
    "test.by_day": {"forward", "test"},
    "test.factor.held": {"forward", "test"},
    "test.within": {"test", "within"},
    "test.pools": {"test", "pools"},
    "test.neutral_to": {"test", "features/styles"},
    "test.start": {"test"} | REPLAY | DESK,
    "test.end": {"test"} | REPLAY | DESK,
    "portfolio": REPLAY,
    "sets": {"features/few.own", "set_days/few", "set/few"},
}
# Values for keys that cannot be changed by counting up; None: no other value is possible.
OTHERS: dict[str, Any] = {
    "quality.fail_above": 1.0,
    "fwd_known_until": "2023-06-01",
    "universe.indices": ["000852.SH"],
    "universe.boards": ["main"],
    "grid.anchor": "2023-01-05",
    "test.grid": {"kind": "weekday"},
    "factors.gru.features.names": ["bar_ret", "bar_range"],
    "factors.gru.transform.kind": {"kind": "window_ratio"},
    "factors.gru.transform.mads": 4.0,
    "factors.gru.kept": "float16",
    "factors.gru.step": "day",
    "factors.gru.features.without": ["bar_ret"],
    "factors.gru.until": 4,
    "factors.gru.label.kind": {"kind": "y_002"},
    "factors.gru.label.horizon": 3,
    "factors.gru.label.start": "close",
    "factors.gru.valid_label": {"kind": "ret_T1_T11"},
    "factors.gru.rows": [{"kind": "quantiles", "of": "size", "low": 0.2}],
    "factors.gru.weights": {"kind": "recency", "half_life_days": 20},
    "factors.gru.model.kind": {"kind": "rnn", "hidden": 4},
    "factors.gru.model.head.kind": {"kind": "linear"},
    "factors.gru.objective.kind": {"kind": "mse_bn"},
    "factors.gru.objective.over": "day",
    "factors.gru.schedule.kind": {"kind": "yearly", "first_year": 2023},
    "factors.gru.schedule.validation": "inside",
    "factors.gru.training.optimiser.kind": {"kind": "adamw"},
    "factors.gru.training.rate.kind": {"kind": "cosine"},
    "factors.gru.training.metric.kind": {"kind": "icir"},
    "factors.gru.training.average": {"kind": "ema"},
    "factors.gru.training.precision": "bfloat16",
    "factors.gru.training.batch": "pooled",
    "factors.gru.training.device": "cpu",
    "factors.gru.seeds": [1, 2],
    "combination.kind": {"kind": "equal"},
    "executor.kind": {"kind": "ray"},
    "mlflow": {"uri": "sqlite:///other.db"},
    "study": {"over": {"grid.every": [2, 3]}},
    "sets": {
        "few": {"features": {"kind": "library", "library": "price_volume", "names": ["ret20"]}}
    },
    "factors.simple.transform": {"kind": "neutral"},
    "factors.simple.signs.ret20": 1,
    "factors.simple.signs.vol20": 1,
    "test.horizons": [[1, 6]],
    "test.start": "2023-05-04",
    "test.end": "2023-06-09",
    "test.neutral_to": ["vol20"],
    "test.within": ["000852.SH"],
    "test.pools": {"small": {"rows": [{"kind": "quantiles", "of": "size", "high": 0.3}]}},
    "test.price": "open",
    "test.against": ["simple"],
    "test.breakdown": {"sizes": 2},
    "test.factor.held": [1, 3],
    "test.factor.win": "week",
    "test.factor.columns": ["top_win"],
}
# Choices whose alternatives need other data or other keys beside them; their own tests follow.
APART = (
    "extends",
    "data",
    "factors.gru.kind",
    "factors.simple.kind",
    "factors.gru.features",
    "factors.gru.inputs",
    "factors.gru.model.layer_scores",
    "factors.simple.features",
    "factors.gru.schedule.kind",
    "factors.simple.fwd_over_tested",
    "grid.kind",
    "tracking",
    "explore",
    "portfolio",
    "test.preset",
)


@pytest.fixture(scope="module")
def base(finished: tuple[Path, RunResult]) -> tuple[Path, Plan]:
    folder, _ = finished
    return folder, plan(load_recipe(folder / "tiny.yaml"), folder / "runs")


def leaves(raw: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of everything that is not a mapping."""
    for key, value in raw.items():
        here = f"{place}.{key}" if place else key
        if isinstance(value, dict) and value:
            yield from leaves(value, here)
        else:
            yield here, value


def other_value(key: str, value: Any) -> Any:
    """Some other valid value."""
    if key in OTHERS:
        return OTHERS[key]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.9
    if isinstance(value, str):
        return value + "x"
    if value is None:
        return 3
    return [v + 1 for v in value]


def changed(recipe: Recipe, key: str, value: Any) -> Recipe:
    raw = json.loads(recipe.model_dump_json())
    node = raw
    *parents, last = key.split(".")
    for parent in parents:
        node = node[parent]
    if last == "kind" and isinstance(value, dict):
        holder = raw
        for parent in parents[:-1]:
            holder = holder[parent]
        holder[parents[-1]] = value
    else:
        node[last] = value
    return Recipe.model_validate(raw)


def expected_of(key: str) -> set[str]:
    parts = key.split(".")
    for count in range(len(parts), 0, -1):
        found = MOVED.get(".".join(parts[:count]))
        if found is not None:
            return found
    raise AssertionError(f"nobody has said what {key} moves")


def moved(before: Plan, after: Plan) -> set[str]:
    return {n for n in {*before.keys, *after.keys} if before.keys.get(n) != after.keys.get(n)}


def test_scores_of_layers_move_what_their_network_does(base: tuple[Path, Plan]) -> None:
    """They want a layer before the last."""
    folder, planned = base
    two = changed(planned.recipe, "factors.gru.model.layers", 2)
    more = changed(two, "factors.gru.model.layer_scores", value=True)
    before, after = (plan(recipe, folder / "runs") for recipe in (two, more))
    assert moved(before, after) == expected_of("factors.gru.model.layers")


@pytest.mark.one_in(6)
@pytest.mark.parametrize("part", range(6))
def test_every_key_moves_what_reads_it_and_nothing_else(base: tuple[Path, Plan], part: int) -> None:
    folder, planned = base
    raw = json.loads(planned.recipe.model_dump_json())
    keys = [leaf for leaf in leaves(raw) if not leaf[0].startswith(APART)]
    tried, wrong = 0, []
    for key, value in keys[part::6]:
        other = other_value(key, value)
        after = plan(changed(planned.recipe, key, other), folder / "runs")
        if moved(planned, after) != expected_of(key):
            wrong.append((key, value, other, moved(planned, after) ^ expected_of(key)))
        tried += 1
    assert not wrong
    assert tried > 6


CHOSEN = {"selected/halves", "score/halves", "signal", "test"}
SAID = {f"block/halves.2023-0{month}-0{day}" for month, day in enumerate((3, 1, 1, 3, 4, 1), 1)}
TRAINED = {"weights/halves"} | SAID | CHOSEN
# Key of a factor of sample blocks -> nodes that are made of it, directly or not.
MOVED_BLOCKS: dict[str, set[str]] = {
    "features": {"features/halves", "seen/halves", "similarity/halves"} | TRAINED,
    "transform": {"seen/halves"} | TRAINED,
    "kept": {"seen/halves"} | TRAINED,
    "window_days": {"similarity/halves"} | TRAINED,  # the first block has fewer samples
    "step": TRAINED,
    "until": {"universe/halves", "seen/halves", "similarity/halves", "label/halves"} | TRAINED,
    "label": {"label/halves"} | TRAINED,
    "valid_label": {"valid_label/halves"} | TRAINED,
    "rows": {"rows/halves"} | TRAINED,
    "blocks.first": {"similarity/halves", "weights/halves"} | CHOSEN,  # the others are the same
    "blocks.every_months": {"similarity/halves", "weights/halves"} | CHOSEN,
    "blocks.train_days": {"similarity/halves"} | TRAINED,
    # Of the blocks that of 3 April alone has a sample on the sixteenth session after it.
    "blocks.stop_days": {"weights/halves", "block/halves.2023-04-03"} | CHOSEN,
    "refresh_months": {"block/halves.2023-05-04"} | CHOSEN,  # it is judged and scores later
    "select": CHOSEN,
    "model": TRAINED,
    "objective": TRAINED,
    "training": TRAINED,
    "seeds": TRAINED,
}
OTHERS_BLOCKS: dict[str, Any] = {
    "features.names": ["ret20", "vol20"],
    "label.horizon": 5,
    "label.start": "vwap",
    "until": 0,  # daily features
    "blocks.first": "2023-01-05",
    "blocks.every_months": 2,
    "select.at_least": 1,
    "training.metric.kind": {"kind": "rank_ic"},
    "transform.kind": {"kind": "no_transform"},
    "transform.mads": 4.0,
    "transform.sigmas": 3.0,
}


@pytest.mark.slow
def test_every_key_of_sample_blocks_moves_what_reads_it(long_lake: Path, tmp_path: Path) -> None:
    recipe = blocks_recipe(long_lake, tmp_path)
    before = plan(recipe, tmp_path / "runs")
    raw = json.loads(recipe.model_dump_json())["factors"]["halves"]
    apart = ("kind", "inputs", "model.layer_scores", "features.", "transform.kind")
    tried, wrong = 0, []
    for key, value in leaves(raw):
        named = key == "features.names"
        if key.startswith(apart) and not named:
            continue
        place = f"factors.gru.{key}"
        other = OTHERS_BLOCKS.get(key, OTHERS.get(place))
        other = other_value(place, value) if other is None else other
        after = plan(changed(recipe, f"factors.halves.{key}", other), tmp_path / "runs")
        expected = MOVED_BLOCKS.get(key) or MOVED_BLOCKS[key.partition(".")[0]]
        # A block more or less is a node more or less: what each says is compared where both are.
        gone = {*before.keys} ^ {*after.keys}
        found = moved(before, after)
        if found - gone != expected - gone:
            wrong.append((key, value, other, (found ^ expected) - gone))
        tried += 1
    assert not wrong
    assert tried > 40


PORTFOLIO = {
    "portfolio.benchmark={kind: equal}": {"benchmark"},
    "portfolio.exposures={momentum_days: 300}": {"exposures"},
    "portfolio.every=2": DESK,
    "portfolio.grid={kind: month_end}": DESK | SCORES | {"signal"},
    "portfolio.problem.stock_deviation=0.04": set(),
    "portfolio.problem.industry_deviation=0.2": set(),
    "portfolio.problem.style_bounds={size: 0.4}": set(),
    "portfolio.problem.turnover_one_sided=0.3": set(),
    "portfolio.problem.turnover_two_sided=0.3": set(),
    "portfolio.problem.constraints=[{kind: participation, at_most: 0.5}]": set(),
    "portfolio.problem.costs={buy_bps: 5}": set(),
    "portfolio.backtest.capital_yuan=1000000": set(),
}


def test_how_figures_are_counted_moves_nothing(base: tuple[Path, Plan]) -> None:
    folder, planned = base
    recipe = load_recipe(folder / "tiny.yaml", ("portfolio.figures=s002",))
    assert recipe.portfolio.figures.kind == "s002"
    assert not moved(planned, plan(recipe, folder / "runs"))


@pytest.mark.slow
def test_a_hedge_is_a_node_beside_the_replay(base: tuple[Path, Plan], tmp_path: Path) -> None:
    """Each of its keys, and what its table says, moves it alone."""
    folder, planned = base
    table = tmp_path / "basis.csv"
    keys = {"cost_annualised": 0.05, "basis": str(table), "margin_share": 0.1,
            "commission_bps": 1, "roll": "quarter"}  # fmt: skip

    def hedged(keys: dict[str, Any]) -> Plan:
        recipe = load_recipe(folder / "tiny.yaml", (f"portfolio.hedge={json.dumps(keys)}",))
        after = plan(recipe, folder / "runs")
        assert moved(planned, after) <= {"hedge"}
        return after

    table.write_text("date,basis_annualised\n2023-01-03,-0.1\n")
    first = hedged({"cost_annualised": 0.02}).keys["hedge"]
    found = [
        hedged({"cost_annualised": 0.02, key: value}).keys["hedge"] for key, value in keys.items()
    ]
    table.write_text("date,basis_annualised\n2023-01-03,-0.2\n")
    found.append(hedged({"cost_annualised": 0.02, "basis": str(table)}).keys["hedge"])
    assert "hedge" not in planned.keys
    assert len({first, *found}) == 1 + len(found)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("change", "more"), PORTFOLIO.items())
def test_keys_of_the_portfolio_move_the_portfolio_alone(
    base: tuple[Path, Plan], change: str, more: set[str]
) -> None:
    folder, planned = base
    after = plan(load_recipe(folder / "tiny.yaml", (change,)), folder / "runs")
    assert moved(planned, after) == REPLAY | more


def test_an_earlier_end_of_the_test_moves_the_end_of_the_replay_alone(
    base: tuple[Path, Plan],
) -> None:
    folder, planned = base
    after = plan(load_recipe(folder / "tiny.yaml", ("test.end=2023-06-09",)), folder / "runs")
    old, new = planned.addresses["portfolio"], after.addresses["portfolio"]
    assert len(new) > 15
    assert [name for name in new if new[name] != old[name]] == ["end"]


def test_a_date_of_the_signal_that_is_no_decision_moves_no_decision(
    base: tuple[Path, Plan],
) -> None:
    folder, planned = base
    sparse = plan(load_recipe(folder / "tiny.yaml", ("portfolio.every=2",)), folder / "runs")
    node = sparse.node("portfolio")
    days = [one.name for one in node.slices]
    signal = [one.name for one in sparse.node("signal").slices]
    assert days == [*signal[::2], "end"]
    for at, one in enumerate(node.slices):
        before = (days[at - 1],) if at else ()
        assert one.needs.get("before", ()) == before
        assert one.needs.get("signal", ()) == (() if one.name == "end" else (one.name,))
    # The first decision is the same however many follow.
    assert sparse.addresses["benchmark"][days[1]] == planned.addresses["benchmark"][days[1]]


def test_a_slice_has_the_address_of_the_one_before_in_its_own(base: tuple[Path, Plan]) -> None:
    """Another first decision moves every later one; another last decision none before it."""
    folder, planned = base
    later = plan(load_recipe(folder / "tiny.yaml", ("test.start=2023-05-04",)), folder / "runs")
    old, new = planned.addresses["portfolio"], later.addresses["portfolio"]
    assert len(new) > 10
    assert all(new[name] != old[name] for name in new)
    known, same = planned.addresses["exposures"], later.addresses["exposures"]
    assert all(same[name] == known[name] for name in same)


def test_rules_of_rows_and_weights_move_weights_and_no_feature(base: tuple[Path, Plan]) -> None:
    """Another rule moves its own masks; one that looks at labels has masks of its own."""
    folder, planned = base
    rules = [{"kind": "quantiles", "of": "volatility", "low": 0.3}, {"kind": "label_quantiles"}]
    weights = {"kind": "similarity"}
    some = changed(planned.recipe, "factors.gru.rows", rules)
    some = changed(some, "factors.gru.weights", weights)
    before = plan(some, folder / "runs")
    learnt = {"weights/gru", "outputs/gru", "score/gru"} | RESULTS
    assert moved(planned, before) == {"rows/gru", "label_rows/gru", "weighing/gru"} | learnt
    for key, value, own in (
        ("rows", [rules[0] | {"low": 0.4}, rules[1]], "rows/gru"),
        ("rows", [rules[0], rules[1] | {"high": 0.9}], "label_rows/gru"),
        ("weights", weights | {"bandwidth": 2.0}, "weighing/gru"),
    ):
        after = plan(changed(some, f"factors.gru.{key}", value), folder / "runs")
        assert moved(before, after) == {own} | learnt


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("factors.gru.features.names=[bar_ret]", MOVED["factors.gru.features"]),
        ("factors.simple.fwd_over_tested=true", MOVED["factors.simple"]),
    ],
)
def test_choices_that_stand_apart(base: tuple[Path, Plan], change: str, expected: set[str]) -> None:
    folder, planned = base
    after = plan(load_recipe(folder / "tiny.yaml", (change,)), folder / "runs")
    assert moved(planned, after) == expected


def test_the_grid_moves_scores_without_training(base: tuple[Path, Plan]) -> None:
    folder, planned = base
    other = plan(load_recipe(folder / "tiny.yaml", ("grid.every=4",)), folder / "runs")
    assert planned.keys["features/simple"] == other.keys["features/simple"]
    assert planned.keys["score/simple"] != other.keys["score/simple"]


def test_another_factor_leaves_the_others_alone(base: tuple[Path, Plan]) -> None:
    folder, planned = base
    more = "factors.third={kind: zscore_mean, features: {kind: library, library: price_volume, "
    more += "names: [ret20, vol20]}, signs: {vol20: -1}}"
    after = plan(load_recipe(folder / "tiny.yaml", (more,)), folder / "runs")
    assert moved(planned, after) == {"features/third", "score/third", "test"}
    # Equal features are made once, whatever the factor is called.
    assert after.keys["features/third"] == planned.keys["features/simple"]


def test_a_factor_of_others_moves_with_them_and_moves_none(base: tuple[Path, Plan]) -> None:
    folder, _ = base

    def planned(*changes: str) -> Plan:
        more = "factors.both={kind: mean_of, weights: {gru: 1, simple: 3}}"
        return plan(load_recipe(folder / "tiny.yaml", (more, *changes)), folder / "runs")

    before = planned()
    assert moved(base[1], before) == {"score/both", "test"}
    assert moved(before, planned("factors.both.weights.gru=2")) == {"score/both", "test"}
    one = planned("factors.simple.signs.ret20=1")
    assert moved(before, one) == {"score/simple", "score/both"} | RESULTS


def test_a_slower_factor_moves_with_its_own_and_moves_none(base: tuple[Path, Plan]) -> None:
    folder, _ = base

    def planned(*changes: str) -> Plan:
        more = "factors.slow={kind: smoothed, of: simple, dates: 3}"
        return plan(load_recipe(folder / "tiny.yaml", (more, *changes)), folder / "runs")

    before = planned()
    assert moved(base[1], before) == {"score/slow", "test"}
    assert moved(before, planned("factors.slow.half_life=2")) == {"score/slow", "test"}
    one = planned("factors.simple.signs.ret20=1")
    assert moved(before, one) == {"score/simple", "score/slow"} | RESULTS
    lasts = [s.needs["score"] for s in before.node("score/slow").slices]
    assert [len(one) for one in lasts[:4]] == [1, 2, 3, 3]


def test_a_transform_of_a_set_moves_the_set_alone(base: tuple[Path, Plan]) -> None:
    folder, planned = base
    plain = changed(planned.recipe, "sets", OTHERS["sets"])
    before = plan(plain, folder / "runs")
    after = plan(changed(plain, "sets.few.transform", {"kind": "neutral"}), folder / "runs")
    assert moved(before, after) == {"set_days/few", "set/few"}
    (reads,) = {node.reads for node in after.nodes if node.name == "set_days/few"}
    assert {read.table for read in reads} == {"daily", "industry", "fundamentals"}
    assert not any(read.ahead for read in reads)


def test_styles_of_a_set_move_the_set_alone(base: tuple[Path, Plan]) -> None:
    folder, planned = base
    plain = changed(planned.recipe, "sets", OTHERS["sets"])
    styled = changed(plain, "sets.few.styles", {"kind": "price_volume"})
    others = changed(plain, "sets.few.styles", {"kind": "price_volume", "amihud_days": 15})
    before, after, other = (plan(recipe, folder / "runs") for recipe in (plain, styled, others))
    assert {*after.keys} - {*before.keys} == {"styles/few"}
    assert moved(before, after) == {"styles/few", "set_days/few", "set/few"}
    assert moved(after, other) == {"styles/few", "set_days/few", "set/few"}
    assert not any(read.ahead for read in after.node("styles/few").reads)


def test_the_content_of_a_library_file_moves_what_is_made_of_it(
    tmp_path: Path, base: tuple[Path, Plan]
) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(yaml.safe_dump(LIBRARY))
    factor = {
        "kind": "zscore_mean",
        "features": {"kind": "library", "library": "mine.yaml"},
        "signs": {"momentum": 1},
    }
    path = write_recipe(tmp_path, factors={"mine": factor}, combination={"kind": "single"})
    changes = (f"data.lake={base[0] / 'lake'}", "data.sources=[]", "portfolio=null")
    before = plan(load_recipe(path, changes), tmp_path / "runs").keys
    other = LIBRARY | {"factors": [{"name": "momentum", "expr": "carried / ago(carried, 9) - 1"}]}
    own.write_text(yaml.safe_dump(other))
    after = plan(load_recipe(path, changes), tmp_path / "runs").keys
    assert {n for n in before if before[n] != after[n]} == {
        "features/mine",
        "score/mine",
        "signal",
        "test",
    }


def test_weights_of_every_fold_and_seed_are_kept(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    kept = list((folder / "runs" / "artifacts").rglob("weights.safetensors"))
    assert len(kept) >= 2 * 2  # two seeds, at least two folds
