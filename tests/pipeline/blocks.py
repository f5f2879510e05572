"""A recipe of sample blocks on the lake of the tiny one."""

from pathlib import Path

import yaml

from intralpha.pipeline import Recipe, load_recipe

BLOCKS = """
kind: sample_blocks
features: {kind: library, library: price_volume, names: [ret20, vol20, ln_amount20]}
transform: {kind: cross_section}
window_days: 3
label: {kind: y_ret, horizon: 3, start: close}
blocks: {first: 2023-01-01, every_months: 1, train_days: 30, stop_days: 15}
refresh_months: 1
select: {max_correlation: 0.95, at_most: 2}
model: {kind: gru, hidden: 4}
objective: {kind: neg_ic}
training: {learning_rate: 0.01, max_epochs: 2, patience: 2}
seeds: [0, 1]
"""


def blocks_recipe(lake: Path, folder: Path, *changes: str) -> Recipe:
    raw = {
        "name": "blocks",
        "data": {"lake": str(lake)},
        "universe": {"min_listed_days": 20, "exclude_st": False},
        "grid": {"every": 2},
        "factors": {"halves": yaml.safe_load(BLOCKS)},
        "test": {"horizons": [[1, 6]], "factor": {"n_groups": 5, "top_share": 0.2}},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "blocks.yaml"
    path.write_text(yaml.safe_dump(raw))
    return load_recipe(path, changes)
