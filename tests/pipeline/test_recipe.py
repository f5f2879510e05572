"""Recipes: every fault is named with its place before any data are read."""

from pathlib import Path

import pytest

from intralpha.labels import HorizonError
from intralpha.pipeline import RecipeError, dump_recipe, find_recipe, load_recipe
from intralpha.pipeline.listing import recipe_folder
from intralpha.pipeline.recipe import lake_of

from .conftest import write_recipe


def test_a_misspelt_key_is_named_with_a_suggestion(recipe_path: Path) -> None:
    text = recipe_path.read_text().replace("window_days", "window_day")
    recipe_path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_path)
    assert "factors.gru.window_day: unknown key; did you mean window_days?" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("grid.every=0", "greater than 0"),
        ("factors.gru.model.kind=quantum", "no kind quantum; known are agru, alstm, "),
        ("nonsense", "expected key.sub_key=value"),
        ("name.x=1", "name is not a mapping"),
        ("data.bar_freq=null", "assets: bars needs bar_freq"),
        ("factor.x=1", "factor: unknown key; did you mean factors?"),
        ("dat.lake=x", "dat: unknown key; did you mean data?"),
        ("data.start=20240601", "data.start: found 20240601, expected a date such as 2024-06-01"),
        ("data.start=1.6.2024", "data.start: found '1.6.2024', expected a date such as 2024-06-01"),
    ],
)
def test_bad_overrides_are_errors(recipe_path: Path, override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe_path, (override,))


def test_overrides_reach_nested_keys(recipe_path: Path) -> None:
    recipe = load_recipe(recipe_path, ("factors.gru.model.hidden=7", "workers=3"))
    assert recipe.factors["gru"].model.hidden == 7  # type: ignore[union-attr]
    assert recipe.workers == 3


def test_null_leaves_out_a_pool_of_a_preset_or_all_of_them(recipe_path: Path) -> None:
    preset = "test.preset=s001_pools"
    names = [*load_recipe(recipe_path, (preset,)).test.pools]
    assert len(names) > 1
    fewer = load_recipe(recipe_path, (preset, f"test.pools={{{names[0]}: null}}"))
    assert [*fewer.test.pools] == names[1:]
    assert not load_recipe(recipe_path, (preset, "test.pools=null")).test.pools


