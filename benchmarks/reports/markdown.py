"""Markdown: a table of cells, and one of claims."""

from collections.abc import Sequence

from .claims import Claim


def claim_lines(claims: Sequence[Claim]) -> list[str]:
    """A table of claims, each with the report's figures, ours and the verdict."""
    head = ["claim", "report", "ours: difference ± standard error", "run", "verdict"]
    rows = [[c.says, c.theirs, c.ours, c.where, c.verdict] for c in claims]
    return [*grid(head, rows), ""]


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |" for line in lines]
