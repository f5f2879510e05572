"""Claims of report 001's tables 2 to 5, held against studies, seed by seed."""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from .claims import UNTESTED, Claim, of_values
from .markdown import claim_lines, grid
from .studies import S001, OurStudies, Studies, reached

RATE = "factors.uni_day.training.learning_rate"
DROPOUT = "factors.uni_day.model.cell_dropout"
PENALTY = "factors.multi_day.objective.penalty"
UNITS = "factors.multi_day.model.head.units"
VALID, EPOCHS, ALIKE = "valid_rank_ic", "epochs", "unit_correlation"

# key, what is said, figures of the report, two values, figure, sign of the first less the second
SAID: tuple[tuple[str, str, str, tuple[float, float], str, int], ...] = (
    (
        RATE,
        "learning rate: 0.0001 takes more epochs than 0.001",
        "149, 35",
        (1e-4, 1e-3),
        EPOCHS,
        1,
    ),
    (RATE, "and has a higher RankIC of validation", "19.60, 18.73 %", (1e-4, 1e-3), VALID, 1),
    (DROPOUT, "dropout: 0.5 has a lower RankIC than 0", "18.45, 18.76 %", (0.5, 0), VALID, -1),
    (DROPOUT, "and 0.9 a lower one than 0.5", "18.32, 18.45 %", (0.9, 0.5), VALID, -1),
    (DROPOUT, "dropout: as many epochs at 0.9 as at 0", "35, 35", (0.9, 0), EPOCHS, 0),
    (
        PENALTY,
        "penalty: units are less alike at 100 than at 0.1",
        "0.33, 0.55",
        (100, 0.1),
        ALIKE,
        -1,
    ),
    (PENALTY, "penalty: and so at 1 than at 0.1", "0.28, 0.55", (1, 0.1), ALIKE, -1),
    (PENALTY, "penalty: but at 100 as alike as at 1", "0.33, 0.28", (100, 1), ALIKE, 0),
    (PENALTY, "penalty: as good at 100 as at 0.1, RankIC", "19.02, 19.12 %", (100, 0.1), VALID, 0),
    (PENALTY, "penalty: more epochs at 100 than at 0.1", "49, 35", (100, 0.1), EPOCHS, 1),
    (UNITS, "units: 64 have a lower RankIC than 16", "19.00, 19.65 %", (64, 16), VALID, -1),
    (UNITS, "units: and 256 a lower one than 64", "18.68, 19.00 %", (256, 64), VALID, -1),
    (UNITS, "units: 256 stop earlier than 16", "40, 62", (256, 16), EPOCHS, -1),
    (UNITS, "units: 64 are less alike than 16", "0.30, 0.81", (64, 16), ALIKE, -1),
    (UNITS, "units: 256 are more alike than 64", "0.38, 0.30", (256, 64), ALIKE, 1),
)


def claims_of(studies: Studies) -> list[Claim]:
    """All claims of the four tables, those that cannot be told with the reason.

    Parameters
    ----------
    studies : by the base name of the recipe
    """
    return [_claim(studies.get(S001), *said) for said in SAID]


def _claim(
    ours: OurStudies | None,
    key: str,
    says: str,
    theirs: str,
    pair: tuple[float, float],
    figure: str,
    sign: int,
) -> Claim:
    """One claim: the difference of two trials, seed by seed."""
    study = None if ours is None else ours.of(key)
    if ours is None or study is None:
        return Claim(says, theirs, f"no study of {S001} that varies {key}", UNTESTED)
    where = f"{S001}, {ours.size}"
    one, other = (reached(study, value) for value in pair)
    if one is None or other is None:
        lacks = [f"{v:g}" for v, known in zip(pair, (one, other), strict=True) if known is None]
        return Claim(says, theirs, f"not tried: {', '.join(lacks)}", UNTESTED, where)
    both = one.join(other, on="seed", suffix="_other")
    percent = figure == VALID
    found = of_values((both[figure] - both[f"{figure}_other"]).to_list(), "seeds")
    if not np.isfinite(found.error):
        size = f"{100 * found.mean:+.2f} points" if percent else f"{found.mean:+.3f}"
        told = f"{size} of one seed, which has no error"
        return Claim(says, theirs, told, UNTESTED, where)
    return Claim(says, theirs, found.text(percent), found.verdict(sign), where)


def page_lines(studies: Studies) -> list[str]:
    """Which studies there are, what each seed reached, and the claims."""
    head = ["recipe", "size", "varied", "value", "seed", "RankIC of validation", "kept epoch"]
    rows = [line for ours in studies.values() for line in _lines(ours)]
    out = [*grid([*head, "epochs", "correlation of units"], rows), ""] if rows else []
    return [*out, *claim_lines(claims_of(studies))]


def _lines(ours: OurStudies) -> Iterator[list[str]]:
    keys = dict.fromkeys(chain.from_iterable(one.varied for one in ours.filed))
    for key in keys:
        study = ours.of(key)
        for value in [] if study is None else study.varied[key]:
            found = reached(study, value) if study is not None else None
            for row in [] if found is None else found.iter_rows(named=True):
                alike = row.get(ALIKE)
                yield [
                    ours.recipe,
                    ours.size,
                    key,
                    f"{value:g}",
                    str(row["seed"]),
                    f"{row[VALID]:.2%}",
                    f"{row['best_epoch']:g}",
                    f"{row[EPOCHS]:g}",
                    "" if alike is None else f"{alike:.3f}",
                ]
