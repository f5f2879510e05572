"""A network's nodes: what depends on what, and what is refused."""

import re
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.base.panel import as_days
from intralpha.datasets import CrossSectionSpec, RollingSpec
from intralpha.datasets.global_standard import GlobalStandardSpec
from intralpha.datasets.schedule import LongWindowError, NoFoldError
from intralpha.datasets.window_ratio import WindowRatioSpec
from intralpha.factors import Ground, Network
from intralpha.factors.inputs import InputSpec
from intralpha.features import DaySpec, FeatureSpec, LibrarySpec
from intralpha.labels import (
    BarReturnsSpec,
    DailySequenceSpec,
    HorizonReturnSpec,
    LabelSpec,
    RawReturnSpec,
    ReturnBinsSpec,
    SeveralSpec,
)
from intralpha.models import (
    AutoformerSpec,
    ConformerSpec,
    GRUSpec,
    LinearSpec,
    ModelSpec,
    MultitaskGRUSpec,
    RNNSpec,
    SeqDecoderSpec,
    Shapes,
    ShapesError,
    WindowShape,
)
from intralpha.models.heads import (
    ClassesHeadSpec,
    HorizonsHeadSpec,
    LinearHeadSpec,
    UnitsHeadSpec,
)
from intralpha.pipeline.address import stem
from intralpha.training import NegICSpec, TrainSpec
from intralpha.training.losses import (
    CrossEntropySpec,
    LayerwiseSpec,
    MseBnOrthSpec,
    MultitaskSpec,
    SeqNegICSpec,
)
from intralpha.training.network import make_network

DAYS = as_days(np.arange("2023-01-02", "2023-07-01", dtype="datetime64[D]"))[::1]
LAST = ("outputs/gru", "score/gru")
GROUND = Ground(DAYS, DAYS[::3], DAYS[::3])
SPEC = Network(
    features=DaySpec(turnover="amount"),
    transform=CrossSectionSpec(),
    window_days=4,
    label=HorizonReturnSpec(horizon=5),
    schedule=RollingSpec(train_days=60, valid_days=12, step_days=30),
    model=GRUSpec(hidden=4),
    objective=NegICSpec(),
    training=TrainSpec(max_epochs=2),
    seeds=(0, 1),
)


def nodes(spec: Network = SPEC, ground: Ground = GROUND) -> dict:
    return {node.name: node for node in spec.nodes("gru", ground)}


def test_a_transform_of_single_days_is_made_once_for_all_folds() -> None:
    alone = nodes()
    assert list(alone) == ["features/gru", "seen/gru", "label/gru", "weights/gru", *LAST]
    assert alone["weights/gru"].inputs["seen"] == "seen/gru"
    assert alone["weights/gru"].spec.views["x"].transform is None
    fitted = nodes(SPEC.model_copy(update={"transform": GlobalStandardSpec()}))
    assert list(fitted) == ["features/gru", "label/gru", "weights/gru", *LAST]
    assert fitted["weights/gru"].inputs["seen"] == "features/gru"
    assert fitted["weights/gru"].spec.views["x"].transform == GlobalStandardSpec()


@pytest.mark.parametrize("transform", [CrossSectionSpec(), GlobalStandardSpec()])
def test_a_training_sees_its_past_and_nothing_of_what_it_predicts(transform) -> None:
    weights = nodes(SPEC.model_copy(update={"transform": transform}))["weights/gru"]
    assert len(weights.slices) == 2 * len({s.about["fold"].name for s in weights.slices}) > 2
    for one in weights.slices:
        fold = one.about["fold"]
        assert one.name == f"{fold.name}-seed{one.about['seed']}"
        assert len(fold.predict) == 0
        seen = as_days(list(one.needs["seen"]))
        assert seen[-1] == fold.valid[-1]
        at = int(np.searchsorted(DAYS, fold.train[0]))
        assert seen[0] == (DAYS[0] if transform.fits else DAYS[at - 3])
        assert list(one.needs["label"]) == [str(d) for d in (*fold.train, *fold.valid)]
        assert np.searchsorted(DAYS, fold.valid[-1]) + 6 < np.searchsorted(
            DAYS, np.datetime64(fold.name)
        )


