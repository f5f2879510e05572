"""Pages of recipes that the site makes (`make docs` makes the rest, and checks it there)."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_page_of_a_recipe_says_what_it_is_made_of() -> None:
    path = ROOT / "docs" / "site" / "recipe_pages.py"
    spec = importlib.util.spec_from_file_location("recipe_pages", path)
    assert spec is not None
    assert spec.loader is not None
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    page = pages.recipe_page(ROOT / "recipes" / "demo.yaml")
    assert page.startswith("# demo\n\nA simulated market of bars, a GRU")
    assert "* data: simulated\n* combination: weights\n* portfolio: against " in page
    assert (
        "| `gru_bars` | network | features: library `bar64_30`, transform: cross_section, " in page
    )
    assert "inputs:" not in page.partition("## The file")[0]
    assert (ROOT / "recipes" / "demo.yaml").read_text() in page
    assert str(ROOT) not in page
