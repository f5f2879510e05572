"""The page of stylised facts: complete, offline, escaped."""

import math
import re
from dataclasses import replace
from datetime import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.evaluation import LaggedSums, memory_table
from intralpha.explore import Exploration
from intralpha.report import render_exploration

HOSTILE = "<script>alert('x')</script>"


def memory_of(ret: np.ndarray, series: str) -> pl.DataFrame:
    sums = LaggedSums(ret.shape[1], 20)
    sums.add(ret)
    return memory_table(series, sums, np.maximum(1 - np.arange(21) / 8, 0))


def make_exploration(name: str = "ret20") -> Exploration:
    tests = {"factor": [name], "horizon": [5], "rank_ic": [0.0512], "icir": [0.31]}
    tests |= {"positive_share": [0.6], "dates": [243]}
    kinds = ["returns"] * 2 + ["squared returns"] * 2 + ["volume and volatility"] * 2
    return Exploration(
        title=name,
        facts={name: name},
        figures=pl.DataFrame(
            {"topic": ["The day"] * 2, "figure": [name, "b"], "value": [0.25, math.nan]}
        ).with_columns(unit=pl.lit("share")),
        curves=pl.DataFrame(
            {"time": [time(11, 30), time(15)], "volume_share": [0.6, 0.4], "abs_ret": [0.01, 0.02]}
        ).with_columns(spread=pl.lit(math.nan)),
        correlations=pl.DataFrame({"kind": kinds, "lag": [0, 1] * 3, "acf": [1.0, 0.1] * 3}).select(
            "kind",
            pl.lit("daily").alias("series"),
            "lag",
            "acf",
            pl.col("acf").alias("pacf"),
            reference=pl.lit(math.nan),
        ),
        memory=memory_of(np.random.default_rng(0).standard_normal((60, 3)), "rolling one-day"),
        histogram=pl.DataFrame({"series": ["daily"], "z": [0.0], "density": [0.4]}),
        lead_lag=pl.DataFrame({"series": ["daily"], "lag": [1], "correlation": [0.02]}),
        rank_ic=pl.DataFrame(tests),
    )


def test_the_page_is_one_offline_file(tmp_path: Path) -> None:
    path = render_exploration(make_exploration(), tmp_path / "explore.html")
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert len(page) < 300_000
    HTMLParser().feed(page)
    assert list(tmp_path.iterdir()) == [path]
    for text in ("25.00 %", "–", "0.0512", "243"):
        assert f"<td>{text}</td>" in page


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    x = make_exploration()
    page = render_exploration(x, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Quoted spread by bar" not in page
    assert "RankIC, oracle" not in page
    full = replace(x, oracle=x.rank_ic, curves=x.curves.with_columns(spread=pl.lit(0.001)))
    page = render_exploration(full, tmp_path / "b.html").read_text(encoding="utf-8")
    assert "Quoted spread by bar" in page
    assert "RankIC, oracle" in page


def test_hostile_names_are_shown_not_run(tmp_path: Path) -> None:
    x = make_exploration(HOSTILE)
    page = render_exploration(x, tmp_path / "x.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "&lt;script&gt;alert" in page
