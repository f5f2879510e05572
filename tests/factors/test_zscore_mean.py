"""The mean of signed z-scores, by hand."""

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.datasets import CrossSectionSpec
from intralpha.datasets.global_standard import GlobalStandardSpec
from intralpha.datasets.neutral import NeutralSpec
from intralpha.factors import Ground, ZScoreMean
from intralpha.features import LibrarySpec

from .conftest import ASSETS, DAYS, Work

FEATURES = LibrarySpec(library="price_volume", names=("ret20", "vol20"))
GROUND = Ground(DAYS, DAYS[[1, 3]], DAYS[[1, 3]])


def spec(**changes: object) -> ZScoreMean:
    return ZScoreMean(**{"features": FEATURES, "signs": {"ret20": -1, "vol20": 1}} | changes)


def test_scores_are_means_of_signed_zscores_over_the_universe(work: Work) -> None:
    values = np.zeros((4, 3, 2), np.float32)
    values[..., 0] = [1.0, 2.0, 3.0]
    values[..., 1] = [[2.0, 2.0, 8.0]] * 4
    values[2, 0] = np.nan
    features = Panel(values, DAYS, ASSETS, ("ret20", "vol20"))
    made, score = spec().nodes("simple", Ground(DAYS, DAYS, DAYS))
    assert (made.name, score.name) == ("features/simple", "score/simple")
    found = work(score, features=features)["score"]
    # ret20 of 1, 2, 3: z = -+sqrt(1.5), 0; vol20 of 2, 2, 8: z = -1/sqrt(2), -1/sqrt(2), sqrt(2).
    a, b = np.sqrt(1.5), np.sqrt(0.5)
    whole = [(a - b) / 2, -b / 2, (-a + 2 * b) / 2]
    np.testing.assert_allclose(found[[0, 3]], [whole, whole], rtol=1e-6)
    # On the second day the third stock is outside; z of 1, 2 is -1, 1, and vol20 does not vary.
    assert np.isnan(found[1, 2])
    # On the third day the first stock has no features; both z-scores of the others are -1, 1.
    assert np.isnan(found[2, 0])
    np.testing.assert_allclose(found[2, 1:], [0.0, 0.0], atol=1e-6)


def test_extreme_zscores_are_cut(work: Work) -> None:
    values = np.zeros((4, 3, 2), np.float32)
    values[..., :] = np.array([0.0, 0.0, 1e6])[:, None]
    features = Panel(values, DAYS, ASSETS, ("ret20", "vol20"))
    free, cut = (
        spec(signs={"ret20": 1}, clip=clip).nodes("one", Ground(DAYS, DAYS, DAYS))[1]
        for clip in (None, 1.0)
    )
    top = np.sqrt(2)
    np.testing.assert_allclose(work(free, features=features)["score"][0, 2], top, rtol=1e-6)
    np.testing.assert_allclose(work(cut, features=features)["score"][0, 2], 1.0, rtol=1e-6)


def test_features_are_made_of_every_session_and_scores_on_the_grid() -> None:
    features, score = spec().nodes("simple", GROUND)
    assert [s.name for s in features.slices] == [str(d) for d in DAYS]
    assert features.reads == FEATURES.reads()
    assert [s.name for s in score.slices] == ["2024-01-03", "2024-01-05"]
    assert score.slices[0].needs == {"features": ("2024-01-03",), "universe": ("2024-01-03",)}
    assert score.reads == ()
    assert score.slices[0].days is None


def test_a_transform_comes_first_and_what_is_absent_stays_so(work: Work) -> None:
    values = np.zeros((4, 3, 2), np.float32)
    values[..., 0] = [1.0, 2.0, 300.0]
    values[2, 0] = np.nan
    features = Panel(values, DAYS, ASSETS, ("ret20", "vol20"))
    cut = CrossSectionSpec(mads=1.0)
    score = spec(signs={"ret20": -1}, transform=cut).nodes("cut", Ground(DAYS, DAYS, DAYS))[1]
    found = work(score, features=features)["score"]
    # Median 2, median distance 1: 300 becomes 3, and z-scores are those of 1, 2, 3.
    top = np.sqrt(1.5)
    np.testing.assert_allclose(found[[0, 3]], [[top, 0, -top]] * 2, rtol=1e-6, atol=1e-6)
    # Absent features and stocks outside the universe have no score, not the mean.
    assert np.isnan(found[2, 0])
    assert np.isnan(found[1, 2])


def test_a_transform_reads_the_lake_up_to_each_date_and_never_learns() -> None:
    score = spec(transform=NeutralSpec()).nodes("neutral", GROUND)[-1]
    assert score.reads == NeutralSpec().reads()
    assert not any(read.ahead for read in score.reads)
    assert [s.days for s in score.slices] == [(d.item(),) * 2 for d in DAYS[[1, 3]]]
    (fault,) = spec(transform=GlobalStandardSpec()).faults()
    assert fault == "transform: global_standard learns from other dates"


def test_only_the_published_protocol_looks_at_the_next_session() -> None:
    score = spec(fwd_over_tested=True).nodes("simple", GROUND)[-1]
    assert score.reads == (Read("daily", back=0, ahead=1),)
    assert score.slices[0].days == (DAYS[1].item(),) * 2


def test_faults_are_told_before_anything_is_read() -> None:
    assert spec().faults() == ()
    (fault,) = spec(signs={"ret2O": 1, "vol20": 1}).faults()
    assert fault == "signs: no feature ret2O; known are ret20, vol20"
    for wrong in ({"signs": {}}, {"signs": {"ret20": 2}}, {"clip": 0}):
        with pytest.raises(ValidationError):
            spec(**wrong)
