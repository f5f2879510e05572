"""One form of symbol out of the many that vendors use."""

import polars as pl


def normal_symbol(raw: pl.Expr) -> pl.Expr:
    """Vendor's symbol as ``600519.SH``; null where it is none.

    Understood: ``600519.SH``, ``600519.XSHG``, ``sh.600519``, ``SH600519``, ``sh600519``, plain
    ``600519`` and numbers that lost their leading zeros (``1`` is ``000001``). A plain number
    gets its exchange from its first digit: 5, 6, 9 Shanghai; 0, 1, 2, 3 Shenzhen; 4, 8 Beijing
    (so an index of Shanghai needs its exchange spelt out).
    """
    text = raw.cast(pl.String).str.strip_chars().str.to_uppercase()
    digits = text.str.extract(r"(\d{1,6})").str.zfill(6)
    named = text.str.extract(r"(XSHG|XSHE|SH|SZ|BJ)")
    exchange = (
        pl.when(named.is_in(["XSHG", "SH"]))
        .then(pl.lit("SH"))
        .when(named.is_in(["XSHE", "SZ"]))
        .then(pl.lit("SZ"))
        .when(named == "BJ")
        .then(pl.lit("BJ"))
        .when(digits.str.contains(r"^[569]"))
        .then(pl.lit("SH"))
        .when(digits.str.contains(r"^[0123]"))
        .then(pl.lit("SZ"))
        .when(digits.str.contains(r"^[48]"))
        .then(pl.lit("BJ"))
    )
    clean = text.str.contains(r"^((SH|SZ|BJ)\.?)?\d{1,6}(\.(XSHG|XSHE|SH|SZ|BJ))?$")
    return pl.when(clean).then(digits + "." + exchange)
