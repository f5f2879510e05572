"""A factor of sample blocks: its dates, what depends on what, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.base.panel import as_days
from intralpha.datasets import CrossSectionSpec
from intralpha.datasets.sample_blocks import SampleBlocksSpec
from intralpha.datasets.schedule import LongWindowError
from intralpha.factors import Ground, SampleBlocks
from intralpha.factors.sample_blocks import NoBlockError
from intralpha.features import DaySpec
from intralpha.labels import HorizonReturnSpec, RawReturnSpec
from intralpha.models import GRUSpec, RNNSpec
from intralpha.models.heads import UnitsHeadSpec
from intralpha.pipeline.address import stem
from intralpha.training import NegICSpec, SelectSpec, TrainSpec
from intralpha.training.losses import MseBnOrthSpec
from intralpha.training.metrics import ICIRMetricSpec, RankICMetricSpec

DAYS = as_days(np.arange("2023-01-01", "2023-08-20", dtype="datetime64[D]"))  # each is a session
GROUND = Ground(DAYS, DAYS[::2], DAYS[::3])
SPEC = SampleBlocks(
    features=DaySpec(turnover="amount"),
    transform=CrossSectionSpec(),
    window_days=4,
    label=HorizonReturnSpec(horizon=1, start="close"),  # ends a session later
    blocks=SampleBlocksSpec(first=DAYS[0].item(), every_months=1, train_days=20, stop_days=10),
    refresh_months=1,
    model=GRUSpec(hidden=4),
    objective=NegICSpec(),
    training=TrainSpec(max_epochs=2),
    seeds=(0, 1),
)
PLACE = {str(day): at for at, day in enumerate(DAYS)}


def nodes(spec: SampleBlocks = SPEC, ground: Ground = GROUND) -> dict:
    return {node.name: node for node in spec.nodes("half", ground)}


def test_decisions_by_hand() -> None:
    """A block of 1 January ends on the 20th and is there 10 + 1 days later, on the 31st.

    One of 1 February ends on the 20th and is there on 3 March, so from the decision of 1 April on;
    one of 1 April ends on the 20th and is there on 1 May itself.
    """
    decided = SPEC.decisions(GROUND)
    starts = [f"2023-0{month}-01" for month in range(1, 8)]
    told = {str(one.day): [block.fold.name for block in one.blocks] for one in decided}
    assert told == {
        "2023-02-01": starts[:1],
        "2023-03-01": starts[:1],
        "2023-04-01": starts[:3],
        "2023-05-01": starts[:4],
        "2023-06-01": starts[:5],
        "2023-07-01": starts[:6],
        "2023-08-01": starts[:7],
    }
    scored = np.concatenate([one.scored for one in decided])
    np.testing.assert_array_equal(scored, GROUND.scored[GROUND.scored >= decided[0].day])
    # Judged on (30 January, 1 February - 1]; every other day is a sample, the 31st among them.
    (block,) = decided[0].blocks
    assert [str(day) for day in block.fold.predict] == ["2023-01-31"]


def test_a_block_is_trained_once_however_many_decisions_look_at_it() -> None:
    made = nodes()
    weights = made["weights/half"]
    blocks = [fold.name for fold in SPEC.folds(GROUND)]
    assert [s.name for s in weights.slices] == [f"{b}-seed{s}" for b in blocks for s in (0, 1)]
    for one in weights.slices:
        fold = one.about["fold"]
        assert len(fold.predict) == 0
        assert one.needs["seen"][-1] == str(fold.valid[-1])
        last = PLACE[fold.name] + 19
        assert all(last + 1 < PLACE[str(day)] <= last + 10 for day in fold.valid)
    assert list(made)[-9:] == [*(f"block/half.{b}" for b in blocks), "selected/half", "score/half"]


def test_what_is_judged_was_known_when_it_was_decided() -> None:
    for one in nodes()["selected/half"].slices:
        judged = one.needs["label"]
        assert PLACE[judged[-1]] + SPEC.offset <= PLACE[one.name]
        for fold in one.about:
            after = PLACE[fold.name] + 19 + 10
            dates = one.needs.get(f"block.{fold.name}", ())
            assert dates == tuple(map(str, fold.predict))
            assert all(after < PLACE[day] <= PLACE[one.name] - SPEC.offset for day in dates)


def test_a_score_needs_the_last_decision_and_what_its_blocks_say_of_the_date() -> None:
    made = nodes()
    decided = {one.name: one for one in made["selected/half"].slices}
    days = [one.name for one in made["score/half"].slices]
    assert days == [str(day) for day in GROUND.scored if str(day) >= "2023-02-01"]
    for one in made["score/half"].slices:
        (decision,) = one.needs["selected"]
        assert decision == max(name for name in decided if name <= one.name)
        blocks = [f"block.{fold.name}" for fold in decided[decision].about]
        assert {k: v for k, v in one.needs.items() if k != "selected"} == dict.fromkeys(
            blocks, (one.name,)
        )


def test_another_session_adds_its_own_slices_and_moves_no_other() -> None:
    for count in (1, 12, 13, 14):  # the 13th is 1 September: a decision, and a block more
        more = np.arange(DAYS[-1] + 1, DAYS[-1] + 1 + count)
        longer = np.append(DAYS, more)
        old, new = nodes(), nodes(ground=Ground(longer, longer[::2], longer[::3]))
        first = str(DAYS[-1] + 1)
        for name, node in old.items():
            same = {one.name: one for one in new[name].slices}
            for one in node.slices:
                assert (one.needs, one.days) == (same[one.name].needs, same[one.name].days)
            if name.startswith("block/") and count < 13:
                added = sorted(set(same) - {one.name for one in node.slices})
                assert added == [str(d) for d in longer[::3] if str(d) >= first]
        assert ("block/half.2023-08-01" in new) == (count >= 13)
        assert len(new["selected/half"].slices) == 7 + (count >= 13)


def test_the_metric_is_the_icir_unless_another_is_named() -> None:
    given = {f: getattr(SPEC, f) for f in SampleBlocks.model_fields}
    for training in (TrainSpec(max_epochs=2), {"max_epochs": 2}):
        found = SampleBlocks.model_validate(given | {"training": training})
        assert found.training == TrainSpec(max_epochs=2, metric=ICIRMetricSpec())
    named = TrainSpec(metric=RankICMetricSpec())
    assert SampleBlocks.model_validate(given | {"training": named}).training == named
    again = SampleBlocks.model_validate(SPEC.model_dump(mode="json"))
    assert again == SPEC


def test_thresholds_move_the_choice_and_train_nothing() -> None:
    before = {name: stem(node) for name, node in nodes().items()}
    other = SPEC.model_copy(update={"select": SelectSpec(min_stability=0.5)})
    after = {name: stem(node) for name, node in nodes(other).items()}
    assert {name for name in before if before[name] != after[name]} == {"selected/half"}


def test_what_validation_compares_with_judges_blocks_too() -> None:
    longer = SPEC.blocks.model_copy(update={"stop_days": 15})
    further = {"valid_label": RawReturnSpec(), "blocks": longer}  # a label of 11 sessions
    made = nodes(SPEC.model_copy(update=further))
    assert made["selected/half"].inputs["label"] == "valid_label/half"
    there = {one.name for one in made["valid_label/half"].slices}
    for one in made["selected/half"].slices:
        assert there.issuperset(one.needs["label"])
        assert all(PLACE[day] + 11 <= PLACE[one.name] for day in one.needs["label"])


def test_without_a_block_or_a_window_there_is_no_score() -> None:
    late = SPEC.blocks.model_copy(update={"first": DAYS[-25].item()})
    with pytest.raises(NoBlockError, match=r"20 \+ 10 \+ 1 sessions after it begins"):
        nodes(SPEC.model_copy(update={"blocks": late}))
    with pytest.raises(LongWindowError, match="spans 900 sessions"):
        nodes(SPEC.model_copy(update={"window_days": 900}))
    unscored = replace(GROUND, scored=DAYS[:20])
    with pytest.raises(NoBlockError):
        nodes(ground=unscored)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schedule": {"kind": "rolling"}}, "schedule"),
        ({"refresh_months": 0}, "refresh_months"),
        ({"blocks": {"every_months": 3}}, "first"),
        ({"select": {"max_correlation": 1.5}}, "max_correlation"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SampleBlocks.model_validate(
            {f: getattr(SPEC, f) for f in SampleBlocks.model_fields} | change
        )


def test_a_stop_interval_must_outlast_the_labels() -> None:
    (fault,) = SPEC.model_copy(update={"valid_label": RawReturnSpec()}).faults()
    assert "blocks.stop_days: found 10; labels reach 11 sessions" in fault


def test_parts_that_do_not_fit_are_told_as_for_a_network() -> None:
    assert SPEC.faults() == ()
    (fault,) = SPEC.model_copy(update={"objective": MseBnOrthSpec()}).faults()
    assert "objective: mse_bn_orth needs the part unit" in fault
    fits = {"objective": MseBnOrthSpec(), "model": RNNSpec(head=UnitsHeadSpec(units=4))}
    assert SPEC.model_copy(update=fits).faults() == ()
