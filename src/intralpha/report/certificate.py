"""Sections of an audit: what was compared in worlds that share only their past."""

import polars as pl

from intralpha.report.language import text
from intralpha.report.section import Section, Tile
from intralpha.report.tables import frame_table


def audit_sections(rows: pl.DataFrame, leak: str = "") -> list[Section]:
    """The verdict and its evidence.

    Parameters
    ----------
    rows : ``date``, ``what``, ``compared``, ``changed``, ``differing_later``
    leak : where something looked ahead; empty for nowhere
    """
    compared, changed = (int(rows[c].sum()) for c in ("compared", "changed"))
    everywhere = text("up to the dates, in all worlds together")
    tiles = (
        Tile(text("looks ahead") if leak else text("does not look ahead"), text("verdict")),
        Tile(f"{compared:,}", text("values compared"), everywhere),
        Tile(f"{changed:,}", text("values changed"), everywhere),
    )
    told = text(
        "Everything after a date was something else in other worlds; what the recipe had made up "
        "to it is compared value by value. Differing later: values of the sessions after the date "
        "that the other worlds changed. Whoever read a session ahead would have shown them; where "
        "there are none, the worlds that were tried prove less."
    )
    tables = ((text("Compared"), frame_table(rows)),)
    found = [Section(text("What looked ahead"), note=leak)] if leak else []
    return [*found, Section(text("Audit"), tables, tiles=tiles, note=told)]