def test_a_resolved_recipe_is_a_recipe_again(recipe_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(recipe_path)
    again = tmp_path / "again.yaml"
    again.write_text(dump_recipe(recipe))
    assert load_recipe(again) == recipe


def test_yaml_that_would_run_code_or_repeats_a_key_is_refused(tmp_path: Path) -> None:
    evil = tmp_path / "evil.yaml"
    evil.write_text("name: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(RecipeError, match="not readable as YAML"):
        load_recipe(evil)
    evil.write_text("name: a\nname: b\n")
    with pytest.raises(RecipeError, match="key 'name' is given twice"):
        load_recipe(evil)
    evil.write_text("- a list\n")
    with pytest.raises(RecipeError, match="found list"):
        load_recipe(evil)
    evil.write_text("name: {{ name }}\n")
    with pytest.raises(RecipeError, match="found unhashable key"):
        load_recipe(evil)
    evil.write_bytes("about: 动量\n".encode("gb18030"))
    with pytest.raises(RecipeError, match="line 1, column 8: found byte 0xb6"):
        load_recipe(evil)
    with pytest.raises(RecipeError, match="no such file"):
        load_recipe(tmp_path / "absent.yaml")


def test_shipped_recipes_are_valid_and_found_by_name() -> None:
    names = sorted(p.stem for p in recipe_folder().glob("*.yaml"))
    assert {"demo", "real_bars15", "real_daily"} <= set(names)
    for name in names:
        assert load_recipe(find_recipe(Path(name))).name == name
    with pytest.raises(RecipeError, match=r"no shipped recipe of that name; shipped are demo, "):
        find_recipe(Path("xyz"))


@pytest.mark.parametrize(("name", "meant"), [("demmo", "demo"), ("mine", "mine.yaml")])
def test_a_name_that_is_nearly_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=rf"of that name; did you mean {meant}\?$"):
        find_recipe(Path(name))


def test_variables_in_paths_expand_or_say_that_they_are_not_set(
    monkeypatch: pytest.MonkeyPatch, recipe_path: Path
) -> None:
    monkeypatch.setenv("SOMEWHERE", "/data")
    known = load_recipe(recipe_path, ("data.lake=${SOMEWHERE}/lake",))
    assert lake_of(known) == Path("/data/lake")
    unknown = load_recipe(recipe_path, ("data.lake=${NOWHERE_AT_ALL}/lake",))
    with pytest.raises(RecipeError, match="NOWHERE_AT_ALL is not set"):
        lake_of(unknown)


def test_paths_start_from_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    path = write_recipe(folder, data={"lake": "lake", "sources": [{"kind": "tdx", "path": "x"}]})
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe(Path("mine/tiny.yaml"))
    assert lake_of(recipe) == folder / "lake"
    assert recipe.data.sources[0].path == str(folder / "x")  # type: ignore[attr-defined]
    # What is given on the command line starts from where one stands.
    assert lake_of(load_recipe(path, ("data.lake=here",))) == tmp_path / "here"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("factors.simple.signs={ret200: -1}", "factors.simple.signs: no feature ret200"),
        ("combination={kind: weights, weights: {other: 1}}", "combination: "),
        ("combination={kind: icir_weight, horizon: [6, 1]}", "expected 0 <= first < last"),
        ("test.horizons=[[6, 1]]", "expected 0 <= first < last"),
        ("test.horizons=[[1, 6], [0, 1], [1, 6]]", r"test: .*horizons has \[1, 6\] twice"),
        ("universe.boards=[main, moon]", "universe.boards: .*no board moon; known are .*star"),
        ("test.start=2030-01-01", "start 2030-01-01 lies after end"),
        ("data.start=2023-13-01", "data.start"),
        ("factors.gru.label.kind=acme.mine", "--plugins acme"),
        ("factors.gru.features.library=bar64_3", "factors.gru.features: no library bar64_3"),
        ("factors.gru.features.names=[bar_rt]", r"factors.gru.features: .* no factor bar_rt; did"),
        (
            "factors.gru.features={kind: expression, factors: {late: 'sum(amonut)'}}",
            r"factors.gru.features: late, column 5: no amonut .*\n.*\n.*\n.*did you mean amount",
        ),
        (
            "factors.gru.features={kind: expression, frame: day, factors: {x: 'std(rtn, days=9)'}}",
            "factors.gru.features: x, column 5: no rtn in the frame day",
        ),
        (
            "factors.simple.features={kind: expression, factors: {x: '1 $ 2'}}",
            "features: x, column",
        ),
        ("factors.simple.features={kind: expression, factors: {a b: '1'}}", "features.*a b"),
    ],
)
def test_what_the_yaml_alone_shows_is_said_before_any_work(
    recipe_path: Path, override: str, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe_path, (override, "test.end=2029-12-31"))


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("test.start=[2023-06-01, 2023-08-31]", "test.start"),
        ("test.dates=[2023-06-01, 2023-08-31]", "test.dates: unknown key"),
        ("data.end=[2023-06-01]", "data.end"),
        ("factors.gru.schedule.train_days=[60, 80]", "factors.gru.schedule.train_days"),
        ("factors.gru.schedule.train=[2023-01-03, 2023-05-31]", "schedule.train: unknown key"),
        ("grid.every=[3]", "grid.every"),
    ],
)
def test_dates_given_in_another_form_are_refused_and_not_passed_over(
    recipe_path: Path, selector: str, said: str
) -> None:
    """Elsewhere a list of dates was ignored in silence, and training saw all of them."""
    with pytest.raises(RecipeError, match=said):
        load_recipe(recipe_path, (selector,))


@pytest.mark.parametrize("horizon", [(6, 1), (1, 1), (-1, 3)])
def test_a_horizon_is_refused_in_the_words_of_its_own_error(
    recipe_path: Path, horizon: tuple[int, int]
) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_path, (f"test.horizons=[[1, 6], {list(horizon)}]",))
    assert str(HorizonError(*horizon)) in str(caught.value)
    load_recipe(recipe_path, ("test.horizons=[[0, 1]]",))


def test_a_file_that_a_library_uses_is_looked_for_before_any_work(recipe_path: Path) -> None:
    folder = recipe_path.parent
    (folder / "own").mkdir()
    days = "name: days\nframe: day\nuses: [late.yaml]\nfactors: [{name: a, expr: 'ago(late, 1)'}]\n"
    (folder / "own" / "days.yaml").write_text(days)
    override = ("factors.gru.features={kind: library, library: own/days.yaml}",)
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_path, override)
    looked_for = f"library days, uses: no library late.yaml, nor a file {folder}/own/late.yaml;"
    assert f"factors.gru.features: {looked_for}" in str(caught.value)
    late = "name: late\nframe: minute\nfactors: [{name: late, expr: 'mean(ret)'}]\n"
    (folder / "own" / "late.yaml").write_text(late)
    assert load_recipe(recipe_path, override).factors["gru"].kind == "network"
