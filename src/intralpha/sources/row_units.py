"""Units of a vendor's rows: what its numbers are in shares and CNY."""

from dataclasses import dataclass

import polars as pl

from intralpha.market.daily_chain import quotient
from intralpha.sources.bar_rows import PRICES
from intralpha.sources.joined import scaled


@dataclass(frozen=True)
class RowUnits:
    """How numbers become those of the lake.

    Attributes
    ----------
    shares : shares of one unit of the volume, and what volumes are multiplied by as they stand
    yuan : CNY of one unit of the amount
    price_scale : what prices are multiplied by as they stand
    scale : field -> what its numbers are to be multiplied by, before everything else
    amounts_made : whether rows without an amount get close times volume
    """

    shares: tuple[int, float]
    yuan: float
    price_scale: float
    scale: dict[str, float]
    amounts_made: bool

    def of_lake(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows in shares and CNY; volumes are whole.

        Parameters
        ----------
        rows : numbers of the vendor, null where they are absent
        """
        rows = rows.with_columns(scaled(pl.col(c), by) for c, by in self.scale.items())
        prices = [c for c in (*PRICES, "preclose", "change") if c in rows.columns]
        rows = rows.with_columns(*(_over(rows[c], self.price_scale) for c in prices))
        volume = self._volume(rows)
        if "amount" in rows.columns:
            amount = scaled(pl.col("amount"), self.yuan)
        elif self.amounts_made:
            amount = volume * pl.col("close")
        else:
            amount = pl.lit(None, pl.Float64)
        return rows.with_columns(
            volume.round().cast(pl.Int64).alias("volume"), amount.alias("amount")
        )

    def odd(self, rows: pl.DataFrame) -> dict[str, int]:
        """Volumes that are rounded because they are no whole shares.

        Parameters
        ----------
        rows : as of :meth:`of_lake`
        """
        shares = self._volume(rows)
        odd = (shares - shares.round()).abs() > 1e-6 * shares.abs().clip(1)
        return {"volumes of no whole shares, rounded": int(odd.sum())}

    def _volume(self, rows: pl.DataFrame) -> pl.Series:
        """In shares, not yet rounded."""
        of_one, scale = self.shares
        return _over(rows["volume"] * of_one, scale)


def _over(values: pl.Series, scale: float) -> pl.Series:
    """Numbers over a scale, the nearest there are; Polars would multiply by the reciprocal."""
    if scale == 1:
        return values
    return quotient(values, pl.repeat(scale, len(values), dtype=pl.Float64(), eager=True))
