"""Sets of factors: every factor of a library, or every unit of a network, tested at once."""

from datetime import date
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel, Spec
from intralpha.base.node import ALL, Inputs, Node, Slice, Task, names_of
from intralpha.base.panel import as_days
from intralpha.evaluation import SetDays, SetReport, measure_days
from intralpha.factors import Ground
from intralpha.factors.features import feature_node
from intralpha.factors.inputs import standardised
from intralpha.pipeline.nodes.desk import exposures_node
from intralpha.pipeline.recipe import FactorSetSpec, Recipe, TestSpec

DATES_A_SLICE = 20  # dates that are in memory at once, with all factors
OWN, BESIDE, STYLES, DAYS = "own", "beside", "styles", "days"
FILE = "days.npz"


class SetTest(Spec):
    """What is measured of a set, and by which settings of the recipe's tests."""

    test: TestSpec
    of: FactorSetSpec


def set_nodes(
    recipe: Recipe, dates: Shaped[ndarray, "D"], made: dict[str, Node], ground: Ground
) -> list[Node]:
    """Of each set its features, blocks of dates, and what they come to.

    Parameters
    ----------
    recipe : names sets and tests
    dates : datetime64[D], the grid of tests
    made : nodes by name: universe, forward returns, scores and outputs of factors
    ground : what features stand on
    """
    out: list[Node] = []
    for name, of in recipe.sets.items():
        parts = _parts(name, of, dates, ground)
        out += [part for part in parts.values() if part.name not in made]
        known = made | {node.name: node for node in out}
        inputs = {"universe": "universe", "forward": "forward"}
        inputs |= {key: node.name for key, node in parts.items()}
        inputs |= {OWN: f"outputs/{of.factor}"} if of.factor else {}
        inputs |= {f"score/{one}": f"score/{one}" for one in of.scores}
        spec = SetTest(test=recipe.test, of=of)
        reads = of.transform.reads() if of.transform else ()
        slices = _slices(_inside(recipe.test, dates), inputs, known, bool(reads))
        days = Node(f"set_days/{name}", make_set_days, spec, slices, inputs, reads, form="folders")
        whole = Slice(ALL, None, None, {DAYS: tuple(one.name for one in slices)})
        out.append(days)
        out.append(Node(f"set/{name}", make_set, spec, (whole,), {DAYS: days.name}, form="folders"))
    return out


def make_set_days(spec: SetTest, inputs: Inputs, task: Task) -> None:
    """Figures of some dates, see :func:`intralpha.evaluation.measure_days`.

    Parameters
    ----------
    spec : the set
    inputs : ``universe`` and ``forward``, and values of the set and of what stands beside it; the
        lake where a transform reads of it
    task : slices are blocks of dates, named by their first; each begins with the date before it,
        for turnover. Forward returns are looked at, so nothing that trades may read it.

    Notes
    -----
    Memory: 20 dates of all factors as float32.
    """
    forward, universe = inputs.panel("forward"), inputs.panel("universe")
    horizons = [n for n in forward.names if n != "fwd_buyable"]
    for one in task.slices:
        days = as_days(one.needs["forward"])
        fwd = forward.at(days)
        mask = universe.at(days)["universe"] > 0
        if spec.test.fwd_exclude_blocked:
            mask &= fwd["fwd_buyable"] > 0
        rets = {n.removeprefix("fwd_"): np.asarray(fwd[n], np.float64) for n in horizons}
        inside = universe.at(days).reindex(days, fwd.assets)["universe"] > 0
        values, names, own = _values(spec.of, inputs, days, fwd.assets, inside)
        found = measure_days(
            values,
            rets,
            mask,
            days,
            names,
            own,
            spec.test.factor.top_share,
            spec.test.factor.held_name,
            one.about["before"],
        )
        found.save(task.folder(one.name) / FILE)
        task.finish(one.name)


