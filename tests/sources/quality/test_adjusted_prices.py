"""A file of adjusted prices that does not say so: the quality report does."""

from pathlib import Path

import pytest

from intralpha.market import Calendar, Lake
from intralpha.sources import MappingSpec, ingest, quality

HEAD = "日期,股票代码,开盘,收盘,最高,最低,成交量,成交额,涨跌幅,涨跌额,换手率"


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0), (0.8, 20)])
def test_adjusted_prices_beside_raw_amounts_are_counted(
    tmp_path: Path, factor: float, expected: int
) -> None:
    """Twenty days at 10.00 .. 10.10; with 0.8 as a later bonus issue makes them."""
    lines = []
    for day in Calendar.xshg().between("2023-01-03", "2023-02-10")[:20]:
        low, high = round(10.0 * factor, 2), round(10.1 * factor, 2)
        lines.append(f"{day},600519,{low},{high},{high},{low},1000,1005000,0,0,1")
    (tmp_path / "600519.csv").write_text("\n".join([HEAD, *lines]), encoding="utf-8-sig")
    lake = Lake(tmp_path / "lake", create=True)
    spec = MappingSpec(preset="akshare_daily", path=str(tmp_path / "600519.csv"))  # type: ignore[call-arg]
    ingest([spec], lake, show_progress=False)
    found = quality(lake).summary()
    assert found["daily: amount / volume is outside low .. high"] == expected
