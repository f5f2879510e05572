"""Chart: what a figure shows, as plain values; :mod:`intralpha.report.svg` draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.report.language import Text, name

Values = Sequence[Any] | ndarray | pl.Series
COLOURS = 8  # of the palette; further ones are dashed


@dataclass(frozen=True, eq=False)
class Line:
    """A line, or points.

    Attributes
    ----------
    x, y : places; what is null or NaN is not drawn and parts the line
    name : in the legend; empty for none
    colour : place in the palette, or a share in [0, 1] of the way from low to high
    dash : 0 for a whole line, 1 and 2 for broken ones
    points : whether points stand in place of a line
    area : whether the space down to 0 is filled
    step : whether a value holds until the next
    group : traces of the same group go and come together; default: the name
    """

    x: Values
    y: Values
    name: str | Text = ""
    colour: int | float = 0
    dash: int = 0
    points: bool = False
    area: bool = False
    step: bool = False
    group: str = ""


def one_of_many(place: int, x: Values, y: Values, of: str, step: bool = False) -> Line:
    """A line among others: where the palette ends, colours begin again and are dashed.

    Parameters
    ----------
    place : among them, from 0
    x, y, step : as of :class:`Line`
    of : whose line it is
    """
    return Line(x, y, name(of), place, place // COLOURS, step=step)


def of_each_factor(frame: pl.DataFrame, column: str, step: bool = False) -> tuple[Line, ...]:
    """A line a factor.

    Parameters
    ----------
    frame : date, factor and the column
    column : what is drawn
    step : whether a value holds until the next
    """
    parts = frame.group_by("factor", maintain_order=True)
    return tuple(
        one_of_many(i, rows["date"], rows[column], str(factor), step)
        for i, ((factor,), rows) in enumerate(parts)
    )


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars from 0; those of several traces stand beside each other.

    Attributes
    ----------
    x, y : places and heights; null or NaN is not drawn
    name : in the legend; empty for none
    colour : place in the palette
    signed : whether bars below 0 have the next colour
    """

    x: Values
    y: Values
    name: str | Text = ""
    colour: int | float = 0
    signed: bool = False


@dataclass(frozen=True, eq=False)
class Band:
    """The space between two lines.

    Attributes
    ----------
    x, low, high : places
    name : in the legend
    colour : place in the palette
    """

    x: Values
    low: Values
    high: Values
    name: str | Text = ""
    colour: int | float = 2


@dataclass(frozen=True, eq=False)
class Cells:
    """A heat map: orange below 0, blue above, white at 0.

    Attributes
    ----------
    columns, rows : their names, the first row on top
    values : NaN is left empty
    spread : absolute value of the full colour
    """

    columns: Sequence[str]
    rows: Sequence[str]
    values: Float[ndarray, "R C"]
    spread: float = 1.0

    @staticmethod
    def widest(values: Float[ndarray, "R C"]) -> float:
        """The largest absolute value, for a full colour; 1 where there is none."""
        known = np.abs(values[np.isfinite(values)])
        return float(known.max()) if len(known) else 1.0


@dataclass(frozen=True)
class Mark:
    """An upright line at a place, with what it says."""

    x: Any
    name: str | Text


Trace = Line | Bars | Band | Cells


@dataclass(frozen=True, eq=False)
class Chart:
    """One figure.

    Attributes
    ----------
    title : above it
    unit : of the values, with the convention where there are several
    traces : lines, bars and bands together, or one heat map
    x_title : of the level axis; dates need none
    form : how values are written
    log : whether the upright axis is logarithmic
    marks : upright lines
    """

    title: str | Text
    unit: str | Text
    traces: tuple[Trace, ...]
    x_title: str | Text = ""
    form: Literal["number", "percent"] = "number"
    log: bool = False
    marks: tuple[Mark, ...] = ()