def test_a_score_needs_its_window_and_the_networks_of_its_fold() -> None:
    made = nodes()
    trained = {s.name for s in made["weights/gru"].slices}
    days = [s.name for s in made["score/gru"].slices]
    assert days == sorted(set(days)) == [s.name for s in made["outputs/gru"].slices]
    for one in made["outputs/gru"].slices:
        at = int(np.searchsorted(DAYS, np.datetime64(one.name)))
        assert one.needs["seen"] == tuple(str(d) for d in DAYS[at - 3 : at + 1])
        assert set(one.needs["weights"]) <= trained
        assert [n.rpartition("-seed")[2] for n in one.needs["weights"]] == ["0", "1"]
        assert one.needs["weights"][0].rpartition("-seed")[0] <= one.name


def test_another_session_moves_no_training() -> None:
    longer = replace(GROUND, dates=np.append(DAYS, DAYS[-1] + 1))
    old, new = nodes()["weights/gru"], nodes(ground=longer)["weights/gru"]
    assert [s.name for s in old.slices] == [s.name for s in new.slices]
    for one, other in zip(old.slices, new.slices, strict=True):
        assert one.needs == other.needs
    assert stem(old) == stem(new)


def test_what_a_training_is_made_of_moves_its_address_and_the_seed_its_slice() -> None:
    before = {n: stem(node) for n, node in nodes().items()}
    for change, moved in {
        ("model", GRUSpec(hidden=5)): {"weights/gru", "outputs/gru"},
        ("label", HorizonReturnSpec(horizon=3)): {"label/gru"},
        ("features", DaySpec(mode="window")): {"features/gru"},
        ("transform", CrossSectionSpec(mads=3.0)): {"seen/gru"},
        ("seeds", (0, 1, 2)): set(),
    }.items():
        after = nodes(SPEC.model_copy(update=dict([change])))
        assert {n for n in before if stem(after[n]) != before[n]} == moved, change


def test_schedules_that_leave_nothing_are_refused() -> None:
    with pytest.raises(
        NoFoldError, match=r"makes no fold from(.|\n)*shorten what the schedule trains"
    ):
        nodes(ground=Ground(DAYS[:50], DAYS[:50:3], DAYS[:50:3]))


def test_windows_that_are_longer_than_the_data_are_told() -> None:
    """40 blocks of 20 sessions: the schedule is not to blame."""
    long = SLOW.model_copy(update={"window_days": 40, "every": 20})
    spec = SPEC.model_copy(update={**BOTH, "inputs": {"fast": SPEC.views["x"], "slow": long}})
    with pytest.raises(LongWindowError, match="spans 781 sessions; there are 180, and no sample"):
        nodes(spec)


