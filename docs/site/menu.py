"""The menu of the documentation site: which pages it has, in the order of somebody new."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
# Packages in the order in which data flow through them.
PACKAGES = (
    *("base", "market", "sources", "features", "labels", "datasets", "models", "evaluation"),
    *("training", "factors", "combination", "risk", "portfolio", "backtest", "explore", "report"),
    *("audit", "executors", "pipeline", "testing", "research"),
)
NOUNS = (
    *("lake", "panel", "feature-set", "label", "grid", "network", "loss", "training", "factor"),
    *("combination", "risk-model", "portfolio", "ledger", "recipe", "node", "report", "audit"),
)


def pages(folder: str, *but: str) -> list[str]:
    """Names of the pages of a folder, sorted."""
    found = sorted(path.stem for path in (ROOT / folder).glob("*.md"))
    return [f"{folder}/{name}" for name in found if name not in but]


def sections(recipes: list[str]) -> dict[str, list[str]]:
    """Heading -> pages, in the order in which somebody new would read them."""
    return {
        "Start here": ["README", "docs/tomorrow", "README.zh-CN"],
        "Nouns": [f"docs/nouns/{noun}" for noun in NOUNS],
        "How to": [
            *("docs/your-data", "docs/plug-ins", "docs/factor-language", "docs/level2"),
            *("docs/networks", "docs/labels", "docs/combination", "docs/risk-model"),
            *("docs/portfolio", "docs/evaluation", "docs/report", "docs/studies", "docs/audit"),
            *("docs/local-page", "docs/many-workers", "docs/simulated-market"),
        ],
        "Vendors": [*pages("docs/vendors"), *pages("docs/vendors/level2")],
        "Recipes": ["docs/recipes", *recipes],
        "Reference": [
            "docs/keys",
            "docs/faults",
            "docs/threats",
            *(f"api/{name}" for name in PACKAGES),
        ],
        "Measured": ["docs/lab-log", *pages("benchmarks/results")],
        "Decisions": pages("docs/decisions"),
    }
