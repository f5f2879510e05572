"""Lazy packages: names from one list, whatever was imported before, and nothing else imported."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import intralpha
from intralpha.base.lazy import LazyPackage, offers

ROOT = Path(intralpha.__file__).parent
PACKAGES = sorted(p.parent.name for p in ROOT.glob("*/__init__.py") if offers(p))

INIT = """
from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from shop.sell import pay, sell
    from shop.stock import Apple
    from shop.stock import Apple as Fruit
    from shop import till

lazily(__name__)
"""
SELL = "def sell():\n    return 'sold'\n\n\ndef pay():\n    return 'paid'\n"
STOCK = "print('stock is imported')\n\n\nclass Apple:\n    pass\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    files = {"__init__": INIT, "sell": SELL, "pay": "", "stock": STOCK, "till": ""}
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return tmp_path


def said(folder: Path, code: str) -> str:
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{textwrap.dedent(code)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_name_is_imported_when_it_is_asked_for(shop: Path) -> None:
    code = """
        import shop
        print('shop is here', 'shop.stock' in sys.modules)
        print(shop.Apple is shop.Fruit, shop.Apple is vars(shop)['Apple'])
    """
    assert said(shop, code) == "shop is here False\nstock is imported\nTrue True\n"


@pytest.mark.parametrize(
    "first",
    [
        "from shop import sell",
        "import shop.sell; from shop import sell",
        "from shop.sell import pay as other; import shop.pay; from shop import sell",
        "import shop; shop.sell; import shop.sell; sell = shop.sell",
        "from shop import *",
    ],
)
def test_a_function_is_meant_where_a_file_has_the_same_name(shop: Path, first: str) -> None:
    code = f"{first}\nimport shop.pay\nprint(sell(), shop.sell is sell, shop.pay())"
    assert said(shop, code).splitlines()[-1] == "sold True paid"


def test_lists_of_names_come_from_the_block(shop: Path) -> None:
    code = """
        import shop
        print(shop.__all__, {*shop.__all__} <= {*dir(shop)}, 'shop.stock' in sys.modules)
        from shop import *
        print(Apple.__name__, till.__name__, hasattr(shop, 'lost'), hasattr(shop, '_x'))
    """
    lines = said(shop, code).splitlines()
    assert lines[0] == "['Apple', 'Fruit', 'pay', 'sell', 'till'] True False"
    assert lines[-1] == "Apple shop.till False False"


def test_a_name_that_is_not_offered_says_so(shop: Path) -> None:
    code = "try:\n    from shop import pear\nexcept ImportError as error:\n    print(error)"
    assert said(shop, code).startswith("cannot import name 'pear' from 'shop'")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_has_what_it_offers(name: str) -> None:
    package = importlib.import_module(f"intralpha.{name}")
    assert isinstance(package, LazyPackage)
    assert package.__all__ == sorted(offers(ROOT / name / "__init__.py"))
    assert [n for n in dir(package) if not n.startswith("__")] == package.__all__
    for member, (module, inside) in offers(ROOT / name / "__init__.py").items():
        assert getattr(package, member) is getattr(importlib.import_module(module), inside)
