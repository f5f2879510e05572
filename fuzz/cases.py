"""Targets: name -> what is done with broken input; an error of ours is a good answer."""

import inspect
import io
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import jaxtyping
import numpy as np
import polars as pl
import yaml

import intralpha as ia
import intralpha.features.library
from fuzz import worlds
from fuzz.mutate import Rng, in_array, in_bytes, in_frame, in_lines, in_tree, some
from intralpha.factors.file import FactorFileSpec, read_scores
from intralpha.features import FeatureSpec
from intralpha.market import Lake
from intralpha.pipeline import load_recipe, plan
from intralpha.sources import Level2Spec, ingest
from intralpha.sources.source import SourceSpec

RECIPES = Path(__file__).parents[1] / "recipes"
DAILY = {"symbol": "code"} | {
    name: name for name in ("date", "open", "high", "low", "close", "volume", "amount", "preclose")
}
BARS = {"symbol": "code"} | {
    name: name for name in ("datetime", "open", "high", "low", "close", "volume", "amount")
}


LEVEL2_LAYOUTS = {"qmt_level2": "qmt_level2", "wind_level2": "wind_csv", "ax_log": "ax_log"}


@cache
def sources_of() -> dict[str, list[dict[str, Any]]]:
    """Layout -> the sources that its vendor's page reads it with; paths begin with its name."""
    out: dict[str, list[dict[str, Any]]] = {
        name: [{"kind": "level2", "preset": preset, "path": name}]
        for name, preset in LEVEL2_LAYOUTS.items()
    }
    for page in (RECIPES.parent / "docs" / "vendors").glob("*.md"):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
            given = yaml.safe_load(block)
            for keys in given["data"]["sources"] if "data" in given else ():
                out.setdefault(Path(keys["path"]).parts[0], []).append(keys)
    return out


def below(folder: Path, keys: Any) -> Any:
    """Keys of a source with its paths inside a folder."""
    if isinstance(keys, list):
        return [below(folder, one) for one in keys]
    if not isinstance(keys, dict):
        return keys
    moved = {key: below(folder, value) for key, value in keys.items()}
    return moved | ({"path": str(folder / keys["path"])} if "path" in keys else {})


def put(folder: Path, *keys: dict[str, Any]) -> None:
    """Ingest sources twice; the lake must be sound, and say so."""
    specs = [SourceSpec.model_validate(one) for one in keys]
    lake = Lake(folder / "lake", create=True)
    ingest(specs, lake, show_progress=False)
    assert lake.verify() == ()
    again = ingest(specs, lake, show_progress=False)
    assert again.unchanged, "the same rows again changed the lake"


def text(rng: Rng, rows: pl.DataFrame) -> bytes:
    """Rows as csv, broken somewhere."""
    return some(rng, (in_bytes, in_lines, in_lines))(rng, rows.write_csv().encode())


def mapped(table: str, **keys: Any) -> dict[str, Any]:
    """Keys of a mapping of the vendor's daily rows or bars."""
    daily = table == "daily"
    form = "%Y-%m-%d" if daily else "%Y-%m-%d %H:%M:%S"
    return {"kind": "mapping", "table": table, "columns": dict(DAILY if daily else BARS),
            "datetime_format": form, "freq": None if daily else 30, **keys}  # fmt: skip


def daily_csv(rng: Rng, folder: Path) -> None:
    (folder / "rows.csv").write_bytes(text(rng, worlds.daily_rows()))
    put(folder, mapped("daily", path=str(folder / "rows.csv")))


def bars_csv(rng: Rng, folder: Path) -> None:
    (folder / "rows.csv").write_bytes(text(rng, worlds.bar_rows()))
    put(folder, mapped("bars", path=str(folder / "rows.csv")))


def parquet(rng: Rng, folder: Path) -> None:
    table, rows = some(rng, (("daily", worlds.daily_rows()), ("bars", worlds.bar_rows())))
    path = folder / "rows.parquet"
    if rng.random() < 0.6:
        in_frame(rng, rows).write_parquet(path)
    else:
        rows.write_parquet(path)
        path.write_bytes(in_bytes(rng, path.read_bytes()))
    put(folder, mapped(table, path=str(path), format="parquet", pattern="*.parquet"))