@pytest.mark.parametrize(
    "wrong",
    [{"window_days": 0}, {"seeds": ()}, {"step": "week"}, {"model": {"kind": "acme.mynet"}}],
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Network.model_validate({**{f: getattr(SPEC, f) for f in Network.model_fields}, **wrong})


SLOW = InputSpec(
    features=DaySpec(turnover="amount"), transform=CrossSectionSpec(), window_days=3, every=5
)
BOTH = {
    "features": None,
    "transform": None,
    "window_days": None,
    "inputs": {"fast": SPEC.views["x"], "slow": SLOW},
}


def test_several_inputs_have_nodes_of_their_own_and_the_longest_decides_how_far_back() -> None:
    made = nodes(SPEC.model_copy(update=BOTH))
    assert list(made)[:4] == [
        "features/gru.fast",
        "seen/gru.fast",
        "features/gru.slow",
        "seen/gru.slow",
    ]
    weights = made["weights/gru"]
    assert weights.inputs["seen.slow"] == "seen/gru.slow"
    assert {k: (v.cut.window_days, v.cut.every) for k, v in weights.spec.views.items()} == {
        "fast": (4, 1),
        "slow": (3, 5),
    }
    one = weights.slices[0]
    at = int(np.searchsorted(DAYS, one.about["fold"].train[0]))
    for name in ("seen.fast", "seen.slow", "universe"):
        assert one.needs[name][0] == str(DAYS[at - 10]), name


def test_inputs_that_the_model_does_not_want_are_told_before_anything_is_read() -> None:
    (fault,) = SPEC.model_copy(update=BOTH).faults()
    assert "network gru wants one input" in fault
    assert "it is given fast, slow" in fault
    assert SPEC.faults() == ()


def look(features: FeatureSpec, days: int, every: int = 1) -> InputSpec:
    return InputSpec(features=features, transform=WindowRatioSpec(), window_days=days, every=every)


def test_inputs_of_one_gru_with_other_features_are_told_before_anything_is_read() -> None:
    week = LibrarySpec(library="price_week", names=("week_open", "week_close"))
    inputs = {"day": look(DaySpec(mode="window"), 40), "week": look(week, 20, every=5)}
    update = {
        **BOTH,
        "inputs": inputs,
        "model": MultitaskGRUSpec(tasks=("day", "week")),
        "objective": MultitaskSpec(),
    }
    (fault,) = SPEC.model_copy(update=update).faults()
    assert fault.startswith("inputs: one GRU reads these inputs, and day has 6, week has 2 feat")
    assert "Hint: `share: false`" in fault
    apart = MultitaskGRUSpec(tasks=("day", "week"), share=False)
    assert SPEC.model_copy(update={**update, "model": apart}).faults() == ()


BARS = LibrarySpec(library="bar64_30", names=("bar_ret", "bar_range"))


class PickySpec(ModelSpec):
    """A network of one's own that no sizes suit."""

    kind: Literal["tests.picky"] = "tests.picky"

    def misfits(self, shapes: Shapes) -> tuple[str, ...]:
        return tuple(f"{name} is {shape.sizes}; expected none" for name, shape in shapes.items())


@pytest.mark.parametrize(
    ("features", "step", "sizes"),
    [
        (DaySpec(turnover="amount"), "bar", (4, 6)),
        (BARS, "bar", (32, 2)),
        (BARS, "day", (4, 16)),
        (
            BARS,
            "nested",
            (4, 8, 2),
        ),
    ],
)
def test_a_network_of_ones_own_is_asked_about_its_sizes_before_anything_is_read(
    features: FeatureSpec, step: Literal["bar", "day", "nested"], sizes: tuple[int, ...]
) -> None:
    change = {"model": PickySpec(), "features": features, "step": step}
    assert SPEC.model_copy(update=change).faults() == (f"inputs: x is {sizes}; expected none",)
    with pytest.raises(ShapesError, match=r"network tests.picky: x is \(3, 2\); expected none"):
        make_network(PickySpec(), {"x": WindowShape(3, 2)})


def test_exposures_with_bars_inside_are_told() -> None:
    model = GRUSpec(head=LinearHeadSpec(orthogonal=True))
    nested = InputSpec(features=BARS, transform=CrossSectionSpec(), window_days=1, step="nested")
    inputs = {"x": SPEC.views["x"], "exposures": nested}
    faults = SPEC.model_copy(update={**BOTH, "inputs": inputs, "model": model}).faults()
    assert "inputs: exposures have 8 bars in a step; expected steps of numbers" in faults[0]


def test_features_of_a_named_input_that_cannot_be_made_are_told_with_their_place() -> None:
    odd = InputSpec(
        features=LibrarySpec(library="price_week", names=("week_opn",)),
        transform=CrossSectionSpec(),
        window_days=3,
    )
    update = {**BOTH, "inputs": {"day": SPEC.views["x"], "week": odd}}
    model = MultitaskGRUSpec(tasks=("day", "week"))
    objective = MultitaskSpec()
    (fault,) = SPEC.model_copy(update={**update, "model": model, "objective": objective}).faults()
    assert fault.startswith("inputs.week.features: ")
    assert "week_opn" in fault


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": BOTH["inputs"]}, "found features, transform, window_days beside inputs"),
        ({"features": None}, "features missing; or give inputs by name"),
        ({**BOTH, "inputs": {"Slow one": SLOW}}, "Slow one"),
    ],
)
def test_what_a_network_sees_stands_in_one_place(change: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Network.model_validate({**{f: getattr(SPEC, f) for f in Network.model_fields}, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"model": RNNSpec(head=UnitsHeadSpec(units=4)), "training": TrainSpec(batch="pooled")},
            "training.batch: found pooled, .* model rnn looks at all stocks",
        ),
        (
            {"model": RNNSpec(head=HorizonsHeadSpec(horizons=3)), "objective": SeqNegICSpec()},
            r"label: y_ret has 1 column\(s\); model rnn predicts 3",
        ),
        (
            {
                "model": SeqDecoderSpec(horizons=5),
                "label": DailySequenceSpec(),
                "objective": SeqNegICSpec(),
            },
            r"label: y_seq has 10 column\(s\); model seq_decoder predicts 5",
        ),
    ],
)
def test_model_label_and_batches_must_fit_each_other(change: dict, said: str) -> None:
    (fault,) = SPEC.model_copy(update=change).faults()
    assert re.search(said, fault)
    fits = {
        "training": TrainSpec(),
        "label": DailySequenceSpec(horizons=change["model"].label_columns or 1),
    }
    assert SPEC.model_copy(update={**change, **fits}).faults() == ()


