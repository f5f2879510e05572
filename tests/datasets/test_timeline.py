"""The drawing of a schedule: what a line shows, and how wide it is."""

from datetime import date

import numpy as np
import pytest

from intralpha.datasets import Fold, PeriodicSpec, RollingSpec, ScheduleSpec, YearlySpec
from intralpha.datasets.timeline import draw_timeline, timeline
from intralpha.market import Calendar

SESSIONS = Calendar.xshg().between("2007-01-04", "2026-05-08")


def test_a_fold_by_hand() -> None:
    """Every day is a session; a quarter of a month (days 1, 8, 15 and 22) is a column."""
    days = np.arange("2024-01-01", "2024-04-01", dtype="datetime64[D]")
    fold = Fold("2024-03-08", days[:31], days[35:59], days[67:80])
    # January trains; 1 to 4 February are purged, 5 to 28 validate, 29 February to 7 March again
    # are purged, and 8 to 20 March are predicted.
    lines = draw_timeline([fold], days).splitlines()
    assert lines == [
        "= train, . purged, v validation, p predicted; a column is 1/4 of a month",
        "predicts from  train  purge  valid  purge predict 2024-01",
        "2024-03-08        31      4     24      8     13 ====.vvv.pp",
    ]
    (row,) = timeline([fold], days).to_dicts()
    assert row == {
        "fold": "2024-03-08",
        "train from": "2024-01-01",
        "train to": "2024-01-31",
        "train": 31,
        "purged": 4,
        "valid from": "2024-02-05",
        "valid to": "2024-02-28",
        "valid": 24,
        "purged again": 8,
        "predict from": "2024-03-08",
        "predict to": "2024-03-20",
        "predict": 13,
    }


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "spec",
    [
        RollingSpec(),
        RollingSpec(train_days=240, valid_days=20, step_days=60),
        YearlySpec(first_year=2017, window_years=11, valid="last_year", short_share=0.1),
        PeriodicSpec(first=date(2017, 1, 1), months=1),
    ],
)
def test_lines_are_readable_at_a_hundred_columns(spec: ScheduleSpec) -> None:
    folds = spec.folds(SESSIONS, SESSIONS[::5], 11)
    lines = draw_timeline(folds, SESSIONS, drawn=10).splitlines()
    assert max(map(len, lines)) <= 100
    more = max(len(folds) - 10, 0)
    assert len(lines) == 2 + min(len(folds), 10) + (more > 0)
    if more:
        assert lines[-1] == f"and {more} more, the last of which is {folds[-1].name}"
    for line, fold in zip(lines[2:], folds[:10], strict=False):
        bar = line[49:]
        assert line.startswith(fold.name)
        # In time order; what has dates is always shown.
        order = [mark for i, mark in enumerate(bar.strip()) if i == 0 or bar.strip()[i - 1] != mark]
        assert "".join(order) in {"=.v.p", "=.vp", "=v.p", "=vp"}
        assert [int(n) for n in line[13:48].split()][::2] == [
            len(part) for part in (fold.train, fold.valid, fold.predict)
        ]


def test_blocks_without_a_purge_touch() -> None:
    days = np.arange("2024-01-01", "2024-04-01", dtype="datetime64[D]")
    fold = Fold("2024-03-01", days[:31], days[31:60], days[60:])
    line = draw_timeline([fold], days).splitlines()[-1]
    assert line.split()[1:6] == ["31", "0", "29", "0", "31"]
    assert line.endswith(" ====vvvvpppp")


def test_folds_that_predict_the_same_dates_are_counted() -> None:
    """Sample blocks: the name is where a block begins; 20 and 21 March have both."""
    days = np.arange("2024-01-01", "2024-04-01", dtype="datetime64[D]")
    folds = [
        Fold("2024-01-01", days[:20], days[25:30], days[40:81]),
        Fold("2024-02-01", days[31:50], days[55:60], days[79:90]),
    ]
    lines = draw_timeline(folds, days).splitlines()
    assert lines[1].startswith("learns from    train")
    assert lines[-1] == "2 are trained, and 1 to 2 of them predict a date"
    assert len(lines) == 5
    apart = [Fold("2024-02-10", days[:20], days[25:30], days[40:79]), folds[1]]
    assert draw_timeline(apart, days).splitlines()[1].startswith("predicts from")