def mapping(rng: Rng, folder: Path) -> None:
    table, rows = some(rng, (("daily", worlds.daily_rows()), ("bars", worlds.bar_rows())))
    rows.write_csv(folder / "rows.csv")
    put(folder, in_tree(rng, mapped(table, path=str(folder / "rows.csv"), tick_yuan=0.01,
                                    encoding="utf-8", separator=",")))  # fmt: skip


def archive(rng: Rng, folder: Path) -> None:
    rows = worlds.daily_rows().write_csv().encode()
    name = some(rng, ("a.zip", "a.tar.gz", "a.tar"))
    held = io.BytesIO()
    if name == "a.zip":
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("rows.csv", rows)
    else:
        with tarfile.open(fileobj=held, mode="w:gz" if name.endswith("gz") else "w") as tarred:
            info = tarfile.TarInfo("rows.csv")
            info.size = len(rows)
            tarred.addfile(info, io.BytesIO(rows))
    (folder / name).write_bytes(in_bytes(rng, held.getvalue()))
    put(folder, mapped("daily", path=str(folder / name)))


def tdx(rng: Rng, folder: Path) -> None:
    name = some(rng, ("sh510050.lc5", "sz000001.lc5", "bj830799.lc5", "x.lc5", "sh51005.lc5"))
    (folder / name).write_bytes(in_bytes(rng, worlds.tdx_bytes()))
    put(folder, {"kind": "tdx", "path": str(folder / name)})


def qlib(rng: Rng, folder: Path) -> None:
    files = dict(worlds.qlib_files())
    name = some(rng, [*files])
    files[name] = some(rng, (in_bytes, in_lines))(rng, files[name])
    if rng.random() < 0.1:
        del files[name]
    for at, data in files.items():
        path = folder / "q" / at
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    put(folder, {"kind": "qlib", "path": str(folder / "q")})


def reference(rng: Rng, folder: Path) -> None:
    if rng.random() < 0.5:
        lines = b"600000.SH\t2020-01-01\t2024-12-31\n000001.SZ\t2021-01-01\t2022-12-31\n"
        (folder / "csi300.txt").write_bytes(some(rng, (in_bytes, in_lines))(rng, lines))
        put(folder, {"kind": "index_members", "path": str(folder)})
        return
    kind = some(rng, ("stock_basic", "daily_basic"))
    frame = pl.DataFrame(
        {"ts_code": ["600000.SH", "000001.SZ"], "trade_date": ["20240102", "20240103"],
         "name": ["浦发银行", "平安银行"], "industry": ["银行", "银行"], "list_date": ["19991110", "19910403"],
         "total_share": [1e6, 2e6], "float_share": [1e6, 2e6], "total_mv": [1e7, 2e7], "circ_mv": [1e7, 2e7],
         "pe": [5.0, 6.0], "pb": [0.5, 0.6], "ps": [1.0, 2.0], "dv_ratio": [1.0, 2.0]}
    )  # fmt: skip
    in_frame(rng, frame).write_parquet(folder / "a.parquet")
    put(folder, {"kind": kind, "path": str(folder / "a.parquet")})


def level2(rng: Rng, folder: Path) -> None:
    shutil.copytree(worlds.published(), folder / "p")
    path = some(rng, sorted((folder / "p").rglob("*.csv")))
    path.write_bytes(some(rng, (in_bytes, in_lines))(rng, path.read_bytes()))
    spec = Level2Spec.model_validate({"preset": "simulated_files", "path": str(folder / "p")})
    lake = Lake(folder / "lake", create=True)
    ingest([spec], lake, show_progress=False)
    assert lake.verify() == ()


