"""TDX: the binary files of the client, and the text that it exports."""

from typing import ClassVar, Literal

import numpy as np
import polars as pl

from intralpha.sources.exchange.layouts.forms import CODE, EXCHANGE, SMALL
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout
from intralpha.sources.tdx import RECORD
from intralpha.sources.tdx_day import DAY_RECORD

PRICES = ("open", "high", "low", "close")
SOURCE = "数据来源:通达信"
DATE = pl.col("date").dt.strftime("%Y/%m/%d")
CHINESE = {
    "开盘": pl.col("open").round(2),
    "最高": pl.col("high").round(2),
    "最低": pl.col("low").round(2),
    "收盘": pl.col("close").round(2),
    "成交量": pl.col("volume"),
    "成交额": pl.col("amount").round(2),
}
TRADING = {"amount": pl.col("amount"), "volume": pl.col("volume"), "unused": pl.lit(0)}


def packed(record: np.dtype, rows: pl.DataFrame) -> bytes:
    """Rows as records whose fields are the columns.

    Parameters
    ----------
    record : layout of one row
    rows : a column a field
    """
    out = np.zeros(rows.height, record)
    for name in record.names or ():
        out[name] = rows[name].to_numpy()
    return out.tobytes()


def day_bytes(rows: pl.DataFrame) -> bytes:
    """Records of a ``.day`` file."""
    return packed(DAY_RECORD, rows)


def minute_bytes(rows: pl.DataFrame) -> bytes:
    """Records of a ``.lc5`` file."""
    return packed(RECORD, rows)


def _title(period: str) -> pl.Expr:
    return pl.format("{} {} {} 不复权", CODE, CODE, pl.lit(period))


class TdxLayout(SheetLayout):
    """``vipdoc/sh/lday/sh600001.day`` and ``vipdoc/sh/fzline/sh600001.lc5``, records of 32 bytes.

    Prices of ``.day`` are whole hundredths, amounts of both have the seven digits of a float32.
    """

    kind: Literal["tdx"] = "tdx"
    about: ClassVar[str] = "daily and 5 minutes of the client's folder vipdoc (binary)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("vipdoc/{}/lday/{}{}.day", SMALL, SMALL, CODE),
            {
                "day": pl.col("date").dt.strftime("%Y%m%d").cast(pl.Int64),
                **{c: (pl.col(c) * 100).round(0).cast(pl.Int64) for c in PRICES},
                **TRADING,
            },
            keep=pl.col("volume") > 0,
            record=day_bytes,
        ),
        Sheet(
            "bars",
            pl.format("vipdoc/{}/fzline/{}{}.lc5", SMALL, SMALL, CODE),
            {
                "day": (pl.col("date").dt.year() - 2004) * 2048
                + pl.col("date").dt.month().cast(pl.Int32) * 100
                + pl.col("date").dt.day(),
                "minute": pl.col("time").dt.hour().cast(pl.Int32) * 60 + pl.col("time").dt.minute(),
                **{c: pl.col(c) for c in PRICES},
                **TRADING,
            },
            record=minute_bytes,
        ),
    )


class TdxTextLayout(SheetLayout):
    """``daily/SH#600001.txt`` and ``5min/...``: a title, tabs, a last line with the source."""

    kind: Literal["tdx_text"] = "tdx_text"
    about: ClassVar[str] = "daily, 5 minutes, as the client exports them (text, GBK)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("daily/{}#{}.txt", EXCHANGE, CODE),
            {"日期": DATE, **CHINESE},
            keep=pl.col("volume") > 0,
            title=_title("日线"),
            footer=SOURCE,
            separator="\t",
            encoding="gbk",
        ),
        Sheet(
            "bars",
            pl.format("5min/{}#{}.txt", EXCHANGE, CODE),
            {"日期": DATE, "时间": pl.col("time").dt.strftime("%H%M"), **CHINESE},
            title=_title("5分钟线"),
            footer=SOURCE,
            separator="\t",
            encoding="gbk",
        ),
    )
