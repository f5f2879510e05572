"""Spread: how far the seeds of a fold lie apart."""

import polars as pl


def seed_spread(history: pl.DataFrame) -> pl.DataFrame:
    """What the best epochs of a fold's seeds reached on its validation days.

    Parameters
    ----------
    history : rows of fits: factor, fold, seed, epoch, best_epoch, metric, and a column for each
        metric

    Returns
    -------
    pl.DataFrame
        A row a factor and fold: seeds, metric, mean, std (sample; null for one seed), least, most,
        and first and last of the best epochs. Folds in the order of the history.
    """
    best = history.filter(pl.col("epoch") == pl.col("best_epoch"))
    names = best["metric"].unique().to_list()
    reached = pl.coalesce(pl.when(pl.col("metric") == name).then(pl.col(name)) for name in names)
    return (
        best.with_columns(reached=reached)
        .group_by("factor", "fold", "metric", maintain_order=True)
        .agg(
            seeds=pl.len(),
            mean=pl.col("reached").mean(),
            std=pl.col("reached").std(),
            least=pl.col("reached").min(),
            most=pl.col("reached").max(),
            first_best_epoch=pl.col("best_epoch").min(),
            last_best_epoch=pl.col("best_epoch").max(),
        )
        .select(
            "factor", "fold", "seeds", "metric", "mean", "std", "least", "most",
            "first_best_epoch", "last_best_epoch",
        )
    )  # fmt: skip