def make_set(spec: SetTest, inputs: Inputs, task: Task) -> None:
    """All dates together, see :class:`intralpha.evaluation.SetReport`.

    Parameters
    ----------
    spec : the set
    inputs : ``days``, blocks of dates
    task : one slice, ``all``
    """
    parts = [SetDays.load(folder / FILE) for folder in inputs.folders(DAYS).values()]
    first, last = spec.test.horizons[0]
    given = spec.test.factor.periods_per_year
    year = given if isinstance(given, float) else None
    SetReport.of("set", parts, last - first, year).save(task.folder(ALL))
    task.finish(ALL)


def _parts(
    name: str, of: FactorSetSpec, dates: Shaped[ndarray, "D"], ground: Ground
) -> dict[str, Node]:
    """Nodes of features and styles that the set asks for."""
    given = {OWN: of.features, BESIDE: of.beside}
    out = {
        key: feature_node(f"{name}.{key}", spec, ground)
        for key, spec in given.items()
        if spec is not None
    }
    if of.styles is not None:
        out[STYLES] = exposures_node(of.styles, dates, f"{STYLES}/{name}")
    return out


def _inside(test: TestSpec, dates: Shaped[ndarray, "D"]) -> Shaped[ndarray, "E"]:
    first = np.datetime64(test.start or "1900-01-01", "D")
    last = np.datetime64(test.end or "2200-01-01", "D")
    return dates[(dates >= first) & (dates <= last)][:: test.every]


def _slices(
    dates: Shaped[ndarray, "D"], inputs: dict[str, str], known: dict[str, Node], reads_lake: bool
) -> tuple[Slice, ...]:
    """Blocks of the dates that all inputs have, each with the date before it."""
    there = set(names_of(dates))
    for of in inputs.values():
        there &= {one.name for one in known[of].slices}
    days = sorted(there)
    edges = [*range(0, len(days), DATES_A_SLICE), len(days)]
    out = []
    for first, stop in pairwise(edges):
        before = min(first, 1)
        needed = tuple(days[first - before : stop])
        needs = dict.fromkeys(inputs, needed)
        span = (date.fromisoformat(needed[0]), date.fromisoformat(needed[-1]))
        out.append(Slice(days[first], span if reads_lake else None, {"before": before}, needs))
    return tuple(out)


def _values(
    of: FactorSetSpec,
    inputs: Inputs,
    days: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    inside_DA: Bool[ndarray, "D A"],
) -> tuple[Float[ndarray, "D A N"], tuple[str, ...], int]:
    """Values of the set, and of what stands beside it; how many are the set's."""
    scores = [_last_bar(inputs.panel(f"score/{n}"), days, assets, ("score",)) for n in of.scores]
    if of.of_scores:
        own, parts = of.scores, scores
    else:
        own, values = _own(of, inputs, days, assets, inside_DA)
        parts = [values]
    beside: list[str] = []
    for key, given, mark in ((BESIDE, of.beside, ""), (STYLES, of.styles, "style ")):
        if given is not None:
            other = inputs.panel(key)
            parts = [*parts, _last_bar(other, days, assets, other.names)]
            beside += [f"{mark}{name}" for name in other.names]
    if not of.of_scores:
        parts, beside = [*parts, *scores], [*beside, *(f"score {name}" for name in of.scores)]
    return np.concatenate(parts, axis=2), (*own, *beside), len(own)


def _own(
    of: FactorSetSpec,
    inputs: Inputs,
    days: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    inside_DA: Bool[ndarray, "D A"],
) -> tuple[tuple[str, ...], Float[ndarray, "D A N"]]:
    """Names and values of features, or of a network's units."""
    panel = inputs.panel(OWN)
    # Units of each seed: a network of one seed says its own once more, without the seed's name.
    names = tuple(n for n in panel.names if of.factor is None or "_unit_" in n)
    values = _last_bar(panel, days, assets, names)
    if of.transform is not None:
        raw = Panel(values, days, assets, names)
        values = standardised(of.transform, inputs, raw, inside_DA).values
    return names, values


def _last_bar(
    panel: Panel, days: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"], names: tuple[str, ...]
) -> Float[ndarray, "D A N"]:
    """Some names of a Panel on the given axes; of bars the last of each day."""
    part = panel.at(days).select(names)
    if part.times is not None:
        part = Panel(part.values[:, -1], part.dates, part.assets, part.names)
    return np.asarray(part.reindex(days, assets).values, np.float32)
