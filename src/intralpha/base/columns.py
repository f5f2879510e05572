"""Columns of tables as arrays."""

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray


def floats(column: pl.Series) -> Float[ndarray, "N"]:
    """A column as float64.

    Parameters
    ----------
    column : numbers or flags, N of them

    Returns
    -------
    ndarray of float64, shape [N]
        NaN where the column is null.
    """
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