@pytest.mark.parametrize(
    "label",
    [BarReturnsSpec(after=(4,)), SeveralSpec(labels=(BarReturnsSpec(after=(7,)),))],
    ids=lambda label: label.kind,
)
def test_a_return_that_begins_on_the_date_itself_is_no_label_of_a_network(label: LabelSpec) -> None:
    (fault,) = SPEC.model_copy(update={"label": label}).faults()
    assert re.search(r"begin at 1[14]:30 of the date, which the network sees until 15:00", fault)
    fits = BarReturnsSpec(after=(8,))
    assert SPEC.model_copy(update={"label": fits}).faults() == ()


@pytest.mark.parametrize(
    ("change", "said", "mended"),
    [
        (
            {"label": DailySequenceSpec()},
            r"objective: neg_ic compares with 1 column\(s\); label y_seq has 10",
            {"label": HorizonReturnSpec()},
        ),
        (
            {"step": "nested"},
            "step: found nested for x; model gru reads one step after the other",
            {"model": LinearSpec()},
        ),
        (
            {"model": ConformerSpec(), "training": TrainSpec(piece=50)},
            "training.piece: found 50; in training samples of model conformer",
            {"model": ConformerSpec(norm="layer")},
        ),
        (
            {"model": SeqDecoderSpec(encoder=ConformerSpec()), "training": TrainSpec(piece=50)}
            | {"label": DailySequenceSpec(), "objective": SeqNegICSpec()},
            "training.piece: found 50; in training samples of model seq_decoder",
            {"model": SeqDecoderSpec()},
        ),
        (
            {"model": AutoformerSpec(), "training": TrainSpec(piece=50)},
            "training.piece: found 50; in training samples of model autoformer",
            {"training": TrainSpec()},
        ),
        (
            {"model": GRUSpec(head=ClassesHeadSpec()), "objective": CrossEntropySpec()},
            "label: y_ret gives numbers, no classes; .* expects -2, -1, 0, 1, 2",
            {"label": ReturnBinsSpec()},
        ),
        (
            {"model": GRUSpec(head=ClassesHeadSpec(classes=2)), "objective": CrossEntropySpec()}
            | {"label": ReturnBinsSpec(cuts=(0.0,))},
            "label: y_bin gives 0, 1; .* expects -2, -1",
            {"objective": CrossEntropySpec(lowest=0)},
        ),
        (
            {"objective": MseBnOrthSpec()},
            r"objective: mse_bn_orth needs the part unit; model gru gives a score alone.*\n"
            r"Hint: unit comes from head: \{kind: units\}",
            {"model": RNNSpec(head=UnitsHeadSpec(units=4))},
        ),
        (
            {"objective": LayerwiseSpec(), "model": GRUSpec(layers=2)},
            r"Hint: layer comes from layer_scores: true of gru",
            {"model": GRUSpec(layers=2, layer_scores=True)},
        ),
    ],
)
def test_what_would_end_the_first_step_is_told_before(
    change: dict, said: str, mended: dict
) -> None:
    (fault,) = SPEC.model_copy(update=change).faults()
    assert re.search(said, fault), fault
    assert SPEC.model_copy(update={**change, **mended}).faults() == ()


