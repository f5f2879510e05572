"""SVG pictures of stylised facts, small enough to live in the documentation."""

from pathlib import Path

import numpy as np
import polars as pl

from intralpha.explore import Exploration

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 520, 260, 52, 34, 30
OURS, REAL, GREY = "#1f5fa8", "#c8641e", "#777777"
Line = tuple[str, str, np.ndarray, np.ndarray]


def draw(ours: Exploration, real: Exploration | None, folder: Path) -> None:
    """Write one picture a fact; the real market is drawn in orange where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    both = [("simulated", OURS, ours)] + ([("real", REAL, real)] if real else [])
    for column, title in (
        ("volume_share", "Share of the day's volume in each bar"),
        ("abs_ret", "Mean size of the return of each bar"),
    ):
        lines = [
            (name, colour, np.arange(1, len(e.curves) + 1), e.curves[column].to_numpy())
            for name, colour, e in both
        ]
        _save(folder / f"{column}.svg", title, "bar of the day", lines)
    for kind in ("acf", "pacf"):
        for series in ours.correlations.filter(pl.col("kind") == "returns")["series"].unique():
            lines = [
                (name, colour, *_correlogram(e, "returns", series, kind))
                for name, colour, e in both
            ]
            title = f"{kind.upper()} of {series} returns"
            _save(folder / f"{kind}_{series.replace(' ', '_')}.svg", title, "lag", lines)
    lines = [(n, c, *_correlogram(e, "squared returns", "15-minute", "acf")) for n, c, e in both]
    _save(folder / "acf_squared.svg", "ACF of squared 15-minute returns", "lag", lines)
    lines = [(n, c, *_density(e, "15-minute")) for n, c, e in both]
    z = np.linspace(-4, 4, 81)
    lines.append(("normal", GREY, z, -(z**2) / 2 / np.log(10) - 0.5 * np.log10(2 * np.pi)))
    title = "Density of standardised 15-minute returns, log10"
    _save(folder / "tails.svg", title, "standard deviations", lines)
    if ours.oracle is not None:
        table = ours.oracle.sort("horizon")
        lines = [("oracle", OURS, *(table[c].to_numpy() for c in ("horizon", "rank_ic")))]
        of = ours.rank_ic.filter(pl.col("factor") == "reversal5").sort("horizon")
        lines.append(("reversal5", GREY, *(of[c].to_numpy() for c in ("horizon", "rank_ic"))))
        _save(folder / "rank_ic.svg", "RankIC of the oracle and of a reversal", "sessions", lines)


def _correlogram(
    e: Exploration, kind: str, series: str, column: str
) -> tuple[np.ndarray, np.ndarray]:
    rows = e.correlations.filter(
        pl.col("kind") == kind, pl.col("series") == series, pl.col("lag").is_between(1, 20)
    ).sort("lag")
    return rows["lag"].to_numpy(), rows[column].to_numpy()


def _density(e: Exploration, series: str) -> tuple[np.ndarray, np.ndarray]:
    rows = e.histogram.filter(
        pl.col("series") == series, pl.col("density") > 0, pl.col("z").abs() < 8
    )
    return rows["z"].to_numpy(), np.log10(rows["density"].to_numpy())


def _save(path: Path, title: str, axis: str, lines: list[Line]) -> None:
    """A line chart with four labelled steps on each axis."""
    x = np.concatenate([line[2] for line in lines]).astype(float)
    y = np.concatenate([line[3] for line in lines]).astype(float)
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    if not len(x) or not len(y):
        return
    low, high = min(y.min(), 0.0), max(y.max(), 0.0)
    span = (float(x.min()), float(x.max()), float(low), float(high or 1.0))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-size="13">{title}</text>',
        *_axes(span, axis),
    ]
    for i, (name, colour, xs, ys) in enumerate(lines):
        points = " ".join(
            "{:.1f},{:.1f}".format(*_at(span, a, b))
            for a, b in zip(xs, ys, strict=True)
            if np.isfinite(b)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        )
        parts.append(
            f'<text x="{WIDTH - 86}" y="{TOP + 14 * (i + 1)}" fill="{colour}">{name}</text>'
        )
    path.write_text("\n".join([*parts, "</svg>\n"]))


def _at(span: tuple[float, float, float, float], x: float, y: float) -> tuple[float, float]:
    left, right, low, high = span
    across = (x - left) / ((right - left) or 1.0)
    up = (y - low) / ((high - low) or 1.0)
    return (
        LEFT + across * (WIDTH - LEFT - 16),
        HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP),
    )


def _axes(span: tuple[float, float, float, float], axis: str) -> list[str]:
    left, right, low, high = span
    out = []
    for y in np.linspace(low, high, 5):
        _, at = _at(span, left, y)
        out.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
        )
        out.append(f'<text x="{LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{y:.3g}</text>')
    _, zero = _at(span, left, 0.0)
    out.append(
        f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="#888"/>'
    )
    for x in np.linspace(left, right, 5):
        at, _ = _at(span, x, low)
        out.append(f'<text x="{at:.1f}" y="{HEIGHT - 18}" text-anchor="middle">{x:.3g}</text>')
    out.append(f'<text x="{WIDTH - 16}" y="{HEIGHT - 4}" text-anchor="end">{axis}</text>')
    return out
