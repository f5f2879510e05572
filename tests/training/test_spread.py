"""Seeds of a fold beside each other, by hand."""

import polars as pl
import pytest

from intralpha.training.spread import seed_spread


def test_by_hand() -> None:
    rows = [
        # factor, fold, seed, epoch, best, metric, RankIC, loss
        ("a", "2020", 0, 1, 2, "valid_rank_ic", 0.01, 1.0),
        ("a", "2020", 0, 2, 2, "valid_rank_ic", 0.05, 0.9),
        ("a", "2020", 1, 1, 1, "valid_rank_ic", 0.03, 0.8),
        ("b", "2020", 0, 1, 1, "valid_loss", 0.07, 0.5),
    ]
    names = (
        "factor",
        "fold",
        "seed",
        "epoch",
        "best_epoch",
        "metric",
        "valid_rank_ic",
        "valid_loss",
    )
    found = seed_spread(pl.DataFrame(rows, names, orient="row"))
    first, second = found.to_dicts()
    assert first == {
        "factor": "a", "fold": "2020", "seeds": 2, "metric": "valid_rank_ic",
        "mean": pytest.approx(0.04), "std": pytest.approx(0.02 / 2**0.5),
        "least": 0.03, "most": 0.05, "first_best_epoch": 1, "last_best_epoch": 2,
    }  # fmt: skip
    assert (second["mean"], second["std"], second["seeds"]) == (0.5, None, 1)
