"""Pages of recipes that the site makes, and its menu; `make docs` makes and checks the rest."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def of_the_site(name: str) -> ModuleType:
    path = ROOT / "docs" / "site" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_menu_and_every_entry_is_a_page() -> None:
    listed = [page for pages in of_the_site("menu").sections([]).values() for page in pages]
    ours = {page for page in listed if not page.startswith("api/")}
    folders = ("docs", "docs/nouns", "docs/vendors", "docs/vendors/level2", "docs/decisions")
    there = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for folder in (*folders, "benchmarks/results")
        for path in (ROOT / folder).glob("*.md")
    }
    assert ours == there | {"README", "README.zh-CN"}
    assert len(listed) == len(set(listed))


def test_a_page_of_a_recipe_says_what_it_is_made_of() -> None:
    page = of_the_site("recipe_pages").recipe_page(ROOT / "recipes" / "demo.yaml")
    assert page.startswith("# demo\n\nA simulated market of bars, a GRU")
    assert "* data: simulated\n* combination: weights\n* portfolio: against " in page
    assert (
        "| `gru_bars` | network | features: library `bar64_30`, transform: cross_section, " in page
    )
    assert "inputs:" not in page.partition("## The file")[0]
    assert (ROOT / "recipes" / "demo.yaml").read_text() in page
    assert str(ROOT) not in page
