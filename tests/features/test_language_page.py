"""The files of docs/factor-language.md are written and computed."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intralpha.features import ExpressionSpec, LibrarySpec
from intralpha.features.language.syntax import ExpressionError
from intralpha.market import Lake

from .conftest import ASSETS, DAYS

PAGE = (Path(__file__).parents[2] / "docs" / "factor-language.md").read_text()
FILES = {
    name: block
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    for name in re.findall(r"\A# (\w+\.yaml)", block)
}


def test_an_intraday_factor_over_sessions_is_two_files(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(FILES) == ["late.yaml", "late20.yaml"]
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    settings: dict[str, Any] = {"base_freq": 5, "cache": False}
    late = LibrarySpec(library="late.yaml", **settings).make().compute(lake, DAYS, ASSETS)
    found = LibrarySpec(library="late20.yaml", **settings).make().compute(lake, DAYS, ASSETS)
    assert found.names == ("late_share20", "late_rise")
    share = late["late_share"].astype(np.float64)
    day = 39
    for stock in range(len(ASSETS)):
        month, week = share[day - 19 : day + 1, stock], share[day - 4 : day + 1, stock]
        assert np.isfinite(month).sum() >= 10
        mean = np.nanmean(month)
        np.testing.assert_allclose(found["late_share20"][day, stock], mean, rtol=1e-5)
        np.testing.assert_allclose(
            found["late_rise"][day, stock], np.nanmean(week) - mean, atol=1e-6
        )


def test_one_intraday_expression_is_refused() -> None:
    late = "mean(sum(amount[clock('14:30', '15:00')], least=1) / day_amount, days=20)"
    with pytest.raises(ExpressionError, match="not days=") as caught:
        ExpressionSpec(factors={"late": late}, frame="bar30").make()
    assert "put the intraday factor into a library" in str(caught.value)
