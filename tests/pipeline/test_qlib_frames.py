"""Factors through qlib's own package and back: its RankIC of ours, and ours of its frame.

qlib brings nearly two hundred packages and so has an environment of its own (``.venv-qlib``, which
`make bench-qlib` makes); ``INTRALPHA_QLIB`` names the Python of another.
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from intralpha.evaluation import FactorReport
from intralpha.factors.file import score_columns
from intralpha.pipeline import RunResult, execute, factor_file_recipe, load_recipe, plan

ROOT = Path(__file__).parents[2]
SETTINGS = ("universe={min_listed_days: 20, exclude_st: false}", "grid.every=3",
            "test.factor={n_groups: 5, top_share: 0.2}", "data.assets=bars",
            "data.bar_freq=30")  # fmt: skip
# What somebody does who has a factor in qlib: a handler over it, its data, and its RankIC.
SCRIPT = """
import sys
import pandas as pd
from qlib.contrib.eva.alpha import calc_ic
from qlib.data.dataset.handler import DataHandlerLP
from qlib.data.dataset.loader import StaticDataLoader
from qlib.data.dataset.processor import DropnaLabel

given, label, fetched, found = sys.argv[1:]
named = {"feature": given, "label": label}
loader = StaticDataLoader({name: pd.read_parquet(path) for name, path in named.items()})
handler = DataHandlerLP(
    data_loader=loader, infer_processors=[], learn_processors=[DropnaLabel()]
)
handler.fetch(col_set="feature").to_parquet(fetched)
learnt = handler.fetch(col_set=["feature", "label"], data_key=DataHandlerLP.DK_L)
_, rank_ic = calc_ic(learnt[("feature", "score")], learnt[("label", "label")])
rank_ic.to_frame("rank_ic").to_parquet(found)
"""


def qlib_python() -> Path:
    path = Path(os.environ.get("INTRALPHA_QLIB", ROOT / ".venv-qlib" / "bin" / "python"))
    if not path.is_file():
        pytest.skip(f"qlib is not installed: no {path}; `make bench-qlib` makes it")
    return path


def frame_of(score_DA: np.ndarray, dates: np.ndarray, assets: np.ndarray, column: str):
    """A frame as qlib has them: datetime and instrument in the index."""
    codes = [f"{symbol[-2:]}{symbol[:6]}" for symbol in assets]
    days = pd.DatetimeIndex(dates, name="datetime")
    wide = pd.DataFrame(score_DA.astype(float), days, pd.Index(codes, name="instrument"))
    return wide.stack().to_frame(column)


def test_a_factor_goes_through_qlib_and_comes_back(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    python = qlib_python()
    finished: tuple[Path, RunResult] = request.getfixturevalue("finished")
    folder, result = finished
    simple: FactorReport = next(f for f in result.factors if f.name == "simple")
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    score, dates = planned.panel("score/simple"), simple.series["date"].to_numpy()
    fwd = planned.panel("forward").at(dates.astype("datetime64[D]"))
    inside = planned.panel("universe").at(fwd.dates)["universe"] > 0
    label = np.where(inside & (fwd["fwd_buyable"] > 0), fwd[fwd.names[0]], np.nan)
    frame_of(score["score"], score.dates, score.assets, "score").to_parquet(tmp_path / "o.parquet")
    frame_of(label, fwd.dates, fwd.assets, "label").to_parquet(tmp_path / "l.parquet")
    files = [str(tmp_path / f"{one}.parquet") for one in ("o", "l", "fetched", "found")]
    done = subprocess.run(
        [python, "-W", "ignore", "-c", SCRIPT, *files],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = pl.read_parquet(tmp_path / "found.parquet").sort("datetime")
    known = simple.series.filter(pl.col("rank_ic").is_finite())
    assert theirs["datetime"].cast(pl.Date).to_list() == known["date"].to_list()
    assert len(theirs) > 20, "nothing was compared"
    np.testing.assert_allclose(theirs["rank_ic"], known["rank_ic"], rtol=0, atol=1e-12)

    assert score_columns(tmp_path / "fetched.parquet") == ("score",)
    words = [tmp_path / "fetched.parquet"]
    recipe = factor_file_recipe(words, folder / "lake", overrides=SETTINGS)
    again = execute(plan(recipe, tmp_path / "runs"), show_progress=False)
    assert again.problems == ()
    np.testing.assert_allclose(
        again.factors[0].series["rank_ic"], simple.series["rank_ic"], rtol=0, atol=1e-12
    )