def test_what_an_input_is_made_of_moves_that_input_and_what_is_trained_on_it() -> None:
    before = {n: stem(node) for n, node in nodes(SPEC.model_copy(update=BOTH)).items()}
    for change, moved in {
        ("features", DaySpec(mode="window")): {"features/gru.slow"},
        ("transform", CrossSectionSpec(mads=3.0)): {"seen/gru.slow"},
        ("window_days", 4): {"weights/gru", "outputs/gru"},
        ("every", 2): {"weights/gru", "outputs/gru"},
    }.items():
        slow = SLOW.model_copy(update=dict([change]))
        inputs = {"fast": SPEC.views["x"], "slow": slow}
        after = nodes(SPEC.model_copy(update={**BOTH, "inputs": inputs}))
        assert {n for n in before if stem(after[n]) != before[n]} == moved, change


def test_a_label_of_validation_has_its_dates_and_counts_in_the_purge() -> None:
    further = SPEC.model_copy(update={"valid_label": RawReturnSpec()})  # 11 sessions; the label: 6
    made, folds = nodes(further), further.folds(GROUND)
    assert list(made)[2:5] == ["label/gru", "valid_label/gru", "weights/gru"]
    place = {day: at for at, day in enumerate(DAYS)}
    for fold in folds:
        assert place[fold.train[-1]] + 11 < place[fold.valid[0]]
        assert place[fold.valid[-1]] + 11 < place[np.datetime64(fold.name)]
    weights = made["weights/gru"]
    assert weights.inputs["valid_label"] == "valid_label/gru"
    assert weights.slices[0].needs["valid_label"] == tuple(map(str, folds[0].valid))
    days = [one.name for one in made["valid_label/gru"].slices]
    assert days == sorted({str(day) for fold in folds for day in fold.valid})
    nearer = SPEC.model_copy(update={"valid_label": HorizonReturnSpec(horizon=1)})
    assert [f.name for f in nearer.folds(GROUND)] == [f.name for f in SPEC.folds(GROUND)]
    assert nearer.offset == SPEC.offset == 6


def test_scores_are_predicted_where_they_are_asked_for() -> None:
    """Learning from every third session, scores on every fifth."""
    ground = Ground(DAYS, DAYS[::3], DAYS[::5])
    apart, same = nodes(ground=ground), nodes()
    learnt = {one.name: one for one in same["weights/gru"].slices}
    assert len(apart["weights/gru"].slices) > 2
    for one in apart["weights/gru"].slices:
        assert one.needs == learnt[one.name].needs
    days = [one.name for one in apart["score/gru"].slices]
    assert days == [str(day) for day in DAYS[::5] if str(day) >= days[0]]
    assert [one.name for one in apart["label/gru"].slices] == [str(day) for day in DAYS[::3]]