def vendor(rng: Rng, folder: Path) -> None:
    """One broken file among those of a layout, read as the vendor's page says."""
    name = some(rng, sorted(sources_of()))
    shutil.copytree(worlds.laid_out(name), folder / name)
    files = sorted(p for p in (folder / name).rglob("*") if p.is_file())
    path = some(rng, files)
    if path.suffix == ".parquet":
        in_frame(rng, pl.read_parquet(path)).write_parquet(path)
    else:
        path.write_bytes(some(rng, (in_bytes, in_lines))(rng, path.read_bytes()))
    put(folder, *below(folder, sources_of()[name]))


def stored(rng: Rng, folder: Path) -> None:
    """A lake with a damaged file: verifying tells, and reading does not end the process."""
    shutil.copytree(worlds.lake().root, folder / "lake", ignore=shutil.ignore_patterns(".cache"))
    path = some(rng, sorted(p for p in (folder / "lake").rglob("*") if p.is_file()))
    before = path.read_bytes()
    path.write_bytes(in_bytes(rng, before))
    lake = Lake(folder / "lake")
    told = lake.verify()
    assert told or path.read_bytes() == before or path.suffix != ".parquet", f"{path.name} passes"
    with suppress(pl.exceptions.PolarsError):
        ia.market(lake.root, every=5).factor("sum(amount) / day_amount")


def recipe(rng: Rng, folder: Path) -> None:
    path = some(rng, sorted(RECIPES.glob("*.yaml")))
    if rng.random() < 0.3:
        broken = in_bytes(rng, path.read_bytes())
    else:
        tree = in_tree(rng, yaml.safe_load(path.read_text()))
        broken = yaml.safe_dump(tree, allow_unicode=True).encode()
    (folder / "r.yaml").write_bytes(broken)
    found = load_recipe(folder / "r.yaml", (f"data.lake={folder / 'lake'}",))
    plan(found, folder / "runs")


SHIPPED = sorted(Path(intralpha.features.library.__path__[0]).glob("*.yaml"))


def library(rng: Rng, folder: Path) -> None:
    path = some(rng, SHIPPED)
    if rng.random() < 0.3:
        broken = in_bytes(rng, path.read_bytes())
    else:
        tree = yaml.safe_load(path.read_text())
        if rng.random() < 0.5:
            entry = some(rng, tree["factors"])
            entry["expr"] = in_words(rng, str(entry["expr"]))
        else:
            tree = in_tree(rng, tree)
        broken = yaml.safe_dump(tree, allow_unicode=True).encode()
    (folder / "mine.yaml").write_bytes(broken)
    FeatureSpec.model_validate({"kind": "library", "library": str(folder / "mine.yaml")}).make()


WORD = re.compile(r"'[^']*'|\w+\.?\w*|<=|>=|==|\s+|.")
ODD = ("1e308", "1e-308", "nan", "-", "(", ")", "[", "]", ",", "'", '"', "é", "中", "_", "9" * 400, "**",
       "[1:]", "days=0", "days=-1", "days=100000", "least=0", "least=1e9", "clock('15:00','09:30')")  # fmt: skip


@cache
def said(frame: str) -> tuple[str, ...]:
    """Expressions of the shipped libraries of a frame."""
    trees = [yaml.safe_load(path.read_text()) for path in SHIPPED]
    return tuple(str(f["expr"]) for t in trees if t["frame"] == frame for f in t["factors"])


@cache
def words() -> tuple[str, ...]:
    """Every word of them, as often as it is used, and some that nobody uses."""
    used = [w for text in said("minute") + said("day") for w in WORD.findall(text)]
    return (*used, *ODD * 10)


def in_words(rng: Rng, expression: str) -> str:
    """An expression with words changed, lost, put in, or brackets of another one put in."""
    out = WORD.findall(expression)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(out) + 1))
        match int(rng.integers(5)):
            case 0 | 1:
                out[at : at + 1] = [some(rng, words())]
            case 2:
                out[at : at + int(rng.integers(1, 3))] = []
            case 3:
                out[at:at] = [some(rng, words())]
            case _:
                out[at : at + 1] = ["(", *WORD.findall(some(rng, said("minute"))), ")"]
    return "".join(out)


