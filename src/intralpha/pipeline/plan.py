"""Plan: the nodes of a recipe against one state of the data, each slice with its address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from intralpha.base import ConfigError, Panel
from intralpha.base.node import Node, Slice
from intralpha.datasets import Fold
from intralpha.datasets.timeline import draw_timeline
from intralpha.market import Lake
from intralpha.market.sound import telling_damage
from intralpha.pipeline.address import LakePrints, addresses, digest_of, stem
from intralpha.pipeline.axes import Axes, check_members, read_axes
from intralpha.pipeline.code import Look
from intralpha.pipeline.ingest import Part, ingested_part
from intralpha.pipeline.lake_steps import Waiting, waiting_steps
from intralpha.pipeline.nodes import ground_of, nodes_of
from intralpha.pipeline.period import PeriodError, Span, period_faults, span_before
from intralpha.pipeline.recipe import Recipe, lake_of
from intralpha.pipeline.store import DAYS, Store

PENDING = "pending"


class NoPanelError(ConfigError):
    """A plan was asked for a Panel that it does not make."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, list(known)
        there = f"there are {', '.join(known)}" if known else "its sources are not ingested yet"
        super().__init__(f"no panel {name}: {there}.\nHint: `intralpha run` makes them.")


@dataclass(frozen=True)
class Plan:
    """What a recipe asks for, what of it is there, and what is to do.

    Attributes
    ----------
    recipe : the resolved recipe
    store : where artifacts are
    lake_root : folder of the lake
    part : what of the lake is used; None before the recipe's sources are ingested and its lake's
        own tables are made: then there are no nodes yet
    waiting : what is still to be made of the ingested tables
    """

    recipe: Recipe
    store: Store
    lake_root: Path
    part: Part | None = field(repr=False)
    waiting: tuple[Waiting, ...] = field(default=(), repr=False)

    @property
    def pending(self) -> bool:
        """Whether something has to be put into the lake before anything is known."""
        return self.part is None

    @cached_property
    def lake(self) -> Lake:
        """The data."""
        return Lake(self.lake_root)

    @cached_property
    def data_version(self) -> str:
        """Content hash of the lake."""
        return PENDING if self.pending else self.lake.version()

    @cached_property
    def axes(self) -> Axes:
        """Sessions and stocks.

        Raises
        ------
        PrintError, DamagedFileError
            A file that they are read from is damaged.
        """
        assert self.part is not None
        with telling_damage(self.lake_root):
            return read_axes(self.lake, self.part.limits(self.recipe.data), self.part.symbols)

    def check_indices(self) -> None:
        """Refuse indices of the recipe of which the lake knows no member.

        Raises
        ------
        NoAssetsError
        """
        recipe = self.recipe
        further = [one.portfolio for one in recipe.portfolios.values()]
        traded = [one for one in (recipe.portfolio, *further) if one is not None]
        measured = dict.fromkeys(index for one in traded for index in one.benchmark.indices)
        check_members(self.lake, (*recipe.universe.indices, *recipe.test.within, *measured))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The work, inputs first."""
        return () if self.pending else nodes_of(self.recipe, self.axes)

    @cached_property
    def stems(self) -> dict[str, str]:
        """Node -> hash of its kind, code and spec."""
        look = Look()
        return {node.name: stem(node, look) for node in self.nodes}

    @cached_property
    def addresses(self) -> dict[str, dict[str, str]]:
        """Node -> slice -> address."""
        if self.pending:
            return {}
        prints = LakePrints(self.lake, self.axes.sessions)
        return addresses(self.nodes, self.stems, self.axes, prints)

    @cached_property
    def keys(self) -> dict[str, str]:
        """Node -> one hash over the addresses of all its slices."""
        return {name: digest_of(keys.values()) for name, keys in self.addresses.items()}

    def node(self, name: str) -> Node:
        """The node of a name."""
        return next(node for node in self.nodes if node.name == name)

    def missing(self, node: Node) -> tuple[Slice, ...]:
        """Slices of a node that are not in the store."""
        keys = self.addresses[node.name]
        return tuple(
            s for s in node.slices if not self.store.has(node.kind, node.form, keys[s.name])
        )

    @property
    def kinds(self) -> dict[str, str]:
        """Node -> kind, inputs first, of the nodes whose slices are folders."""
        return {node.name: node.kind for node in self.nodes if node.form != DAYS}

    def made(self, name: str) -> dict[str, Path]:
        """Slice -> folder of the slices of a node that are made.

        Parameters
        ----------
        name : of a node whose slices are folders
        """
        node = self.node(name)
        missing = {one.name for one in self.missing(node)}
        return self._places(node, [one for one in node.slices if one.name not in missing])

    def folders(self, name: str) -> dict[str, Path]:
        """The same of all slices; empty if any of them, or the node, is not made."""
        if name not in self.kinds or self.missing(node := self.node(name)):
            return {}
        return self._places(node, node.slices)

    def _places(self, node: Node, slices: Iterable[Slice]) -> dict[str, Path]:
        keys = self.addresses[node.name]
        return {one.name: self.store.get(node.kind, keys[one.name]).path for one in slices}

    def panel(self, name: str) -> Panel:
        """What a node made of every day, over all stocks of the recipe.

        Parameters
        ----------
        name : of the node: ``signal``, ``score/FACTOR``, ``features/FACTOR``, ``universe``, ...

        Returns
        -------
        Panel, [D, A, F] or [D, T, A, F]
            NaN where there is no value; scores and the signal are known at the close of each date.

        Raises
        ------
        NoPanelError
            The plan has no such node.
        UnknownArtifactError
            A day of it is not made.
        """
        panels = {node.name: node for node in self.nodes if node.form == DAYS}
        if name not in panels:
            raise NoPanelError(name, list(panels))
        node, keys = panels[name], self.addresses[name]
        days = [(date.fromisoformat(one.name), keys[one.name]) for one in node.slices]
        return self.store.panel(node.kind, days, self.axes.assets)

    @cached_property
    def folds(self) -> dict[str, tuple[Fold, ...]]:
        """Factor -> its trainings in time order, of the factors that are trained."""
        if self.pending:
            return {}
        ground = ground_of(self.recipe, self.axes)
        made = {name: factor.folds(ground) for name, factor in self.recipe.factors.items()}
        return {name: folds for name, folds in made.items() if folds}

    @cached_property
    def span(self) -> Span | None:
        """Sessions of the data; before they are ingested what is known of them, if anything."""
        if self.pending:
            return span_before(self.recipe)
        dates = self.axes.dates
        return Span(dates[0].item(), dates[-1].item())

    def faults(self) -> tuple[str, ...]:
        """Dates of the recipe that its data do not reach, as far as that is known."""
        return () if self.span is None else period_faults(self.recipe, self.span)

    def demand_period(self) -> None:
        """Raise if the recipe names dates that its data do not reach for sure.

        Raises
        ------
        PeriodError
        """
        if self.span is not None and self.span.sure and self.faults():
            raise PeriodError(self.faults())

    def timelines(self) -> str:
        """When each factor is trained, validated and predicts, drawn as text; empty without any.

        Factors whose trainings have the same dates share a drawing.
        """
        drawn: dict[str, list[str]] = {}
        for name, folds in self.folds.items():
            drawn.setdefault(draw_timeline(folds, self.axes.dates), []).append(name)
        return "\n\n".join(
            f"time line of {', '.join(names)}\n{text}" for text, names in drawn.items()
        )

    def to_text(self) -> str:
        """The plan as a table: node, slices to do and address."""
        head = f"plan of {self.recipe.name}: lake {self.lake_root}"
        if self.pending:
            sources, steps = len(self.recipe.data.sources), self.recipe.data.steps()
            first = [one.to_text() for one in self.waiting]
            first = first or [f"ingest {sources} source(s)", *(step.word for step in steps)]
            told = [f"  known   {self.span.to_text()}"] if self.span is not None else []
            told += [f"  fault   {fault}" for fault in self.faults()]
            todo = f"  to do   {', then '.join(first)}; the rest is known after that"
            return "\n".join([head, *told, todo])
        width = max(len(node.name) for node in self.nodes)
        lines, todo = [f"{head}, data {self.data_version}"], 0
        for node in self.nodes:
            missing = len(self.missing(node))
            todo += missing
            state = (
                f"{missing:>6} of {len(node.slices):<6} to do"
                if missing
                else (f"{len(node.slices):>6} there" + " " * 10)
            )
            lines.append(f"  {node.name:<{width}}  {state}  {self.keys[node.name]}")
        total = sum(len(node.slices) for node in self.nodes)
        lines += [f"  fault   {fault}" for fault in self.faults()]
        return "\n".join([*lines, f"{todo} of {total} slices to do"])


def plan(recipe: Recipe, runs: Path) -> Plan:
    """The work of a recipe and what of it is in the store already.

    Parameters
    ----------
    recipe : what is wanted
    runs : folder of the runs; its ``artifacts`` are the store

    Raises
    ------
    NoAssetsError
        The lake knows no member of an index that the recipe names.
    """
    store = Store(runs / "artifacts")
    part = ingested_part(recipe, store)
    waiting = () if part is None else waiting_steps(recipe, store, part)
    planned = Plan(recipe, store, lake_of(recipe), None if waiting else part, waiting)
    if not planned.pending:
        planned.check_indices()
    return planned
