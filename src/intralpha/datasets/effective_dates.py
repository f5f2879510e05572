"""Effective dates: how many training dates there are once some count more than others."""

import polars as pl


def effective_dates(weights: pl.DataFrame) -> pl.DataFrame:
    r"""Number of training dates of each fold, and of equal ones that would be as concentrated.

    .. math:: n_{\mathrm{eff}} = \Big(\sum_d w_d\Big)^2 \Big/ \sum_d w_d^2

    Parameters
    ----------
    weights : factor, fold, date, weight; 0 or more, not all 0 in a fold, dates of a fold ascending

    Returns
    -------
    pl.DataFrame
        A row a factor and fold, in their order: training_dates, effective_dates (1 to
        training_dates), oldest_date and newest_date with oldest_weight and newest_weight, and the
        least and the most weight. Only ratios of weights count: where the mean of a fold is 1, a
        weight is how often its date is drawn an epoch.

    Examples
    --------
    >>> rows = {"factor": ["a"] * 3, "fold": ["2024"] * 3, "date": [1, 2, 3]}
    >>> told = effective_dates(pl.DataFrame(rows | {"weight": [0.0, 1.5, 1.5]}))
    >>> told["training_dates"].item(), told["effective_dates"].item()
    (3, 2.0)
    """
    weight, day = pl.col("weight"), pl.col("date")
    return weights.group_by("factor", "fold", maintain_order=True).agg(
        training_dates=pl.len(),
        effective_dates=weight.sum() ** 2 / (weight**2).sum(),
        oldest_date=day.first(),
        oldest_weight=weight.first(),
        newest_date=day.last(),
        newest_weight=weight.last(),
        least_weight=weight.min(),
        most_weight=weight.max(),
    )