def expression(rng: Rng, folder: Path) -> None:
    ia.market(worlds.lake().root, every=5).factor(in_words(rng, some(rng, said("minute"))))


def scores(rng: Rng, folder: Path) -> None:
    """Scores from elsewhere."""
    lake = worlds.lake()
    rows = lake.scan("daily").select("date", "symbol").collect()
    rows = rows.with_columns(score=pl.Series(rng.normal(size=rows.height)))
    path = folder / some(rng, ("s.csv", "s.parquet"))
    if path.suffix == ".csv":
        path.write_bytes(text(rng, rows))
    else:
        in_frame(rng, rows).write_parquet(path)
    read_scores(FactorFileSpec(path=str(path)))


CALLED = ("evaluation", "labels", "risk", "datasets")
PYTHON = (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError, OverflowError)


def functions() -> list[Callable[..., Any]]:
    """Functions that packages offer and whose arguments are arrays and plain values."""
    modules = [import_module(f"intralpha.{name}") for name in CALLED]
    offered = [getattr(m, name) for m in modules for name in m.__all__]
    found = [f for f in offered if inspect.isfunction(f)]
    return [
        f
        for f in found
        if all(_plain(p) for p in inspect.signature(f).parameters.values())
        and any(_array(p.annotation) for p in inspect.signature(f).parameters.values())
    ]


def _array(hint: Any) -> Any:
    """The array type inside an annotation, if there is one."""
    for one in (hint, *get_args(hint)):
        if isinstance(one, type) and issubclass(one, jaxtyping.AbstractArray):
            return one
    return None


def _plain(parameter: inspect.Parameter) -> bool:
    hint = parameter.annotation
    return (
        (bool(_array(hint)) and get_origin(hint) is not dict)
        or hint in (int, float, bool)
        or (get_origin(hint) is Literal or parameter.default is not inspect.Parameter.empty)
    )


def arrays(rng: Rng, folder: Path) -> None:
    """Wrong shapes, kinds and layouts for functions that may reach compiled code."""
    function = some(rng, functions())
    sizes: dict[str, int] = {}
    given = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = parameter.annotation
        kind = _array(hint)
        if kind is not None and get_origin(hint) is not dict:
            given[name] = _values(rng, kind, sizes)
        elif hint is int:
            given[name] = some(rng, (1, 2, 5, 0, -1, 10**9, 2**70))
        elif hint is float:
            given[name] = some(rng, (0.1, 1.0, 244.0, 0.0, -1.0, np.nan, np.inf))
        elif get_origin(hint) is Literal:
            given[name] = some(rng, get_args(hint))
    broken = some(rng, [n for n, v in given.items() if isinstance(v, np.ndarray)])
    given[broken] = in_array(rng, given[broken])
    try:
        function(**given)
    except PYTHON:
        return


def _values(rng: Rng, kind: Any, sizes: dict[str, int]) -> np.ndarray:
    shape = []
    for dim in kind.dim_str.split():
        sizes.setdefault(dim, int(rng.integers(1, 41)))
        shape.append(sizes[dim])
    names = {str(d) for d in kind.dtypes} if isinstance(kind.dtypes, list | tuple) else set()
    if "bool" in names and len(names) == 1:
        return rng.random(shape) < 0.8
    if names and all(n.startswith(("int", "uint")) for n in names):
        return rng.integers(0, 5, size=shape)
    if not names:
        return np.datetime64("2024-01-02", "D") + np.arange(shape[0])
    values = rng.normal(size=shape)
    values[rng.random(shape) < 0.1] = np.nan
    return values


TARGETS: dict[str, Callable[[Rng, Path], None]] = {
    "daily_csv": daily_csv,
    "bars_csv": bars_csv,
    "parquet": parquet,
    "mapping": mapping,
    "archive": archive,
    "tdx": tdx,
    "qlib": qlib,
    "reference": reference,
    "level2": level2,
    "vendor": vendor,
    "stored": stored,
    "recipe": recipe,
    "library": library,
    "expression": expression,
    "scores": scores,
    "arrays": arrays,
}
