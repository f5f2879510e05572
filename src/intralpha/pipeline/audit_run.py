"""Audit of a whole recipe: worlds that share only their past must agree on it."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, time
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from intralpha.audit import FUTURES, NOON, Finding, assert_same_past, compare_panels, scramble
from intralpha.audit.moment import NoFutureError
from intralpha.audit.probe import NothingComparedError
from intralpha.base import Panel
from intralpha.base.node import Node
from intralpha.market import Lake
from intralpha.pipeline.audit_files import compare_files
from intralpha.pipeline.audit_moments import known_by, last_with, moments
from intralpha.pipeline.nodes.portfolio import END
from intralpha.pipeline.plan import Plan, plan
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.report import finished_run
from intralpha.pipeline.run import execute, ingested, make_all
from intralpha.pipeline.store import Store

log = logging.getLogger(__name__)
COMPARED = (
    "universe",
    "features",
    "seen",
    "rows",
    "outputs",
    "score",
    "signal",
    "benchmark",
    "exposures",
    "pools",
)
FILES = ("combination", "risk_returns", "risk")  # kinds whose slices are compared file by file
PORTFOLIO, TARGETS = "portfolio", "target weights"
ALL_FUTURES = tuple(FUTURES)
BEYOND = 20  # sessions after the date that are made, too, so that work sees the other future
AT_A_TIME = 20  # sessions compared at a time


def audit_recipe(
    recipe: Recipe,
    after: date,
    folder: Path,
    show_progress: bool = True,
    futures: Sequence[str] = ALL_FUTURES,
) -> tuple[Finding, ...]:
    """Prove that nothing dated up to ``after`` depends on later data.

    Parameters
    ----------
    recipe : what to audit
    after : last date of the common past; must lie inside the scored period
    folder : the worlds are run here; what the true one has made stays for the next audit
    show_progress : draw bars on stderr
    futures : what becomes of everything later, names of :data:`intralpha.audit.FUTURES`

    Returns
    -------
    tuple of Finding, in the order of the flow, all clean
        Values compared are counted in every future.

    Raises
    ------
    FutureLeakError, NothingComparedError, NoFutureError, IntralphaError
        As in :func:`audit_dates`.
    """
    return audit_dates(recipe, (after,), folder, show_progress, futures)[after]


def audit_dates(
    recipe: Recipe,
    dates: Sequence[date] | int,
    folder: Path,
    show_progress: bool = True,
    futures: Sequence[str] = ALL_FUTURES,
) -> dict[date, tuple[Finding, ...]]:
    """Prove for several dates that nothing up to them depends on later data.

    The recipe runs on its lake, and up to each date on copies in which everything later is
    something else: noise, not there, a session later, and noise from the date's own noon on (then
    features that are known by noon are compared, and in worlds of their own what factors say
    within the day, with noise from then on). Compared are the universe, every feature, every choice
    of rows to train on, every score, the signal, the benchmark, the exposures, the risk model and
    the target weights up to the date. Nobody has to be able to trade another future: there the
    portfolio ends at the date, and a failure of what is not compared is logged and does not count.

    Parameters
    ----------
    recipe : what to audit
    dates : last dates of the common past; or how many, spread over the period in which everything
        has values
    folder : the worlds are run here. What the true one has made stays for the next audit; another
        goes when it agrees
    show_progress : draw bars on stderr
    futures : what becomes of everything later, names of :data:`intralpha.audit.FUTURES`

    Returns
    -------
    date -> tuple of Finding, in the order of the flow, all clean

    Raises
    ------
    FutureLeakError
        Something changed: the first finding names the place.
    NothingComparedError, NoFutureError
        The check would prove nothing.
    IntralphaError
        A part of the recipe could not be made, or in another future a part of what is compared.

    Notes
    -----
    Time: the recipe once, and of each future what is needed up to the date and 20 sessions
    more, so that no network is trained that only scores later days. Memory: that of the recipe;
    lakes are copied, and Panels compared, by the day.
    """
    true = ingested(plan(recipe, folder / "true"), show_progress)
    for error in execute(true, show_progress).problems:
        raise error  # half a result proves nothing
    first = dict(_first_values(true))
    chosen = _spread(true, first, dates) if isinstance(dates, int) else tuple(dates)
    for after in chosen:  # before any work is done
        _demand(true, first, after)
    found = {}
    for after in chosen:
        seen = [_compare(true, folder, after, future, show_progress) for future in futures]
        found[after] = _merged(seen)
    return found


def _first_values(true: Plan) -> Iterator[tuple[str, date | None]]:
    """What is compared -> first date on which it has a value; None: it never has."""
    for node in true.nodes:
        if node.kind in COMPARED:
            days = (one.name for one in node.slices)
            has = (d for d in days if np.isfinite(_panel(true, node, [d]).values).any())
            day = next(has, None)
            yield node.name, date.fromisoformat(day) if day else None
        elif node.kind in FILES:
            days = [one.name for one in node.slices]
            yield node.name, date.fromisoformat(days[0]) if days else None
        elif node.name == PORTFOLIO:
            targets = _targets(true)
            held = targets.dates[np.isfinite(targets.values).any(axis=(1, 2))]
            yield TARGETS, held[0].item() if len(held) else None


def _demand(true: Plan, first: dict[str, date | None], after: date) -> None:
    """Refuse a date up to which something has no value, or after which there is nothing."""
    for name, day in first.items():
        if day is None or day > after:
            raise NothingComparedError(after, name)
    last = true.lake.dates("daily")[-1].item()
    if last <= after:
        raise NoFutureError(after, last)


def _spread(true: Plan, first: dict[str, date | None], count: int) -> tuple[date, ...]:
    """Sessions at equal steps over the period in which everything that is compared has values."""
    for name, day in first.items():
        if day is None:
            raise NothingComparedError(true.axes.dates[-1].item(), name)
    since = max(day for day in first.values() if day is not None)
    days = true.axes.dates[true.axes.dates >= np.datetime64(since, "D")]
    steps = (np.arange(1, count + 1) * (len(days) - 1)) // (count + 1)
    return tuple(day.item() for day in np.unique(days[steps]))


def _compare(
    true: Plan, folder: Path, after: date, future: str, show_progress: bool
) -> tuple[Finding, ...]:
    """Findings of one other world, which goes when they are clean; of the noon, of several."""
    if future == "noon":
        return _merged(
            [_compare_at(true, folder, after, at, show_progress) for at in moments(true)]
        )
    root = folder / f"{future}-{after}"
    shutil.rmtree(root, ignore_errors=True)
    lake = FUTURES[future](Lake(true.lake_root), after, root / "lake")
    other = _in_world(true, lake, root, after)
    _make(other, _wanted(other, after), after, show_progress)
    findings = compare_runs(true, other, after)
    assert_same_past(findings, after, future)
    shutil.rmtree(root)
    return findings


def _compare_at(
    true: Plan, folder: Path, upto: date, at: time, show_progress: bool
) -> tuple[Finding, ...]:
    """Findings of a world whose noise begins within the last session that has what is known."""
    nodes = known_by(true, at)
    if not nodes:
        return ()
    on = last_with(true, nodes, upto)
    root = folder / f"{at:%H%M}-{on}"
    shutil.rmtree(root, ignore_errors=True)
    lake = scramble(Lake(true.lake_root), on, root / "lake", at=at)
    other = _in_world(true, lake, root, on)
    _make(other, _wanted(other, on, on, nodes), on, show_progress)
    findings = tuple(_known_at(true, other, node, (on, at), names) for node, names in nodes.items())
    assert_same_past(findings, on, "noon" if at == NOON else f"{at:%H:%M}")
    shutil.rmtree(root)
    return findings


def _in_world(true: Plan, lake: Lake, root: Path, after: date) -> Plan:
    """The same recipe, ending with a date, in another world."""
    recipe, store = _ending(true.recipe, after), Store(root / "artifacts")
    return replace(true, recipe=recipe, store=store, lake_root=lake.root)


def _merged(seen: Sequence[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """Findings of several worlds added up."""
    names = dict.fromkeys(f.what for findings in seen for f in findings)
    return tuple(
        reduce(add, [f for findings in seen for f in findings if f.what == name]) for name in names
    )


def _ending(recipe: Recipe, after: date) -> Recipe:
    """The recipe, ending its tests and its portfolio at a date; nothing is ingested again."""
    last = max(after, recipe.test.start or after)
    test = recipe.test.model_copy(update={"end": min(last, recipe.test.end or last)})
    return recipe.model_copy(update={"data": recipe.data.as_it_is(), "test": test})


def _wanted(
    planned: Plan,
    upto: date,
    since: date | None = None,
    only: dict[str, tuple[str, ...]] | None = None,
) -> list[Node]:
    """Nodes with the slices that are compared, what these need, and some sessions beyond.

    Parameters
    ----------
    planned : of the other world
    upto : last session compared
    since : first one; default: all
    only : names of nodes that are compared; default: all of a kind in ``COMPARED``
    """

    def compared(node: Node) -> bool:
        if only is not None:
            return node.name in only
        return _judged(node)

    need: dict[str, set[str]] = {node.name: set() for node in planned.nodes}
    first = str(since or date.min)
    for node in reversed(planned.nodes):
        names = need[node.name]
        if compared(node):
            names |= {s.name for s in node.slices if s.name == END or first <= s.name <= str(upto)}
        for one in node.slices:
            for part, needed in one.needs.items() if one.name in names else ():
                need[node.inputs[part]].update(needed)
    later = planned.axes.dates[planned.axes.dates > np.datetime64(upto, "D")]
    beyond = {str(day) for day in later[:BEYOND]}
    for node in planned.nodes:  # inputs first: a slice whose inputs are made costs no training
        for one in node.slices if compared(node) else ():
            parts = one.needs.items()
            if one.name in beyond and all(need[node.inputs[p]].issuperset(n) for p, n in parts):
                need[node.name].add(one.name)
    kept = {n.name: tuple(s for s in n.slices if s.name in need[n.name]) for n in planned.nodes}
    return [replace(n, slices=kept[n.name]) for n in planned.nodes if kept[n.name]]


def _judged(node: Node) -> bool:
    """Whether what a node makes is compared."""
    return node.kind in COMPARED + FILES or node.name == PORTFOLIO


def _make(planned: Plan, nodes: list[Node], upto: date, show_progress: bool) -> None:
    """Make nodes; only failures that leave a gap in what is compared up to the date count."""
    _, failed = make_all(planned, nodes, show_progress)
    gaps = [
        one
        for node in nodes
        if _judged(node)
        for one in planned.missing(node)
        if one.name == END or date.fromisoformat(one.name) <= upto
    ]
    for error in failed.values():
        if gaps:
            raise error
        log.warning("in another future after %s, and not compared: %s", upto, error)


def compare_runs(true: Plan, other: Plan, upto: date) -> tuple[Finding, ...]:
    """Compare every Panel of two executed plans that must not look ahead.

    Parameters
    ----------
    true : plan of the recipe on its lake
    other : plan of the same recipe in the other world
    upto : last session compared, included

    Returns
    -------
    tuple of Finding, in the order of the flow
        One a node of a kind in ``COMPARED`` or ``FILES`` and, if the recipe has a portfolio, one
        for its target weights. They may have found differences:
        :func:`intralpha.audit.assert_same_past` judges.

    Raises
    ------
    UnknownArtifactError
        A plan was not executed, or not to the date.
    """
    out = []
    for node in true.nodes:
        if node.kind in COMPARED:
            out.append(_compare_days(true, other, node, upto))
        elif node.kind in FILES:
            out.append(compare_files(true, other, node, upto))
        elif node.name == PORTFOLIO:
            old, new = (_targets(p) for p in (true, other))
            out.append(compare_panels(TARGETS, old, _of_all(new, old.assets), upto))
    return tuple(out)


def _compare_days(true: Plan, other: Plan, node: Node, upto: date) -> Finding:
    """A node in both worlds, some days at a time; a day that only one of them has differs."""
    old, new = (
        [s for s in p.addresses.get(node.name, {}) if date.fromisoformat(s) <= upto]
        for p in (true, other)
    )
    extra = sorted(set(new) - set(old))
    first = f"{extra[0]}: made there, and not here" if extra else ""
    found = Finding(node.name, 0, len(extra), first)
    for start in range(0, len(old), AT_A_TIME):
        days = old[start : start + AT_A_TIME]
        panel = _panel(true, node, days, upto)
        there = [day for day in days if day in set(new)]
        twin = _panel(other, node, there, upto) if there else _nothing(panel)
        found += compare_panels(node.name, panel, twin, upto)
    return replace(found, later=_differing_later(true, other, node, upto))


def _differing_later(true: Plan, other: Plan, node: Node, upto: date) -> int:
    """Values of the first sessions after the date that both worlds made, and that differ."""
    made = [
        {s.name for s in p.node(node.name).slices} - {s.name for s in p.missing(p.node(node.name))}
        for p in (true, other)
    ]
    days = sorted(d for d in made[0] & made[1] if date.fromisoformat(d) > upto)[:AT_A_TIME]
    if not days:
        return 0
    panel, twin = (_panel(p, node, days, upto) for p in (true, other))
    return compare_panels(node.name, panel, twin, date.fromisoformat(days[-1])).changed


def _nothing(panel: Panel) -> Panel:
    return replace(panel, values=np.full_like(panel.values, np.nan))


def _panel(planned: Plan, node: Node, days: Sequence[str], upto: date | None = None) -> Panel:
    """What a node made on some days, on the axis of the stocks known by a date, or by the last."""
    addresses = planned.addresses[node.name]
    keys = [(date.fromisoformat(day), addresses[day]) for day in days]
    known = planned.axes.known(np.datetime64(upto or keys[-1][0], "D"))
    return planned.store.panel(node.kind, keys, known)


def _known_at(
    true: Plan, other: Plan, node: str, moment: tuple[date, time], names: tuple[str, ...]
) -> Finding:
    """Values of a day in a world whose noise begins within it; of all names if none is given."""
    on, at = moment
    old, new = (_panel(p, true.node(node), [str(on)], on) for p in (true, other))
    shown = names or old.names
    return compare_panels(node, old.select(shown), new.select(shown), on, at)


def _targets(planned: Plan) -> Panel:
    run = finished_run(planned)
    assert run is not None  # all of it has just been made
    return run.targets


def _of_all(targets: Panel, assets: np.ndarray) -> Panel:
    """Target weights on an axis with stocks that came later, of which nothing is wanted."""
    laid = targets.reindex(targets.dates, assets)
    return replace(laid, values=np.nan_to_num(laid.values))
