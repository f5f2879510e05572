"""Heat maps: cells with their figures, or a small picture where there are too many to read."""

import base64
import struct
import zlib

import numpy as np
from jaxtyping import UInt8
from markupsafe import Markup
from numpy import ndarray

from intralpha.report.chart import Cells

SHORT = 3  # letters of names that stand upright above their column
MOST_READ = 40  # rows or columns whose figures are written
LOW, HIGH = np.array([213, 94, 0]), np.array([0, 114, 178])


def heat_map(cells: Cells) -> Markup:
    """A table of coloured cells, or a picture with the names below it.

    Parameters
    ----------
    cells : what is drawn
    """
    if max(cells.values.shape, default=0) > MOST_READ:
        return _picture(cells)
    short = all(len(name) <= SHORT for name in cells.columns)
    upright, turned = Markup("<th scope=col>{}</th>"), Markup("<th scope=col><span>{}</span></th>")
    head = upright if short else turned
    heads = Markup("").join(head.format(name) for name in cells.columns)
    rows = [
        Markup("<tr><th scope=row>{}</th>{}</tr>").format(name, _row(cells, values))
        for name, values in zip(cells.rows, cells.values, strict=True)
    ]
    table = Markup(
        '<div class="scroll"><table class="heat"><thead><tr><td></td>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    )
    return table.format(heads, Markup("").join(rows))


def _row(cells: Cells, values: ndarray) -> Markup:
    return Markup("").join(_cell(float(v), cells.spread) for v in values)


def _cell(value: float, spread: float) -> Markup:
    if not np.isfinite(value):
        return Markup("<td></td>")
    strength = min(abs(value) / (spread or 1.0), 1.0)
    red, green, blue = HIGH if value >= 0 else LOW
    # Three quarters at most: the page's ink can be read on it in both themes.
    mixed = f"color-mix(in srgb,var(--card),rgb({red} {green} {blue}) {75 * strength:.0f}%)"
    cell = Markup('<td style="background:{}" data-v="{}">{}</td>')
    return cell.format(mixed, f"{value:.6g}", _figure(value, spread))


def _figure(value: float, spread: float) -> str:
    """Two figures of what fills the scale."""
    return f"{value:.2f}" if spread >= 0.5 else f"{value:.3f}"


def _picture(cells: Cells) -> Markup:
    """One dot a cell, as a PNG inside the page."""
    share = np.clip(np.nan_to_num(cells.values) / (cells.spread or 1.0), -1.0, 1.0)[:, :, None]
    side = np.where(share >= 0, HIGH, LOW)
    rgb = np.round(255 + (side - 255) * np.abs(share)).astype(np.uint8)
    data = base64.b64encode(png(rgb)).decode()
    names = ", ".join(cells.rows)
    image = Markup('<img class="heat" alt="{}" src="data:image/png;base64,{}">').format(names, data)
    more = Markup('<details><summary>{}</summary><p class="note">{}</p></details>')
    return image + more.format(f"1 – {len(cells.rows)}", names)


def png(rgb_RC: UInt8[ndarray, "R C 3"]) -> bytes:
    """A picture in the PNG format [ISO/IEC 15948].

    Parameters
    ----------
    rgb_RC : red, green and blue of every dot, the first row on top
    """
    tall, wide = rgb_RC.shape[:2]
    lines = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(rgb_RC))
    head = struct.pack(">IIBBBBB", wide, tall, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body
